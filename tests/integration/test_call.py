"""Functions on a minion's machine with its keys: ``txsalt-cli call``, beside a running minion."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.integration.spine import CLI, SpineCase, SpineMaster, started
from tests.interop import processes
from tests.interop.harness import Fleet, TxMinion


class QuickMinion(TxMinion):
    """A minion whose calls do not wait long for the master."""

    def extra_options(self) -> dict[str, Any]:
        return {"request_channel_timeout": 2}


class CallTests(SpineCase):
    """A master with files and pillar, and one minion."""

    ids = ("web1",)

    def make_fleet(self) -> Fleet:
        """Write more of what the master serves."""
        master = SpineMaster()
        for name, text in (
            ("srv/_modules/own.py", "def fruits():\n    return __pillar__['color']\n"),
            ("srv/_grains/own.py", "def own():\n    return {'own': __opts__['id']}\n"),
            ("pillar/fruits.sls", "color: blue\n"),
        ):
            path = master.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        fleet = Fleet(master)
        own = {"site": "north", "mysql.host": "db1", "cmd_blacklist_glob": ["rm *"]}
        fleet.add(QuickMinion(master, "web1", **own))
        return fleet

    def call(self, *words: str, code: int = 0) -> Any:
        """The value that a call prints."""
        answer = self.tell("--out", "json", *words)
        self.assertEqual(answer.returncode, code, str(answer))
        return json.loads(answer.stdout)["local"] if answer.stdout else answer.stderr

    def tell(self, *words: str) -> processes.Answer:
        """What a call answers."""
        argv = [CLI, "call", "--config-dir", str(self.minion("web1").config_dir), *words]
        return processes.tell(argv, stock=False, seconds=60)

    def test_return(self) -> None:
        """
        The master sees the return of a call, with a job id that it gives.
        """
        with self.master.listening() as watcher:
            self.assertEqual(self.call("test.arg_clean", "7"), {"args": [7], "kwargs": {}})
            _, data = watcher.wait(lambda tag, _: tag.endswith("/ret/web1"), 10)
        self.assertEqual((data["fun"], data["fun_args"]), ("test.arg_clean", ["7"]))
        self.assertRegex(data["jid"], "^[0-9]{20}$")

    def test_failure(self) -> None:
        """
        A function that fails makes the call fail.
        """
        self.assertEqual(self.call("cmd.run", "echo no; exit 3", code=1), "no")

    def test_options_of_the_file(self) -> None:
        """
        Options of mine, and those that forbid commands, count in a call and in the minion's jobs.
        """
        self.assertEqual(self.call("config.get", "site"), "north")
        refusal = self.call("cmd.run", "rm -r /nosuch", code=1)
        self.assertIn('The shell command "rm -r /nosuch" is not permitted', refusal)
        for fun, arg, expected in (
            ("config.get", "site", "north"),
            ("config.option", "mysql.host", "db1"),
            ("config.get", "file_client", "remote"),
            ("cmd.run", "rm -r /nosuch", refusal),
        ):
            answer = self.master.cli("web1", fun, arg, "--out", "json")
            self.assertEqual(json.loads(answer.stdout)["web1"], expected)

    def test_master_is_asked(self) -> None:
        """
        Pillar and files come from the master.
        """
        self.assertEqual(self.call("pillar.items"), {"color": "blue"})
        self.assertIn("_modules/own.py", self.call("cp.list_master"))

    def test_synced_modules(self) -> None:
        """
        What a call syncs, the running minion has, too: modules and grains.
        """
        changed = self.call("saltutil.sync_all")
        self.assertEqual((changed["modules"], changed["grains"]), (["modules.own"], ["grains.own"]))
        self.assertEqual(self.call("own.fruits"), "blue")

        def minion_has_both() -> bool:
            answers = [
                self.master.cli("web1", fun, *args, "--out", "json")
                for fun, args in (("own.fruits", ()), ("grains.get", ("own",)))
            ]
            return [each.stdout and json.loads(each.stdout)["web1"] for each in answers] == [
                "blue",
                "web1",
            ]

        processes.wait_until(minion_has_both, 20, "the minion's own modules")

    def test_schedule_of_the_running_minion(self) -> None:
        """
        The schedule of the running minion is listed and changed from its machine, also --local.
        """
        marks = self.minion("web1").root / "marks"
        words = ["function=cmd.run", f"job_args=['date +%s >> {marks}']", "seconds=1"]
        answer = self.call("schedule.add", "marks", *words, "return_job=False")
        self.assertEqual(answer["changes"], {"marks": "added"})
        processes.wait_until(marks.exists, 20, "a run of the added job")
        self.assertIn("marks", self.call("--local", "schedule.list", "return_yaml=False"))
        self.assertEqual(self.call("schedule.disable_job", "marks")["result"], True)
        seen = self.master.cli("web1", "schedule.is_enabled", "marks", "--out", "json")
        self.assertIs(json.loads(seen.stdout)["web1"]["enabled"], False)
        self.assertIn("next_fire_time", self.call("schedule.show_next_fire_time", "marks"))
        refused = self.call("schedule.run_job", "nope", code=1)
        self.assertEqual(refused, {"comment": "Job nope does not exist.", "result": False})
        self.assertEqual(self.call("--local", "schedule.delete", "marks")["result"], True)

    def test_schedule_of_a_minion_that_does_not_run(self) -> None:
        """
        What is added while the minion does not run, runs once it does.
        """
        minion = self.minion("web1")
        minion.kill()  # its sockets stay behind
        marks = minion.root / "later"
        try:
            words = ["function=cmd.run", f"job_args=['date >> {marks}']", "seconds=1"]
            added = self.tell("--local", "schedule.add", "later", *words, "return_job=False")
            self.assertIn("Added job: later", added.stdout)
            self.assertIn("no minion runs on this machine", added.stderr)
        finally:
            with self.master.listening() as watcher:
                minion.start()
                started(watcher, "web1")
        processes.wait_until(marks.exists, 30, "a run of the added job")
        self.call("schedule.delete", "later")

    def test_master_that_goes_meanwhile(self) -> None:
        """
        The result of a call waits with the running minion if the master is gone by then.
        """
        root = self.minion("web1").root
        wait = f"touch {root}/began; until [ -e {root}/gone ]; do sleep 0.1; done; echo late"
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(self.tell, "cmd.shell", wait)
            processes.wait_until((root / "began").exists, 30, "the function has begun")
            self.master.stop()
            (root / "gone").touch()
            told = answer.result(60)
        self.assertEqual((told.returncode, told.stdout), (0, "local:\n    late\n"))
        self.assertIn("the minion daemon keeps the result until the master takes it", told.stderr)
        self.assertEqual(len(list((root / "cache").rglob("*.return"))), 1)
        self.master.start()

        def stored() -> list[str]:
            told = self.master.cli("job", "list", "--out", "json").stdout or "{}"
            return [jid for jid, job in json.loads(told).items() if job["fun"] == "cmd.shell"]

        [jid] = processes.wait_until(stored, 40, "the master has stored the result")
        job = json.loads(self.master.cli("job", "show", jid, "--out", "json").stdout)
        self.assertEqual(job["minions"]["web1"]["return"], "late")
        files = (root / "cache").rglob
        processes.wait_until(lambda: not list(files("*.return")), 10, "the outbox is empty")
