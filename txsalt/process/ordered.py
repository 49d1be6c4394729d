"""
Start services one after the other and stop them in reverse, each awaited.

Twisted's MultiService stops all its children at once and waits for the sum: a router would still
take requests while its workers are gone. Here the door opens last and closes first.

Source: house.md section 4 (measured).
"""

from collections.abc import Callable

from twisted.application.service import IService, MultiService, Service
from twisted.internet.defer import CancelledError, Deferred, maybeDeferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

START_DEADLINE = 60.0
STOP_DEADLINE = 15.0


class OrderedMultiService(MultiService):
    """
    Services in the order in which they were added.

    A child's ``startService`` and ``stopService`` may return a Deferred; the next child waits for
    it, at most ``start_deadline`` seconds, or the child's own stop deadline. A child that cannot
    start: those before it are stopped again, and ``on_start_failure`` gets the failure (without
    it, the Deferred of ``startService`` fails). A child that does not stop in time, or fails to,
    is logged; the others are stopped all the same.
    """

    log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        *,
        start_deadline: float = START_DEADLINE,
        on_start_failure: Callable[[Failure], None] | None = None,
    ) -> None:
        MultiService.__init__(self)
        self._clock = clock
        self._start_deadline = start_deadline
        self._on_start_failure = on_start_failure
        self._stop_deadlines: dict[int, float] = {}
        self._started: list[IService] = []
        self._starting: Deferred[None] | None = None
        self._stopping: Deferred[None] | None = None

    def add(self, service: IService, *, stop_deadline: float = STOP_DEADLINE) -> None:
        """Append ``service``; it gets ``stop_deadline`` seconds to stop."""
        self._stop_deadlines[id(service)] = stop_deadline
        service.setServiceParent(self)

    def startService(self) -> Deferred[None]:
        """Start the children in order; fires when the last one has started."""
        Service.startService(self)
        self._stopping = None
        self._starting = Deferred.fromCoroutine(self._start())
        return self._starting

    def stopService(self) -> Deferred[None]:
        """Stop the started children, last first; fires when nothing is left. Twice is no error."""
        if self._stopping is None:
            Service.stopService(self)
            self._stopping = Deferred.fromCoroutine(self._stop())
        return _follow(self._stopping)

    async def _start(self) -> None:
        for service in list(self.services):
            if not self.running:
                return
            # Counted before it is awaited: a service that is half started needs its stop as well.
            self._started.append(service)
            try:
                await maybeDeferred(service.startService).addTimeout(
                    self._start_deadline, self._clock
                )
            except Exception:
                failure = Failure()
                if not self.running and failure.check(CancelledError):
                    return
                await self._start_failed(failure)
                return

    async def _start_failed(self, failure: Failure) -> None:
        self.running = 0
        await self._stop_started()
        if self._on_start_failure is None:
            failure.raiseException()
        else:
            self._on_start_failure(failure)

    async def _stop(self) -> None:
        if self._starting is not None and not self._starting.called:
            starting = self._starting
            starting.cancel()  # a child that starts slowly must not hold the stop up
            await _follow(starting).addErrback(lambda _: None)
        await self._stop_started()

    async def _stop_started(self) -> None:
        while self._started:
            service = self._started.pop()
            deadline = self._stop_deadlines.get(id(service), STOP_DEADLINE)
            try:
                await maybeDeferred(service.stopService).addTimeout(deadline, self._clock)
            except Exception:
                self.log.failure("{service} did not stop cleanly", service=_name_of(service))


def _name_of(service: IService) -> str:
    return getattr(service, "name", None) or type(service).__name__


def _follow(source: Deferred[None]) -> Deferred[None]:
    """A Deferred of its own for each caller: two who wait cannot cancel or eat one result."""
    follower: Deferred[None] = Deferred()

    def pass_on(result: object) -> object:
        if not follower.called:
            if isinstance(result, Failure):
                follower.errback(result)
            else:
                follower.callback(None)
        return result

    source.addBoth(pass_on)
    return follower
