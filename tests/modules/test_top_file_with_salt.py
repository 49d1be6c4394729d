"""The environments that top files mean, side by side with Salt's word on it."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any
from unittest import SkipTest

from twisted.trial.unittest import SynchronousTestCase

from tests.interop import environments
from tests.modules import top_stage
from tests.modules.calls import FakeContext, modules
from txsalt.modules._top_file import TopFiles
from txsalt.targeting.facts import Facts

LINE = "3008"
GROUPS = {"nodegroups": {"webs": "E@web-.*"}}
BOTH = {
    "base": "base: {'*': [x]}\ndev: {'db*': [x]}\n",
    "dev": "base: {'*': [x]}\ndev: {'*': [x]}\n",
}

# The top files, and what else is set.
CASES: list[tuple[dict[str, str], dict[str, Any]]] = [
    ({}, {}),
    ({"base": "base: {'db*': [x]}\ndev: {'web*': [x]}\n"}, {}),
    (BOTH, {}),
    (BOTH, {"top_file_merging_strategy": "same"}),
    (BOTH, {"top_file_merging_strategy": "merge_all"}),
    (BOTH, {"env_order": ["dev", "base"], "top_file_merging_strategy": "same"}),
    ({"base": "base: {'*': [x]}\ndev: {'*': [x]}\n"}, {"top_file_merging_strategy": "same"}),
    ({"base": "dev: {'role:web': [{match: grain}, x]}\n"}, {}),
    ({"base": "dev: {'N@webs': [x]}\n"}, GROUPS),
    ({"base": "dev: {webs: [{match: nodegroup}, x]}\n"}, GROUPS),
    ({"base": "dev: {'G@role:web and not web-02': [x]}\n"}, {}),
    ({"base": "dev: {'*': [x]}\n"}, {"saltenv": "dev"}),
    ({"dev": "dev: {'*': [x]}\nbase: {'*': [x]}\n"}, {"saltenv": "dev"}),
    ({"dev": "dev: {'*': [x]}\n"}, {}),
    ({"dev": "dev: {'*': [x]}\n"}, {"state_top_saltenv": "dev"}),
    ({"base": "base: {'*': [x]}\n"}, {"state_top_saltenv": "dev"}),
    ({"base": "{% if grains.role == 'web' %}dev{% else %}base{% endif %}: {'*': [x]}\n"}, {}),
    ({"base": "#!yaml\ndev: {'{{ no }}': [x]}\n"}, {}),
    ({"base": "dev: {'*': x}\n"}, {}),
    ({"base": "dev: {'*': []}\n"}, {}),
    ({"base": "dev: {'*': [{x: 1}]}\n"}, {}),
    ({"base": "base: {'*': [{dev: x}]}\n"}, {}),
    ({"base": "base: {'db*': [{dev: x}]}\n"}, {}),
]


class TopFileTests(SynchronousTestCase):
    """What is synced without saltenv."""

    def test_same_environments(self) -> None:
        """
        Each case gives the environments that Salt takes.
        """
        if not environments.is_ready(LINE):
            raise SkipTest(
                f"needs an environment of Salt {LINE}: run python -m tests.interop.environments "
                f"{LINE}, or set TXSALT_INTEROP_CACHE to a folder that has one"
            )
        theirs = self.theirs(os.path.abspath(self.mktemp()))
        ours = [self.ours(os.path.abspath(self.mktemp()), *case) for case in CASES]
        wrong = [
            f"{case}\n  ours   {our}\n  Salt's {their}"
            for case, our, their in zip(CASES, ours, theirs, strict=True)
            if our != their
        ]
        self.assertEqual("\n".join(wrong), "")

    def ours(self, folder: str, tops: dict[str, str], more: dict[str, Any]) -> list[str]:
        """Give our answer to one case."""
        config = {**top_stage.minion(folder), "file_roots": top_stage.lay(folder, tops)}
        grains = {"id": "web-01", "role": "web"}
        own = {"hash_type": "sha256", "saltenv": None, "extension_modules": f"{folder}/own"}
        functions = modules(FakeContext({**config, **own}, grains=grains))
        return TopFiles(
            functions=functions,
            settings=more,
            saltenv=more.get("saltenv"),
            facts=Facts("web-01", grains),
        ).environments()

    def theirs(self, folder: str) -> list[list[str]]:
        """Give Salt's answers to all cases."""
        done = subprocess.run(
            [environments.command(LINE, "python"), str(Path(top_stage.__file__))],
            input=json.dumps({"folder": folder, "cases": CASES}),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
        )
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])
        answers: list[list[str]] = json.loads(done.stdout.splitlines()[-1])
        return answers
