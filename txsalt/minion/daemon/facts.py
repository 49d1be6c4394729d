"""
What the minion knows about itself: grains, collected in a child, and the pillar, asked of the
master.

Interactions: the arrival asks for the pillar after each sign-in; local events and jobs ask for
refreshes; every change goes to the zygote. What could not be renewed stays as it was, with a log
line.

Source: PROTOCOL section 9.2.
"""

from collections.abc import Awaitable, Callable
from typing import Any  # facts are any msgpack value

from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from txsalt.errors import TxsaltError
from txsalt.light import evolve, frozen
from txsalt.minion.daemon.lanes import PILLAR
from txsalt.targeting.facts import Facts

Values = dict[str, Any]


@frozen(kw_only=True)
class FactSettings:
    """The options of facts."""

    minion_id: str
    saltenv: str | None = None
    pillarenv: str | None = None


class FactKeeper(Service):
    """Holds ``facts``; each of the two refreshes runs once at a time."""

    name = "facts"
    log = Logger()

    def __init__(
        self,
        settings: FactSettings,
        collect: Callable[[], Awaitable[Values]],
        request: Callable[..., Deferred[Any]],
        changed: Callable[[Values, Values], None],
    ) -> None:
        """``collect`` gives grains, ``request`` is the link's, ``changed(grains, pillar)``."""
        self.facts = Facts(settings.minion_id)
        self._settings = settings
        self._collect = collect
        self._request = request
        self._changed = changed
        self._grains = _OneAtATime(self._renew_grains)
        self._pillar = _OneAtATime(self._renew_pillar)

    def startService(self) -> Deferred[None]:
        """Collect grains; without them the minion still starts."""
        super().startService()
        return self.refresh_grains()

    def stopService(self) -> None:
        """Give up what is under way. Twice is no error."""
        super().stopService()
        self._grains.stop()
        self._pillar.stop()

    def refresh_grains(self) -> Deferred[None]:
        """Collect grains again. Never fails; what goes wrong is logged."""
        return self._grains.run()

    def refresh_pillar(self) -> Deferred[None]:
        """Ask for the pillar again. Never fails; what goes wrong is logged."""
        return self._pillar.run()

    async def _renew_grains(self) -> None:
        try:
            grains = await self._collect()
        except CancelledError:
            return
        except TxsaltError as exc:
            self.log.error("grains stay as they were: {reason}", reason=exc)
            return
        self._set(evolve(self.facts, grains=grains))

    async def _renew_pillar(self) -> None:
        load = {
            "cmd": "_pillar",
            "grains": self.facts.grains,
            "saltenv": self._settings.saltenv,
            "pillarenv": self._settings.pillarenv,
            "pillar_override": {},
            "extra_minion_data": {},
            "ver": "2",
        }
        try:
            pillar = await self._request(load, lane=PILLAR)
        except CancelledError:
            return
        except TxsaltError as exc:
            self.log.error("the pillar stays as it was: {reason}", reason=exc)
            return
        if not isinstance(pillar, dict):
            self.log.error("the pillar stays as it was: the master sent something else")
            return
        if pillar.get("_errors"):
            self.log.error("the pillar has errors; see pillar.items")
        self._set(evolve(self.facts, pillar=pillar))

    def _set(self, facts: Facts) -> None:
        self.facts = facts
        self._changed(facts.grains, facts.pillar)


class _OneAtATime:
    """Runs a coroutine; who asks while it runs gets one more run after it, shared by all."""

    def __init__(self, work: Callable[[], Awaitable[None]]) -> None:
        self._work = work
        self._running: Deferred[None] | None = None
        self._busy = False
        self._waiting: list[Deferred[None]] = []
        self._stopped = False

    def run(self) -> Deferred[None]:
        done: Deferred[None] = Deferred()
        self._waiting.append(done)
        if not self._busy:
            self._start()
        return done

    def stop(self) -> None:
        self._stopped = True
        if self._running is not None:
            self._running.cancel()

    def _start(self) -> None:
        waiting, self._waiting = self._waiting, []
        self._busy = True
        self._running = Deferred.fromCoroutine(self._once())
        self._running.addBoth(self._done, waiting)

    async def _once(self) -> None:
        await self._work()

    def _done(self, result: object, waiting: list[Deferred[None]]) -> None:
        self._busy = False
        if self._waiting and not self._stopped:
            self._start()
        for done in waiting:
            if not done.called:
                done.callback(None)
        if isinstance(result, Failure):
            FactKeeper.log.failure("while renewing facts", failure=result)
