"""
What every minion answers under every master, told once for each pair.

Subclasses name the pair. No test depends on another: the disruptive ones wait until all is well.
"""

import json
from typing import Any

from tests.interop import complaints
from tests.interop.cases import FleetCase
from tests.interop.harness import (
    GRAINS,
    PILLAR,
    SERVED_TEXT,
    START_SECONDS,
    Fleet,
    StockMinion,
)
from tests.interop.processes import Answer, wait_until
from tests.interop.watchers import has_tag

NESTED = {"list": [1, 2.5, None, True, {"deep": "grüße ☃"}], "text": "Ærøskøbing"}


def wait_pings(fleet: Fleet, ids: set[str]) -> None:
    """Wait until a ping to these minions is answered by all of them."""
    target = ",".join(sorted(ids))

    def pinged() -> bool:
        for minion_id in ids:
            fleet.minions[minion_id].check_alive()
        answer = fleet.master.say(target, "test.ping", options=("-L", "-t", "3"))
        return answer.data == dict.fromkeys(ids, True)

    tails = "\n".join(fleet.minions[minion_id].tail() for minion_id in sorted(ids))
    wait_until(pinged, START_SECONDS, f"answers of {target}; they had logged:\n{tails}")


class MinionStory(FleetCase):
    """One minion, called ``minion_id``, under one master."""

    minion_id = "one"

    def ask(self, *words: str, options: tuple[str, ...] = ()) -> Any:
        """What the minion returned to a call that must succeed."""
        answer = self.fleet.master.say(self.minion_id, *words, options=options)
        self.assertEqual(answer.returncode, 0, str(answer))
        return self.returned(answer)

    def returned(self, answer: Answer) -> Any:
        """The minion's own return in an answer."""
        self.assertIsInstance(answer.data, dict, str(answer))
        self.assertIn(self.minion_id, answer.data, str(answer))
        return answer.data[self.minion_id]

    def wait_ping(self) -> None:
        """Wait until the minion answers a ping again."""
        wait_pings(self.fleet, {self.minion_id})

    def accept_again(self) -> None:
        """Accept the pending key, and let the master know the minion's grains again."""
        self.fleet.master.change_key("accept", self.minion_id, "accepted")
        self.wait_ping()
        # Stock masters forget grains with the key, and learn them from a request for pillar.
        self.assertIs(self.ask("saltutil.refresh_pillar"), True)

        def known() -> bool:
            answer = self.fleet.master.say("role:web", "test.ping", options=("-G", "-t", "3"))
            return answer.data == {self.minion_id: True}

        wait_until(known, START_SECONDS, f"grains of {self.minion_id} known to the master")

    def matched(self, target: str, *options: str) -> None:
        """A ping to this target is answered by the minion."""
        answer = self.fleet.master.say(target, "test.ping", options=options)
        self.assertIs(self.returned(answer), True)

    def test_pending_then_accepted(self) -> None:
        """
        The key tool showed the new minion's key before it was accepted, and shows it now.
        """
        assert self.fleet.pending_list is not None
        self.assertIn(self.minion_id, self.fleet.pending_list.stdout)
        self.assertEqual(self.fleet.master.key_state(self.minion_id), "accepted")

    def test_start_event(self) -> None:
        """
        A minion that was let in says so on the master's bus.
        """
        assert self.fleet.watcher is not None
        tag = f"salt/minion/{self.minion_id}/start"
        _, data = self.fleet.watcher.wait(has_tag(tag), 5)
        self.assertEqual(data["id"], self.minion_id)
        self.assertIn(self.minion_id, data["data"])

    def test_ping(self) -> None:
        """
        A ping is answered with true.
        """
        self.assertIs(self.ask("test.ping"), True)

    def test_job_events(self) -> None:
        """
        A job shows on the bus as a new job and as a return, with what the tools above read.
        """
        assert self.fleet.watcher is not None
        answer = self.fleet.master.say(self.minion_id, "test.echo", "shown", options=("--async",))
        jid = self.fleet.master.job_id(answer)
        _, new = self.fleet.watcher.wait(has_tag(f"salt/job/{jid}/new"), 15)
        self.assertEqual(new["fun"], "test.echo")
        self.assertEqual(list(new["minions"]), [self.minion_id])
        tag = f"salt/job/{jid}/ret/{self.minion_id}"
        _, ret = self.fleet.watcher.wait(has_tag(tag), 15)
        self.assertEqual((ret["return"], ret["retcode"], ret["success"]), ("shown", 0, True))
        self.assertEqual((ret["id"], ret["jid"], ret["fun"]), (self.minion_id, jid, "test.echo"))

    def test_command(self) -> None:
        """
        A shell command's output comes back, and its failure shows in the exit code.
        """
        self.assertEqual(self.ask("cmd.run", "echo grüße; echo two"), "grüße\ntwo")
        answer = self.fleet.master.say(self.minion_id, "cmd.run", "echo three; exit 3")
        self.assertEqual(self.returned(answer), "three")
        self.assertNotEqual(answer.returncode, 0)

    def test_echo_of_unicode(self) -> None:
        """
        Text of any language comes back as it went.
        """
        self.assertEqual(self.ask("test.echo", "grüße ☃ 日本"), "grüße ☃ 日本")

    def test_echo_of_nested_data(self) -> None:
        """
        Lists and maps within each other come back as they went.
        """
        self.assertEqual(self.ask("test.echo", json.dumps(NESTED)), NESTED)

    def test_arguments(self) -> None:
        """
        Positional and named arguments arrive as such, with the types that they look like.
        """
        found = self.ask("test.arg", "1", "two", "3.5", f"named={json.dumps(NESTED)}")
        self.assertEqual(found["args"], [1, "two", 3.5])
        self.assertEqual(found["kwargs"]["named"], NESTED)

    def test_grains(self) -> None:
        """
        Grains tell who the minion is, with those of its configuration.
        """
        grains = self.ask("grains.items")
        self.assertEqual((grains["id"], grains["kernel"]), (self.minion_id, "Linux"))
        self.assertEqual({name: grains[name] for name in GRAINS}, GRAINS)

    def test_failing_function(self) -> None:
        """
        A function that raises is a failed return with the reason, not a lost one.
        """
        reason = complaints.ON_PURPOSE
        answer = self.fleet.master.say(self.minion_id, "test.exception", f"message={reason}")
        self.assertIn(reason, self.returned(answer))
        self.assertNotEqual(answer.returncode, 0)

    def test_missing_function(self) -> None:
        """
        A function that does not exist is a failed return that names it.
        """
        answer = self.fleet.master.say(self.minion_id, "nowhere.to_be_found")
        self.assertIn("nowhere.to_be_found", self.returned(answer))
        self.assertNotEqual(answer.returncode, 0)

    def test_targets(self) -> None:
        """
        The minion is found by glob, list, expression, grain, compound target and address.
        """
        self.matched(f"{self.minion_id[:1]}*")
        self.matched(f"{self.minion_id}", "-L")
        self.matched(f"^{self.minion_id}$", "-E")
        self.matched("role:w*", "-G")
        self.matched("place:city:Zürich", "-G")
        self.matched(f"G@role:web and E@^{self.minion_id[0]} and not L@other", "-C")
        self.matched("127.0.0.0/8", "-S")

    def test_target_of_nobody(self) -> None:
        """
        A target that matches no minion fails and calls nobody.
        """
        answer = self.fleet.master.say("role:db", "test.ping", options=("-G", "-t", "2"))
        self.assertNotEqual(answer.returncode, 0)
        self.assertNotIn(self.minion_id, answer.data or {})

    def test_event(self) -> None:
        """
        An event that a minion sends arrives on the master's bus with its data.
        """
        assert self.fleet.watcher is not None
        self.assertIs(self.ask("event.send", "shop/order/grüße", '{"count": 3}'), True)
        _, event = self.fleet.watcher.wait(has_tag("shop/order/grüße"), 15)
        self.assertEqual((event["id"], event["data"]["count"]), (self.minion_id, 3))

    def test_long_job(self) -> None:
        """
        A job longer than the time-out is waited for, since the minion says that it runs.
        """
        self.assertIs(self.ask("test.sleep", "8", options=("-t", "2")), True)

    def test_killed_job(self) -> None:
        """
        A running job is found by its id, and gone once it is killed.
        """
        answer = self.fleet.master.say(self.minion_id, "test.sleep", "90", options=("--async",))
        jid = self.fleet.master.job_id(answer)
        found = wait_until(lambda: self.ask("saltutil.find_job", jid), 20, "the job runs")
        self.assertEqual((found["jid"], found["fun"]), (jid, "test.sleep"))
        self.assertIn(jid, [job["jid"] for job in self.ask("saltutil.running")])
        self.assertIn(jid, str(self.ask("saltutil.kill_job", jid)))
        wait_until(lambda: self.ask("saltutil.find_job", jid) == {}, 20, "the job is gone")

    def test_several_functions(self) -> None:
        """
        Several functions of one call are answered by name.
        """
        found = self.ask("test.ping,test.echo", ",hi")
        self.assertEqual(found, {"test.ping": True, "test.echo": "hi"})

    def test_deleted_and_accepted_again(self) -> None:
        """
        A minion whose key was deleted comes back as pending, and works once accepted again.
        """
        master = self.fleet.master
        # A minion notices at its next request: here, the return of a job that ends later.
        master.job_id(master.say(self.minion_id, "test.sleep", "3", options=("--async",)))
        master.change_key("delete", self.minion_id, "")
        master.wait_key(self.minion_id, "pre")
        self.accept_again()

    def test_master_restart_and_rotation(self) -> None:
        """
        Neither a restart of the master nor a new key of its stops the minion from answering.
        """
        self.fleet.master.restart()
        self.wait_ping()
        # A listener of its own: the other one saw its bus go.
        watcher = self.fleet.master.listen()
        self.addCleanup(watcher.close)
        self.fleet.master.rotate(watcher)
        self.wait_ping()
        self.fleet.minions[self.minion_id].check_alive()


