"""What the zygote holds in memory, and every child of it: the libraries that it loads."""

import json
import os
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

ROOT = Path(__file__).parents[2]

# Each costs a third of a MiB or more as long as the minion works, since children share it only
# until they touch it. A function can import it when it is needed.
NEVER = (
    "argparse", "asyncio", "attr", "attrs", "cryptography", "ipaddress", "jinja2", "pathlib",
    "shutil", "sqlite3", "ssl", "twisted", "urllib", "yaml", "zmq",
)  # fmt: skip
MOST_MIB = 11.0  # of its own, before the first fork; it is 9.6 and was 11.7

PROGRAM = """
import json, re, sys
from txsalt.minion.jobrunner import __main__ as zygote
zygote._load(zygote._DEFAULT)
loaded = sorted({name.partition(".")[0] for name in sys.modules})
kept = re.search(r"Anonymous: *([0-9]+) kB", open("/proc/self/smaps_rollup").read())
print(json.dumps({"loaded": loaded, "mib": int(kept[1]) / 1024 if kept else 0}))
"""


class WeightTests(SynchronousTestCase):
    def test_zygote(self) -> None:
        """
        All that jobs find warm is there, without a library that few of them need.
        """
        known = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        command = [sys.executable, "-P", "-c", PROGRAM]
        for _ in range(2):  # the first one writes the bytecode, if it is not there
            told = subprocess.run(
                command, capture_output=True, check=True, timeout=60, cwd=ROOT, env=known
            )
        found = json.loads(told.stdout)
        print(f"{found['mib']:.1f} MiB", end=" ")
        self.assertEqual(sorted(set(NEVER) & set(found["loaded"])), [], "these are too heavy")
        self.assertLess(found["mib"], MOST_MIB)
