"""Tests of returns: stored, told, acknowledged, once."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.master.place import Place
from txsalt.master.worker.answerer import answer
from txsalt.master.worker.commands import returns
from txsalt.master.worker.last_return import LastReturn
from txsalt.wire import serial

JID = "20240101000000000001"


class ReturnTests(SynchronousTestCase):
    options: dict[str, Any] = {}

    def setUp(self) -> None:
        self.place = Place(self, **self.options)
        self.minion = self.place.minion("m1")
        self.load = {
            "success": True,
            "return": {"a": [1, None, b"\xff"]},
            "retcode": 0,
            "jid": JID,
            "fun": "test.ping",
            "fun_args": [],
            "_stamp": "2024-01-01T00:00:00",
        }

    def send(self, **changes: Any) -> Any:
        return self.minion.ask("_return", **{**self.load, **changes})

    def test_stored_told_acknowledged(self) -> None:
        """
        A return is in the store, on the bus with the whole load, and acknowledged with nil.
        """
        self.assertIsNone(self.send())
        stored = self.place.bench.jobs.returns(JID)["m1"]
        self.assertEqual(stored["return"], {"a": [1, None, b"\xff"]})
        ((tag, data),) = self.place.events
        self.assertEqual(tag, f"salt/job/{JID}/ret/m1")
        del self.load["_stamp"]  # the bus puts its own
        self.assertEqual(data, {**self.load, "cmd": "_return", "id": "m1", "ts": data["ts"]})

    def test_failed_states(self) -> None:
        """
        Each state that failed is an event of its own, those that went well or only ran are none.
        """
        states = {
            "file_|-motd_|-/etc/motd_|-managed": {"result": False, "comment": "no source"},
            "pkg_|-nginx_|-nginx_|-installed": {"result": True},
            "cmd_|-x_|-x_|-run": "nonsense",
        }
        self.send(**{"fun": "state.sls", "return": states, "retcode": 2, "jid": JID})
        _, (tag, data) = self.place.events
        self.assertEqual(tag, f"salt/job/{JID}/sub/m1/error/state.sls")
        self.assertEqual((data["jid"], data["id"], data["retcode"]), (JID, "m1", 2))
        self.assertEqual((data["success"], data["comment"]), (False, "no source"))
        self.assertEqual(data["return"], "Error: file.managed")

    def test_flood_of_failed_states(self) -> None:
        """
        A minion cannot fill the bus by one return: neither by its states nor by its functions.
        """
        failed = {f"a_|-{number}_|-b_|-c": {"result": False} for number in range(6000)}
        functions = ["state.sls"] * 20_000
        self.send(fun=functions, retcode=2, **{"return": {"state.sls": failed}})
        self.assertEqual(len(self.place.event_frames), 5001)
        few = dict(list(failed.items())[:3])
        self.place.event_frames.clear()
        self.send(fun=functions, retcode=2, jid=f"{JID[:-1]}2", **{"return": {"state.sls": few}})
        self.assertEqual(len(self.place.event_frames), 4)

    def test_returns_without_failed_states(self) -> None:
        """
        Other functions, runs that went well, and runs that did not begin have no such event.
        """
        failed = {"a_|-b_|-c_|-d": {"result": False}}
        for number, (fun, result, retcode) in enumerate(
            (
                ("test.x", failed, 1),
                ("state.sls", failed, 0),
                ("state.sls", ["no such sls"], 1),
                (["test.x", "state.sls"], {"state.sls": failed}, {"state.sls": 0}),
            )
        ):
            jid = f"2024010100000000010{number}"
            self.send(**{"fun": fun, "return": result, "retcode": retcode, "jid": jid})
        self.assertEqual(len(self.place.events), 4)
        both = {"test.x": 0, "state.sls": 2}
        self.send(**{"fun": list(both), "return": {"state.sls": failed}, "retcode": both})
        self.assertIn(f"salt/job/{JID}/sub/m1/error/state.sls", self.place.tags)

    def test_repeated(self) -> None:
        """
        A return that comes again, later and at another worker, is acknowledged and told once.
        """
        self.send()
        self.place.clock.now += 5
        self.place.bench = self.place.new_worker()
        self.assertIsNone(self.send())
        self.assertEqual(len(self.place.events), 1)

    def test_changed(self) -> None:
        """
        A later, different return for the same job replaces the first and is told.
        """
        self.send()
        self.send(retcode=1)
        self.assertEqual(len(self.place.events), 2)
        self.assertEqual(self.place.bench.jobs.returns(JID)["m1"]["retcode"], 1)

    def test_unasked(self) -> None:
        """
        A return that nobody asked for becomes a job of its own, also when it is repeated.
        """
        for _ in range(2):
            self.assertIsNone(self.send(jid="req", fun_args=[7]))
        (job,) = self.place.bench.jobs.latest()
        self.assertEqual((job.load["tgt"], job.load["tgt_type"]), ("m1", "glob"))
        self.assertEqual((job.load["arg"], job.minions), ([7], ["m1"]))
        ((tag, data),) = self.place.events
        self.assertEqual(tag, f"salt/job/{job.jid}/ret/m1")
        self.assertEqual(data["jid"], job.jid)
        self.assertIn("m1", self.place.bench.jobs.returns(job.jid))

    def test_by_hand_twice(self) -> None:
        """
        Two runs by hand, which carry no stamp, are two jobs although they are equal.
        """
        del self.load["_stamp"]
        for _ in range(2):
            self.send(jid="req")
        self.assertEqual(len(list(self.place.bench.jobs.latest())), 2)

    def test_not_to_be_kept(self) -> None:
        """
        A return with the jid "nocache" is told but not stored.
        """
        self.send(jid="nocache")
        self.assertEqual(self.place.bench.jobs.returns("nocache"), {})
        self.assertEqual(self.place.tags, ["salt/job/nocache/ret/m1"])

    def test_incomplete(self) -> None:
        """
        A return without result or jid, or with a jid that is a path, is acknowledged and dropped.
        """
        for changes in ({"jid": None}, {"jid": "../x"}, {"jid": "a/b"}, {"jid": "x" * 1000}):
            self.assertIsNone(self.send(**changes))
        self.assertIsNone(self.minion.ask("_return", jid=JID))
        self.assertEqual(self.place.events, [])

    def test_id_inside_counts_for_nothing(self) -> None:
        """
        A return counts for the minion that sent it, whatever else it names.
        """
        self.send(resource_id="m2")
        self.assertEqual(self.place.bench.jobs.returned_ids(JID), {"m1"})

    def test_large_event_is_trimmed(self) -> None:
        """
        A huge result is stored whole; the event names it without carrying it.
        """
        big = "x" * 2_000_000
        self.send(**{"return": big})
        self.assertEqual(self.place.bench.jobs.returns(JID)["m1"]["return"], big)
        ((_, data),) = self.place.events
        self.assertEqual(data["return"], "VALUE_TRIMMED")
        self.assertEqual(data["retcode"], 0)

    def test_no_syndic(self) -> None:
        """
        Unless this master is one of masters, nobody speaks for another minion.
        """
        job = {"jid": JID, "fun": "test.ping", "return": {"low-1": {"return": 1, "retcode": 0}}}
        self.assertIsNone(self.minion.ask("_syndic_return", load=[job]))
        self.assertEqual((self.place.events, self.place.bench.jobs.job(JID)), ([], None))


class MasterOfMastersTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.place = Place(self, order_masters=True)
        self.minion = self.place.minion("m1")

    def test_syndic(self) -> None:
        """
        Returns of a lower master are stored and told one by one; ids in them are checked.
        """
        job = {
            "id": "syndic",
            "jid": JID,
            "fun": "test.ping",
            "load": {"fun": "test.ping", "arg": [], "tgt": "*", "tgt_type": "glob"},
            "return": {"low-1": {"return": True, "retcode": 0}},
        }
        hostile = [
            {**job, "jid": "../x"},
            {**job, "return": {"../../x": {"return": 1}}},
            {**job, "return": {"low-2": 5}},
            {**job, "return": 5},
            5,
        ]
        mine = {**job, "return": {"m1": {"return": "forged", "retcode": 0}}}
        self.assertIsNone(self.minion.ask("_syndic_return", load=[*hostile, mine, job]))
        self.assertEqual(self.place.tags, [f"salt/job/{JID}/ret/low-1"])
        stored = self.place.bench.jobs.job(JID)
        self.assertEqual(stored and stored.load["tgt"], "*")
        self.assertEqual(self.place.bench.jobs.returned_ids(JID), {"low-1"})


class SignedReturnTests(ReturnTests):
    options = {"require_minion_sign_messages": True, "drop_messages_signature_fail": True}

    def send(self, **changes: Any) -> Any:
        load = {"cmd": "_return", **self.load, **changes}
        signed = {**load, "ts": int(self.place.clock()), "id": self.minion.id}
        sig = self.minion.key.sign(serial.pack_bin(signed), "PKCS1v15-SHA1")
        return self.minion.ask(**load, ts=signed["ts"], id=self.minion.id, sig=sig)

    def test_unsigned_or_wrong(self) -> None:
        """
        Where signatures are required, a return without one or with a wrong one is dropped.
        """
        self.assertIsNone(self.minion.ask("_return", **self.load))
        self.assertIsNone(self.minion.ask("_return", **self.load, sig=b"\xff" * 256))
        self.assertEqual(self.place.events, [])


class UnkeptTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.place = Place(self)
        self.minion = self.place.minion("m1")
        self.payload = self.minion.seal(
            {"cmd": "_return", "jid": JID, "fun": "test.ping", "return": True, "_stamp": "x"}
        )

    def test_full_disk(self) -> None:
        """
        A return that cannot be stored is answered so that the minion sends it again.
        """
        pages = self.place.bench._connection.execute("PRAGMA page_count").fetchone()[0]
        self.place.bench._connection.execute(f"PRAGMA max_page_count = {pages}")
        big = self.minion.seal(
            {"cmd": "_return", "jid": JID, "fun": "x", "return": "y" * 100_000, "_stamp": "x"}
        )
        with self.assertLogs("txsalt.master.worker", "ERROR") as logs:
            self.assertEqual(self.place.ask(big), "bad load")
        self.assertIn("full", logs.output[0])
        self.assertNotIn("Traceback", logs.output[0])
        self.assertEqual(self.place.events, [])
        self.place.bench._connection.execute(f"PRAGMA max_page_count = {pages + 1000}")
        self.assertIsNone(self.minion.open(answer(self.place.bench, big)))
        self.assertEqual(len(self.place.events), 1)

    def test_killed_before_the_event(self) -> None:
        """
        A worker that was killed between storing and telling is made good for by the next one.
        """
        note = f"{self.place.folder}/note"
        self.place.bench.last_return = LastReturn(note)
        self.place.ask(self.payload)
        self.place.event_frames.clear()  # as if it had not left
        self.place.bench = self.place.new_worker()
        self.place.bench.last_return = LastReturn(note)
        returns.tell_leftover(self.place.bench)
        ((tag, data),) = self.place.events
        self.assertEqual((tag, data["return"]), (f"salt/job/{JID}/ret/m1", True))
        returns.tell_leftover(self.place.bench)
        self.assertEqual(len(self.place.events), 1)

    def test_killed_before_it_was_stored(self) -> None:
        """
        What was not stored is not told; the minion sends it again.
        """
        self.place.bench.last_return = LastReturn(f"{self.place.folder}/note")
        self.place.bench.last_return.note([(JID, "m1")])
        returns.tell_leftover(self.place.bench)
        self.assertEqual(self.place.events, [])

    def test_ended_in_order(self) -> None:
        """
        A worker that ends in order leaves nothing to tell, and damaged notes are none.
        """
        path = f"{self.place.folder}/note"
        last = LastReturn(path)
        last.note([(JID, "m1")])
        last.clear()
        self.assertEqual(LastReturn(path).leftover(), [])
        for content in (b"\0", b"\xff\xff\xc1", b"\0\x01\x05", b"\0\x02\x91\x01"):
            with open(path, "wb") as file:
                file.write(content)
            self.assertEqual(LastReturn(path).leftover(), [])
