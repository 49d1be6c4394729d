"""
Who is there and since when, as the daemon last wrote it; and why a return was refused.

The daemon writes about once a second, workers read.
"""

import os
import sqlite3
from collections.abc import Iterable

from txsalt.master.store import database
from txsalt.protocol.presence import Sighting
from txsalt.wire import serial

_LOOPBACK = ("127.", "::1")
_GRAINS = ("ipv4", "ipv6")


class Presence:
    """Sightings and refusals through one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def all(self) -> dict[str, Sighting]:
        """Return every minion that was ever heard."""
        rows = self._connection.execute("SELECT id, up, since, heard, address FROM presence")
        return {row[0]: _sighting(row) for row in rows}

    def of(self, minion_id: str) -> Sighting | None:
        """Return one minion, None if it was never heard."""
        row = self._connection.execute(
            "SELECT id, up, since, heard, address FROM presence WHERE id = ?", (minion_id,)
        ).fetchone()
        return None if row is None else _sighting(row)

    def refused(self, jid: str, minion_id: str, reason: str, now: float) -> None:
        """Note that a return was not taken."""
        self._connection.execute(
            "INSERT OR REPLACE INTO refusals VALUES (?, ?, ?, ?)", (jid, minion_id, now, reason)
        )

    def refusals(self, jid: str) -> dict[str, str]:
        """Return why returns of a job were refused, by id."""
        rows = self._connection.execute("SELECT id, reason FROM refusals WHERE jid = ?", (jid,))
        return dict(rows)


def read(path: str) -> list[Sighting]:
    """Read all from the store in the file ``path``."""
    connection = database.connect(path)
    try:
        return list(Presence(connection).all().values())
    finally:
        connection.close()


def write(path: str, sightings: Iterable[Sighting], gone: Iterable[str]) -> None:
    """Write what has changed."""
    connection = database.connect(path)
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(
            "INSERT OR REPLACE INTO presence VALUES (?, ?, ?, ?, ?)",
            [(it.id, it.up, it.since, it.heard, it.address) for it in sightings],
        )
        connection.executemany("DELETE FROM presence WHERE id = ?", [(each,) for each in gone])
        connection.execute("COMMIT")
    finally:
        connection.close()


def addresses(path: str, minion_ids: Iterable[str]) -> dict[str, list[str]]:
    """
    Return the addresses in the grains of those whose grains are known.

    Loopback counts only for a minion on this very machine: every machine has it.
    """
    here = os.uname().nodename
    connection = database.connect(path)
    found = {}
    try:
        for minion_id in minion_ids:
            row = connection.execute(
                "SELECT grains FROM facts JOIN packed_facts USING (number) WHERE id = ?",
                (minion_id,),
            ).fetchone()
            grains = serial.unpack_bin(row[0]) if row else {}
            if not isinstance(grains, dict) or not any(name in grains for name in _GRAINS):
                continue
            is_here = grains.get("nodename") == here
            found[minion_id] = [
                address
                for name in _GRAINS
                for address in _listed(grains.get(name))
                if isinstance(address, str) and (is_here or not address.startswith(_LOOPBACK))
            ]
    finally:
        connection.close()
    return found


def _listed(value: object) -> list[object]:
    # What a minion says of itself may be of any type, and must not cost the others their places.
    return value if isinstance(value, list) else []


def _sighting(row: tuple[str, int, float, float, str]) -> Sighting:
    minion_id, up, since, heard, address = row
    return Sighting(id=minion_id, up=bool(up), since=since, heard=heard, address=address)
