"""What a worker says of who is there, and of returns that did not come."""

from twisted.trial.unittest import SynchronousTestCase

import txsalt
from tests.master.place import Place, key_pair
from txsalt.errors import BadLoad
from txsalt.master.store import presence as store
from txsalt.master.worker.commands import presence
from txsalt.protocol.admission import KeyState
from txsalt.protocol.presence import NEWS_SECONDS, Sighting

JID = "20260101000000000001"


class StatusTests(SynchronousTestCase):
    """manage.up, manage.down, manage.status and the details."""

    def setUp(self) -> None:
        self.place = Place(self)
        for minion_id in ("here", "away", "never"):
            self.place.minion(minion_id)
        store.write(
            self.place.store_path,
            [
                Sighting(id="here", up=True, since=1.0, heard=5.0, address="192.0.2.1"),
                Sighting(id="away", up=False, since=2.0, heard=1.5),
                Sighting(id="deleted", up=True, since=2.0, heard=1.5),
            ],
            gone=[],
        )

    def test_up_and_down(self) -> None:
        """
        Accepted minions are up or down, whether they were ever there or not.
        """
        bench = self.place.bench
        self.assertEqual(presence.status(bench, {}), {"up": ["here"], "down": ["away", "never"]})
        self.assertEqual(presence.up(bench, {}), ["here"])
        self.assertEqual(presence.down(bench, {}), ["away", "never"])

    def test_as_runner(self) -> None:
        """
        The names are those of Salt's runners.
        """
        self.place.as_root("runner", fun="manage.up", kwarg={})
        self.assertEqual(self.place.events[-1][1]["return"], ["here"])
        for name in ("manage.alived", "manage.reaped", "manage.not_present"):
            self.place.as_root("runner", fun=name, kwarg={})
        said = [data["return"] for tag, data in self.place.events if tag.endswith("/ret")]
        self.assertEqual(said, [["here"], ["here"], ["here"], ["away", "never"]])

    def test_of_some(self) -> None:
        """
        Salt's arguments say of whom; who is not there has no address.
        """
        bench = self.place.bench
        status = presence.status(bench, {"tgt": "a*"})
        self.assertEqual(status, {"up": [], "down": ["away"]})
        status = presence.status(bench, {"tgt": ["here", "never"], "tgt_type": "list"})
        self.assertEqual(status, {"up": ["here"], "down": ["never"]})
        with self.assertRaisesRegex(BadLoad, "must be exact"):
            presence.status(bench, {"tgt": "pass:a*", "tgt_type": "pillar"})
        self.assertEqual(presence.list_state(bench, {"show_ip": True}), {"here": "192.0.2.1"})
        self.assertEqual(presence.list_state(bench, {"subset": ["away"]}), [])
        self.assertEqual(presence.list_not_state(bench, {"subset": "away,x"}), ["away"])

    def test_versions(self) -> None:
        """
        Versions of ours are compared to the master's; those of stock minions stand for themselves.
        """
        bench, own = self.place.bench, txsalt.__version__
        for minion_id, grains in (
            ("here", {"saltversion": "3008.0", "txsaltversion": own}),
            ("never", {"saltversion": "3006.9"}),
        ):
            bench.facts.save(minion_id, grains, {}, 1.0)
        known = presence.details(bench, {})
        self.assertEqual((known["here"]["software"], known["here"]["version"]), ("txsalt", own))
        self.assertEqual(
            presence.versions(bench, {}),
            {
                "Master": own,
                "Up to date": {"here": own},
                "Minion offline": {"away": False, "never": False},
            },
        )
        bench.facts.save("here", {"saltversion": "3006.9"}, {}, 2.0)
        self.assertEqual(presence.versions(bench, {})["Stock minion"], {"here": "3006.9"})
        bench.facts.save("here", {"txsaltversion": "0.0.1"}, {}, 3.0)
        self.assertIn("Minion requires update", presence.versions(bench, {}))

    def test_details(self) -> None:
        """
        What is known is told, and what is not known is left out.
        """
        grains = {"ipv4": ["127.0.0.1", "192.0.2.9"], "saltversion": "3008.3"}
        self.place.bench.facts.save("away", grains, {}, 1.0)
        self.assertEqual(
            presence.details(self.place.bench, {}),
            {
                "here": {"state": "up", "since": 1.0, "heard": 5.0, "address": "192.0.2.1"},
                "away": {
                    "state": "down",
                    "since": 2.0,
                    "heard": 1.5,
                    "address": "192.0.2.9",
                    "software": "salt",
                    "version": "3008.3",
                },
                "never": {"state": "never"},
            },
        )

    def test_details_of_any_type(self) -> None:
        """
        A minion that says nonsense of itself does not hide the others.
        """
        for said in (5, {"a": 1}, [5, None], "192.0.2.7", [["192.0.2.7"]], ["\x1b[2J\nhere up"]):
            self.place.bench.facts.save("never", {"ipv4": said, "saltversion": said}, {}, 1.0)
            found = presence.details(self.place.bench, {})
            self.assertEqual((found["here"]["state"], found["never"].get("address")), ("up", None))
            self.assertIn("here", presence.list_state(self.place.bench, {"show_ip": True}))
            self.assertIn("Master", presence.versions(self.place.bench, {}))
        for subset in (5, True, {"a": 1}):
            with self.assertRaises(BadLoad):
                presence.list_state(self.place.bench, {"subset": subset})

    def test_addresses(self) -> None:
        """
        Loopback is no address of a minion on another machine.
        """
        save = self.place.bench.facts.save
        save("here", {"ipv4": ["127.0.0.1", "192.0.2.1"], "ipv6": ["::1"]}, {}, 1.0)
        save("away", {"os": "none"}, {}, 1.0)
        found = store.addresses(self.place.store_path, ["here", "away", "never"])
        self.assertEqual(found, {"here": ["192.0.2.1"]})

    def test_addresses_of_any_type(self) -> None:
        """
        A minion that says nonsense of its addresses costs only itself.
        """
        save = self.place.bench.facts.save
        save("away", {"ipv4": 5, "ipv6": {"a": 1}}, {}, 1.0)
        save("here", {"ipv4": ["192.0.2.1", 7]}, {}, 1.0)
        found = store.addresses(self.place.store_path, ["away", "here"])
        self.assertEqual(found, {"away": [], "here": ["192.0.2.1"]})

    def test_forgotten(self) -> None:
        """
        A minion whose key was deleted is not in the store any more.
        """
        store.write(self.place.store_path, [], gone=["here", "deleted"])
        self.assertEqual([each.id for each in store.read(self.place.store_path)], ["away"])


