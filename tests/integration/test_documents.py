"""
What the documents tell a reader to type is typed here.
"""

import os
import re
import subprocess
import sysconfig
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.interop.processes import free_ports, wait_until

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```(\S+) (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(document: str, label: str) -> list[tuple[str, str]]:
    """The fenced blocks of a document with this label, as (language, text)."""
    text = (ROOT / document).read_text()
    return [(kind, body) for kind, name, body in BLOCK.findall(text) if name == label]


def commands(body: str) -> list[tuple[str, str]]:
    """The commands of a console block, each with the output that is shown."""
    found = []
    for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        found.append((command, output))
    return found


class TourTests(SynchronousTestCase):
    """The README's tour, step by step."""

    def setUp(self) -> None:
        # Short: paths of local sockets end at 107 characters.
        scratch = tempfile.TemporaryDirectory(prefix="txt-", dir="/tmp")
        self.addCleanup(scratch.cleanup)
        self.folder = scratch.name
        self.ports = free_ports(2)
        self.environment = {
            **os.environ,
            "PATH": f"{sysconfig.get_path('scripts')}:{os.environ['PATH']}",
        }

    def _local(self, text: str) -> str:
        """The same text for our folder and ports."""
        publish, ret = self.ports
        text = text.replace("/tmp/tour", self.folder)
        text = text.replace(
            "interface: 127.0.0.1",
            f"interface: 127.0.0.1\npublish_port: {publish}\nret_port: {ret}",
        )
        return text.replace("master: 127.0.0.1", f"master: 127.0.0.1\nmaster_port: {ret}")

    def _type(self, command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", self._local(command)],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def _stop(self) -> None:
        for path in Path(self.folder).glob("*/run/*.pid"):
            subprocess.run(["kill", "-9", path.read_text().strip()], check=False)

    def test_tour(self) -> None:
        """
        Every command of the tour does what the README shows.
        """
        self.addCleanup(self._stop)
        steps = blocks("README.md", "tour")
        self.assertGreater(len(steps), 4)
        for kind, body in steps:
            if kind == "sh":
                done = self._type(body)
                self.assertEqual((done.returncode, done.stderr), (0, ""), body)
                continue
            for command, shown in commands(body):
                self._compare(command, shown)
        wait_until(self._all_gone, 20, "the daemons end")

    def _compare(self, command: str, shown: str) -> None:
        pattern = re.escape(self._local(shown).rstrip()).replace("…", "[0-9a-f:]+")

        def as_shown() -> bool:
            self.last = self._type(command)
            return re.fullmatch(pattern, self.last.stdout.rstrip()) is not None

        try:
            # A reader takes a moment between two commands; the minion needs one to ask again.
            wait_until(as_shown, 30, command)
        except AssertionError:
            self.fail(f"$ {command}\n{self.last.stdout}{self.last.stderr}\nshown:\n{shown}")

    def _all_gone(self) -> bool:
        return not list(Path(self.folder).glob("*/run/*.pid"))


class SampleTests(SynchronousTestCase):
    """Examples of code in the documents."""

    def test_listener(self) -> None:
        """
        The listener of docs/wire.md is Python, and uses nothing but pyzmq and msgpack.
        """
        [(kind, body)] = blocks("docs/wire.md", "listen")
        self.assertEqual(kind, "python")
        compile(body, "docs/wire.md", "exec")
        self.assertNotIn("txsalt.", body.replace("txsalt/", ""))
