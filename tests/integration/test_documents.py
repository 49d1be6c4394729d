"""
What the documents tell a reader to type is typed here.
"""

import json
import os
import re
import subprocess
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.integration.documents import ROOT, Shell, blocks, commands, fences, indented
from tests.integration.spine import CLI, SpineCase
from tests.interop.processes import run, wait_until
from txsalt.jobs import exit_codes

DOCUMENTS = [
    "README.md",
    *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")),
]
# Fenced blocks that this module does not type, by document and what stands behind the fence.
ELSEWHERE = {
    ("README.md", "sh"): "installs, which takes a minute; the tests run in what it makes",
    ("docs/api.md", "python"): "run by tests/client/test_api.py",
    ("docs/architecture.md", ""): "a drawing",
    ("docs/architecture.md", "python"): "signatures",
    ("docs/output.md", "json"): "read below",
    ("docs/rights.md", "yaml rules"): "read by tests/rights/test_document.py",
    ("docs/targeting.md", "python ranges"): "run by tests/master/test_ranges.py",
    ("docs/wire.md", "python listen"): "read below",
}
# Examples that are not typed, by how they begin.
NOT_TYPED = {
    "make ": "takes minutes, and holds this very test",
    "pip ": "fetches from the network",
    "twistd ": "works in the folders of the system; the tours start daemons",
    "txsalt-cli -a pam ": "asks for a password",
    "txsalt-cli token create -a pam ": "asks for a password",
}
WRONG = (
    exit_codes.USAGE, exit_codes.UNAVAILABLE, exit_codes.SOFTWARE, exit_codes.NO_PERMISSION,
    exit_codes.CONFIGURATION,
)  # fmt: skip
# What stands for something in an example, or is better not done here.
STAND_INS = (
    (r"\bpkg\.upgrade\b", "test.ping"),
    (r"apt-get -y upgrade", "echo upgraded"),
    (r"--batch-wait 30", "--batch-wait 0.1"),
    (r"GLOB… \| --all", "nosuch --yes"),
    (r"\[[^]]*\]", ""),
    (r"\bNAME\b", "new1"),
    (r"--pki-dir /etc/txsalt/pki/master", '-c "$TXSALT_CONFIG_DIR" --duration 1'),
    (r"--minions 2000", "--minions 5"),
    (r"--total 20000", "--total 20"),
)


class TourTests(SynchronousTestCase):
    """The tours, step by step."""

    def setUp(self) -> None:
        self.shell = Shell()
        self.addCleanup(self.shell.close)

    def walk(self, document: str, least: int) -> None:
        """Type all that the document says; it has so many commands at least."""
        count = 0
        for kind, body in blocks(document, "tour"):
            if kind == "sh":
                self.assertEqual(self.shell.type(body), (0, ""), body)
                continue
            for command, shown in commands(body):
                self.shell.compare(command, shown)
                count += 1
        self.assertGreaterEqual(count, least)
        wait_until(lambda: not self.shell.running(), 20, "the daemons end")

    def test_readme(self) -> None:
        """
        Every command of the README's tour does what it shows.
        """
        self.walk("README.md", 7)

    def test_tour(self) -> None:
        """
        Every command of docs/tour.md does what it shows.
        """
        self.walk("docs/tour.md", 60)


class ExampleTests(SpineCase):
    """The examples in the other documents: each does something, and none is a mistake."""

    def test_examples(self) -> None:
        """
        Who types an example gets an answer: no wrong option, no function that is not there.
        """
        self.answers()
        jid = self.master.cli("*", "test.ping", "-b", "2", "--show-jid").stderr.split()[-1]
        typed = 0
        for document in DOCUMENTS:
            for example in indented(document):
                if not example.startswith(("txsalt-cli ", *NOT_TYPED)):
                    continue  # an excerpt of a file
                if not example.startswith(tuple(NOT_TYPED)):
                    self._type(example, jid)
                    typed += 1
        self.assertGreater(typed, 25)

    def _type(self, example: str, jid: str) -> None:
        text = re.sub(r"\bJID\b|\b20\d{18}\b", jid, example)
        for what, instead in STAND_INS:
            text = re.sub(what, instead, text)
        daemon = self.minion("web1") if text.startswith("txsalt-cli call") else self.master
        environment = {**run().environment, "TXSALT_CONFIG_DIR": str(daemon.config_dir)}
        scripts = Path(CLI).parent
        environment["PATH"] = f"{scripts}{os.pathsep}{environment['PATH']}"
        done = subprocess.run(
            ["bash", "-c", text], env=environment, cwd=self.master.root, capture_output=True,
            stdin=subprocess.DEVNULL, text=True, timeout=60, check=False,
        )  # fmt: skip
        seen = f"$ {text}\n{done.stdout}{done.stderr}"
        self.assertNotIn(done.returncode, WRONG, seen)
        for mistake in ("Traceback", "is not available", "Passed invalid arguments"):
            self.assertNotIn(mistake, seen)


class SampleTests(SynchronousTestCase):
    """What else stands in the documents."""

    def test_listener(self) -> None:
        """
        The listener of docs/wire.md is Python, and uses nothing but pyzmq and msgpack.
        """
        [(kind, body)] = blocks("docs/wire.md", "listen")
        self.assertEqual(kind, "python")
        compile(body, "docs/wire.md", "exec")
        self.assertNotIn("txsalt.", body.replace("txsalt/", ""))

    def test_document_of_a_job(self) -> None:
        """
        The JSON of docs/output.md is JSON.
        """
        text = (ROOT / "docs/output.md").read_text()
        found = re.findall(r"^```json\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        self.assertEqual([json.loads(each)["schema"] for each in found], ["txsalt.job/1"])

    def test_fenced(self) -> None:
        """
        Each fenced block is typed by a tour, or there is a reason why it is not.
        """
        found = {(document, kind) for document in DOCUMENTS for kind in fences(document)}
        rest = {each for each in found if not each[1].endswith(" tour")}
        self.assertEqual(rest, set(ELSEWHERE))

    def test_found(self) -> None:
        """
        Who reads the README finds every other document.
        """
        text = (ROOT / "README.md").read_text()
        for document in DOCUMENTS[1:]:
            self.assertIn(f"({document})", text)
