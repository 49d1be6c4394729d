"""What starting the command line costs: the libraries that it loads, and no other."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

ROOT = Path(__file__).parents[2]

# What a command loads, but names that begin with an underscore. Each costs its users time with
# every command: before a name is added here, measure it with 'python -X importtime', and see
# whether a function can import it when it is needed.
ANY_COMMAND = frozenset(
    """
    argparse collections contextlib copyreg datetime encodings enum fnmatch functools gc gettext
    glob importlib itertools keyword locale math operator pwd re reprlib txsalt types typing
    warnings
    """.split()  # noqa: SIM905 - a list of sixty quoted names would be read by nobody
)
PING = ANY_COMMAND | frozenset(
    """
    atexit bisect cython_runtime errno json msgpack pickle platform random string struct
    threading weakref zmq
    """.split()  # noqa: SIM905
)
# A function runs in the process itself, with what jobs and its module need: among others logging.
CALL = ANY_COMMAND | frozenset(
    """
    ast atexit builtins copy dis errno fcntl inspect json linecache logging opcode shlex signal
    string textwrap threading token tokenize traceback weakref
    """.split()  # noqa: SIM905
)
# What nobody may bring in, wherever it hides: each costs as much as all the rest.
NEVER = (
    "asyncio", "attr", "attrs", "cryptography", "dataclasses", "pathlib", "shutil", "socket",
    "sqlite3", "subprocess", "twisted", "urllib", "yaml",
)  # fmt: skip
# Modules of our own: each costs a quarter of a millisecond.
MOST_OF_OURS_FOR_A_PING = 59
MOST_OF_OURS_FOR_A_CALL = 61
# Processor time, as a multiple of what the interpreter needs to start: it is 6, and was
# 10 when each class was made by attrs. The modules that are counted above are the finer guard.
MOST_STARTS = 8.0
ROUNDS = 30  # at most; the least of them counts: machines that run tests are busy

CONFIG = """\
# As most are.
file_roots:
  base:
    - /srv/salt
"""
TELL = "print(json.dumps(sorted(set(sys.modules) - before)), file=sys.stderr)"
# All that 'txsalt-cli ID test.ping' does but to ask the master.
PING_PROGRAM = f"""
import gc, json, sys
gc.set_threshold(100_000)  # as the console script does
before = set(sys.modules) - {{"json"}}
from txsalt.cli import main, run_job
import txsalt.cli.report, txsalt.outputters.nested
options = run_job.make_parser(main.commands()).parse_intermixed_args(["web1", "test.ping"])
run_job.read_job(options, main.commands())
from txsalt.config import read
read.read_master(sys.argv[1])
{TELL}
"""
MAIN_PROGRAM = f"""
import gc, json, sys
gc.set_threshold(100_000)  # as the console script does
before = set(sys.modules) - {{"json"}}
from txsalt.cli import main
try:
    main.main(sys.argv[2:])
finally:
    {TELL}
"""


class ImportTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        (self.folder / "master").write_text(CONFIG + "interface: 127.0.0.1\n")
        (self.folder / "minion").write_text(CONFIG + "id: web1\n")

    def loaded(self, program: str, *words: str) -> list[str]:
        """Return the names of all modules that a program loads."""
        done = run(program, str(self.folder), *words)
        return list(json.loads(done.stderr.splitlines()[-1]))

    def assert_only(self, modules: list[str], allowed: frozenset[str], most: int) -> None:
        """Assert that no other libraries are loaded, and no more modules of our own."""
        ours = [name for name in modules if name.startswith("txsalt.")]
        others = {name.partition(".")[0] for name in modules if not name.startswith("_")}
        print(f"{len(modules)} modules, {len(ours)} of our own", end=" ")
        self.assertEqual(sorted(others & set(NEVER)), [], "these have no place on the way")
        self.assertEqual(sorted(others - allowed), [], "these are new: measure them first")
        self.assertLessEqual(len(ours), most, f"loaded: {', '.join(ours)}")

    def test_ping(self) -> None:
        """
        A ping loads what it needs, and nothing that somebody brought in unawares.
        """
        self.assert_only(self.loaded(PING_PROGRAM), PING, MOST_OF_OURS_FOR_A_PING)

    def test_call(self) -> None:
        """
        Nor does a function that runs on this machine.
        """
        words = ("call", "--local", "-c", str(self.folder), "test.ping")
        self.assert_only(self.loaded(MAIN_PROGRAM, *words), CALL, MOST_OF_OURS_FOR_A_CALL)

    def test_version(self) -> None:
        """
        The version is told without anything at all.
        """
        ours = [name for name in self.loaded(MAIN_PROGRAM, "--version") if "txsalt" in name]
        self.assertEqual(ours, ["txsalt", "txsalt.cli", "txsalt.cli.main"])

    def test_time(self) -> None:
        """
        A ping's preparations take but a few times as long as to start the interpreter.
        """
        run(PING_PROGRAM, str(self.folder))  # writes the bytecode, if it is not there
        least, start = float("inf"), float("inf")
        for number in range(ROUNDS):
            least = min(least, seconds(PING_PROGRAM, str(self.folder)))
            start = min(start, seconds("pass"))
            if number >= 4 and least < start * MOST_STARTS:
                break
        print(f"{least * 1000:.0f} ms of processor time, {least / start:.1f} starts", end=" ")
        self.assertLess(least, start * MOST_STARTS)


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a fresh interpreter, which may keep its bytecode."""
    known = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        cwd=ROOT,
        env=known,
    )


def seconds(program: str, *arguments: str) -> float:
    """Return the processor time that a program takes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run(program, *arguments)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
