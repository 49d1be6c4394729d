"""Tests of the returners that need no server: SQLite, files, the system log."""

import json
import os
import socket
import tempfile

from twisted.trial.unittest import SynchronousTestCase

from tests.returners.case import ReturnerCase, TableTests, ret, returners
from txsalt.jobs.errors import CommandExecutionError, SaltInvocationError


class SqliteTests(TableTests, ReturnerCase):
    name = "sqlite3"

    def setUp(self) -> None:
        self.path = os.path.abspath(self.mktemp())
        self.use(database=self.path)

    def test_no_place(self) -> None:
        """
        Without a database the answer names the option that is missing.
        """
        self.use()
        error = self.assertRaises(SaltInvocationError, self.call("returner"), ret())
        self.assertIn("returner.sqlite3.database", str(error))

    def test_private(self) -> None:
        """
        A database that is new is its owner's only, whatever files are otherwise.
        """
        self.addCleanup(os.umask, os.umask(0o022))
        self.call("returner")(ret())
        self.assertEqual(os.stat(self.path).st_mode & 0o777, 0o600)

    def test_cannot_be_written(self) -> None:
        """
        A place that cannot be written, or is no database, is told.
        """
        self.use(database=f"{self.path}/x/y")
        error = self.assertRaises(CommandExecutionError, self.call("returner"), ret())
        self.assertIn("x/y", str(error))
        with open(self.path, "w") as file:
            file.write("no database, but quite some text" * 100)
        self.use(database=self.path)
        error = self.assertRaises(CommandExecutionError, self.call("returner"), ret())
        self.assertIn("not a database", str(error))


class RawFileTests(ReturnerCase):
    name = "rawfile_json"

    def setUp(self) -> None:
        self.path = self.mktemp()
        self.use(filename=self.path)

    def test_lines(self) -> None:
        """
        Each return is a line of JSON, without the passwords of its delivery; the file is private.
        """
        self.call("returner")(ret(value="a\nb", ret_kwargs={"token": "secret"}))
        self.call("returner")(ret(value=b"\xff"))
        with open(self.path) as file:
            lines = [json.loads(line) for line in file]
        self.assertEqual([each["return"] for each in lines], ["a\nb", "\ufffd"])
        self.assertNotIn("ret_kwargs", lines[0])
        self.assertEqual(os.stat(self.path).st_mode & 0o777, 0o600)

    def test_modes(self) -> None:
        """
        A mode is octal; a number that YAML read as a decimal one is a mistake.
        """
        for mode, expected in (("0640", 0o640), (0o600, 0o600)):
            self.use(filename=f"{self.path}{expected}", mode=mode)
            self.call("returner")(ret())
            self.assertEqual(os.stat(f"{self.path}{expected}").st_mode & 0o777, expected)
        for mode in (600, 644, "rw", "1777", -1):
            self.use(filename=self.path, mode=mode)
            self.assertRaises(SaltInvocationError, self.call("returner"), ret())

    def test_no_folder(self) -> None:
        """
        A place that cannot be written is told.
        """
        self.use(filename=f"{self.path}/x/y")
        error = self.assertRaises(CommandExecutionError, self.call("returner"), ret())
        self.assertIn("x/y", str(error))


class SyslogTests(ReturnerCase):
    name = "syslog"

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="txs")
        self.addCleanup(folder.cleanup)
        self.path = f"{folder.name}/log"
        self.log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.log.close)
        self.log.bind(self.path)
        self.log.settimeout(5)

    def test_message(self) -> None:
        """
        The log gets a line with the return, its tag, and its priority.
        """
        self.use(address=self.path, tag="tx", level="LOG_WARNING", facility="LOG_DAEMON")
        self.call("returner")(ret())
        head, _, body = self.log.recv(1 << 16).decode().partition(": ")
        self.assertEqual(head, f"<28>tx[{os.getpid()}]")
        self.assertEqual(json.loads(body)["jid"], "20261123120000000000")

    def test_too_long(self) -> None:
        """
        A result that is too long for the log is left out, and the rest is logged.
        """
        self.use(address=self.path)
        self.call("returner")(ret(value="x" * (1 << 24)))
        told = json.loads(self.log.recv(1 << 16).decode().partition(": ")[2])
        self.assertEqual((told["fun"], "return" in told), ("test.echo", False))

    def test_arguments_too_long(self) -> None:
        """
        Arguments that are too long are left out, too.
        """
        self.use(address=self.path)
        self.call("returner")(ret(fun_args=["x" * (1 << 24)]))
        told = json.loads(self.log.recv(1 << 16).decode().partition(": ")[2])
        self.assertEqual((told["fun"], "fun_args" in told), ("test.echo", False))
        error = self.assertRaises(
            CommandExecutionError, self.call("returner"), ret(more="x" * (1 << 24))
        )
        self.assertIn("too long", str(error))

    def test_by_network(self) -> None:
        """
        The log may be another machine's.
        """
        remote = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(remote.close)
        remote.bind(("127.0.0.1", 0))
        remote.settimeout(5)
        self.use(address=f"127.0.0.1:{remote.getsockname()[1]}")
        self.call("returner")(ret())
        self.assertIn(b"test.echo", remote.recv(1 << 16))

    def test_down(self) -> None:
        """
        Without a log the return is not lost in silence.
        """
        self.use(address=f"{self.path}.gone")
        self.assertRaises(CommandExecutionError, self.call("returner"), ret())
        self.use(address=self.path, level="loud")
        self.assertRaises(SaltInvocationError, self.call("returner"), ret())


class OptionsTests(SynchronousTestCase):
    def written(self, options: dict, pillar: dict | None = None, **more: object) -> list[str]:
        """The names of the files to which a return goes."""
        folder = os.path.abspath(self.mktemp())
        os.makedirs(folder)

        def here(names: dict) -> dict:
            return {key: f"{folder}/{name}" for key, name in names.items()}

        if "ret_kwargs" in more:
            more["ret_kwargs"] = here(more["ret_kwargs"])
        functions = returners(here(options), here(pillar or {}))
        functions["rawfile_json.returner"](ret(**more))
        return os.listdir(folder)

    def test_order(self) -> None:
        """
        The job's own options come first, then those of its ret_config, then the general ones.
        """
        options = {
            "rawfile_json.filename": "short",
            "other.rawfile_json.filename": "other",
        }
        self.assertEqual(self.written(options), ["short"])
        both = {**options, "returner.rawfile_json.filename": "long"}
        self.assertEqual(self.written(both), ["long"])
        self.assertEqual(self.written(both, ret_config="other"), ["other"])
        self.assertEqual(self.written(both, ret_config="none"), ["long"])
        own = {"filename": "own"}
        self.assertEqual(self.written(both, ret_config="other", ret_kwargs=own), ["own"])

    def test_pillar(self) -> None:
        """
        Options may come from the pillar.
        """
        self.assertEqual(self.written({}, {"returner.rawfile_json.filename": "p"}), ["p"])
