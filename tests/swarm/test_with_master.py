"""Twenty virtual minions at our real master: sign in, answer, be refused, flood."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SkipTest, TestCase

from tests.interop.harness import TxMaster
from tests.interop.processes import CHECKOUT, run, wait_until
from txsalt.client.local_client import LocalClient

WORDS = ["--minions", "20", "--prefix", "v-", "--connections", "4", "--keep-keys"]


class SwarmAtMasterTests(TestCase):
    """One master for each test."""

    timeout = 120

    def setUp(self) -> None:
        """Start the master."""
        self.master = TxMaster()
        self.addCleanup(self.master.remove)
        self.addCleanup(self.master.kill)
        try:
            self.master.start()
        except AssertionError as error:
            raise SkipTest(f"the master does not start: {error}") from None

    def start(self, mode: str, *words: str) -> "subprocess.Popen[str]":
        """Start a swarm of twenty."""
        keys = run().folder / "swarm-keys"
        argv = [sys.executable, "-c", "from txsalt.cli.main import run; run()", "swarm", mode]
        argv += ["--port", str(self.master.ret_port), "--pki-dir", str(self.master.pki_dir)]
        process = subprocess.Popen(
            [*argv, "--key-dir", str(keys), *WORDS, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=CHECKOUT,
            env=run().environment,
        )
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def report(self, process: "subprocess.Popen[str]") -> dict[str, Any]:
        """Wait for its end and return what it reports."""
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, err)
        found: dict[str, Any] = json.loads(out)
        return found

    def wait_settled(self, jid: str) -> None:
        """Wait until some have returned, and for a second nobody else."""
        seen: list[int] = []

        def is_settled() -> bool:
            seen.append(len(client.get_cache_returns(jid)))
            return seen[-1] > 0 and len(seen) >= 20 and len(set(seen[-20:])) == 1

        with LocalClient(str(self.master.config_dir)) as client:
            wait_until(is_settled, 60, "all who will have answered")

    def test_answers_a_job(self) -> None:
        """
        The command line gets an answer from everyone, over one subscription and over twenty.
        """
        for subscribe in ("shared", "each"):
            ready = Path(self.mktemp()).absolute()
            words = ["--jobs", "2", "--subscribe", subscribe, "--ready-file", str(ready)]
            swarm = self.start("answer", *words)
            wait_until(ready.exists, 60, "the swarm is ready")
            everyone = self.master.say("v-*", "test.ping")
            some = self.master.say("v-01,v-09", "test.ping", options=["-L"])
            report = self.report(swarm)
            self.assertEqual(set(everyone.data.values()), {True})
            self.assertEqual(len(everyone.data), 20)
            self.assertEqual(sorted(some.data), ["v-01", "v-09"])
            self.assertEqual(report["answer"]["returned"], 22)
            self.assertEqual(report["answer"]["replies"], {"accepted": 22})
            self.assertEqual(report["lost_connections"], {})
            os.unlink(ready)

    def test_flood(self) -> None:
        """
        Every return is accepted, but those sealed with a wrong key, which are refused.
        """
        words = ["--total", "200", "--wrong", "0.2", "--payload", "300", "--known-master"]
        flood = self.report(self.start("flood", *words))["flood"]
        self.assertGreater(flood["sealed_wrongly"], 0)
        accepted = 200 - flood["sealed_wrongly"]
        refused = {"refused": flood["sealed_wrongly"], "accepted": accepted}
        self.assertEqual(flood["replies"], refused)
        self.assertEqual(flood["latency"]["count"], 200)

    def test_fates(self) -> None:
        """
        The report adds up: who returned, who failed, who kept silent, and whose answer was not
        given before the end; and it says what was asked for.
        """
        ready = Path(self.mktemp()).absolute()
        words = ["--silent", "0.2", "--failed", "0.3", "--late", "0.2", "--late-by", "3600"]
        swarm = self.start("answer", *words, "--ready-file", str(ready))
        wait_until(ready.exists, 60, "the swarm is ready")
        jid = self.master.say("v-*", "test.ping", options=["--async"]).stdout.strip()
        self.wait_settled(jid)
        swarm.send_signal(signal.SIGINT)
        report = self.report(swarm)
        answer = report["answer"]
        self.assertTrue(report["stopped_early"])
        self.assertEqual(answer["chosen"], 20)
        self.assertEqual(answer["returned"] + answer["silent"] + answer["unfinished"], 20)
        self.assertEqual(answer["unfinished"], answer["late"])
        self.assertTrue(answer["silent"] and answer["failed"] and answer["late"], answer)
        job = answer["jobs"][0]
        self.assertEqual((job["unheard"], job["failed"]), (0, answer["failed"]))
        self.assertEqual(report["options"]["silent"], 0.2)

    def test_master_dies(self) -> None:
        """
        Where the master dies in a flood, what it did not answer is no part of the rate, and the
        exit code tells.
        """
        watcher = self.master.listen()
        try:
            swarm = self.start("flood", "--total", "120", "--think", "0.05")
            watcher.wait(lambda tag, data: "/ret/v-" in tag, 60)
        finally:
            watcher.close()
        self.master.family()[0].kill()
        out, err = swarm.communicate(timeout=60)
        self.assertEqual(swarm.returncode, 1, err)
        report = json.loads(out)
        flood = report["flood"]
        self.assertGreater(report["unanswered"], 0)
        self.assertEqual(flood["replies"]["no answer"], report["unanswered"])
        self.assertEqual(flood["answered"] + report["unanswered"], 120)

    def test_survives_another_shared_key(self) -> None:
        """
        When the master's shared key changes, the next job is understood after a new sign-in.
        """
        ready = Path(self.mktemp()).absolute()
        swarm = self.start("answer", "--jobs", "1", "--ready-file", str(ready))
        wait_until(ready.exists, 60, "the swarm is ready")
        watcher = self.master.listen()
        try:
            self.master.rotate(watcher)
        finally:
            watcher.close()
        answer = self.master.say("v-*", "test.ping")
        report = self.report(swarm)
        self.assertEqual(len(answer.data), 20)
        self.assertGreaterEqual(report["answer"]["signed_in_again"], 1)
