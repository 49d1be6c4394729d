"""
Decide which worker gets a request: least outstanding, with a penalty for standing still.

Interactions: the router reports what happened (a request arrived, a worker answered, is ready,
is gone) and sends what ``assign`` returns. A worker takes its requests one after the other, so
the oldest that it has not answered is the one in its hand; the others only wait there and can go
elsewhere when it dies.

Source: measured, see benchmarks/README.md; a window of 8 keeps workers busy without hiding
requests behind slow ones.
"""

from collections import deque
from typing import Generic, TypeVar

from attrs import define, field, frozen

Request = TypeVar("Request")

WINDOW = 8
STALL_SECONDS = 0.002  # this long without an answer weighs as much as one more request
MAX_QUEUE = 50_000


@define
class _Lane(Generic[Request]):
    outstanding: deque[Request] = field(factory=deque)
    progress: float = 0.0  # when it last took or answered a request
    ready: bool = False


@frozen(kw_only=True)
class Gone(Generic[Request]):
    """What a worker left behind: the request in its hand, and those that it never began."""

    in_hand: Request | None
    queued: int


class Assignment(Generic[Request]):
    """The queue between the router and its workers."""

    def __init__(
        self, window: int = WINDOW, stall: float = STALL_SECONDS, max_queue: int = MAX_QUEUE
    ) -> None:
        """``window`` requests at most are at one worker at a time."""
        self._window = window
        self._stall = stall
        self._max_queue = max_queue
        self._lanes: dict[int, _Lane[Request]] = {}
        self._waiting: deque[Request] = deque()

    @property
    def waiting(self) -> int:
        """How many requests wait for a worker."""
        return len(self._waiting)

    @property
    def outstanding(self) -> int:
        """How many requests are at workers."""
        return sum(len(lane.outstanding) for lane in self._lanes.values())

    def arrived(self, request: Request) -> bool:
        """Queue a request; False if the queue is full and the request must be refused."""
        if len(self._waiting) >= self._max_queue:
            return False
        self._waiting.append(request)
        return True

    def ready(self, worker: int, now: float) -> None:
        """A worker is there and takes requests."""
        self._lanes[worker] = _Lane(progress=now, ready=True)

    def answered(self, worker: int, now: float) -> Request | None:
        """A worker answered its oldest request; None if it had none."""
        lane = self._lanes.get(worker)
        if lane is None or not lane.outstanding:
            return None
        lane.progress = now
        return lane.outstanding.popleft()

    def resting(self, worker: int) -> None:
        """A worker takes no more requests, but answers those that it has."""
        lane = self._lanes.get(worker)
        if lane is not None:
            lane.ready = False

    def gone(self, worker: int) -> Gone[Request]:
        """A worker ended: what it had not begun goes back to the front of the queue."""
        lane = self._lanes.pop(worker, None)
        if lane is None or not lane.outstanding:
            return Gone(in_hand=None, queued=0)
        in_hand = lane.outstanding.popleft()
        self._waiting.extendleft(reversed(lane.outstanding))
        return Gone(in_hand=in_hand, queued=len(lane.outstanding))

    def assign(self, now: float) -> list[tuple[int, Request]]:
        """Return the requests to send now, each with its worker, in order."""
        sent: list[tuple[int, Request]] = []
        while self._waiting:
            worker = self._cheapest(now)
            if worker is None:
                break
            request = self._waiting.popleft()
            lane = self._lanes[worker]
            if not lane.outstanding:
                lane.progress = now
            lane.outstanding.append(request)
            sent.append((worker, request))
        return sent

    def _cheapest(self, now: float) -> int | None:
        best, least = None, float("inf")
        for worker, lane in self._lanes.items():
            count = len(lane.outstanding)
            if not lane.ready or count >= self._window:
                continue
            if not count:
                return worker
            cost = count + (now - lane.progress) / self._stall
            if cost < least:
                best, least = worker, cost
        return best
