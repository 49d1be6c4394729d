"""
The basic modules side by side with Salt's: one table of calls, each made by both.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any
from unittest import SkipTest

from twisted.trial.unittest import SynchronousTestCase

from tests.interop import environments
from tests.modules import basic_calls
from tests.modules.calls import FakeContext, modules_and_shared

LINE = "3008"
TIME = 120  # seconds for all calls of Salt's

# What differs on purpose: call: why.
DIFFERENT = {
    'cmd.run "sleep 5" {"timeout": 1}': "a command that ran out of time fails the job",
    'cmd.script "/no/such/script"': "a script that is not there fails the job",
}


class SideBySideTests(SynchronousTestCase):
    """What users of Salt know, they find again."""

    maxDiff = None

    def setUp(self) -> None:
        """Skip where Salt is not installed."""
        if not environments.is_ready(LINE):
            raise SkipTest(
                f"needs an environment of Salt {LINE}: run python -m tests.interop.environments "
                f"{LINE}, or set TXSALT_INTEROP_CACHE to a folder that has one"
            )

    def test_same_answers(self) -> None:
        """
        Values, kinds of errors and exit codes are those of Salt.
        """
        ours, theirs = self.ours(), self.theirs()
        wrong = [
            f"{name(call)}\n  ours   {our}\n  Salt's {their}"
            for call, our, their in zip(basic_calls.CALLS, ours, theirs, strict=True)
            if our != their and name(call) not in DIFFERENT
        ]
        self.assertEqual("\n".join(wrong), "")

    def test_differences_are_real(self) -> None:
        """
        What is listed as different is among the calls.
        """
        self.assertLessEqual(set(DIFFERENT), set(map(name, basic_calls.CALLS)))

    def facts(self, who: str) -> dict[str, Any]:
        """Give options, grains and pillar, with folders of their own."""
        folder = Path(self.mktemp()).absolute() / who
        (folder / "cache").mkdir(parents=True)
        (folder / "pki").mkdir()
        lines = ["-----BEGIN PUBLIC KEY-----", "abc", "def", "-----END PUBLIC KEY-----"]
        for name, end in (("minion", "\n"), ("minion_master", "\r\n")):
            (folder / "pki" / f"{name}.pub").write_text(end.join(lines), newline="")
        config = {
            **basic_calls.CONFIG,
            "cachedir": f"{folder}/cache",
            "pki_dir": f"{folder}/pki",
            "config_dir": str(folder),
            "conf_file": f"{folder}/minion",
            "extension_modules": f"{folder}/extmods",
            "saltenv": None,
            "pillarenv": None,
            "pillar_merge_lists": False,
            "backup_mode": "",
        }
        facts = {"config": config, "grains": basic_calls.GRAINS, "pillar": basic_calls.PILLAR}
        return json.loads(json.dumps(facts))

    def ours(self) -> list[dict[str, Any]]:
        """Make the calls with our functions."""
        functions, shared = modules_and_shared(FakeContext(**self.facts("txsalt")))
        given = basic_calls.answers(functions.__getitem__, shared, basic_calls.CALLS)
        return comparable(given)

    def theirs(self) -> list[dict[str, Any]]:
        """Make the calls with Salt's functions, in one process of its Python."""
        done = subprocess.run(
            [environments.command(LINE, "python"), str(Path(basic_calls.__file__).resolve())],
            input=json.dumps({**self.facts("salt"), "calls": basic_calls.CALLS}),
            capture_output=True,
            text=True,
            timeout=TIME,
            env={name: text for name, text in os.environ.items() if name != "PYTHONPATH"},
            check=False,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        return comparable(json.loads(done.stdout.splitlines()[-1]))


def name(call: Any) -> str:
    """Write a call as one text."""
    return " ".join(
        [call[0], *map(json.dumps, call[1]), *([json.dumps(call[2])] if call[2] else [])]
    )


def comparable(answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out what is another one each time: process ids."""
    for answer in answers:
        if isinstance(answer.get("return"), dict):
            answer["return"].pop("pid", None)
    return answers
