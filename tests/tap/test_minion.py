"""Tests of ``twistd txsalt-minion``, the command."""

import io
import subprocess
import sys
import tempfile
from contextlib import redirect_stdout

from twisted.trial.unittest import SynchronousTestCase

from txsalt import __version__
from txsalt.process.folder_lock import FolderLock
from txsalt.tap.minion import Options


class OptionsTests(SynchronousTestCase):
    def setUp(self) -> None:
        # Short: a socket's path has few bytes.
        folder = tempfile.TemporaryDirectory(prefix="txm", dir="/tmp")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def write(self, text: str) -> None:
        with open(f"{self.folder}/minion", "w") as file:
            file.write(f"id: m1\nroot_dir: {self.folder}\n{text}\n")

    def parse(self, *words: str) -> Options:
        options = Options()
        options.parseOptions(["-c", self.folder, *words])
        return options

    def refusal(self, *words: str) -> str:
        return str(self.assertRaises(SystemExit, self.parse, *words))

    def test_version(self) -> None:
        """
        The daemon's --version tells our version, and needs no configuration.
        """
        said = io.StringIO()
        with redirect_stdout(said):
            ended = self.assertRaises(SystemExit, self.parse, "--version")
        self.assertEqual((ended.code, said.getvalue()), (0, f"txsalt {__version__}\n"))

    def test_configuration(self) -> None:
        """
        The file of the folder is read; what is odd in it is a warning.
        """
        self.write("sock_dir: /r\nmastr: x")
        options = self.parse()
        self.assertEqual(options.config.id, "m1")
        self.assertIn("did you mean master?", options.warnings[0])

    def test_problems(self) -> None:
        """
        A problem is a sentence on the terminal and a failure, not a traceback.
        """
        self.write("sock_dir: /r\nmaster_port: many")
        self.assertIn("master_port is 'many'", self.refusal())
        self.write("sock_dir: /r")
        self.assertIn("'loud' is no log level", self.refusal("-l", "loud"))

    def test_second_daemon(self) -> None:
        """
        A second daemon is refused before it goes to the background.
        """
        self.write("sock_dir: /r\ncachedir: /c")
        lock = FolderLock(f"{self.folder}/c")
        lock.startService()
        self.assertIn("another txsalt daemon works in", self.refusal())
        lock.stopService()
        self.parse()


class CommandTests(SynchronousTestCase):
    def test_help(self) -> None:
        """
        twistd knows the command and says what it takes.
        """
        command = [sys.executable, "-m", "twisted", "txsalt-minion", "--help"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, 0)
        self.assertIn("--config-dir", done.stdout)

    def test_light(self) -> None:
        """
        The tap and the plugin bring neither reactor nor sockets with them.
        """
        check = (
            "import sys, txsalt.tap.minion, twisted.plugins.txsalt_plugins;"
            "print([n for n in ('zmq', 'txzmq', 'cryptography', 'yaml', 'twisted.internet.reactor')"
            " if n in sys.modules])"
        )
        done = subprocess.run(
            [sys.executable, "-c", check], capture_output=True, text=True, timeout=30
        )
        self.assertEqual(done.stdout.strip(), "[]", done.stderr)
