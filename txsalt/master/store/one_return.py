"""
Read one return from the store, for a local tool: the event bus carries no large ones.
"""

import sqlite3
from typing import Any  # a return holds any msgpack value

from txsalt.errors import StoreError
from txsalt.master.store import database
from txsalt.wire import serial


def read(cachedir: str, jid: str, minion_id: str) -> dict[str, Any] | None:
    """
    Return the load that a minion returned for a job, without its stamp.

    None if it is not there, or if this user may not read the store of the master with this
    ``cachedir``.
    """
    try:
        connection = database.connect(database.path_in(cachedir))
    except StoreError:
        return None
    try:
        row = connection.execute(
            "SELECT ret FROM returns WHERE jid = ? AND id = ?", (jid, minion_id)
        ).fetchone()
    except sqlite3.Error:
        return None
    finally:
        connection.close()
    return None if row is None else serial.unpack_bin(row[0])
