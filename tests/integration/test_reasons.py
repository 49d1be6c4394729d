"""Minions that do not answer: ten faults, ten reasons; and who is there."""

import json
import os
import signal
import time
from typing import Any

from tests.integration.spine import SpineCase, SpineMaster, leader
from tests.interop.harness import Fleet, TxMinion
from tests.interop.processes import wait_until
from txsalt.jobs.reasons import EXIT_CODES
from txsalt.master.store import database
from txsalt.master.store.keys import KeyStore
from txsalt.protocol.admission import KeyState
from txsalt.wire import rsa


class ReasonTests(SpineCase):
    """A fleet in which much goes wrong."""

    ids = ("good", "busy", "gone", "hung", "full")

    def make_fleet(self) -> Fleet:
        fleet = Fleet(SpineMaster(timeout=1, gather_job_timeout=3))
        for minion_id in self.ids:
            more = {"process_count_max": 1} if minion_id == "full" else {}
            fleet.add(_Minion(fleet.master, minion_id, more))
        return fleet

    def states(self) -> dict[str, Any]:
        return dict(self.master.cli("status", "--out", "json").data)

    def test_ten_faults(self) -> None:
        """
        Each minion that did not answer is named with its own reason, for people and programs.
        """
        self.answers()
        master = self.master
        keys = KeyStore(str(master.pki_dir))
        pem = rsa.PrivateKey.generate(2048).public.pem
        for state, minion_id in (
            (KeyState.PENDING, "waits"),
            (KeyState.REJECTED, "spurned"),
            (KeyState.DENIED, "imposter"),
            (KeyState.ACCEPTED, "newborn"),
        ):
            keys.put(state, minion_id, pem)
        self.minion("gone").stop()
        wait_until(lambda: self.states()["gone"]["state"] == "down", 10, "gone is seen as gone")
        # One job fills the only place of "full".
        master.say("full", "test.sleep", "60", options=("--async",))
        os.kill(leader(self.minion("hung")).pid, signal.SIGSTOP)
        self.addCleanup(os.kill, leader(self.minion("hung")).pid, signal.SIGCONT)
        everybody = "good,busy,gone,hung,full,waits,spurned,imposter,newborn,ghost"
        answer = master.cli("-L", everybody, "test.sleep", "45", "--async")
        jid = answer.stdout.strip()
        self._refuse(jid, "good")
        why = master.cli("why", jid, "--out", "json")
        self.assertEqual(
            {minion_id: about["reason"] for minion_id, about in why.data.items()},
            {
                "good": "return_refused",
                "busy": "running",
                "full": "queued",
                "gone": "disconnected",
                "hung": "silent",
                "newborn": "never_connected",
                "waits": "key_pending",
                "spurned": "key_rejected",
                "imposter": "key_denied",
                "ghost": "no_key",
            },
        )
        self.assertEqual(why.returncode, 80)
        self.assertIn("signature", why.data["good"]["text"])
        self.assertLess(abs(why.data["gone"]["since"] - time.time()), 60)
        for word, minion_id in (
            ("disconnected", "gone"),
            ("never_connected", "newborn"),
            ("key_pending", "waits"),
            ("key_rejected", "spurned"),
            ("key_denied", "imposter"),
        ):
            one = master.cli(minion_id, "test.ping", "--out", "json")
            self.assertEqual(one.returncode, EXIT_CODES[word], str(one))
            self.assertIn(why.data[minion_id]["text"], one.stderr)
        nobody = master.cli("-L", "ghost,phantom", "test.ping", "--out", "json-v1")
        self.assertEqual(nobody.returncode, EXIT_CODES["no_key"], str(nobody))
        self.assertEqual(nobody.data["minions"]["phantom"]["reason"], "no_key")

    def test_not_matched(self) -> None:
        """
        A minion that the master expects by old facts, and that does not match, says so.
        """
        self.answers("good")
        self._believe("good", {"role": "nobody-has-this"})
        answer = self.master.cli("-G", "role:nobody-has-this", "test.ping", "--out", "jsonl")
        self.assertEqual(answer.returncode, EXIT_CODES["not_matched"], str(answer))
        missing = [json.loads(line) for line in answer.stdout.splitlines()][1]
        self.assertEqual((missing["id"], missing["reason"]), ("good", "not_matched"))
        self.assertEqual(missing["facts"], 1.0)
        self.assertRegex(missing["text"], r"the master's facts about it were \d+d old")
        self.assertIn(missing["text"], answer.stderr)
        self.assertNotIn("had no facts", answer.stderr)

    def test_missing_facts(self) -> None:
        """
        A minion of which the master has no facts is expected, and it is said that this is a guess.
        """
        self.answers()
        keys = KeyStore(str(self.master.pki_dir))
        keys.put(KeyState.ACCEPTED, "unborn", rsa.PrivateKey.generate(2048).public.pem)
        self.addCleanup(self.master.cli, "key", "delete", "unborn", "--yes")
        guess = "txsalt-cli: of 1 that did not return the master had no facts"
        answer = self.master.cli("-C", "good or unb* and G@role:web", "test.ping", "--out", "jsonl")
        self.assertEqual(answer.stderr.count(guess), 1, str(answer))
        *_, missing, ended = [json.loads(line) for line in answer.stdout.splitlines()]
        self.assertEqual((missing["id"], missing["reason"]), ("unborn", "never_connected"))
        self.assertIsNone(missing["facts"])
        self.assertEqual(self.master.cli("why", missing["jid"]).stderr.count(guess), 1)
        self.assertEqual(ended["missing"], 1)
        answer = self.master.cli("unborn", "test.ping", "--out", "jsonl")
        self.assertIn("unborn did not return", answer.stderr)
        self.assertNotIn("facts", answer.stdout + answer.stderr)

    def test_status(self) -> None:
        """
        The status tells who is up, with address and version, and by the exit code if all are.
        """
        self.answers("full", "busy")
        answer = self.master.cli("status", "full", "busy", "--out", "json")
        self.assertEqual(answer.returncode, 0, str(answer))
        self.assertEqual(set(answer.data), {"full", "busy"})
        busy = answer.data["busy"]
        self.assertEqual((busy["state"], busy["address"]), ("up", "127.0.0.1"))
        self.assertLessEqual(busy["since"], busy["heard"] + 10)
        self.assertIn("version", busy)
        table = self.master.cli("status", "busy")
        self.assertRegex(table.stdout, r"(?m)^busy +up +20\d\d-")
        self.assertEqual(self.master.cli("status", "nobody").returncode, 67)

    def _believe(self, minion_id: str, grains: dict[str, Any]) -> None:
        from txsalt.master.store.facts import FactsStore

        path = database.path_in(str(self.master.root / "cache"))
        connection = database.connect(path)
        FactsStore(connection).save(minion_id, grains, {}, 1.0)
        connection.close()

    def _refuse(self, jid: str, minion_id: str) -> None:
        from txsalt.master.store.presence import Presence

        connection = database.connect(database.path_in(str(self.master.root / "cache")))
        Presence(connection).refused(jid, minion_id, "bad signature", time.time())
        connection.close()


class _Minion(TxMinion):
    def __init__(self, master: Any, minion_id: str, options: dict[str, Any]) -> None:
        self._more = options
        super().__init__(master, minion_id)

    def extra_options(self) -> dict[str, Any]:
        return self._more
