"""
Keep the worker programs alive, and give them what they need: configuration once, secrets at each
rotation.

Interactions: a worker says ``ready`` when it listens, ``taken`` when it uses new secrets,
``rotate`` when it removed a key. The router is told who is ready and who is gone.
"""

from collections.abc import Callable, Mapping
from typing import Any  # messages are maps of any msgpack value

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.logger import Logger, LogLevel

from txsalt.master.daemon.request_router import RequestRouter
from txsalt.process.interfaces import Program
from txsalt.process.nursery import ForkedChild, Nursery
from txsalt.process.pool import PoolEvents, ProgramPool
from txsalt.process.spawn import ExitStatus

_MODULE = "txsalt.master.worker"
_GRACE_SECONDS = 3.0
_TAKE_SECONDS = 2.0
_LEVELS = {
    "DEBUG": LogLevel.debug,
    "INFO": LogLevel.info,
    "WARNING": LogLevel.warn,
    "ERROR": LogLevel.error,
    "CRITICAL": LogLevel.critical,
}


class WorkerPool(Service):
    """The workers of a master."""

    log = Logger()
    name = "worker pool"

    def __init__(
        self,
        reactor: Any,
        router: RequestRouter,
        size: int,
        hello: Callable[[int], Mapping[str, Any]],
        on_rotate: Callable[[str], None],
    ) -> None:
        """``hello`` makes a worker's first message; ``on_rotate`` gets the reason a worker
        gives."""
        self._reactor = reactor
        self._router = router
        self._size = size
        self._hello = hello
        self._on_rotate = on_rotate
        # Who is told of a worker's frames, by their kind.
        self.listeners: dict[str, Callable[[dict[str, Any]], None]] = {}
        self.on_gone: Callable[[], None] = lambda: None
        self._pool: ProgramPool | None = None
        self._nursery: Nursery | None = None
        self._generation = 0
        self._untaken: set[int] = set()
        self._all_taken: Deferred[None] | None = None

    def startService(self) -> None:
        """Open each worker's socket, then start them all."""
        super().startService()
        events = PoolEvents(
            on_ready=self._ready,
            on_message=self._received,
            on_gone=self._gone,
        )
        for worker in range(self._size):
            self._router.open_lane(worker)
        self._nursery = Nursery(self._reactor, _MODULE, self._output)
        self._pool = ProgramPool(self._reactor, self._spawn, self._size, self._hello, events)
        self._pool.start()

    def stopService(self) -> "Deferred[None]":
        """Let each finish what it has in hand, then end it."""
        super().stopService()
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        if self._pool is not None:
            await self._pool.stop(_GRACE_SECONDS)
        if self._nursery is not None:
            await self._nursery.stop()

    def _spawn(self, worker: int, on_message: Callable[[dict[str, Any]], None]) -> ForkedChild:
        if self._nursery is None:
            raise OSError("the pool was not started")
        return self._nursery.spawn(on_message)

    def kill(self, worker: int) -> None:
        """End a worker that does not answer; it is replaced."""
        child = self._pool.child(worker) if self._pool is not None else None
        if child is not None:
            child.signal("KILL")

    async def give_secrets(self, secrets: Mapping[str, Any]) -> None:
        """Send new secrets to every worker; return when all use them, or after two seconds."""
        pool = self._pool
        if pool is None or not self.running:
            return
        self._generation += 1
        self._untaken = {each for each in range(self._size) if pool.child(each) is not None}
        if not self._untaken:
            return
        self._all_taken = Deferred()
        self._all_taken.addTimeout(_TAKE_SECONDS, self._reactor, self._taken_late)
        pool.broadcast({"kind": "secrets", "generation": self._generation, **secrets})
        await self._all_taken

    def _taken_late(self, *_: object) -> None:
        self.log.warn(
            "workers {late} are busy and do not know the new key yet", late=sorted(self._untaken)
        )

    def _took(self, worker: int) -> None:
        self._untaken.discard(worker)
        if not self._untaken and self._all_taken is not None and not self._all_taken.called:
            self._all_taken.callback(None)

    def _ready(self, worker: int, _: Program) -> None:
        self.log.debug("worker {worker} is ready", worker=worker)
        self._router.worker_ready(worker)

    def _received(self, worker: int, message: dict[str, Any]) -> None:
        match message["kind"]:
            case "taken" if message.get("generation") == self._generation:
                self._took(worker)
            case "rotate":
                self._on_rotate(str(message.get("reason", "")))
            case kind if kind in self.listeners:
                self.listeners[kind](message)

    def _gone(self, worker: int, status: ExitStatus) -> None:
        if self.running:
            self.log.error(
                "worker {worker} ended with {status}; it is replaced", worker=worker, status=status
            )
        self._took(worker)  # its successor starts with the new secrets
        self._router.worker_gone(worker)
        self.on_gone()

    def _output(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        level = _LEVELS.get(word)
        if level is None:
            level, rest = LogLevel.error, line  # a traceback, or a library that talks
        self.log.emit(level, "{text}", text=rest)
