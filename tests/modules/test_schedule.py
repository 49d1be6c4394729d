"""Tests of the functions of schedule, with the daemon's own answers behind them."""

import os
from datetime import datetime
from typing import Any

from tests.minion.schedule_case import NOON, ScheduleCase, every
from tests.modules.calls import FakeContext, modules
from txsalt.errors import TxsaltError
from txsalt.minion.jobrunner.context import CallRefused
from txsalt.renderers import yaml


class ScheduleContext(FakeContext):
    """A job whose calls go to a schedule."""

    case: "ScheduleModuleTests"

    def call(self, name: str, arguments: dict[str, Any]) -> object:
        if name != "schedule":
            return super().call(name, arguments)
        try:
            return self.case.calls(arguments)
        except TxsaltError as exc:
            raise CallRefused(str(exc)) from exc


class ScheduleModuleTests(ScheduleCase):
    def setUp(self) -> None:
        super().setUp()
        self.start({"old": every(60)})
        self.context = ScheduleContext({"config_dir": self.folder, "extension_modules": ""})
        self.context.case = self
        self.functions = modules(self.context)

    def call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        return self.functions[f"schedule.{name}"](*args, **kwargs)

    def listed(self, **kwargs: Any) -> dict[str, Any]:
        return self.call("list", return_yaml=False, **kwargs)

    def test_add(self) -> None:
        """
        A job is added with the arguments of the command line, and its defaults are shown.
        """
        answer = self.call("add", "job", function="test.echo", job_args=["a"], seconds=5)
        self.assertEqual(
            answer,
            {
                "comment": "Added job: job to schedule.",
                "result": True,
                "changes": {"job": "added"},
            },
        )
        self.assertEqual(
            self.listed()["job"],
            {
                "function": "test.echo", "seconds": 5, "args": ["a"], "maxrunning": 1,
                "name": "job", "enabled": True, "jid_include": True,
            },
        )  # fmt: skip
        self.assertIn("job", yaml.load(self.kept(), "")["schedule"])

    def kept(self) -> str:
        with open(self.path) as file:
            return file.read()

    def test_add_refused(self) -> None:
        """
        What is no job is not added, and the answer says why.
        """
        for options in (
            {"seconds": 5},
            {"function": "test.ping"},
            {"function": "test.ping", "seconds": 5, "when": "5pm"},
            {"function": "test.ping", "seconds": 5, "job_args": "x"},
            {"function": "test.ping", "seconds": 5, "job_kwargs": []},
            {"function": "test.ping", "when": "whenever"},
        ):
            answer = self.call("add", "job", **options)
            self.assertIs(answer["result"], False, str(options))
            self.assertEqual(answer["changes"], {})
            self.assertTrue(answer["comment"])
        answer = self.call("add", "old", function="test.ping", seconds=5)
        self.assertEqual(answer["comment"], "Job old already exists in schedule.")
        self.assertEqual(list(self.listed()), ["old"])

    def test_test(self) -> None:
        """
        With test=True nothing is changed.
        """
        before = self.listed()
        for name, args, kwargs in (
            ("add", ["job"], {"function": "test.ping", "seconds": 5}),
            ("modify", ["old"], {"seconds": 5}),
            ("delete", ["old"], {}),
            ("purge", [], {}),
            ("disable_job", ["old"], {}),
            ("disable", [], {}),
            ("save", [], {}),
            ("skip_job", ["old", "2026-11-23T12:01:00"], {}),
        ):
            answer = self.call(name, *args, test=True, **kwargs)
            self.assertIs(answer["result"], True)
            self.assertIn("would be", str(answer["comment"]))
        self.assertEqual(self.listed(), before)
        self.assertFalse(os.path.exists(self.path))

    def test_modify(self) -> None:
        """
        A change tells the job before and after; a job that is so already is left alone.
        """
        answer = self.call("modify", "old", seconds=90)
        self.assertEqual(answer["changes"]["old"]["old"]["seconds"], 60)
        self.assertEqual(answer["changes"]["old"]["new"]["seconds"], 90)
        self.assertEqual(self.listed()["old"]["seconds"], 90)
        again = self.call("modify", "old", seconds=90)
        self.assertEqual((again["changes"], again["result"]), ({}, True))
        self.call("modify", "old", splay=5)
        self.assertEqual(self.listed()["old"]["seconds"], 90)
        self.assertIs(self.call("modify", "new", seconds=90)["result"], False)
        self.assertIs(self.call("modify", "old", seconds=-1)["result"], False)

    def test_delete_and_purge(self) -> None:
        """
        Jobs are removed one by one or all; those of the pillar stay, with the reason.
        """
        self.book.use_facts({}, {"schedule": {"theirs": every(60)}})
        self.assertEqual(self.call("delete", "old")["changes"], {"old": "removed"})
        self.assertIs(self.call("delete", "old")["result"], False)
        self.assertIn("pillar", self.call("delete", "theirs")["comment"])
        self.call("add", "job", function="test.ping", seconds=5)
        answer = self.call("purge")
        self.assertEqual(answer["changes"], {"job": "removed"})
        self.assertIn("pillar", " ".join(answer["comment"]))

    def test_switches(self) -> None:
        """
        Jobs and the whole schedule are switched off and on.
        """
        self.assertEqual(self.call("disable_job", "old")["changes"], {"old": "disabled"})
        self.assertIs(self.call("is_enabled", "old")["enabled"], False)
        self.assertEqual(self.listed(show_disabled=False), {})
        self.assertEqual(self.call("enable_job", "old")["changes"], {"old": "enabled"})
        self.assertIs(self.call("is_enabled"), True)
        self.assertEqual(self.call("disable")["changes"], {"schedule": "disabled"})
        self.assertIs(self.call("is_enabled"), False)
        self.assertIs(self.call("enable_job", "new")["result"], False)
        self.assertEqual(self.call("is_enabled", "new"), {})

    def test_list(self) -> None:
        """
        The list is YAML that says what is kept; hidden jobs are shown on request.
        """
        self.call("add", "__hidden", function="test.ping", seconds=5)
        found = yaml.load(self.call("list", show_all=True), "")["schedule"]
        self.assertTrue(found["__hidden"]["saved"])
        self.assertEqual(list(self.listed()), ["old"])

    def test_run_job(self) -> None:
        """
        A job is run now, unless it is disabled or not there.
        """
        self.end_all()
        self.assertIs(self.call("run_job", "old")["result"], True)
        self.assertIs(self.call("run_job", "old")["result"], False)
        self.end_all()
        self.assertEqual(self.runs, 2)
        self.call("disable_job", "old")
        self.call("run_job", "old")
        self.assertEqual(self.runs, 2)
        self.call("run_job", "old", force=True)
        self.assertEqual(self.runs, 3)
        self.assertIs(self.call("run_job", "new")["result"], False)

    def test_times(self) -> None:
        """
        The next times and the state of a job are told in the zone of this machine.
        """
        local = datetime.fromtimestamp(NOON + 60).strftime("%Y-%m-%dT%H:%M:%S")
        self.assertEqual(
            self.call("show_next_fire_time", "old"), {"result": True, "next_fire_time": local}
        )
        answer = self.call("show_next_fire_time", "old", count=3)
        self.assertEqual(len(answer["next_fire_times"]), 3)
        self.assertIs(self.call("show_next_fire_time", "new")["result"], False)
        status = self.call("job_status", "old", time_fmt="%H")
        self.assertEqual(status["_next_fire_time"], local[11:13])
        self.assertEqual((status["function"], status["_running"]), ("test.ping", 1))
        self.assertEqual(self.call("job_status", "new"), {})

    def test_skip_and_postpone(self) -> None:
        """
        One run is left out or put off.
        """
        form = "%Y-%m-%d %H:%M:%S"
        first, second, later = (
            datetime.fromtimestamp(NOON + each).strftime(form) for each in (60, 120, 90)
        )
        self.assertIs(self.call("skip_job", "old", second, time_fmt=form)["result"], True)
        self.assertIs(self.call("postpone_job", "old", first, later, time_fmt=form)["result"], True)
        coming = self.calls({"do": "next", "name": "old", "count": 2})
        self.assertEqual(coming, [NOON + 90, NOON + 180])
        for args in (("old", "soon"), ("new", first), ("old", None)):
            self.assertIs(self.call("skip_job", *args, time_fmt=form)["result"], False)

    def test_save_and_reload(self) -> None:
        """
        Jobs that were not kept are gone after a reload, unless they are saved.
        """
        self.call("save")
        self.call("add", "job", function="test.ping", seconds=5, persist=False)
        self.assertIs(self.call("reload")["result"], True)
        self.assertEqual(list(self.listed()), ["old"])

    def test_offline(self) -> None:
        """
        The schedule of a minion that does not run is changed in its file.
        """
        self.context.case = None
        self.call("add", "job", function="test.ping", seconds=5, offline=True)
        self.call("modify", "job", seconds=9, offline=True)
        self.assertEqual(self.listed(offline=True)["job"]["seconds"], 9)
        self.call("delete", "job", offline=True)
        self.assertEqual(self.listed(offline=True), {})

    def test_offline_keeps_what_is_configured(self) -> None:
        """
        The first job that is added offline does not push out those of the minion's own file.
        """
        self.context.config["schedule"] = {"report": every(60)}
        self.functions = modules(self.context)
        self.assertEqual(list(self.listed(offline=True)), ["report"])
        self.call("add", "job", function="test.ping", seconds=5, offline=True)
        self.assertEqual(list(self.listed(offline=True)), ["report", "job"])

    def test_without_a_minion(self) -> None:
        """
        Where no minion runs, what is kept is listed and changed; the rest says why it cannot be.
        """
        self.patch(ScheduleContext, "call", FakeContext.call)
        with self.assertLogs("txsalt.modules._schedule", "WARNING") as told:
            added = self.call("add", "job", function="test.ping", seconds=5)
        self.assertIn("no minion runs on this machine", told.output[0])
        self.assertEqual(added["changes"], {"job": "added"})
        with self.assertLogs("txsalt.modules._schedule", "WARNING"):
            self.assertEqual(list(self.listed()), ["job"])
            self.assertEqual(self.call("modify", "job", seconds=9)["result"], True)
            self.assertEqual(self.listed(where="pillar"), {})
            unkept = self.call("add", "other", function="test.ping", seconds=5, persist=False)
            answers = [unkept, self.call("disable_job", "job"), self.call("run_job", "job")]
            for answer in answers:
                self.assertIs(answer["result"], False)
                self.assertIn("no minion runs on this machine", answer["comment"])
            self.assertEqual(self.call("delete", "job")["changes"], {"job": "removed"})
        self.assertEqual(yaml.load(self.kept(), ""), {"schedule": {}})

    def test_copy_and_move(self) -> None:
        """
        A job is handed on to other minions; one that was moved is gone here.
        """
        sent: list[Any] = []
        answers: dict[str, Any] = {"m2": {"result": True}}

        def publish(tgt: str, fun: str, arg: list[Any]) -> dict[str, Any]:
            sent.append((tgt, fun, arg))
            return answers

        self.functions._functions["publish.publish"] = publish
        answer = self.call("copy", "old", "m2")
        self.assertEqual(answer["minions"], ["m2"])
        self.assertEqual(sent[0][:2], ("m2", "schedule.add"))
        self.assertIn("seconds=60", sent[0][2])
        answers["m3"] = {"result": False}
        self.assertEqual(self.call("move", "old", "*")["minions"], ["m3"])
        self.assertIn("old", self.listed())
        del answers["m3"]
        self.assertIs(self.call("move", "old", "*")["result"], True)
        self.assertEqual(self.listed(), {})
        self.assertIs(self.call("copy", "old", "m2")["result"], False)
