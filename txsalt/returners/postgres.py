"""
Return to a PostgreSQL database. Needs ``pip install 'txsalt[postgresql]'``.

    returner.postgres.host: db.example.org      # default salt
    returner.postgres.port: 5432
    returner.postgres.user: salt
    returner.postgres.pass: secret              # or passwd
    returner.postgres.db: salt
    returner.postgres.sslmode: verify-full      # as libpq has it; default prefer

The tables are those of Salt's returner of this name, and are made if there are none and the user
may do so.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar  # returns hold what functions give

from txsalt.jobs.errors import CommandExecutionError
from txsalt.returners._jids import prep_jid as _prep_jid
from txsalt.returners._jobs_table import JobsTable
from txsalt.returners._options import options_of

try:
    import psycopg
except ImportError:
    psycopg = None  # type: ignore[assignment]

T = TypeVar("T")

_TABLE = JobsTable("%s", {"return": "return"})
_PATIENCE = 10  # seconds for a connection
_DEFAULTS = {
    "host": "salt", "port": 5432, "user": "salt", "pass": None, "passwd": None, "db": "salt",
    "sslmode": "prefer",
}  # fmt: skip
_SCHEMA = """
CREATE TABLE IF NOT EXISTS jids (jid varchar(255) PRIMARY KEY, load text NOT NULL);
CREATE TABLE IF NOT EXISTS salt_returns (
    fun text NOT NULL, jid varchar(255) NOT NULL, return text NOT NULL, full_ret text,
    id varchar(255) NOT NULL, success varchar(10) NOT NULL,
    alter_time timestamp with time zone DEFAULT now()
);
CREATE INDEX IF NOT EXISTS idx_salt_returns_jid ON salt_returns (jid);
"""


def __virtual__() -> tuple[bool, str] | bool:
    if psycopg is None:
        return False, "psycopg is not installed; see txsalt[postgresql]"
    return True


def returner(ret: Mapping[str, Any]) -> None:
    """Store a return."""
    _with_tables(lambda cursor: _TABLE.put(cursor, ret), ret)


def save_load(jid: str, load: Mapping[str, Any], minions: Any = None) -> None:
    """Store what a job was."""
    _with_tables(lambda cursor: _TABLE.put_load(cursor, jid, load))


def prep_jid(nocache: bool = False, passed_jid: str | None = None) -> str:
    """Give a new job id, or the one that was passed."""
    return _prep_jid(nocache, passed_jid)


def get_load(jid: str) -> dict[str, Any]:
    """Give what a job was; {} if it is not known."""
    return _with_tables(lambda cursor: _TABLE.load(cursor, jid))


def get_jid(jid: str) -> dict[str, Any]:
    """Give the returns of a job by minion."""
    return _with_tables(lambda cursor: _TABLE.returns_of(cursor, jid))


def get_fun(fun: str) -> dict[str, Any]:
    """Give the last return of a function by minion."""
    return _with_tables(lambda cursor: _TABLE.last_of(cursor, fun))


def get_jids() -> dict[str, Any]:
    """Give all jobs with what they were."""
    return _with_tables(_TABLE.jids)


def get_minions() -> list[str]:
    """List the minions that returned anything."""
    return _with_tables(_TABLE.minions)


def _with_tables(work: Callable[[Any], T], ret: Mapping[str, Any] | None = None) -> T:
    """Do ``work`` with a cursor, in one transaction, once more after tables had to be made."""
    with _connection(ret) as connection:
        try:
            with connection.transaction(), connection.cursor() as cursor:
                return work(cursor)
        except psycopg.errors.UndefinedTable:
            with connection.transaction():
                connection.execute(_SCHEMA)
            with connection.transaction(), connection.cursor() as cursor:
                return work(cursor)


@contextlib.contextmanager
def _connection(ret: Mapping[str, Any] | None) -> "Iterator[psycopg.Connection[Any]]":
    options = options_of("postgres", ret, __salt__, _DEFAULTS)
    try:
        with psycopg.connect(
            host=options["host"],
            port=int(options["port"]),
            user=options["user"],
            password=options["pass"] or options["passwd"],
            dbname=options["db"],
            sslmode=options["sslmode"],
            connect_timeout=_PATIENCE,
            autocommit=True,
        ) as connection:
            yield connection
    except psycopg.Error as exc:
        raise CommandExecutionError(f"PostgreSQL: {exc}") from exc
