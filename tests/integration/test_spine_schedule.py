"""Scheduled jobs and returners, with a real master and minions."""

import json
import os
import sqlite3
import time
from pathlib import Path
from typing import Any

from tests.integration.spine import SpineCase, SpineMaster, started
from tests.interop.harness import Fleet, TxMinion
from tests.interop.processes import wait_until

OWN = """
import os


def returner(ret):
    if not os.path.exists(__opts__["own.path"]):
        raise OSError("not mounted")
    with open(os.path.join(__opts__["own.path"], ret["jid"]), "w") as file:
        file.write(ret["fun"])
"""


class SchedulingMinion(TxMinion):
    """A minion with a schedule and with returners."""

    def extra_options(self) -> dict[str, Any]:
        return {
            "schedule": {
                "config": {"function": "test.echo", "job_args": ["tick"], "seconds": 1,
                           "metadata": {"from": "config"}},
            },
            "rawfile_json.filename": str(self.root / "returns.json"),
            "returner.sqlite3.database": str(self.root / "returns.db"),
            "own.path": str(self.root / "mount"),
            "module_dirs": [str(self.root / "modules")],
            "return": "rawfile_json",
        }  # fmt: skip


class ScheduleSpineTests(SpineCase):
    ids = ("web1",)

    def make_fleet(self) -> Fleet:
        fleet = Fleet(SpineMaster())
        minion = SchedulingMinion(fleet.master, "web1")
        fleet.add(minion)
        folder = minion.root / "modules" / "returners"
        folder.mkdir(parents=True)
        (folder / "own.py").write_text(OWN)
        return fleet

    @property
    def root(self) -> Path:
        return Path(self.minion("web1").root)

    def call(self, *words: str) -> Any:
        answer = self.master.cli("web1", *words, "--out", "json", "--static")
        self.assertEqual(answer.returncode, 0, answer.stderr)
        return json.loads(answer.stdout)["web1"]

    def written(self) -> list[dict[str, Any]]:
        """What the returner to a file has got."""
        path = self.root / "returns.json"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def test_configured_job(self) -> None:
        """
        A job of the configuration runs, and the master tells of its returns under new jids.
        """
        found: dict[str, Any] = {}

        def is_new(tag: str, data: dict[str, Any]) -> bool:
            return data.get("schedule") == "config" and tag not in found

        with self.master.listening() as watcher:
            for _ in range(2):
                tag, data = watcher.wait(is_new, 20)
                found[tag] = data
        for tag, data in found.items():
            self.assertEqual(tag, f"salt/job/{data['jid']}/ret/web1")
            self.assertEqual((data["fun"], data["fun_args"]), ("test.echo", ["tick"]))
            self.assertEqual((data["return"], data["retcode"]), ("tick", 0))
            self.assertGreater(data["pid"], 1)
            self.assertEqual(data["metadata"]["from"], "config")

    def test_added_job(self) -> None:
        """
        A job that is added runs, is kept over a restart, and is gone when it is deleted.
        """
        marks = self.root / "marks"
        words = ["function=cmd.run", f"job_args=['date +%s >> {marks}']", "seconds=1"]
        answer = self.call("schedule.add", "marks", *words, "return_job=False")
        self.assertEqual(answer["changes"], {"marks": "added"})
        wait_until(marks.exists, 20, "a run of the added job")
        self.assertIn("next_fire_time", self.call("schedule.show_next_fire_time", "marks"))
        minion = self.minion("web1")
        with self.master.listening() as watcher:
            minion.stop()
            minion.start()
            started(watcher, "web1")
        before = len(marks.read_text().split())
        wait_until(lambda: len(marks.read_text().split()) > before, 20, "a run after the restart")
        self.assertEqual(self.call("schedule.delete", "marks")["changes"], {"marks": "removed"})
        self.assertNotIn("marks", self.call("schedule.list", "return_yaml=False"))

    def test_changed_by_an_event(self) -> None:
        """
        An event on the minion's own bus changes the schedule, as it does with Salt.
        """
        self.call("schedule.add", "quiet", "function=test.ping", "seconds=3600")
        self.assertIs(
            self.call("event.fire", "{func: disable_job, name: quiet}", "manage_schedule"), True
        )
        jobs = self.call("schedule.list", "return_yaml=False")
        self.assertIs(jobs["quiet"]["enabled"], False)
        self.assertEqual(self.call("schedule.delete", "quiet")["changes"], {"quiet": "removed"})

    def test_returners(self) -> None:
        """
        A result goes to the returners of the call and to those of the minion, besides the master.
        """
        answer = self.call("test.echo", "hello", "--return", "sqlite3")
        self.assertEqual(answer, "hello")
        path = self.root / "returns.db"
        wait_until(lambda: self.rows(path), 20, "the row of the job")
        [(fun, minion_id, full)] = self.rows(path)
        self.assertEqual((fun, minion_id), ("test.echo", "web1"))
        self.assertEqual(json.loads(full)["return"], "hello")
        wait_until(
            lambda: any(each["return"] == "hello" for each in self.written()), 20, "the line"
        )

    def rows(self, path: Path) -> list[tuple[str, str, str]]:
        if not path.exists():
            return []
        connection = sqlite3.connect(path)
        try:
            return connection.execute("SELECT fun, id, full_ret FROM salt_returns").fetchall()
        except sqlite3.OperationalError:
            return []
        finally:
            connection.close()

    def test_returner_that_is_down(self) -> None:
        """
        A returner that is down holds nothing up, and gets its returns when it is back.
        """
        began = time.monotonic()
        self.assertIs(self.call("test.ping", "--return", "own"), True)
        self.assertLess(time.monotonic() - began, 5)
        outbox = self.root / "cache" / "deliveries"
        wait_until(lambda: os.listdir(outbox), 20, "the return in the outbox")
        mount = self.root / "mount"
        mount.mkdir()
        wait_until(lambda: os.listdir(mount), 30, "the delivery")
        wait_until(lambda: not os.listdir(outbox), 20, "an empty outbox")
