"""The minion that comes up while its machine is in trouble."""

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from txsalt.errors import EndpointUnusable
from txsalt.minion.daemon.arrival import Arrival, ArrivalSettings
from txsalt.minion.daemon.facts import FactKeeper, FactSettings
from txsalt.minion.daemon.grains_child import GrainsNotCollected
from txsalt.minion.daemon.link import Welcome
from txsalt.protocol.sign_in import SignedIn

SIGNED_IN: Any = SignedIn(master_key=None, publish_port=4505, aes="", session="")  # type: ignore[arg-type]


class FakeLink:
    """Signs in when the test says so."""

    def __init__(self) -> None:
        self.call: Callable[[Welcome], None] = lambda welcome: None
        self.fired: list[str] = []

    def when_signed_in(self, call: Callable[[Welcome], None]) -> None:
        self.call = call

    def sign_in(self) -> Deferred[Any]:
        return Deferred()

    def request(self, load: dict[str, Any]) -> Deferred[Any]:
        self.fired.append(load["tag"])
        return succeed(True)


class FakeListener:
    """Hears nothing."""

    def __init__(self) -> None:
        self.troubles = 0
        self.asked: list[str] = []

    def when_state(self, call: Callable[[str], None]) -> None:
        """It stays as it is."""

    def renew(self, signed_in: Any) -> None:
        """Take its keys."""

    def connect(self, endpoint: str) -> None:
        self.asked.append(endpoint)
        if len(self.asked) <= self.troubles:
            raise EndpointUnusable("a new socket", "Too many open files")


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
        self.link, self.listener = FakeLink(), FakeListener()
        self.arrival = Arrival(
            self.clock,
            ArrivalSettings(minion_id="m1"),
            self.link,  # type: ignore[arg-type]
            self.listener,  # type: ignore[arg-type]
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

    def test_no_descriptor(self) -> None:
        """
        Where the connection for jobs cannot be opened it is tried again until it can.
        """
        self.succeeds_at = 1
        self.listener.troubles = 2
        self.successResultOf(self.facts.startService())
        self.arrival.startService()
        self.link.call(Welcome(signed_in=SIGNED_IN, address="10.0.0.1", is_first=True))
        self.clock.pump([10.0] * 5)
        self.assertEqual(self.listener.asked, ["tcp://10.0.0.1:4505"] * 3)

    def test_accepted_anew(self) -> None:
        """
        A minion whose key was deleted and accepted again tells its facts, and that it is there;
        one that only has to use new keys does not.
        """
        self.succeeds_at = 1
        self.successResultOf(self.facts.startService())
        self.arrival.startService()
        self.arrival._state_changed("connected")
        for is_first, was_out, asked in ((True, True, 1), (False, False, 1), (False, True, 2)):
            self.link.call(
                Welcome(signed_in=SIGNED_IN, address="a", is_first=is_first, was_out=was_out)
            )
            self.assertEqual(self.asked, ["_pillar"] * asked)
            self.assertEqual(self.link.fired.count("salt/minion/m1/start"), asked)

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
