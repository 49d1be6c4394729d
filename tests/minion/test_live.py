"""A command's output while it runs."""

import subprocess
import sys
import threading
import time
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from txsalt.minion.jobrunner.live import BACKLOG, CHUNK, Live
from txsalt.modules._live import communicate


class LiveTests(SynchronousTestCase):
    """Chunks as they are sent."""

    def setUp(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.first = threading.Event()
        self.live = Live(self.send)

    def send(self, number: int, data: dict[str, Any]) -> None:
        self.assertEqual(number, data["number"])
        self.first.set()
        self.gate.wait(20)
        self.sent.append(data)

    def text(self, channel: str = "stdout") -> str:
        return "".join(each["text"] for each in self.sent if each["channel"] == channel)

    def test_order(self) -> None:
        """
        What was written comes in its order, numbered without a gap, the channels apart.
        """
        for number in range(50):
            self.live.write("stdout" if number % 10 else "stderr", f"{number}\n".encode())
        self.live.flush()
        self.assertEqual([each["number"] for each in self.sent], list(range(len(self.sent))))
        self.assertEqual(self.text("stderr"), "0\n10\n20\n30\n40\n")
        self.assertEqual(self.text(), "".join(f"{n}\n" for n in range(50) if n % 10))

    def test_second_command(self) -> None:
        """
        A job's second command goes on with the numbers.
        """
        for word in (b"a", b"b"):
            self.live.write("stdout", word)
            self.live.flush()
        self.assertEqual(
            [(each["number"], each["text"]) for each in self.sent], [(0, "a"), (1, "b")]
        )

    def test_gathered(self) -> None:
        """
        What comes within a tenth of a second is one chunk, and none is longer than 64 KiB.
        """
        self.gate.clear()
        self.live.write("stdout", b"0")
        self.first.wait(10)
        for _ in range(100):
            self.live.write("stdout", b"x" * 2000)
        self.gate.set()
        self.live.flush()
        self.assertEqual([len(each["text"]) for each in self.sent[1:-1]], [CHUNK] * 3)
        self.assertEqual(len(self.text()), 200_001)

    def test_letters(self) -> None:
        """
        A letter that is cut by the end of a chunk is whole in the next one.
        """
        raw = "ä☃🦄".encode() * 30_000
        for start in range(0, len(raw), 1001):
            self.live.write("stdout", raw[start : start + 1001])
        self.live.flush()
        self.assertEqual(self.text(), raw.decode())

    def test_slow_master(self) -> None:
        """
        The command never waits for the master: the oldest is left out, and how much is told.
        """
        self.gate.clear()
        self.live.write("stdout", b"first")
        self.first.wait(10)
        began = time.monotonic()
        for _ in range(3 * BACKLOG // CHUNK):
            self.live.write("stdout", b"x" * CHUNK)
        self.assertLess(time.monotonic() - began, 5)
        self.gate.set()
        self.live.flush()
        left_out = sum(each["left_out"] for each in self.sent)
        self.assertEqual(len(self.text()) + left_out, 5 + 3 * BACKLOG)
        self.assertEqual(left_out, 2 * BACKLOG)

    def test_master_gone(self) -> None:
        """
        A chunk that cannot be sent is lost, and the job goes on.
        """

        def refuse(number: int, data: dict[str, Any]) -> None:
            raise OSError

        live = Live(refuse)
        live.write("stdout", b"x")
        live.flush()


class CommunicateTests(SynchronousTestCase):
    """Reading a command as it writes."""

    def run_code(self, code: str, given: bytes | None = None, timeout: float | None = 20) -> Any:
        told: list[tuple[str, bytes]] = []
        process = subprocess.Popen(
            [sys.executable, "-u", "-c", code],
            stdin=subprocess.PIPE if given is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        try:
            both = communicate(process, given, timeout, lambda *each: told.append(each))
        finally:
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream is not None:
                    stream.close()
        return both, told, process.returncode

    def test_both_outputs(self) -> None:
        """
        Both outputs are told and returned, with the exit code.
        """
        code = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"
        both, told, status = self.run_code(code)
        self.assertEqual((both, status), ((b"out\n", b"err\n"), 3))
        self.assertEqual(b"".join(data for channel, data in told if channel == "stdout"), b"out\n")

    def test_input(self) -> None:
        """
        A long input goes in while the output comes out; one that is not read is no error.
        """
        given = b"x" * 1_000_000
        code = "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read())"
        self.assertEqual(self.run_code(code, given)[0][0], given)
        self.assertEqual(self.run_code("print(1)", given)[0][0], b"1\n")
        self.assertEqual(self.run_code("import sys; print(sys.stdin.read())", b"")[0][0], b"\n")

    def test_timeout(self) -> None:
        """
        A command that takes too long raises as ``communicate`` does.
        """
        with self.assertRaises(subprocess.TimeoutExpired):
            self.run_code("import time; print(1); time.sleep(60)", timeout=0.3)
