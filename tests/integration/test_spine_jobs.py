"""Jobs in a running minion as users see them: the queue, state runs one at a time, live output."""

import contextlib
import json
import os
import subprocess
import threading
from pathlib import Path
from typing import Any

import psutil

from tests.integration.spine import CLI, SpineCase, SpineMaster, leader
from tests.interop.harness import Fleet, TxMinion
from tests.interop.processes import Answer, run, tell, wait_until
from txsalt.client.local_client import LocalClient

STATE = '''
import os, time

def apply(mods=None, **kwargs):
    """Write that it runs, wait for the file ``mods``, and tell who ran."""
    with open(mods + ".log", "a") as file:
        file.write("begin %s\\n" % os.getpid())
    while not os.path.exists(mods):
        time.sleep(0.02)
    with open(mods + ".log", "a") as file:
        file.write("end %s\\n" % os.getpid())
    return {"ran": os.getpid()}
'''
JOBS = 300


class WorkingMinion(TxMinion):
    """A minion of two places, with states of our own making."""

    def extra_options(self) -> dict[str, Any]:
        modules = self.root / "modules"
        modules.mkdir()
        (modules / "state.py").write_text(STATE)
        return {"module_dirs": [str(modules)], "process_count_max": 2, "salt_modules": "off"}


class JobCase(SpineCase):
    """A master and one minion."""

    ids = ("web1",)

    def make_fleet(self) -> Fleet:
        fleet = Fleet(SpineMaster())
        fleet.add(WorkingMinion(fleet.master, "web1"))
        return fleet

    def ask(self, *words: str, code: int = 0) -> Any:
        """What web1 returns."""
        answer = self.master.cli("--out", "json", "web1", *words)
        self.assertEqual(answer.returncode, code, str(answer))
        return answer.data["web1"]

    def publish(self, *words: str) -> str:
        """Start a job; its id."""
        return self.master.cli("web1", *words, "--async").stdout.strip()

    def result(self, jid: str) -> Any:
        """What web1 returned to a job, when it has."""
        answer = self.master.cli("job", "wait", jid, "--out", "json")
        return answer.data["web1"]

    def running(self) -> dict[str, dict[str, Any]]:
        """The minion's jobs by id."""
        return {each["jid"]: each for each in self.ask("saltutil.running")}

    def gate(self) -> Path:
        """A file that ends the state runs that wait for it."""
        gate = self.minion("web1").root / f"gate{len(os.listdir(self.minion('web1').root))}"
        self.addCleanup(gate.touch)
        return gate


