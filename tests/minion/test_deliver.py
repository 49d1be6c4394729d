"""Tests of delivering returns in a job, by people's own returners too."""

import json
import os
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.modules.calls import FakeContext
from txsalt.minion.jobrunner.execute import run

# In the conventions of Salt's, with everything that such a module may use.
OWN = """
import json

__virtualname__ = "own"


def __virtual__():
    return __virtualname__


def returner(ret):
    if ret["return"] == "raise":
        raise ValueError("cannot take it")
    if ret["return"] == "exit":
        raise SystemExit(3)
    with open(__opts__["own.path"], "a") as file:
        more = [__salt__["test.echo"]("x"), __grains__["os"], __pillar__["team"]]
        file.write(json.dumps([ret["jid"], *more]) + chr(10))
"""


class DeliverTests(SynchronousTestCase):
    def setUp(self) -> None:
        folder = os.path.abspath(self.mktemp())
        os.makedirs(f"{folder}/ext/returners")
        with open(f"{folder}/ext/returners/own_return.py", "w") as file:
            file.write(OWN)
        with open(f"{folder}/ext/returners/broken.py", "w") as file:
            file.write("raise ImportError('lacks a library')")
        self.path = f"{folder}/out"
        self.context = FakeContext(
            {"extension_modules": f"{folder}/ext", "module_options": {"own.path": self.path}},
            {"os": "Debian"},
            {"team": "ops"},
        )

    def deliver(self, returner: str, *values: Any) -> list[Any]:
        rets = [{"jid": str(at), "id": "m1", "return": value} for at, value in enumerate(values)]
        result = run({"fun": "", "returner": returner, "rets": rets}, self.context)
        self.assertIs(result["success"], True)
        return result["return"]

    def test_own(self) -> None:
        """
        A returner of one's own runs with the functions and facts that it finds under Salt.
        """
        self.assertEqual(self.deliver("own", 1, 2), [None, None])
        with open(self.path) as file:
            lines = [json.loads(line) for line in file]
        self.assertEqual(lines, [["0", "x", "Debian", "ops"], ["1", "x", "Debian", "ops"]])

    def test_failure(self) -> None:
        """
        After a return that a returner does not take the rest is not tried; even an exit is none.
        """
        outcomes = self.deliver("own", 1, "raise", 2)
        self.assertEqual(outcomes, [None, {"failed": "ValueError: cannot take it"}])
        self.assertEqual(self.deliver("own", "exit"), [{"failed": "SystemExit: 3"}])

    def test_refused(self) -> None:
        """
        A returner that is not there, or cannot be loaded, says so for each return.
        """
        for name, reason in (("nowhere", "there is no returner"), ("broken", "lacks a library")):
            outcomes = self.deliver(name, 1, 2)
            self.assertEqual(len(outcomes), 2)
            self.assertIn(reason, outcomes[1]["refused"])
