"""
What follows a sign-in: the pillar, the subscription, the start events, the mine.

Interactions: the last service to start. The first sign-in counts as an arrival, and so does a
connection that broke and came back; a sign-in for new keys alone does not. Keys outlive a restart
of the master: nobody signs in for that, unless the first request shows that they did not.

Source: PROTOCOL sections 13.2, 15, 17.
"""

import random
import time
from collections.abc import Callable
from typing import Any  # replies are any msgpack value

from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall, deferLater
from twisted.logger import Logger

from txsalt.errors import LocalError, TxsaltError
from txsalt.events import tags
from txsalt.light import frozen
from txsalt.minion.daemon.address import endpoint
from txsalt.minion.daemon.facts import FactKeeper
from txsalt.minion.daemon.link import Link, Welcome
from txsalt.minion.daemon.listener import Listener

_CONNECTION_PATIENCE = 10.0  # seconds
_GRAINS_AGAIN = 30.0  # seconds


@frozen(kw_only=True)
class ArrivalSettings:
    """The options of the arrival; times in seconds, 0 turns the repeated ones off."""

    minion_id: str
    publish_port: int | None = None
    legacy_start_event: bool = True
    start_event_grains: tuple[str, ...] = ()
    autosign_grains: tuple[str, ...] = ()
    startup_delay: float = 0.0
    reconnect_delay: float = 1.0
    lost_after: float = 30.0  # without a connection; then the master is looked for anew
    mine_every: float = 0.0
    ping_every: float = 0.0
    grains_every: float = 0.0


