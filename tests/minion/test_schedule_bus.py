"""Tests of the schedule as programs of this machine see it on the minion's bus."""

from typing import Any

from tests.minion.schedule_case import NOON, ScheduleCase, every
from txsalt.errors import LocalError
from txsalt.minion.daemon.schedule_bus import ScheduleBus

DONE = "/salt/minion/minion_schedule_"


class ScheduleBusTests(ScheduleCase):
    def start(self, jobs: dict[str, Any], **changes: Any) -> None:
        """Have a bus, too."""
        super().start(jobs, **changes)
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.bus = ScheduleBus(
            self.calls, self.book.listed, lambda tag, data: self.events.append((tag, data))
        )

    def wish(self, func: str, **fields: Any) -> tuple[str, Any]:
        """Fire an event as stock tools do; give what kind of event answers, with what."""
        self.bus.from_bus({"func": func, **fields})
        tag, data = self.events.pop()
        self.assertEqual((self.events, data.pop("complete")), ([], True))
        return tag.removeprefix(DONE), data

    def test_wishes(self) -> None:
        """
        Jobs are added, listed, switched, changed and deleted by events.
        """
        self.start({})
        job = every(10)
        kind, data = self.wish("add", name="a", schedule={"a": job}, persist=False)
        self.assertEqual((kind, list(data["schedule"])), ("add_complete", ["a"]))
        self.assertEqual(self.wish("list", where="opts")[0], "list_complete")
        kind, data = self.wish("disable_job", name="a", persist=False)
        self.assertEqual(kind, "disabled_job_complete")
        self.assertFalse(data["schedule"]["a"]["enabled"])
        self.assertEqual(self.wish("enable_job", name="a")[0], "enabled_job_complete")
        self.assertEqual(self.wish("disable")[0], "disabled_complete")
        self.assertEqual(self.wish("enable")[0], "enabled_complete")
        self.bus.from_bus({"func": "modify", "name": "a", "schedule": every(60)})
        self.assertEqual((self.events, self.book.listed()["a"]["seconds"]), ([], 60))
        self.assertEqual(self.wish("save_schedule"), ("saved", {}))
        self.assertEqual(
            self.wish("delete", name="a"), ("delete_complete", {"schedule": {"enabled": True}})
        )

    def test_times(self) -> None:
        """
        The next run is told, and may be skipped or put off.
        """
        self.start({"a": every(3600, run_on_start=False)})
        kind, data = self.wish("get_next_fire_time", name="a")
        self.assertEqual(kind, "next_fire_time_complete")
        self.assertRegex(data["next_fire_time"], "^2026-11-23T[0-9:]{8}$")
        kind, data = self.wish("job_status", name="a")
        self.assertEqual((kind, data["data"]["name"]), ("job_status_complete", "a"))
        soon, later = "2026-11-23T18:00:00", "2026-11-23T19:00:00"
        kind, _ = self.wish("postpone_job", name="a", time=soon, new_time=later)
        self.assertEqual(kind, "postpone_job_complete")
        form = {"time": "18:00 23.11.2026", "time_fmt": "%H:%M %d.%m.%Y"}
        self.assertEqual(self.wish("skip_job", name="a", **form)[0], "skip_job_complete")
        self.bus.from_bus({"func": "run_job", "name": "a"})
        self.assertEqual((self.events, self.runs), ([], 1))

    def test_not_granted(self) -> None:
        """
        Who wishes for what cannot be is told the schedule as it is, and need not wait in vain.
        """
        self.start({"a": every(10)})
        for func, fields in (
            ("add", {"name": "b", "schedule": {"b": {"function": "test.ping"}}}),
            ("add", {"name": "b", "schedule": "b"}),
            ("delete", {"name": "b"}),
            ("skip_job", {"name": "a", "time": "tomorrow"}),
        ):
            _, data = self.wish(func, **fields)
            self.assertEqual(list(data["schedule"]), ["a"], func)
        self.assertEqual(self.wish("get_next_fire_time", name="b")[1], {"next_fire_time": None})
        self.assertEqual(self.wish("job_status", name="b")[1], {"data": {}})
        self.bus.from_bus({"func": "dance"})
        self.assertEqual(self.events, [])

    def test_jobs(self) -> None:
        """
        What a job changes is told as well; what it may not is not.
        """
        self.start({"a": every(10)})
        self.bus({"do": "skip", "name": "a", "time": NOON + 10})
        self.assertEqual(self.events.pop()[0], f"{DONE}skip_job_complete")
        with self.assertRaises(LocalError):
            self.bus({"do": "delete", "name": "b"})
        self.assertEqual(self.events, [])
