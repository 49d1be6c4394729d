"""Tests of what a swarm may be asked to do, and of its command line."""

import contextlib
import io
import re
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from txsalt.cli import swarm
from txsalt.errors import ConfigError
from txsalt.swarm.plan import Plan


class PlanTests(SynchronousTestCase):
    """A run that cannot work is refused before anything is started."""

    def test_what_is_refused(self) -> None:
        """
        Each impossible option is refused with a sentence that names it.
        """
        wrong = {
            "mode": "dance",
            "port": 70_000,
            "minions": 0,
            "keys": -1,
            "key_bits": 1024,
            "connections": 0,
            "timeout": 0.0,
            "silent": 1.5,
            "wrong": -0.1,
            "batch": 0,
            "subscribe": "some",
            "kind": "songs",
        }
        for name, value in wrong.items():
            with self.subTest(name):
                error = self.assertRaises(ConfigError, Plan, **{name: value})
                self.assertIn("--" + name.replace("_", "-"), str(error))

    def test_options_that_need_each_other(self) -> None:
        """
        A known master needs the folder of its key, and shares cannot exceed the whole.
        """
        self.assertIn("--pki-dir", str(self.assertRaises(ConfigError, Plan, known_master=True)))
        self.assertRaises(ConfigError, Plan, silent=0.6, late=0.6)
        self.assertRaises(ConfigError, Plan, kind="events", payload=1_000_000, batch=100)

    def test_ids(self) -> None:
        """
        A prefix that no minion id can begin with is refused, as the master would refuse the ids.
        """
        for prefix in ("a/b", "../", " a", "a\n", ".a", "x" * 255):
            with self.subTest(prefix):
                error = self.assertRaises(ConfigError, Plan, prefix=prefix)
                self.assertIn("--prefix", str(error))
        self.assertEqual(Plan(prefix="").prefix, "")

    def test_jobs(self) -> None:
        """
        What is no job id is refused: the returns would be counted as accepted, and stored nowhere.
        """
        error = self.assertRaises(ConfigError, Plan, jids="20261123203744190398,a b")
        self.assertIn("'a b'", str(error))
        self.assertEqual(Plan(jids="20261123203744190398,").jids, "20261123203744190398,")

    def test_topics(self) -> None:
        """
        One subscription for all minions hears everything, so it cannot have the topics of each.
        """
        error = self.assertRaises(ConfigError, Plan, topics=True)
        self.assertIn("--subscribe each", str(error))
        self.assertTrue(Plan(topics=True, subscribe="each").topics)

    def test_bounds(self) -> None:
        """
        The bounds of an option are told in digits.
        """
        error = self.assertRaises(ConfigError, Plan, minions=2_000_000)
        self.assertIn("--minions must be 1 to 1000000, not 2000000.", str(error))

    def test_key_pairs_and_window(self) -> None:
        """
        No more key pairs than minions, no wider a window than connections; 0 means one for each.
        """
        self.assertEqual(Plan(minions=10, keys=0).pairs, 10)
        self.assertEqual(Plan(minions=10, keys=100).pairs, 10)
        self.assertEqual(Plan(minions=10, keys=3).pairs, 3)
        self.assertEqual(Plan(connections=8).width, 8)
        self.assertEqual(Plan(connections=8, window=100).width, 8)
        self.assertEqual(Plan(connections=8, window=2).width, 2)


class CommandLineTests(SynchronousTestCase):
    """txsalt-cli swarm."""

    def test_help_tells_of_every_option(self) -> None:
        """
        Everything that a plan has can be said, and is explained.
        """
        heard = io.StringIO()
        with contextlib.redirect_stdout(heard):
            self.assertRaises(SystemExit, swarm.main, ["swarm", "--help"])
        for name in Plan.__attrs_attrs__:
            if name.name != "mode":
                self.assertIn("--" + name.name.replace("_", "-"), heard.getvalue())

    def test_master_on_this_machine(self) -> None:
        """
        ``-c`` tells where the master is and where its keys are; what else is said counts more.
        """
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        (folder / "master").write_text(
            f"sock_dir: /run/t\ninterface: 0.0.0.0\nret_port: 5506\npki_dir: {folder}/keys\n"
        )
        first = swarm.plan_of(["-c", str(folder), "swarm", "sign-in"])
        second = swarm.plan_of(["swarm", "sign-in", "-c", str(folder), "--port", "7506"])
        self.assertEqual((first.host, first.port), ("127.0.0.1", 5506))
        self.assertEqual((first.pki_dir, second.pki_dir), (folder / "keys", folder / "keys"))
        self.assertEqual(second.port, 7506)

    def test_documents(self) -> None:
        """
        What the documents have operators type can be typed.
        """
        typed = 0
        for document in ("benchmarks/README.md", "docs/operating.md"):
            text = (Path(__file__).parents[2] / document).read_text()
            for line in re.findall(r"^    txsalt-cli (swarm .*?)(?: > .*)?$", text, re.MULTILINE):
                swarm.plan_of(line.split())
                typed += 1
        self.assertGreater(typed, 5)

    def test_wrong_words_end_with_usage(self) -> None:
        """
        A mode that does not exist ends with the exit code of a wrong command line.
        """
        heard = io.StringIO()
        with contextlib.redirect_stderr(heard):
            error = self.assertRaises(SystemExit, swarm.main, ["swarm", "dance"])
        self.assertEqual(error.code, 64)
        self.assertIn("dance", heard.getvalue())
