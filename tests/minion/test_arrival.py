"""The minion that comes up while its machine is in trouble."""

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from txsalt.minion.daemon.arrival import Arrival, ArrivalSettings
from txsalt.minion.daemon.facts import FactKeeper, FactSettings
from txsalt.minion.daemon.grains_child import GrainsNotCollected
from txsalt.minion.daemon.link import Welcome


class FakeLink:
    """Signs in when the test says so."""

    def __init__(self) -> None:
        self.call: Callable[[Welcome], None] = lambda welcome: None

    def when_signed_in(self, call: Callable[[Welcome], None]) -> None:
        self.call = call

    def sign_in(self) -> Deferred[Any]:
        return Deferred()


class FakeListener:
    """Hears nothing."""

    def when_state(self, call: Callable[[str], None]) -> None:
        """It stays as it is."""


class ArrivalTests(SynchronousTestCase):
    """Grains that could not be collected at the start."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.collected = 0
        self.succeeds_at = 4
        self.asked: list[str] = []
        self.facts = FactKeeper(
            FactSettings(minion_id="m1"), self.collect, self.request, lambda grains, pillar: None
        )
        self.arrival = Arrival(
            self.clock,
            ArrivalSettings(minion_id="m1"),
            FakeLink(),  # type: ignore[arg-type]
            FakeListener(),  # type: ignore[arg-type]
            self.facts,
            lambda: None,
            lambda: None,
        )
        self.addCleanup(self.arrival.stopService)

    async def collect(self) -> dict[str, Any]:
        self.collected += 1
        if self.collected < self.succeeds_at:
            raise GrainsNotCollected("Resource temporarily unavailable")
        return {"os": "Debian"}

    def request(self, load: dict[str, Any], **how: Any) -> Deferred[Any]:
        self.asked.append(load["cmd"])
        return succeed({})

    def test_collected_again(self) -> None:
        """
        They are collected again until they are there, and then no more; the pillar follows.
        """
        self.successResultOf(self.facts.startService())
        self.arrival.startService()
        self.arrival._welcome = object()  # type: ignore[assignment]
        self.clock.pump([30.0] * 10)
        self.assertEqual(self.facts.facts.grains, {"os": "Debian"})
        self.assertEqual((self.collected, self.asked), (4, ["_pillar"]))

    def test_collected_at_once(self) -> None:
        """
        Where they are there, they are collected once.
        """
        self.succeeds_at = 1
        self.successResultOf(self.facts.startService())
        self.arrival.startService()
        self.clock.pump([30.0] * 10)
        self.assertEqual(self.collected, 1)

    def test_stop(self) -> None:
        """
        A stop ends the attempts.
        """
        self.successResultOf(self.facts.startService())
        self.arrival.startService()
        self.clock.advance(31)
        self.arrival.stopService()
        self.clock.pump([30.0] * 10)
        self.assertEqual((self.collected, self.clock.getDelayedCalls()), (2, []))
