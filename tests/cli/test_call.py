"""Functions on this machine, without a master."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from txsalt import __version__

ROOT = Path(__file__).parents[2]
_PROGRAM = "from txsalt.cli.main import run; run()"
LIMIT = 30  # seconds for one call


class CallTests(SynchronousTestCase):
    """``txsalt-cli call --local``."""

    def setUp(self) -> None:
        """Write a minion's configuration, and roots for files and pillar."""
        # Not mktemp: the names of sockets may not be as long as trial's folders.
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        for name, text in (
            ("minion", f"id: web-01\nroot_dir: {self.folder}/root\nsalt_modules: off\n"),
            ("pillar/top.sls", "base:\n  'web-*':\n    - role\n  'db-*':\n    - other\n"),
            ("pillar/role.sls", "role: web\n"),
            ("salt/_modules/own.py", "def hi():\n    return __pillar__['role'], __opts__['id']\n"),
            ("salt/file.txt", "content"),
            ("mods/mine.py", "def f():\n    return 'mine'\n"),
        ):
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def run_call(self, *words: str, local: bool = True) -> tuple[int, str, str]:
        """Run a call; give exit code, stdout and stderr."""
        options = ["--config-dir", str(self.folder)] + (["--local"] if local else [])
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM, "call", *options, *words],
            capture_output=True,
            text=True,
            timeout=LIMIT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    def call(self, *words: str) -> object:
        """Run a call that succeeds, and give its value."""
        code, out, err = self.run_call("--out", "json", *words)
        self.assertEqual((code, err), (0, ""))
        return json.loads(out)["local"]

    def test_plain(self) -> None:
        """
        A function's value is printed as salt-call prints it.
        """
        self.assertEqual(self.run_call("test.ping"), (0, "local:\n    True\n", ""))
        answer = self.call("test.arg_clean", "1", "x=2")
        self.assertEqual(answer, {"args": [1], "kwargs": {"x": 2}})

    def test_version(self) -> None:
        """
        It tells the version, as all the other commands do.
        """
        self.assertEqual(self.run_call("--version")[:2], (0, f"txsalt {__version__}\n"))

    def test_log_levels(self) -> None:
        """
        Each level that may be chosen works, quiet too.
        """
        for level in ("debug", "quiet"):
            self.assertEqual(self.run_call("-l", level, "test.ping")[:2], (0, "local:\n    True\n"))

    def test_exit_codes(self) -> None:
        """
        A function that fails makes the call fail; its own code is passed on if I ask for it.
        """
        self.assertEqual(self.run_call("cmd.run", "exit 3")[0], 1)
        self.assertEqual(self.run_call("--retcode-passthrough", "cmd.run", "exit 3")[0], 3)
        code, out, _ = self.run_call("nope.nope")
        self.assertEqual((code, out), (1, "local:\n    'nope.nope' is not available.\n"))
        self.assertEqual(self.run_call()[0], 64)

    def test_roots(self) -> None:
        """
        Files and pillar come from the folders that I name.
        """
        roots = ["--file-root", f"{self.folder}/salt", "--pillar-root", f"{self.folder}/pillar"]
        self.assertEqual(self.call(*roots, "pillar.items"), {"role": "web"})
        self.assertEqual(self.call(*roots, "cp.get_file_str", "salt://file.txt"), "content")
        self.assertEqual(self.call(*roots, "saltutil.sync_modules"), ["modules.own"])
        self.assertEqual(self.call(*roots, "own.hi"), ["web", "web-01"])
        self.assertEqual(self.call(*roots, "--id", "web-9", "own.hi"), ["web", "web-9"])

    def test_modules(self) -> None:
        """
        Modules in folders that I name can be called.
        """
        self.assertEqual(self.call("-m", f"{self.folder}/mods", "mine.f"), "mine")

    def test_grains(self) -> None:
        """
        Grains are printed, can be set, and are there in the next call.
        """
        self.assertEqual(self.call("grains.setval", "own", "5"), {"own": 5})
        grains = self.call("-g")
        self.assertIsInstance(grains, dict)
        self.assertEqual(self.call("grains.get", "own"), 5)

    def test_metadata(self) -> None:
        """
        The whole return can be printed.
        """
        shown = self.call("--metadata", "test.echo", "x")
        assert isinstance(shown, dict)
        self.assertEqual((shown["return"], shown["retcode"], shown["fun"]), ("x", 0, "test.echo"))

    def test_forms(self) -> None:
        """
        All forms that results of minions have, the result of a call has, too.
        """
        data = "{'port': 80}"
        code, out, _ = self.run_call("--out", "table", "test.echo", data)
        self.assertEqual(code, 0)
        self.assertRegex(out, r"(?s)port.*local +80")
        code, out, _ = self.run_call("--out", "json-v1", "test.echo", data)
        told = json.loads(out)
        self.assertEqual((told["schema"], told["fun"]), ("txsalt.job/1", "test.echo"))
        self.assertEqual((told["expected"], told["exit_code"]), (["web-01"], 0))
        about = {"outcome": "succeeded", "retcode": 0, "return": {"port": 80}}
        self.assertEqual(told["minions"], {"web-01": about})
        code, out, _ = self.run_call("--out", "jsonl", "cmd.run", "exit 3")
        lines = [json.loads(line) for line in out.splitlines()]
        self.assertEqual([line["kind"] for line in lines], ["published", "return", "ended"])
        self.assertEqual((lines[1]["outcome"], lines[1]["retcode"]), ("failed", 3))
        self.assertEqual((code, lines[2]["exit_code"]), (1, 1))
        words = ["--retcode-passthrough", "--out", "json-v1", "cmd.run", "exit 3"]
        code, out, _ = self.run_call(*words)
        self.assertEqual((code, json.loads(out)["exit_code"]), (3, 3))

    def test_out_file(self) -> None:
        """
        The result can go to a file, behind what that holds already.
        """
        path = str(self.folder / "results")
        for _ in range(2):
            self.assertEqual(self.run_call("--out-file", path, "test.ping"), (0, "", ""))
        self.run_call("--out-file", path, "--out-file-append", "--out", "txt", "test.ping")
        self.assertEqual(Path(path).read_text(), "local:\n    True\nlocal: True\n")
        ran = self.folder / "ran"
        code, _, err = self.run_call("--out-file", f"{path}/x", "file.touch", str(ran))
        self.assertEqual((code, ran.exists()), (73, False))
        self.assertIn(f"cannot write {path}/x", err)

    def test_schedule_without_a_minion(self) -> None:
        """
        Where no minion daemon runs, the schedule that it keeps is listed and changed.
        """
        code, out, err = self.run_call("schedule.add", "job1", "function=test.ping", "seconds=60")
        self.assertEqual(code, 0)
        self.assertIn("Added job: job1 to schedule.", out)
        self.assertIn("no minion runs on this machine; its schedule at rest is", err)
        code, out, _ = self.run_call("--out", "json", "schedule.list", "return_yaml=False")
        self.assertEqual(json.loads(out)["local"]["job1"]["seconds"], 60)

    def test_returners(self) -> None:
        """
        The result also goes to the returners that I name, and to those of the minion's file.
        """
        with open(self.folder / "minion", "a") as file:
            file.write(f"return: rawfile_json\nrawfile_json.filename: {self.folder}/always\n")
        options = f"{{filename: {self.folder}/own}}"
        self.call("--return", "rawfile_json", "--return-kwargs", options, "test.echo", "a")
        told = json.loads((self.folder / "own").read_text())
        about = {name: told[name] for name in ("id", "fun", "fun_args", "return", "success")}
        expected = {"id": "web-01", "fun": "test.echo", "fun_args": ["a"], "return": "a"}
        self.assertEqual(about, {**expected, "success": True})
        self.assertRegex(told["jid"], "^[0-9]{20}$")
        self.assertFalse((self.folder / "always").exists())
        self.call("test.ping")
        self.assertIn('"test.ping"', (self.folder / "always").read_text())

    def test_returner_that_fails(self) -> None:
        """
        A returner that does not take the result is told of, and changes nothing else.
        """
        code, out, err = self.run_call("--return", "nope,sqlite3", "test.ping")
        self.assertEqual((code, out), (0, "local:\n    True\n"))
        self.assertIn("nope did not take the result: there is no returner 'nope'", err)
        self.assertIn("sqlite3 did not take the result", err)

    def test_what_needs_a_master(self) -> None:
        """
        A function that needs a master says that this is a local call.
        """
        code, out, _ = self.run_call("mine.get", "*", "test.ping")
        self.assertEqual(code, 1)
        self.assertIn("this is a local call", out)
        self.assertNotIn("_mine_get", out)

    def test_running_jobs(self) -> None:
        """
        Where no minion daemon runs, a question about its jobs says where it was looked for.
        """
        code, out, _ = self.run_call("saltutil.running")
        self.assertEqual(code, 1)
        self.assertRegex(out, r"minion daemon does not answer at .*_pull\.ipc: it does not run")

    def test_no_master(self) -> None:
        """
        Without --local a master is needed, and it is told where it was looked for.
        """
        with (self.folder / "minion").open("a") as file:
            file.write("master: 127.0.0.1:9\nauth_timeout: 0.1\nkeysize: 2048\n")
        code, out, err = self.run_call("pillar.items", local=False)
        self.assertEqual((code, out), (69, ""))
        self.assertIn("tcp://127.0.0.1:9", err)
