"""Tests of what jobs may ask, and of facts and events."""

from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.logger import LogLevel, capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from txsalt.errors import BadLoad, BadName, RequestTimedOut
from txsalt.light import evolve
from txsalt.minion.daemon.calls import Calls
from txsalt.minion.daemon.event_bus import BusPlace, EventBus, place_of
from txsalt.minion.daemon.facts import FactKeeper, FactSettings
from txsalt.minion.daemon.master_events import MasterEvents
from txsalt.wire import event


class CallsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.requests: list[tuple[dict[str, Any], dict[str, Any]]] = []
        self.fired: list[tuple[str, Any]] = []
        self.calls = Calls(
            request=self.request,
            fire_local=lambda tag, data: self.fired.append((tag, data)),
            refreshes={"pillar": lambda: succeed(None)},
        )

    def request(self, load: dict[str, Any], **how: Any) -> Deferred[Any]:
        self.requests.append((load, how))
        return succeed("answer")

    def test_request(self) -> None:
        """
        A job's request goes to the master and its answer comes back; a pillar has its own lane.
        """
        answer = self.calls("1", "request", {"load": {"cmd": "_mine_get", "fun": "x"}})
        self.assertEqual(self.successResultOf(answer), "answer")
        self.calls("1", "request", {"load": {"cmd": "_pillar"}})
        self.assertEqual([how["lane"] for _, how in self.requests], ["returns", "pillar"])

    def test_running_jobs(self) -> None:
        """
        A job asks about running jobs as an operator does, and nothing else that way.
        """
        verdict = {"return": [], "retcode": 0, "success": True}
        calls = evolve(
            self.calls, jobs=lambda fun, arg: verdict if fun == "saltutil.running" else None
        )
        asked = {"fun": "saltutil.running", "arg": []}
        self.assertEqual(self.successResultOf(calls("1", "jobs", asked)), verdict)
        for wrong in ({"fun": "cmd.run", "arg": []}, {"fun": "saltutil.running"}, {}):
            self.assertRaises(BadLoad, calls, "1", "jobs", wrong)

    def test_forbidden(self) -> None:
        """
        A job cannot sign in, return, publish, or call what is not listed.
        """
        for command in ("_auth", "_return", "_syndic_return", "publish", "", None, ["_mine"]):
            load = {"cmd": command} if command is not None else None
            self.assertRaises(BadLoad, self.calls, "1", "request", {"load": load})
        self.assertRaises(BadLoad, self.calls, "1", "eval", {})
        self.assertRaises(BadLoad, self.calls, "1", "refresh", {"what": "keys"})
        self.assertRaises(BadName, self.calls, "1", "fire_event", {"tag": "a\nb"})
        self.assertEqual(self.requests, [])

    def test_events(self) -> None:
        """
        A job fires events here or at the master.
        """
        self.calls("1", "fire_event", {"tag": "a/b", "data": {"x": 1}, "local": True})
        self.calls("1", "fire_event", {"tag": "a/b", "data": {"x": 1}, "local": False})
        self.assertEqual(self.fired, [("a/b", {"x": 1})])
        self.assertEqual(
            self.requests[0][0],
            {"cmd": "_minion_event", "tag": "a/b", "data": {"x": 1}, "pretag": None},
        )

    def test_refresh(self) -> None:
        """
        A job may ask for a refresh and is told when it is done.
        """
        self.assertIs(self.successResultOf(self.calls("1", "refresh", {"what": "pillar"})), True)


class MasterEventsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.loads: list[dict[str, Any]] = []
        self.events = MasterEvents(self.request)

    def request(self, load: dict[str, Any]) -> Deferred[Any]:
        self.loads.append(load)
        return fail(RequestTimedOut(60))

    def test_forms(self) -> None:
        """
        One event or several are sent; a bad tag is not; a silent master is a warning.
        """
        with capturedLogs() as logged:
            self.events.fire("a", 1)
            self.events.from_bus({"tag": "b", "data": 2})
            self.events.from_bus({"events": [{"tag": "c"}], "pretag": None})
            self.events.from_bus({"tag": 5})
            self.events.from_bus({})
        self.assertEqual([load.get("tag") for load in self.loads], ["a", "b", None])
        self.assertEqual({each["log_level"] for each in logged}, {LogLevel.warn})
        self.assertEqual(len(logged), 5)


class FactKeeperTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.grains: list[Deferred[dict[str, Any]]] = []
        self.pillars: list[Deferred[Any]] = []
        self.loads: list[dict[str, Any]] = []
        self.changes: list[tuple[Any, Any]] = []
        self.facts = FactKeeper(
            FactSettings(minion_id="m1", saltenv="base"),
            self.collect,
            self.request,
            lambda grains, pillar: self.changes.append((grains, pillar)),
        )

    async def collect(self) -> dict[str, Any]:
        self.grains.append(Deferred())
        return await self.grains[-1]

    def request(self, load: dict[str, Any], **how: Any) -> Deferred[Any]:
        self.loads.append(load)
        self.pillars.append(Deferred())
        return self.pillars[-1]

    def test_start_waits_for_grains(self) -> None:
        """
        The start is over when the grains are there; the pillar is asked for with them.
        """
        started = self.facts.startService()
        self.assertNoResult(started)
        self.grains[0].callback({"os": "Debian"})
        self.successResultOf(started)
        done = self.facts.refresh_pillar()
        self.pillars[0].callback({"a": 1})
        self.successResultOf(done)
        self.assertEqual(self.changes[-1], ({"os": "Debian"}, {"a": 1}))
        self.assertEqual(
            self.loads[0],
            {
                "cmd": "_pillar",
                "grains": {"os": "Debian"},
                "saltenv": "base",
                "pillarenv": None,
                "pillar_override": {},
                "extra_minion_data": {},
                "ver": "2",
            },
        )

    def test_one_at_a_time(self) -> None:
        """
        Who asks while a pillar is fetched shares one more fetch after it.
        """
        asked = [self.facts.refresh_pillar() for _ in range(5)]
        self.assertEqual(len(self.pillars), 1)
        self.pillars[0].callback({"a": 1})
        self.successResultOf(asked[0])
        self.assertEqual(len(self.pillars), 2)
        self.assertNoResult(asked[1])
        self.pillars[1].callback({"a": 2})
        for each in asked[1:]:
            self.successResultOf(each)
        self.assertEqual(len(self.pillars), 2)

    def test_failure_keeps_the_old(self) -> None:
        """
        A pillar that does not come, or is none, leaves the old one in place, with an error line.
        """
        self.facts.refresh_pillar()
        self.pillars[0].callback({"a": 1})
        with capturedLogs() as logged:
            failed = self.facts.refresh_pillar()
            self.pillars[1].errback(RequestTimedOut(60))
            self.successResultOf(failed)
            self.facts.refresh_pillar()
            self.pillars[2].callback("")
        self.assertEqual([each["log_level"] for each in logged], [LogLevel.error] * 2)
        self.assertEqual(self.facts.facts.pillar, {"a": 1})

    def test_stop(self) -> None:
        """
        A stop gives up what is under way, quietly.
        """
        asked = self.facts.refresh_pillar()
        self.facts.stopService()
        self.successResultOf(asked)
        self.facts.stopService()


class FakeSocket:
    def __init__(self, endpoint: str, callback: Any) -> None:
        self.endpoint = endpoint
        self.callback = callback
        self.sent: list[bytes] = []
        self.closed = False

    def send(self, frame: bytes) -> None:
        self.sent.append(frame)

    def close(self) -> None:
        self.closed = True


class EventBusTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.sockets: list[FakeSocket] = []
        self.bus = EventBus(
            Clock(),
            BusPlace(sock_dir=self.mktemp(), id_hash="0123456789"),
            self.open,
            self.open,
            max_event_size=1000,
        )
        self.bus.startService()
        self.publish, self.pull = self.sockets

    def open(self, endpoint: str, callback: Any) -> FakeSocket:
        self.sockets.append(FakeSocket(endpoint, callback))
        return self.sockets[-1]

    def test_place(self) -> None:
        """
        The sockets are called as stock tools look for them.
        """
        place = place_of("minion", "/run", "sha256")
        self.assertEqual(place.id_hash, "bbebec50e4")
        self.assertEqual(place.publish, "ipc:///run/minion_event_bbebec50e4_pub.ipc")
        self.assertEqual(place.pull, "ipc:///run/minion_event_bbebec50e4_pull.ipc")

    def test_events_are_published(self) -> None:
        """
        What a program sends is published with the time, and who listens for its tag is called.
        """
        heard: list[Any] = []
        self.bus.on("pillar_refresh", heard.append)
        self.pull.callback(event.write_event("pillar_refresh", {"force": True}))
        self.pull.callback(event.write_event("other", {}))
        self.assertEqual(heard, [{"force": True}])
        self.bus.take("pillar_refresh", {"by": "a job"})
        self.assertEqual(heard.pop(), {"by": "a job"})
        tag, data = event.read_event(self.publish.sent[0])
        self.assertEqual((tag, data["force"]), ("pillar_refresh", True))
        self.assertEqual(data["_stamp"], "1970-01-01T00:00:00+00:00")

    def test_garbage(self) -> None:
        """
        What is no event is dropped, with one line for all.
        """
        with capturedLogs() as logged:
            for frame in (b"", b"tag", b"tag\n\n", b"tag\n\n\xc1", b"\n\n\x80", b"t\n\n\x91\x01"):
                self.pull.callback(frame)
            self.bus.fire("big", {"x": "y" * 2000})
        self.assertEqual(self.publish.sent, [])
        self.assertEqual(len(logged), 1)

    def test_live(self) -> None:
        """
        A subscriber is told when it is live; other subscriptions are not answered.
        """
        self.publish.callback(b"salt/")
        self.publish.callback(b"txsalt/live/\xff")
        self.publish.callback(b"txsalt/live/r4nd0m")
        self.assertEqual(self.publish.sent, [event.write_event("txsalt/live/r4nd0m", {})])

    def test_stop(self) -> None:
        """
        After the stop nothing is sent; stopping twice is no error.
        """
        self.bus.stopService()
        self.bus.stopService()
        self.bus.fire("a", {})
        self.assertTrue(self.publish.closed and self.pull.closed)
        self.assertEqual(self.publish.sent, [])