class Arrival(Service):
    """Brings the parts together once the master knows us."""

    name = "arrival"
    log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        settings: ArrivalSettings,
        link: Link,
        listener: Listener,
        facts: FactKeeper,
        update_mine: Callable[[], None],
        hurry: Callable[[], None],
        chance: Callable[[], float] = random.random,
    ) -> None:
        """``update_mine`` starts a job; ``hurry`` tells the returns that the master is there."""
        self._clock = clock
        self._settings = settings
        self._link = link
        self._listener = listener
        self._facts = facts
        self._update_mine = update_mine
        self._hurry = hurry
        self._chance = chance
        self._is_arriving = True
        self._welcome: Welcome | None = None
        self.is_connected = False
        self._work: set[Deferred[None]] = set()
        self._repeated: list[LoopingCall] = []
        self._connected: Deferred[None] | None = None
        link.when_signed_in(self._signed_in)
        listener.when_state(self._state_changed)

    def startService(self) -> None:
        """Begin to sign in, which may take for ever."""
        super().startService()
        self._do(self._begin())
        if not self._facts.facts.grains:
            self._do(self._collect_grains())

    def stopService(self) -> None:
        """Give up what is under way. Twice is no error."""
        super().stopService()
        for work in list(self._work):
            work.cancel()
        repeated, self._repeated = self._repeated, []
        for loop in repeated:
            loop.stop()

    def refresh_pillar(self) -> Deferred[None]:
        """Renew the pillar on request."""
        return self._facts.refresh_pillar()

    async def _begin(self) -> None:
        grains = self._facts.facts.grains
        wanted = self._settings.autosign_grains
        if wanted:
            self._link.tell_at_sign_in({name: grains.get(name) for name in wanted})
        await deferLater(self._clock, self._settings.startup_delay * self._chance())
        await self._link.sign_in()

    async def _collect_grains(self) -> None:
        """A machine that was too busy at the start must not be nobody for good."""
        while not self._facts.facts.grains:
            await deferLater(self._clock, _GRAINS_AGAIN)
            await self._facts.refresh_grains()
        if self._welcome is not None:
            await self._facts.refresh_pillar()  # it was made for a minion without grains

    def _signed_in(self, welcome: Welcome) -> None:
        self._welcome = welcome
        self._listener.renew(welcome.signed_in)
        if self.running:
            self._do(self._arrive(welcome))

    async def _arrive(self, welcome: Welcome) -> None:
        self._hurry()
        is_arrival, self._is_arriving = self._is_arriving or welcome.was_out, False
        if is_arrival:
            await self._facts.refresh_pillar()
        port = self._settings.publish_port or welcome.signed_in.publish_port
        await self._listen(endpoint(welcome.address, port))
        if not is_arrival:
            return
        await self._until_connected()
        await self._announce()
        if not self._repeated:
            self._repeat()

    async def _listen(self, where: str) -> None:
        while self.running:
            try:
                self._listener.connect(where)
                return
            except LocalError as exc:  # no descriptors, perhaps; deaf is no state to stay in
                self.log.error("no connection to the master's job port: {why}", why=exc)
            await deferLater(self._clock, _CONNECTION_PATIENCE)

    async def _until_connected(self) -> None:
        """A start event says that jobs may come: wait until they can be heard."""
        if self.is_connected:
            return
        self._connected = Deferred()
        try:
            await self._connected.addTimeout(_CONNECTION_PATIENCE, self._clock)
        except CancelledError:
            raise
        except Exception:
            self.log.warn("no connection to the master's job port yet")
        finally:
            self._connected = None

    async def _announce(self) -> None:
        minion_id = self._settings.minion_id
        text = f"Minion {minion_id} started at {time.ctime(self._clock.seconds())}"
        extra: dict[str, Any] = {}
        if self._settings.start_event_grains:
            grains = self._facts.facts.grains
            known = [name for name in self._settings.start_event_grains if name in grains]
            extra["grains"] = {name: grains[name] for name in known}
        if self._settings.legacy_start_event:
            await self._fire(tags.MINION_START, text)
        await self._fire(tags.minion_start(minion_id), text, **extra)
        self.log.info("minion {id} is ready", id=minion_id)

    async def _fire(self, tag: str, data: object, **extra: Any) -> None:
        load = {"cmd": "_minion_event", "pretag": None, "tag": tag, "data": data, **extra}
        try:
            await self._link.request(load)
        except TxsaltError as exc:
            self.log.warn("the event {tag} was not sent: {reason}", tag=tag, reason=exc)

    def _state_changed(self, state: str) -> None:
        if state == "disconnected":
            self.log.warn("the connection to the master broke")
            self._is_arriving = True
            self.is_connected = False
            if self.running:
                self._do(self._look_for_master())
            return
        is_again = self._is_arriving and self._connected is None
        self.is_connected = True
        if self._connected is not None and not self._connected.called:
            self._connected.callback(None)
        if is_again and self.running:
            self.log.info("the connection to the master is back")
            self._do(self._come_back())

    async def _come_back(self) -> None:
        # A whole fleet comes back at the same time.
        await deferLater(self._clock, self._settings.reconnect_delay * self._chance())
        if self._welcome is not None:
            await self._arrive(self._welcome)

    async def _look_for_master(self) -> None:
        # ZeroMQ tries the same address for ever; the name may stand for another by now.
        await deferLater(self._clock, self._settings.lost_after)
        if not self.is_connected:
            await self._link.sign_in()

    def _repeat(self) -> None:
        settings = self._settings
        plan = [
            (settings.mine_every, True, self._update_mine),
            (settings.ping_every, False, lambda: self._do(self._fire(tags.MINION_PING, "ping"))),
            (settings.grains_every, False, self._facts.refresh_grains),
        ]
        for seconds, now, call in plan:
            if seconds:
                loop = LoopingCall(call)
                loop.clock = self._clock
                self._repeated.append(loop)
                loop.start(seconds, now=now).addErrback(
                    lambda failure: self.log.failure("a repeated task broke off", failure=failure)
                )

    def _do(self, coroutine: Any) -> None:
        work = Deferred.fromCoroutine(coroutine)
        self._work.add(work)
        work.addErrback(self._failed)
        work.addBoth(lambda _: self._work.discard(work))

    def _failed(self, failure: Any) -> None:
        if not failure.check(CancelledError):
            self.log.failure("after signing in", failure=failure)
