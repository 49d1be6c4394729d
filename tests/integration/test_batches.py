"""Jobs in batches, which the master carries on whoever watches or dies."""

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from tests.integration.spine import CLI, SpineCase, SpineMaster, leader
from tests.interop.harness import Fleet, TxMinion
from tests.interop.processes import run as running
from tests.interop.processes import wait_until
from tests.interop.watchers import has_tag
from txsalt.jobs.reasons import EXIT_CODES


class BatchTests(SpineCase):
    """Six minions."""

    ids = ("m1", "m2", "m3", "m4", "m5", "m6")

    def make_fleet(self) -> Fleet:
        fleet = Fleet(SpineMaster(timeout=2, gather_job_timeout=2))
        for minion_id in self.ids:
            fleet.add(TxMinion(fleet.master, minion_id))
        return fleet

    def parts(self, jid: str, seen: list[tuple[str, dict[str, Any]]]) -> list[list[str]]:
        return [data["minions"] for tag, data in seen if tag == f"salt/batch/{jid}/part"]

    def jid_in(self, stdout: str) -> str:
        return str(json.loads(stdout.splitlines()[0])["jid"])

    def test_window(self) -> None:
        """
        With -b 2 no more than two run at once, all return under one jid, and events tell of it.
        """
        with self.master.listening() as watcher:
            answer = self.master.cli("*", "test.echo", "hi", "-b", "2", "--out", "jsonl")
            self.assertEqual(answer.returncode, 0, str(answer))
            jid = self.jid_in(answer.stdout)
            _, done = watcher.wait(has_tag(f"salt/batch/{jid}/done"), 10)
            seen = watcher.seen()
        lines = [json.loads(line) for line in answer.stdout.splitlines()]
        returned = {line["id"]: line["return"] for line in lines if line["kind"] == "return"}
        self.assertEqual(returned, dict.fromkeys(self.ids, "hi"))
        self.assertEqual({line["jid"] for line in lines}, {jid})
        self.assertEqual(done["done_minions"], list(self.ids))
        self.assertIn(f"salt/batch/{jid}/start", [tag for tag, _ in seen])
        parts = self.parts(jid, seen)
        self.assertEqual(sorted(each for ids in parts for each in ids), list(self.ids))
        self.assertLessEqual(max(map(len, parts)), 2)
        shown = self.master.cli("job", "attach", jid, "--out", "json", "--static")
        self.assertEqual(shown.data, dict.fromkeys(self.ids, "hi"))

    def test_again(self) -> None:
        """
        A batch that is run again is a batch again.
        """
        jid = self.master.cli("*", "test.ping", "-b", "2", "--async").stdout.strip()
        self.assertEqual(self.master.cli("job", "wait", jid).returncode, 0)
        with self.master.listening() as watcher:
            answer = self.master.cli("job", "rerun", jid, "--out", "jsonl")
            self.assertEqual(answer.returncode, 0, str(answer))
            again = self.jid_in(answer.stdout)
            watcher.wait(has_tag(f"salt/batch/{again}/done"), 10)
            parts = self.parts(again, watcher.seen())
        self.assertEqual(sorted(each for ids in parts for each in ids), list(self.ids))
        self.assertLessEqual(max(map(len, parts)), 2)

    def test_canary_stops(self) -> None:
        """
        A canary that dies keeps the others alive, and those that were not started are named.
        """
        words = ("*", "test.fail", "--canary", "1,50%,100%", "--out", "jsonl")
        answer = self.master.cli(*words)
        self.assertEqual(answer.returncode, 1, str(answer))
        lines = [json.loads(line) for line in answer.stdout.splitlines()]
        kinds = [line["kind"] for line in lines]
        self.assertEqual(kinds.count("return"), 1)
        left = {line["id"] for line in lines if line.get("reason") == "not_started"}
        self.assertEqual(len(left), 5)
        self.assertIn("was not started", answer.stderr)

    def test_safe_limit(self) -> None:
        """
        Fewer minions than the limit get the job at once, as many in a batch; 1 is no limit.
        """
        for limit, is_batch in (("7", False), ("6", True), ("1", False)):
            with self.master.listening() as watcher:
                answer = self.master.cli(
                    "*", "test.ping", "--batch-safe-limit", limit, "--batch-safe-size", "3",
                    "--out", "json", "--static",
                )  # fmt: skip
                self.assertEqual(answer.data, dict.fromkeys(self.ids, True), str(answer))
                tags = [tag for tag, _ in watcher.seen()]
            self.assertEqual(any(tag.startswith("salt/batch/") for tag in tags), is_batch)

    def test_missing_minion(self) -> None:
        """
        A minion that is away does not hold the batch up, and is named with the reason.
        """
        self.minion("m6").stop()
        try:
            answer = self.master.cli("*", "test.ping", "-b", "50%", "--out", "json", "--static")
        finally:
            self.minion("m6").start()
            self.answers("m6")
        self.assertEqual(answer.returncode, EXIT_CODES["disconnected"], str(answer))
        self.assertEqual(set(answer.data), set(self.ids) - {"m6"})
        self.assertIn("m6 did not return: not connected since", answer.stderr)

    def test_late(self) -> None:
        """
        A minion that hung until the batch was over is found under its jid when it returns.
        """
        minion = leader(self.minion("m6"))
        minion.suspend()
        try:
            answer = self.master.cli("m5,m6", "-L", "test.echo", "hi", "-b", "2", "--out", "jsonl")
        finally:
            minion.resume()
        self.assertNotEqual(answer.returncode, 0, str(answer))
        jid = self.jid_in(answer.stdout)

        def all_there() -> bool:
            shown = self.master.cli("job", "attach", jid, "--out", "json", "--static")
            return bool(shown.data == {"m5": "hi", "m6": "hi"})

        wait_until(all_there, 30, "the late return is shown")

    def test_killed(self) -> None:
        """
        A batch that is killed starts nobody any more and ends where it runs.
        """
        answer = self.master.cli("*", "test.sleep", "60", "-b", "1", "--async")
        jid = answer.stdout.strip()
        self._wait_started(jid, 1)
        began = time.monotonic()
        killed = self.master.cli("job", "kill", jid, "--out", "jsonl")
        self.assertLess(time.monotonic() - began, 20)
        words = [json.loads(line).get("reason") for line in killed.stdout.splitlines()]
        self.assertEqual(words.count("not_started"), 5, str(killed))
        self.assertEqual(killed.returncode, 1)
        said = self.master.cli("why", jid).stdout
        self.assertEqual(said.count("the batch was killed before"), 5, said)

    def test_active(self) -> None:
        """
        Of a batch that runs 'job active' shows the jid by which one kills all of it; who kills but
        a part is told.
        """
        answer = self.master.cli("*", "test.sleep", "60", "-b", "2", "--async")
        jid = answer.stdout.strip()
        self._wait_started(jid, 2)
        active: dict[str, Any] = {}

        def both() -> bool:
            active.clear()
            active.update(self.master.cli("job", "active", "--out", "json", "--static").data)
            return bool(active) and len(next(iter(active.values()))["running"]) == 2

        wait_until(both, 20, "two minions say that they run it")
        self.assertEqual(set(active), {jid})
        self.assertEqual((active[jid]["tgt"], active[jid]["expected"]), ("*", 6))
        runs = self.master.cli("m1", "saltutil.running", "--out", "json", "--static").data["m1"]
        part = next(each["jid"] for each in runs if each["fun"] == "test.sleep")
        self.assertNotEqual(part, jid)
        self.assertIn(f"is a part of batch {jid}", self.master.cli("job", "kill", part).stderr)
        self.assertEqual(self.master.cli("job", "kill", jid).returncode, 1)
        self.assertEqual(self.master.cli("job", "active").stdout, "")

    def test_deadline(self) -> None:
        """
        --deadline is of the whole batch: then nobody is started, nobody is waited for, each is
        named with that reason, and a part was given what remained.
        """
        self._wait_seen()
        words = ("*", "test.sleep", "3", "-b", "2", "--deadline", "5", "--out", "jsonl")
        with self.master.listening() as watcher:
            began = time.monotonic()
            answer = self.master.cli(*words)
            self.assertLess(time.monotonic() - began, 5 + 4)
            jid = self.jid_in(answer.stdout)
            seen = watcher.seen()
        self.assertEqual(answer.returncode, EXIT_CODES["deadline"], str(answer))
        lines = [json.loads(line) for line in answer.stdout.splitlines()]
        late = [line for line in lines if line.get("reason") == "deadline"]
        self.assertEqual(len(late), 4)
        texts = [line["text"] for line in late]
        self.assertEqual(texts.count("not done by the deadline of 5 s"), 2, texts)
        self.assertEqual(texts.count("it was not started before the deadline of 5 s"), 2, texts)
        self.assertEqual(sum(map(len, self.parts(jid, seen))), 4)
        given = [
            data["deadline"]
            for tag, data in seen
            if tag.endswith("/publish") and data["fun"] == "test.sleep"
        ]
        self.assertGreater(given[0], 4)
        self.assertLess(given[-1], 2.5)
        why = self.master.cli("why", jid)
        self.assertEqual(why.stdout.count(": deadline: it was not started before"), 2, str(why))

        def failed() -> bool:
            shown = json.loads(self.master.cli("job", "show", jid, "--out", "json").stdout)
            outcomes = [each["outcome"] for each in shown["minions"].values()]
            return outcomes.count("failed") == 2

        wait_until(failed, 15, "how the job ended where it was cut off is found under its jid")

    def test_deadline_of_few(self) -> None:
        """
        Where so few are meant that it is no batch, the deadline holds as well.
        """
        self._wait_seen()
        limit = ("--batch-safe-limit", "50")
        answer = self.master.cli("*", "test.sleep", "60", *limit, "--deadline", "1")
        self.assertEqual(answer.returncode, EXIT_CODES["deadline"], str(answer))

    def test_deadline_survives_the_master(self) -> None:
        """
        A master that is killed and started again keeps the deadline of a batch that runs.
        """
        self._wait_seen()
        words = ("*", "test.sleep", "600", "-b", "1", "--deadline", "12", "--async")
        began = time.monotonic()
        jid = self.master.cli(*words).stdout.strip()
        self._wait_started(jid, 1)
        os.kill(leader(self.master).pid, signal.SIGKILL)
        self.master.kill()
        self.master.start()
        answer = self.master.cli("job", "attach", jid, "--out", "jsonl")
        self.assertLess(time.monotonic() - began, 12 + 8)
        words = [json.loads(line).get("reason") for line in answer.stdout.splitlines()]
        self.assertGreaterEqual(words.count("deadline"), 5, str(answer))
        self.answers()

    def test_progress(self) -> None:
        """
        On a terminal one reads to how many it was sent, how many run, how many wait their turn.
        """
        answer = self.master.cli("*", "test.sleep", "1", "-b", "2", "--progress")
        self.assertEqual(answer.returncode, 0, str(answer))
        shown = [line.partition(" s] ")[2] for line in answer.stderr.splitlines()]
        self.assertIn("sent to 2 of 6, received 0, running 2, waiting 4, succeeded 0", shown)
        self.assertTrue(any(each.startswith("sent to 6, received ") for each in shown), shown)
        self.assertFalse([each for each in shown if each.startswith("sent to 6, received 0")])

    def test_wrong_plan(self) -> None:
        """
        A size that is none is refused before anything is sent.
        """
        wrong = (("-b", "many"), ("-b", "0"), ("--canary", "1,x"), ("--max-fail", "200%"))
        for words in wrong:
            answer = self.master.cli("*", "test.ping", *words)
            self.assertEqual(answer.returncode, 64, str(answer))

    def test_both_killed(self) -> None:
        """
        The command line and the master are killed in the middle: the batch goes on, each minion
        runs the job once, and whoever attaches sees all of it.
        """
        # Not in the master's folder: who names that is killed with the master.
        folder = Path(self.mktemp()).absolute()
        folder.mkdir(parents=True)
        script = f"date >> {folder}/runs; sleep 1"
        words = [CLI, "--config-dir", str(self.master.config_dir), "*", "cmd.run", script]
        seen = folder / "seen"
        with seen.open("w") as file:
            viewer = subprocess.Popen(
                [*words, "-b", "1", "--out", "jsonl"], stdout=file, env=running().environment
            )
        wait_until(lambda: seen.read_text().count("\n") >= 2, 30, "one has returned")
        viewer.kill()
        viewer.wait()
        jid = self.jid_in(seen.read_text())
        os.kill(leader(self.master).pid, signal.SIGKILL)
        self.master.kill()
        self.master.start()
        answer = self.master.cli("job", "attach", jid, "--out", "json", "--static", seconds=90)
        self.assertEqual(answer.returncode, 0, str(answer))
        self.assertEqual(set(answer.data), set(self.ids))
        lines = (folder / "runs").read_text().splitlines()
        self.assertEqual(len(lines), len(self.ids), "a minion ran it twice")

    def test_word_that_was_lost(self) -> None:
        """
        A batch that a worker stored, but whose word of it died with the workers, runs all the same.
        """
        template = self.master.template()
        template.suspend()
        jid = self.master.cli("*", "test.ping", "-b", "3", "--async").stdout.strip()
        with self.master.listening() as watcher:
            template.kill()
            _, done = watcher.wait(has_tag(f"salt/batch/{jid}/done"), 30)
        self.assertEqual(done["done_minions"], list(self.ids))

    def _wait_seen(self) -> None:
        """Wait until the master knows that all are there: it may have started just now."""
        wait_until(lambda: self.master.cli("status").returncode == 0, 30, "all are up")

    def _wait_started(self, jid: str, count: int) -> None:
        def started() -> bool:
            shown = self.master.cli("why", jid)
            return len(re.findall(": running: ", shown.stdout)) >= count

        wait_until(started, 20, "the batch has started somebody")