class StockMinionStory(MinionStory):
    """What a stock minion needs of its master beyond that."""

    def test_pillar(self) -> None:
        """
        The minion gets its pillar from the master's files.
        """
        self.assertEqual(self.ask("pillar.items"), PILLAR)
        self.assertIs(self.ask("saltutil.refresh_pillar"), True)
        self.matched("fruit:quince", "-I")

    def test_sync(self) -> None:
        """
        A sync of all kinds of modules finds nothing to fetch, and no fault.
        """
        found = self.ask("saltutil.sync_all")
        self.assertEqual({name: new for name, new in found.items() if new}, {})

    def test_file(self) -> None:
        """
        The minion reads a file that the master serves, and is told of one that is not there.
        """
        self.assertEqual(self.ask("cp.get_file_str", "salt://greeting.txt"), SERVED_TEXT)
        answer = self.fleet.master.say(self.minion_id, "cp.hash_file", "salt://nothing.txt")
        self.assertFalse(self.returned(answer))

    def test_mine(self) -> None:
        """
        What the minion puts into the mine can be read by minions.
        """
        self.assertIs(self.ask("mine.update"), True)
        self.assertEqual(self.ask("mine.get", self.minion_id, "test.ping"), {self.minion_id: True})

    def test_quiet(self) -> None:
        """
        Through a restart and a rotation the minion has nothing to complain of.
        """
        minion = self.fleet.minions[self.minion_id]
        assert isinstance(minion, StockMinion)
        # At rest: a refresh that an earlier test began is done before this one.
        self.assertIs(self.ask("saltutil.refresh_pillar", "wait=True"), True)
        began = len(minion.log_file.read_text())
        self.test_master_restart_and_rotation()
        self.test_sync()
        log = minion.log_file.read_text()[began:]
        self.assertEqual(self.faults(log), [], f"it had logged:\n{log}")

    def faults(self, log: str) -> list[str]:
        """What the minion complains of, and its master should not have given cause for."""
        return complaints.complaints(log)
