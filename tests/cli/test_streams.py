"""Tests of streams that are closed, full, or read by nobody: words and an exit code, no trace."""

import contextlib
import io
import os
import shlex
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from txsalt.cli import run_job
from txsalt.cli.report import Report, Style
from txsalt.client.steps import Published, Step
from txsalt.errors import MasterUnreachable
from txsalt.jobs import exit_codes

PROGRAM = os.path.join(sysconfig.get_path("scripts"), "txsalt-cli")


class StreamTests(SynchronousTestCase):
    """The program itself, as a shell starts it; no master is needed."""

    def setUp(self) -> None:
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.folder = Path(place.name)
        (self.folder / "master").write_text(f"root_dir: {self.folder}\npki_dir: /pki\n")

    def shell(self, words: str, rest: str) -> tuple[int, str]:
        """Run our program in a shell; return its exit code and what it says."""
        argv = shlex.join([PROGRAM, "-c", str(self.folder), *shlex.split(words)])
        done = subprocess.run(
            ["bash", "-c", f"{argv} {rest}"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        self.assertNotIn("Traceback", done.stderr)
        return done.returncode, done.stderr

    def test_closed(self) -> None:
        """
        A stream that the caller closed is as good as none.
        """
        self.assertEqual(self.shell("key list", ">&-"), (0, ""))
        self.assertEqual(self.shell("nobody test.ping", ">&- 2>&-"), (exit_codes.UNAVAILABLE, ""))
        self.assertEqual(self.shell("key accept web1", "<&- >&-")[0], exit_codes.GENERIC)

    def test_full(self) -> None:
        """
        A full disk below the output is said, and is no success.
        """
        code, said = self.shell("key list", "> /dev/full")
        self.assertEqual(code, exit_codes.TEMPORARY_FAILURE)
        self.assertEqual(said, "txsalt-cli: cannot go on: No space left on device\n")

    def test_nobody_hears_of_the_error(self) -> None:
        """
        An error that cannot be told has its exit code all the same.
        """
        self.assertEqual(
            self.shell("nobody test.ping", "2> /dev/full"), (exit_codes.UNAVAILABLE, "")
        )


class BugTests(SynchronousTestCase):
    def test_bug(self) -> None:
        """
        A mistake of ours shows where it is, and has an exit code of its own.
        """
        text = "from txsalt.cli import main as m\nm.main = lambda argv: 1 / 0\nm.run()"
        done = subprocess.run(
            [sys.executable, "-c", text], capture_output=True, text=True, timeout=60, check=False
        )
        self.assertEqual(done.returncode, exit_codes.SOFTWARE)
        self.assertIn("ZeroDivisionError", done.stderr)
        self.assertIn("bug in txsalt", done.stderr)


class GoesOnTests(SynchronousTestCase):
    """A job that was published, and whose wait was ended by something else."""

    def told(self, error: BaseException) -> str:
        def steps() -> Iterator[Step]:
            yield Published(jid="20260101000000000000", minions=["web1"], missing=[])
            raise error

        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            caught = self.assertRaises(
                type(error), run_job.tell, steps(), Report(Style(), None, io.StringIO())
            )
        self.assertIs(caught, error)
        return said.getvalue()

    def test_how_to_go_on(self) -> None:
        """
        Whoever is interrupted, or loses the master, is told the command that waits for the job.
        """
        command = "'txsalt-cli job wait 20260101000000000000' follows it again"
        for error in (KeyboardInterrupt(), MasterUnreachable("x", "y"), OSError(28, "full")):
            self.assertIn(command, self.told(error))
        self.assertEqual(self.told(BrokenPipeError()), "")
