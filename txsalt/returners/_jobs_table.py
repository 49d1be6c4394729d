"""
Two tables with jobs and returns, as Salt's returners have them, in any database of DB-API.

    jids(jid, load)
    salt_returns(fun, jid, id, …, full_ret, success, …)

A return that is delivered a second time replaces the first one.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Protocol  # rows and returns hold values of any type

from txsalt.returners._plain import as_json, shown

Ret = Mapping[str, Any]


class Cursor(Protocol):
    """What is needed of a cursor."""

    def execute(self, statement: str, values: tuple[Any, ...] = ()) -> object:
        """Run a statement."""

    def fetchall(self) -> Iterable[tuple[Any, ...]]:
        """Give all rows."""


class JobsTable:
    """The statements for one kind of database; ``mark`` stands for a value in it."""

    def __init__(self, mark: str, columns: Mapping[str, str]) -> None:
        """``columns`` maps those columns of salt_returns that differ to fields of a return."""
        self._mark = mark
        self._columns = dict(columns)

    def put(self, cursor: Cursor, ret: Ret, **more: Any) -> None:
        """Store a return; ``more`` are columns of this database with their values."""
        key = (str(ret["jid"]), str(ret["id"]), _name(ret.get("fun")))
        cursor.execute(
            self._text("DELETE FROM salt_returns WHERE jid = ? AND id = ? AND fun = ?"), key
        )
        row = {"jid": key[0], "id": key[1], "fun": key[2]}
        row |= {column: as_json(ret.get(field)) for column, field in self._columns.items()}
        row |= {"full_ret": as_json(shown(ret)), "success": str(ret.get("success", False)), **more}
        marks = ", ".join(["?"] * len(row))
        # The names are ours, the values go beside the statement.
        statement = f"INSERT INTO salt_returns ({', '.join(row)}) VALUES ({marks})"  # noqa: S608
        cursor.execute(self._text(statement), tuple(row.values()))

    def put_load(self, cursor: Cursor, jid: str, load: Mapping[str, Any]) -> None:
        """Store what a job was."""
        cursor.execute(self._text("DELETE FROM jids WHERE jid = ?"), (jid,))
        cursor.execute(
            self._text("INSERT INTO jids (jid, load) VALUES (?, ?)"), (jid, as_json(load))
        )

    def load(self, cursor: Cursor, jid: str) -> dict[str, Any]:
        """Give what a job was; {} if it is not known."""
        cursor.execute(self._text("SELECT load FROM jids WHERE jid = ?"), (jid,))
        return next((json.loads(row[0]) for row in cursor.fetchall()), {})

    def returns_of(self, cursor: Cursor, jid: str) -> dict[str, Any]:
        """Give the returns of a job by minion."""
        cursor.execute(self._text("SELECT id, full_ret FROM salt_returns WHERE jid = ?"), (jid,))
        return {row[0]: json.loads(row[1]) for row in cursor.fetchall()}

    def last_of(self, cursor: Cursor, fun: str) -> dict[str, Any]:
        """Give the last return of a function by minion."""
        cursor.execute(
            self._text("SELECT id, full_ret FROM salt_returns WHERE fun = ? ORDER BY jid"), (fun,)
        )
        return {row[0]: json.loads(row[1]) for row in cursor.fetchall()}

    def jids(self, cursor: Cursor) -> dict[str, Any]:
        """Give all jobs with what they were."""
        cursor.execute(self._text("SELECT jid, load FROM jids"))
        return {row[0]: json.loads(row[1]) for row in cursor.fetchall()}

    def minions(self, cursor: Cursor) -> list[str]:
        """List the minions that returned anything."""
        cursor.execute(self._text("SELECT DISTINCT id FROM salt_returns ORDER BY id"))
        return [row[0] for row in cursor.fetchall()]

    def _text(self, statement: str) -> str:
        return statement.replace("?", self._mark)


def _name(fun: Any) -> str:
    return fun if isinstance(fun, str) else ",".join(str(each) for each in fun or ())
