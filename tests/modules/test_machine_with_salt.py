"""
The modules about this machine side by side with Salt's: one table of calls, each made by both.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from unittest import SkipTest

from twisted.trial.unittest import SynchronousTestCase

import txsalt
from tests.interop import environments
from tests.modules import machine_calls, machine_stage

LINE = "3008"
TIME = 300  # seconds for all calls of one side

# Stands for crontab(1), which few containers have: the crontab of everybody is one file.
CRONTAB = """#!/bin/sh
[ "$1" = -u ] && shift 2
[ "$1" != -l ] && exec cp "$1" "$CRONTAB_FILE"
exec cat "$CRONTAB_FILE"
"""
START = {
    "hosts": "127.0.0.1\tlocalhost\n# of mine\n10.0.0.1 a b # note\n",
    "fstab": "# of mine\n/dev/x / ext4 defaults 0 1\n",
    "crontab": "# of mine\n1 2 3 4 5 own\n",
}


class SideBySideTests(SynchronousTestCase):
    """What users of Salt know, they find again."""

    maxDiff = None

    def setUp(self) -> None:
        """Make a folder; skip where Salt is not installed."""
        if not environments.is_ready(LINE):
            raise SkipTest(
                f"needs an environment of Salt {LINE}: run python -m tests.interop.environments "
                f"{LINE}, or set TXSALT_INTEROP_CACHE to a folder that has one"
            )
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def test_this_machine(self) -> None:
        """
        Network, disks, processes, packages and accounts are told of as Salt tells of them.
        """
        calls = [*machine_calls.NETWORK, *machine_calls.DISKS, *machine_calls.PROCESSES]
        calls += machine_calls.LOOKING_AT_ACCOUNTS
        calls += machine_calls.PACKAGES if shutil.which("apt-get") else []
        calls += [] if Path("/run/systemd/system").is_dir() else machine_calls.SYSV
        self.check(calls)

    def test_files_are_kept_alike(self) -> None:
        """
        Hosts file, fstab and crontab end up with the same text as Salt's.
        """
        self.check([*machine_calls.FILES, *machine_calls.CRON])
        for name in START:
            texts = [(self.folder / who / name).read_text() for who in ("txsalt", "salt")]
            self.assertEqual(*texts)

    def test_accounts_are_changed_alike(self) -> None:
        """
        A user and a group go through all changes, with the same answers and exit codes as Salt's.
        """
        if os.geteuid() != 0:
            raise SkipTest("needs root: it makes a user and a group, and deletes them")
        self.addCleanup(self.remove_accounts)
        self.check(machine_calls.CHANGING_ACCOUNTS)

    def check(self, calls: list[machine_calls.Call]) -> None:
        """Make the calls with both and compare what each of them answers."""
        ours, theirs = self.play("txsalt", calls), self.play("salt", calls)
        wrong = [
            f"{call[0]} {call[1]} {call[2]}\n  ours   {our}\n  Salt's {their}"
            for call, our, their in zip(calls, ours, theirs, strict=True)
            if not fits(call[3], our, their)
        ]
        self.assertEqual("\n".join(wrong), "")

    def play(self, who: str, calls: list[machine_calls.Call]) -> list[dict[str, Any]]:
        """Give the answers of one side, made in one process."""
        folder = self.folder / who
        (folder / "cache").mkdir(parents=True)
        for name, text in START.items():
            (folder / name).write_text(text)
        (folder / "bin").mkdir()
        (folder / "bin" / "crontab").write_text(CRONTAB)
        (folder / "bin" / "crontab").chmod(0o755)
        python = sys.executable if who == "txsalt" else environments.command(LINE, "python")
        root = str(Path(txsalt.__file__).parent.parent)
        environment = {
            **os.environ,
            "PATH": f"{folder}/bin:{os.environ['PATH']}:/usr/sbin:/sbin",
            "PYTHONPATH": root if who == "txsalt" else "",
            "CRONTAB_FILE": f"{folder}/crontab",
        }
        text = json.dumps([call[:3] for call in calls]).replace("{here}", str(folder))
        done = subprocess.run(
            [python, str(Path(machine_stage.__file__).resolve()), who, str(folder)],
            input=text,
            capture_output=True,
            text=True,
            timeout=TIME,
            cwd="/",
            env=environment,
            check=False,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout.replace(str(folder), "{here}"))

    def remove_accounts(self) -> None:
        """Leave nothing behind, even of a test that failed half-way."""
        names = (machine_calls.USER, machine_calls.RENAMED, machine_calls.GROUP)
        for tool in ("userdel", "groupdel"):
            for name in names:
                subprocess.run([tool, name], capture_output=True, check=False)


def fits(how: str, our: dict[str, Any], their: dict[str, Any]) -> bool:
    """Tell whether two answers are as the table says."""
    if how == "same":
        return our == their
    return how == "otherwise" or bool(keys(our) == keys(their))


def keys(answer: Any, depth: int = 3) -> Any:
    """Give an answer without its values, down to some depth."""
    if isinstance(answer, dict) and depth:
        return {key: keys(value, depth - 1) for key, value in answer.items()}
    return type(answer).__name__
