"""Tests of the flood: how fast it asks, and what it says of a master that does not answer."""

import heapq
from collections.abc import Callable

from twisted.trial.unittest import SynchronousTestCase

from tests.master.place import key_pair
from txsalt.protocol import sealed_request
from txsalt.swarm import flood, minions
from txsalt.swarm.keyring import Pair
from txsalt.swarm.lanes import OnReply
from txsalt.swarm.loop import Loop
from txsalt.swarm.plan import FLOOD, Plan
from txsalt.swarm.replies import REFUSED
from txsalt.wire.crypticle import Crypticle, generate_key_string

REPLY_SECONDS = 0.001


class QuickLoop(Loop):
    """A loop without sockets, whose time goes from one timer to the next."""

    def __init__(self) -> None:
        self.now = 0.0
        super().__init__(lambda: self.now)

    def run(self, done: Callable[[], bool]) -> None:
        """Call what is due next, until ``done()``."""
        while not done():
            self.now, _, call = heapq.heappop(self._timers)
            call()


class PromptLanes:
    """Answers every question soon, and the first ``mute`` never."""

    def __init__(self, loop: QuickLoop, mute: int = 0) -> None:
        self.asked: list[float] = []
        self._loop = loop
        self._mute = mute

    def ask(self, make: Callable[[], bytes], on_reply: OnReply) -> None:
        """Note the time, and reply."""
        make()
        self.asked.append(self._loop.now)
        reply = None if len(self.asked) <= self._mute else REFUSED
        self._loop.later(REPLY_SECONDS, lambda: on_reply(reply, REPLY_SECONDS))

    def drop_waiting(self) -> None:
        """Nothing waits here."""


class FloodTests(SynchronousTestCase):
    """Five minions at a master that answers in no time."""

    def setUp(self) -> None:
        self.loop = QuickLoop()
        self.addCleanup(self.loop.close)
        key = key_pair("minion")
        self.fleet = minions.make("swarm-", 5, [Pair(key, b"")])
        for minion in self.fleet:
            minion.session = sealed_request.Session(
                minion_id=minion.facts.id,
                key=key,
                tok=b"",
                crypticle=Crypticle(generate_key_string()),
                master_key=key.public,
            )

    def flood(self, lanes: PromptLanes, plan: Plan) -> flood.Flood:
        """Run a plan to its end."""
        made = flood.Flood(plan, self.loop, lanes, self.fleet)  # type: ignore[arg-type]  # a fake
        made.run(lambda: False)
        return made

    def test_pause_between_portions(self) -> None:
        """
        A flood with a think time asks as often in its last minute as in its first, however many
        portions its requests are sealed in.
        """
        self.patch(flood, "_PORTION", 10)
        lanes = PromptLanes(self.loop)
        plan = Plan(mode=FLOOD, minions=5, total=200, think=1.0, connections=2, duration=3600)
        self.flood(lanes, plan)
        self.assertEqual(len(lanes.asked), 200)
        half = lanes.asked[100]
        self.assertApproximates((self.loop.now - half) / half, 1, 0.25)

    def test_no_answer(self) -> None:
        """
        Requests that nobody answered are told apart, and make no rate.
        """
        plan = Plan(mode=FLOOD, minions=5, total=200, connections=2)
        report = self.flood(PromptLanes(self.loop, mute=150), plan).report()
        self.assertEqual(report["answered"], 50)
        self.assertEqual(report["replies"], {"no answer": 150, "refused": 50})
        everything = self.flood(PromptLanes(self.loop, mute=200), plan).report()
        self.assertEqual((everything["answered"], everything["per_second"]), (0, 0))
