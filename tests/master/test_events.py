"""Tests of events that minions fire."""

from twisted.trial.unittest import SynchronousTestCase

from tests.master.place import Place

INTERNAL = (
    "salt/job/1/new",
    "salt/job/1/publish",
    "salt/job/1/ret/m2",
    "salt/job/1/ret/m1",
    "salt/auth",
    "salt/key",
    "salt/run/1/ret",
    "salt/wheel/1/new",
    "salt/minion/m2/start",
    "salt/beacon/m2/load",
    "salt/presence/present",
    "key",
    "minion/refresh/m2",
    "cluster/peer",
    "txsalt/live/x",
)


class EventTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.place = Place(self)
        self.minion = self.place.minion("m1")

    def test_one(self) -> None:
        """
        One event carries the whole load, without what is secret in it.
        """
        self.assertIsNone(
            self.minion.ask("_minion_event", tag="my/tag", data={"a": 1}, pretag=None)
        )
        ((tag, data),) = self.place.events
        self.assertEqual(tag, "my/tag")
        self.assertEqual(list(data), ["cmd", "tag", "data", "pretag", "ts", "id"])
        self.assertEqual((data["id"], data["data"]), ("m1", {"a": 1}))

    def test_start(self) -> None:
        """
        A minion's start is told under its own id.
        """
        self.minion.ask("_minion_event", tag="salt/minion/m1/start", data="Minion m1 started")
        self.assertEqual(self.place.tags, ["salt/minion/m1/start"])

    def test_batch_with_prefix(self) -> None:
        """
        Each event of a batch is fired with its own data, with the prefix first.
        """
        events = [{"tag": "a", "data": {"x": 1}}, {"tag": "b"}, {"data": 1}, 5]
        self.assertIsNone(self.minion.ask("_minion_event", events=events, pretag="pre"))
        self.assertEqual(self.place.tags, ["pre/a", "a", "pre/b", "b"])
        self.assertEqual(self.place.events[1][1], {"x": 1})
        self.assertEqual(self.place.events[3][1], {"tag": "b"})

    def test_flood(self) -> None:
        """
        One request fires no more events than a bus can take; how many were left out is logged.
        """
        with self.assertLogs("txsalt.master.worker", "WARNING") as logged:
            self.minion.ask("_minion_event", events=[{"tag": "a"}] * 12_000)
        self.assertEqual(len(self.place.event_frames), 10_000)
        self.assertIn("2000 of m1", logged.output[0])

    def test_id_in_a_batch(self) -> None:
        """
        No minion speaks in the name of another one in what is shown of jobs and minions.
        """
        tags = ["salt/job/1/prog/m1/0", "salt/job/1/start/m1", "minion_start", "salt/beacon/m1/x"]
        events = [{"tag": tag, "data": {"id": "m2", "n": 1}} for tag in (*tags, "my/tag")]
        self.minion.ask("_minion_event", events=events)
        said = dict(self.place.events)
        self.assertEqual({said[tag]["id"] for tag in tags}, {"m1"})
        self.assertEqual(said["my/tag"], {"id": "m2", "n": 1})

    def test_tags_of_the_house(self) -> None:
        """
        No minion fires what the master itself says, in none of the three forms.
        """
        for tag in INTERNAL:
            self.minion.ask("_minion_event", tag=tag, data={})
            self.minion.ask("_minion_event", events=[{"tag": tag, "data": {}}])
            head, _, rest = tag.partition("/")
            self.minion.ask("_minion_event", events=[{"tag": rest or "x", "data": {}}], pretag=head)
        self.assertEqual([tag for tag in self.place.tags if tag in INTERNAL], [])
        self.assertGreaterEqual(
            self.place.bench.refusals.counts["event tag"], 3 * len(INTERNAL) - 2
        )

    def test_odd_shapes(self) -> None:
        """
        A load of neither form, or with tags that are none, is answered and ignored.
        """
        for fields in ({}, {"tag": 5, "data": 1}, {"tag": "a\n\nb", "data": 1}, {"events": 7}):
            self.assertIsNone(self.minion.ask("_minion_event", **fields))
        self.assertEqual(self.place.events, [])
