"""Who is there: told by events and by Salt's runners, without asking anybody."""

import time
from typing import Any

from tests.integration.spine import SpineCase, SpineMaster
from tests.interop.harness import Fleet, TxMinion
from tests.interop.processes import wait_until
from txsalt.client.session import Session
from txsalt.jobs.reasons import EXIT_CODES


class PresenceTests(SpineCase):
    """Two minions of a master that tells who is there."""

    ids = ("m1", "m2")

    def make_fleet(self) -> Fleet:
        fleet = Fleet(SpineMaster(presence_events=True))
        for minion_id in self.ids:
            fleet.add(TxMinion(fleet.master, minion_id))
        return fleet

    def test_events(self) -> None:
        """
        Each minion that goes or comes back is told at once, and who is there now and then.
        """
        self.answers()
        with self.master.listening() as watcher:
            watcher.wait(_present(["m1", "m2"]), 10)
            self.minion("m2").stop()
            watcher.wait(_change(lost=["m2"]), 10)
            watcher.wait(_present(["m1"]), 10)
            self.minion("m2").start()
            watcher.wait(_change(new=["m2"]), 20)
            watcher.wait(_present(["m1", "m2"]), 10)

    def test_runners(self) -> None:
        """
        manage.up, manage.down and manage.status say the same.
        """
        self.answers()
        session = Session(str(self.master.config_dir))
        self.addCleanup(session.close)

        def status() -> Any:
            return session.runner("manage.status")

        wait_until(lambda: status() == {"up": ["m1", "m2"], "down": []}, 10, "both are up")
        self.assertEqual(session.runner("manage.up"), ["m1", "m2"])
        self.assertEqual(session.runner("manage.down"), [])

    def test_master_starts_again(self) -> None:
        """
        After a restart of the master it knows again by itself who is there, and since when.
        """
        self.answers()
        before = self.master.cli("status", "m1", "--out", "json").data["m1"]
        self.master.stop()
        self.master.start()

        def is_up() -> bool:
            now = self.master.cli("status", "m1", "--out", "json").data["m1"]
            return bool(now["state"] == "up" and now["since"] > before["since"])

        wait_until(is_up, 20, "m1 is up again")

    def test_absent_is_not_waited_for(self) -> None:
        """
        A minion that is known to be gone holds up neither a job nor a batch; the others do.
        """
        self.answers()
        self.minion("m2").stop()
        self.addCleanup(self.answers)
        self.addCleanup(self.minion("m2").start)
        wait_until(lambda: self._state("m2") == "down", 10, "m2 is seen as gone")
        patient = ("-t", "30", "--out", "json", "--static")
        for words in (patient, ("-b", "1", *patient)):
            began = time.monotonic()
            answer = self.master.cli("*", "test.sleep", "2", *words)
            self.assertLess(time.monotonic() - began, 20, str(answer))
            self.assertEqual(answer.returncode, EXIT_CODES["disconnected"], str(answer))
            self.assertEqual(answer.data, {"m1": True})
            self.assertIn("m2 did not return: not connected since", answer.stderr)

    def test_job_right_after_a_start(self) -> None:
        """
        Who has not come back since the master started is told as just that.
        """
        self.answers()
        self.master.stop()
        self.minion("m2").stop()
        self.addCleanup(self.answers)
        self.addCleanup(self.minion("m2").start)
        self.master.start()
        answer = self.master.cli("m2", "test.ping", "-t", "30", "--out", "json")
        self.assertEqual(answer.returncode, EXIT_CODES["disconnected"], str(answer))
        self.assertRegex(answer.stderr, r"has not connected since the master started \d+ s ago")

    def _state(self, minion_id: str) -> str:
        return str(self.master.cli("status", minion_id, "--out", "json").data[minion_id]["state"])


def _present(ids: list[str]) -> Any:
    return lambda tag, data: tag == "salt/presence/present" and data["present"] == ids


def _change(**wanted: list[str]) -> Any:
    full = {"new": [], "lost": [], **wanted}
    return lambda tag, data: (
        tag == "salt/presence/change" and {name: data[name] for name in full} == full
    )
