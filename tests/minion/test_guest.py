"""Salt's own modules beside ours, where the salt package is installed."""

import json
import os
import subprocess
import sysconfig
from pathlib import Path
from typing import Any
from unittest import SkipTest

from twisted.trial.unittest import SynchronousTestCase

import txsalt
from tests.interop import environments
from tests.minion import guest_stage
from txsalt.config.read import read_minion
from txsalt.minion.grains.collect import collect

LINE = "guest"
TIME = 120  # seconds for all jobs

# Uses Salt's own library and its dunders, and calls a function of txsalt's through __salt__.
OWN = """
import salt.utils.path
from salt.exceptions import CommandExecutionError
from salt.utils.decorators import depends

def shell():
    return salt.utils.path.which("sh")

def fails():
    raise CommandExecutionError("on purpose")

@depends("no_such_library")
def not_here():
    return 1

def channel():
    import salt.channel.client
    return str(salt.channel.client.ReqChannel.factory(__opts__))

def roundabout():
    return __salt__["hashutil.digest"]("a")
"""


class GuestTests(SynchronousTestCase):
    """Jobs in an environment with Salt."""

    maxDiff = None

    def setUp(self) -> None:
        """Skip where that environment is not there."""
        if not environments.is_ready(LINE):
            raise SkipTest(
                f"needs the environment {LINE}: run python -m tests.interop.environments {LINE}, "
                "or set TXSALT_INTEROP_CACHE to a folder that has one"
            )
        folder = Path(self.mktemp()).absolute()
        (folder / "modules").mkdir(parents=True)
        (folder / "modules" / "own.py").write_text(OWN)
        grains = collect({"id": "web-01", "enable_fqdns_grains": False})
        self.facts = {"grains": grains, "pillar": {"role": "web"}}
        self.config = {
            "id": "web-01",
            "cachedir": f"{folder}/cache",
            "extension_modules": str(folder),
            "config_dir": str(folder),
            "saltenv": None,
            "pillarenv": None,
        }

    def test_functions_that_we_lack(self) -> None:
        """
        Salt's modules, and those of a saltext, answer as they do in a stock minion.
        """
        jobs: list[tuple[str, list[Any]]] = [
            ("test.ping", []),
            ("hashutil.digest", ["a"]),
            ("network.interfaces", []),
            ("disk.usage", []),
            ("timezone.get_zone", []),
            ("user.list_users", []),
            ("consul.list", []),
            ("pillar.items", []),
            ("state.single", ["test.nop", "x"]),
        ]
        answers = self.run_jobs(jobs)
        imported = [answer["imported"] for answer in answers]
        results = {fun: answer["result"] for (fun, _), answer in zip(jobs, answers, strict=True)}
        self.assertEqual(imported[:2], [False, True])  # not before the first function of Salt's
        self.assertEqual(results["hashutil.digest"]["return"], "0cc175b9c0f1b6a831c399e269772661")
        self.assertIn("127.0.0.1", json.dumps(results["network.interfaces"]))
        self.assertIn("/", results["disk.usage"]["return"])
        self.assertIn("root", results["user.list_users"]["return"])
        self.assertEqual(results["timezone.get_zone"], self.salts("timezone.get_zone"))
        self.assertEqual(results["consul.list"]["return"]["message"], "No Consul URL found.")
        self.assertEqual(results["pillar.items"]["return"], {"asked": "request"})
        (state,) = results["state.single"]["return"].values()
        self.assertIs(state["result"], True)
        self.assertEqual(results["state.single"]["out"], "highstate")

    def test_own_modules(self) -> None:
        """
        A module of mine that was written for Salt runs unchanged.
        """
        jobs = [(f"own.{name}", []) for name in ("shell", "fails", "not_here", "roundabout")]
        shell, fails, not_here, roundabout = [
            each["result"]["return"] for each in self.run_jobs(jobs)
        ]
        self.assertTrue(shell.endswith("/sh"))
        self.assertEqual(fails, "ERROR: on purpose")
        self.assertEqual(not_here, "'own.not_here' is not available.")
        self.assertEqual(roundabout, "0cc175b9c0f1b6a831c399e269772661")

    def test_options_of_the_file(self) -> None:
        """
        Salt's own modules find what my minion's file sets, with a dot in its name or without.
        """
        folder = self.config["config_dir"]
        text = "id: web-01\nmysql.host: db1\nsite: {name: north}\nsalt_modules: prefer\n"
        Path(folder, "minion").write_text(text)
        self.config = {**read_minion(folder)[0].as_map(), **self.config}
        jobs = [("config.option", ["mysql.host"]), ("config.get", ["site:name"])]
        found = [each["result"]["return"] for each in self.run_jobs(jobs)]
        self.assertEqual(found, ["db1", "north"])

    def test_files_of_the_master(self) -> None:
        """
        A module of Salt's that fetches a file does so through the daemon.
        """
        self.config["salt_modules"] = "prefer"
        (answer,) = self.run_jobs([("cmd.script", ["salt://not/there"])])
        self.assertIs(answer["result"]["return"]["cache_error"], True)
        self.assertIn("request", answer["calls"])

    def test_no_way_to_the_master(self) -> None:
        """
        A module that opens a connection of its own fails, and makes no key.
        """
        (answer,) = self.run_jobs([("own.channel", [])])
        self.assertIn("caused an exception", answer["result"]["return"])
        keys = Path(self.config["cachedir"]).rglob("*.pem")
        self.assertEqual(list(keys), [])

    def test_wrong_calls(self) -> None:
        """
        Wrong arguments and missing functions are answered as those of ours are.
        """
        jobs = [("hashutil.digest", []), ("hashutil.nope", []), ("nope.nope", [])]
        answers = [each["result"] for each in self.run_jobs(jobs)]
        self.assertIn("Passed invalid arguments to hashutil.digest", answers[0]["return"])
        self.assertEqual(answers[1]["return"], "'hashutil.nope' is not available.")
        self.assertEqual([answer["retcode"] for answer in answers], [1, 1, 1])

    def test_modes(self) -> None:
        """
        The option salt_modules turns Salt's modules off, or puts them before ours.
        """
        jobs: list[tuple[str, list[Any]]] = [("hashutil.digest", ["a"]), ("test.version", [])]
        self.config["salt_modules"] = "off"
        off = [each["result"]["return"] for each in self.run_jobs(jobs)]
        self.assertEqual(off, ["'hashutil.digest' is not available.", txsalt.__version__])
        self.config["salt_modules"] = "prefer"
        preferred = [each["result"]["return"] for each in self.run_jobs(jobs)]
        self.assertTrue(preferred[1].startswith("3008."), preferred)

    def test_listed(self) -> None:
        """
        Salt's functions are among those that sys lists.
        """
        jobs = [("sys.list_modules", []), ("sys.list_functions", ["consul.*"])]
        modules, functions = [each["result"]["return"] for each in self.run_jobs(jobs)]
        self.assertLessEqual({"test", "cmd", "hashutil", "consul"}, set(modules))
        self.assertIn("consul.list", functions)

    def salts(self, fun: str) -> dict[str, Any]:
        """Run a function with Salt's functions before ours."""
        self.config["salt_modules"] = "prefer"
        (answer,) = self.run_jobs([(fun, [])])
        result: dict[str, Any] = answer["result"]
        return result

    def run_jobs(self, jobs: list[tuple[str, list[Any]]]) -> list[dict[str, Any]]:
        """Run jobs, one after the other, in one process."""
        asked = {
            "config": self.config,
            "facts": self.facts,
            "jobs": jobs,
            "root": str(Path(txsalt.__file__).parent.parent),
            "libraries": sysconfig.get_path("purelib"),
        }
        done = subprocess.run(
            [environments.command(LINE, "python"), str(Path(guest_stage.__file__).resolve())],
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            timeout=TIME,
            cwd="/",
            env={name: text for name, text in os.environ.items() if name != "PYTHONPATH"},
            check=False,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        answers: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
        return answers
