"""Tests of the returner to PostgreSQL, with a server of its own if this machine has one."""

import glob
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
import unittest as pyunit
from typing import ClassVar

from twisted.trial.unittest import SkipTest

from tests.returners.case import ReturnerCase, TableTests, ret
from txsalt.jobs.errors import CommandExecutionError


class Server:
    """A PostgreSQL server in a folder, on a socket there; it does not serve root."""

    def __init__(self, programs: str) -> None:
        self.programs = programs
        self.folder = tempfile.mkdtemp(prefix="txpg")
        self.user = _server_user() if os.getuid() == 0 else None
        if self.user is not None:
            os.chown(self.folder, pwd.getpwnam(self.user).pw_uid, -1)

    def start(self) -> None:
        data = f"{self.folder}/data"
        self._run("initdb", "-D", data, "-U", "salt", "-A", "trust", "-N")
        options = f"-c listen_addresses='' -c fsync=off -k {self.folder}"
        log = f"{self.folder}/log"
        self._run("pg_ctl", "-D", data, "-o", options, "-l", log, "-w", "-t", "60", "start")
        self._run("createdb", "-h", self.folder, "-U", "salt", "salt")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", f"{self.folder}/data", "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [f"{self.programs}/{program}", *arguments],
            check=True,
            user=self.user,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=120,
        )


def _server_user() -> str:
    names = {each.pw_name for each in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def programs() -> str | None:
    """The folder with PostgreSQL's programs, newest first."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    path = found[-1] if found else shutil.which("initdb")
    return os.path.dirname(path) if path else None


class PostgresTests(TableTests, ReturnerCase):
    name = "postgres"
    timeout = 150
    server: ClassVar[Server | None] = None
    waiting: ClassVar[set[str]] = set()

    def setUp(self) -> None:
        if importlib.util.find_spec("psycopg") is None:
            raise SkipTest("needs psycopg: pip install 'txsalt[postgresql]'")
        if (where := programs()) is None:
            raise SkipTest("needs a PostgreSQL server: apt-get install postgresql")
        cls = type(self)
        if cls.server is None:
            cls.server = Server(where)
            cls.waiting = set(pyunit.TestLoader().getTestCaseNames(cls))
            cls.server.start()
        self.addCleanup(self._leave)
        self.folder = cls.server.folder
        self.use(host=self.folder)
        import psycopg

        with psycopg.connect(host=self.folder, user="salt", dbname="salt") as connection:
            connection.execute("DROP TABLE IF EXISTS jids, salt_returns")

    def _leave(self) -> None:
        """The last test ends the server that all of them share."""
        cls = type(self)
        cls.waiting.discard(self._testMethodName)
        if cls.server is not None and not cls.waiting:
            cls.server.stop()
            cls.server = None

    def test_down(self) -> None:
        """
        A server that is not there is a failure, told without the password.
        """
        self.use(host=f"{self.folder}/gone", passwd="secret")
        error = self.assertRaises(CommandExecutionError, self.call("returner"), ret())
        self.assertNotIn("secret", str(error))