class QueueTests(JobCase):
    """More jobs than places."""

    def test_visible(self) -> None:
        """
        running and find_job tell of each job whether it runs, or which place in the queue it has.
        """
        jids = [self.publish("test.sleep", "60") for _ in range(4)]
        found = self.running()
        self.assertEqual(sorted(found), sorted(jids))
        places = sorted((found[jid]["state"], found[jid].get("position")) for jid in jids)
        self.assertEqual(
            places, [("queued", 1), ("queued", 2), ("running", None), ("running", None)]
        )
        queued = next(jid for jid in jids if found[jid].get("position") == 2)
        self.assertEqual(self.ask("saltutil.find_job", queued)["position"], 2)
        self.ask("saltutil.kill_all_jobs")
        for jid in jids:
            self.assertIn("SIGKILL", self.result(jid))
        self.assertEqual(self.running(), {})

    def test_many_jobs(self) -> None:
        """
        Hundreds of jobs leave the minion as it was: descriptors and processes.
        """
        minion = leader(self.minion("web1"))
        sizes: list[tuple[int, int]] = []

        def settled() -> bool:
            """Whether a second has changed nothing."""
            with contextlib.suppress(psutil.NoSuchProcess):
                family = [minion, *minion.children(recursive=True)]
                sizes.append((len(family), sum(each.num_fds() for each in family)))
            return len(set(sizes[-20:])) == 1 and len(sizes) >= 20

        with LocalClient(str(self.master.config_dir)) as client:

            def run_jobs(count: int) -> tuple[int, int]:
                """Return the minion's size after so many jobs."""
                for _ in range(count // 20):
                    jids = [client.cmd_async("web1", "test.ping") for _ in range(20)]
                    for jid in jids:
                        wait_until(lambda jid=jid: client.get_cache_returns(jid), 20, "its return")
                sizes.clear()
                wait_until(settled, 30, "a quiet minion")
                return sizes[-1]

            before = run_jobs(40)
            self.assertEqual(run_jobs(JOBS), before)


class StateRunTests(JobCase):
    """Of state runs there is one at a time on a machine, whoever asks for it."""

    def call(self, *words: str, code: int = 0) -> Any:
        """What a call on the minion's machine prints."""
        folder = str(self.minion("web1").config_dir)
        argv = [CLI, "call", "--local", "--config-dir", folder, "--out", "json", *words]
        answer = tell(argv, stock=False, seconds=60)
        self.assertEqual(answer.returncode, code, str(answer))
        return json.loads(answer.stdout)["local"]

    def log_of(self, gate: Path) -> list[str]:
        log = Path(f"{gate}.log")
        return log.read_text().split() if log.exists() else []

    def started(self, gate: Path, count: int = 1) -> None:
        wait_until(lambda: len(self.log_of(gate)) >= 2 * count, 20, "the state run")

    def test_refused(self) -> None:
        """
        The second run is refused with the first one's number, by the daemon and by a call.
        """
        gate = self.gate()
        jid = self.publish("state.apply", str(gate))
        self.started(gate)
        for found in (
            self.ask("state.apply", str(gate), code=1),
            self.call("state.apply", str(gate), code=1),
        ):
            self.assertIn('"state.apply" is running as PID', found[0])
            self.assertIn(jid, found[0])
        gate.touch()
        self.assertIn("ran", self.result(jid))
        self.assertIn("ran", self.call("state.apply", str(gate)))

    def test_queued(self) -> None:
        """
        A run that waits is seen in the queue, and runs when the first has ended.
        """
        gate = self.gate()
        first = self.publish("state.apply", str(gate))
        self.started(gate)
        second = self.publish("state.apply", str(gate), "queue=True")
        found = self.running()[second]
        self.assertEqual((found["state"], found["position"]), ("queued", 1))
        self.assertIn(first, found["waits"])
        self.assertIs(self.ask("test.ping"), True)
        gate.touch()
        self.assertNotEqual(self.result(first)["ran"], self.result(second)["ran"])
        self.assertEqual(self.log_of(gate)[::2], ["begin", "end", "begin", "end"])

    def test_waits_for_call(self) -> None:
        """
        A run of the master's waits for a call on the machine, visibly, also for one that is
        killed.
        """
        gate = self.gate()
        folder = str(self.minion("web1").config_dir)
        process = subprocess.Popen(
            [CLI, "call", "--local", "--config-dir", folder, "state.apply", str(gate)],
            stdout=subprocess.DEVNULL,
            env=run().environment,
            start_new_session=True,
        )
        run().remember(process.pid)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.started(gate)
        self.assertIn(f"PID {process.pid}", self.ask("state.apply", str(gate), code=1)[0])
        jid = self.publish("state.apply", str(gate), "queue=True")

        def is_waiting() -> bool:
            found = self.running().get(jid, {})
            return found.get("state") == "waiting" and f"PID {process.pid}" in found["waits"]

        wait_until(is_waiting, 20, "the run waits")
        process.kill()
        self.started(gate, 2)
        gate.touch()
        self.assertIn("ran", self.result(jid))


class StreamTests(JobCase):
    """--stream."""

    def test_live(self) -> None:
        """
        What a command writes is shown while it runs, in order; the return holds all of it.
        """
        gate = self.gate()
        command = f"echo one; echo two >&2; while ! test -e {gate}; do sleep 0.02; done; echo three"
        argv = [CLI, "--config-dir", str(self.master.config_dir), "--out", "json", "web1"]
        process = subprocess.Popen(
            [*argv, "cmd.run_all", command, "--stream"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=run().environment,
            start_new_session=True,
        )
        run().remember(process.pid)
        guard = threading.Timer(30, process.kill)
        guard.start()
        self.addCleanup(guard.cancel)
        assert process.stderr is not None
        lines = {process.stderr.readline() for _ in range(2)}
        self.assertEqual(lines, {"web1 | one\n", "web1 | two\n"})
        self.assertIsNone(process.poll())
        gate.touch()
        out, err = process.communicate()
        self.assertEqual((err, process.returncode), ("web1 | three\n", 0))
        found = json.loads(out)["web1"]
        self.assertEqual((found["stdout"], found["stderr"]), ("one\nthree", "two"))

    def test_much(self) -> None:
        """
        A hundred thousand lines come in their order, or it is said how much is left out.
        """
        answer = self.master.cli("--out", "json", "web1", "cmd.run", "seq 100000", "--stream")
        self.assertEqual(answer.data["web1"].split(), [str(n) for n in range(1, 100_001)])
        shown = [
            int(line.removeprefix("web1 | "))
            for line in answer.stderr.splitlines()
            if line.removeprefix("web1 | ").isdigit()
        ]
        self.assertGreater(len(shown), 10)
        self.assertTrue("bytes more" in answer.stderr or len(shown) == 100_000, len(shown))

    def test_not_asked_for(self) -> None:
        """
        Without the option nothing is told, and no event is fired.
        """
        with self.master.listening() as watcher:
            answer: Answer = self.master.cli("web1", "cmd.run", "echo quiet")
            self.assertEqual((answer.stderr, answer.returncode), ("", 0))
            self.assertFalse([tag for tag, _ in watcher.seen() if "/prog/" in tag])
