"""What starting the command line costs: the libraries that it loads, and no other."""

import json
import os
import resource
import subprocess
import sys

from twisted.trial.unittest import SynchronousTestCase

# Everything that 'txsalt-cli ID test.ping' loads, but names that begin with an underscore. Each
# costs its users time with every command: before a name is added here, measure it with
# 'python -X importtime', and see whether a function can import it when it is needed.
ALLOWED = frozenset(
    """
    argparse ast atexit attr attrs bisect collections contextlib copy copyreg cython_runtime
    datetime dis enum errno fnmatch functools gc gettext glob importlib inspect itertools json
    keyword linecache math msgpack opcode operator pickle platform pwd random re reprlib
    string struct threading token tokenize txsalt types typing unicodedata warnings weakref zmq
    """.split()  # noqa: SIM905 - a list of sixty quoted names would be read by nobody
)
# What nobody may bring in, wherever it hides: each costs more than the whole job.
NEVER = ("twisted", "yaml", "cryptography", "sqlite3", "asyncio", "logging")
CPU_SECONDS = 1.0  # it takes 0.1; machines that run tests are busy
# Modules of our own: each costs a millisecond, most of it for the classes that it makes.
MOST_OF_OURS = 63
PROGRAM = """
import json, sys
before = set(sys.modules)
import txsalt.cli.main, txsalt.cli.run_job, txsalt.config.read, txsalt.config.master
import txsalt.outputters.nested, txsalt.outputters.colors
print(json.dumps(sorted(set(sys.modules) - before)))
"""


class ImportTests(SynchronousTestCase):
    def setUp(self) -> None:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
            cwd=os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))),
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        modules = json.loads(done.stdout)
        self.ours = [name for name in modules if name.startswith("txsalt.")]
        names = {name.split(".")[0] for name in modules}
        self.loaded = {name for name in names if not name.startswith("_")}

    def test_no_new_library_crept_in(self) -> None:
        """
        A ping loads what it needs, and nothing that somebody brought in unawares.
        """
        new = sorted(self.loaded - ALLOWED)
        self.assertEqual(new, [], f"txsalt-cli loads more than it did: {', '.join(new)}")

    def test_heavy_libraries_stay_out(self) -> None:
        """
        The reactor, YAML, cryptography and the like have no place on the way to a ping.
        """
        self.assertEqual([name for name in NEVER if name in self.loaded], [])

    def test_our_own_modules_are_few(self) -> None:
        """
        What a ping does not need of ours is loaded where it is needed.
        """
        self.assertLessEqual(len(self.ours), MOST_OF_OURS, f"loaded: {', '.join(self.ours)}")

    def test_time(self) -> None:
        """
        The imports take a fraction of a second, even on a busy machine.
        """
        self.assertLess(self.seconds, CPU_SECONDS)