class HeardTests(SynchronousTestCase):
    """Authenticated requests."""

    def test_told_once_a_second(self) -> None:
        """
        The daemon hears who asked something, in one message a second.
        """
        place = Place(self)
        one, two = place.minion("one"), place.minion("two")
        for _ in range(3):
            one.ask("_file_envs")
        two.ask("_file_envs")
        self.assertTrue(place.bench.waiting)
        place.bench.flush()
        now = place.clock()
        self.assertEqual(place.told_daemon, [{"kind": "heard", "times": {"one": now, "two": now}}])
        one.ask("_file_envs")
        place.bench.flush()
        self.assertEqual(len(place.told_daemon), 1)
        place.clock.now += 1
        place.bench.flush()
        self.assertEqual(len(place.told_daemon), 2)
        self.assertFalse(place.bench.waiting)


class WhyTests(SynchronousTestCase):
    """What is known of those who did not answer."""

    def setUp(self) -> None:
        self.place = Place(self)

    def why(self, *ids: str) -> dict[str, dict[str, object]]:
        return presence.why(self.place.bench, {"jid": JID, "ids": list(ids)})

    def test_keys(self) -> None:
        """
        The state of each key is told, and that another one was denied.
        """
        pem = key_pair("minion").public.pem
        for state in (KeyState.PENDING, KeyState.REJECTED, KeyState.DENIED):
            self.place.bench.keys.put(state, state.name.lower(), pem)
        self.place.minion("good")
        self.place.bench.keys.put(KeyState.DENIED, "good", pem)
        found = self.why("pending", "rejected", "denied", "good", "ghost")
        self.assertEqual(
            {each: (about["key"], about["denied"]) for each, about in found.items()},
            {
                "pending": ("pending", False),
                "rejected": ("rejected", False),
                "denied": ("denied", True),
                "good": ("accepted", True),
                "ghost": ("none", False),
            },
        )

    def test_refused_return(self) -> None:
        """
        A return that the master does not take is remembered with the reason.
        """
        place = self.place = Place(self, require_minion_sign_messages=True)
        minion = place.minion("good")
        place.as_root("publish", tgt="good", fun="test.ping", arg=[], jid=JID)
        minion.ask("_return", jid=JID, id="good", fun="test.ping", **{"return": True})
        self.assertIn("not signed", str(self.why("good")["good"]["refused"]))
        self.assertFalse(self.why("good")["good"]["returned"])

    def test_incomplete_return(self) -> None:
        """
        A return without a result is refused, and so remembered; one of no job is not.
        """
        minion = self.place.minion("good")
        minion.ask("_return", jid=JID, id="good", fun="test.ping")
        self.assertEqual(self.why("good")["good"]["refused"], "")
        self.place.as_root("publish", tgt="good", fun="test.ping", arg=[], jid=JID)
        minion.ask("_return", jid=JID, id="good", fun="test.ping")
        self.assertIn("return is missing", str(self.why("good")["good"]["refused"]))

    def test_absent(self) -> None:
        """
        Who was surely not connected when the job was sent is told; nobody who may have got it.
        """
        place, bench = self.place, self.place.bench
        for minion_id in ("gone", "left", "stock", "new", "begins", "back", "good"):
            minion = place.minion(minion_id)
        place.as_root("publish", tgt="*", fun="test.ping", arg=[], jid=JID)
        minion.ask("_return", jid=JID, id="good", fun="test.ping", **{"return": True})
        bench.identities.signed_in("begins", "its key")
        sent, exact = bench.clock(), {"heard": 1.0, "address": "192.0.2.1"}
        store.write(
            place.store_path,
            [
                Sighting(id="gone", up=False, since=sent - 1, **exact),
                Sighting(id="left", up=False, since=sent + 1, **exact),
                Sighting(id="stock", up=False, since=sent - 1, heard=1.0),
                Sighting(id="back", up=True, since=sent + 1, **exact),
                Sighting(id="good", up=False, since=sent - 1, **exact),
            ],
            gone=[],
        )
        self.assertEqual(presence.absent(bench, {"jid": JID}), ["gone"])
        self.patch(bench, "clock", lambda: sent + NEWS_SECONDS)
        self.assertEqual(sorted(presence.absent(bench, {"jid": JID})), ["gone", "new"])
        self.assertEqual(presence.absent(bench, {"jid": "20200101000000000000"}), [])

    def test_after_a_start_of_the_master(self) -> None:
        """
        Of who was there when the master ended it is told how long ago that started again.
        """
        bench = self.place.bench
        bench.started = bench.clock() - 4
        self.place.minion("good")
        self.place.minion("gone")
        store.write(
            self.place.store_path,
            [
                Sighting(id="good", up=False, since=bench.started, heard=1.0),
                Sighting(id="gone", up=False, since=bench.started - 50, heard=1.0),
            ],
            gone=[],
        )
        found = self.why("good", "gone")
        self.assertEqual((found["good"]["master_age"], "master_age" in found["gone"]), (4, False))

    def test_facts_behind_a_target(self) -> None:
        """
        Where facts decide who is meant it is told when the master got them; nowhere else.
        """
        bench = self.place.bench
        for minion_id in ("known", "strange"):
            self.place.minion(minion_id)
        bench.facts.save("known", {"os": "Debian"}, {}, 7.0)
        job = {"fun": "test.ping", "arg": []}
        self.place.as_root("publish", tgt="os:*", tgt_type="grain", jid=JID, **job)
        found = self.why("known", "strange", "ghost")
        self.assertEqual((found["known"]["by_facts"], found["known"]["facts"]), (True, 7.0))
        self.assertEqual((found["strange"]["by_facts"], found["strange"]["facts"]), (True, None))
        self.assertNotIn("by_facts", found["ghost"])
        for last, tgt, tgt_type in (("2", "*", "glob"), ("3", "strange or G@os:*", "compound")):
            other = JID[:-1] + last
            self.place.as_root("publish", tgt=tgt, tgt_type=tgt_type, jid=other, **job)
            about = presence.why(bench, {"jid": other, "ids": ["strange"]})["strange"]
            self.assertEqual((about["key"], "by_facts" in about), ("accepted", False))

    def test_returned_after_all(self) -> None:
        """
        A return that is stored, and that nobody heard of, is told.
        """
        minion = self.place.minion("good")
        minion.ask("_return", jid=JID, id="good", fun="test.ping", **{"return": True})
        self.assertTrue(self.why("good")["good"]["returned"])
