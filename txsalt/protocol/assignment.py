"""
Decide which worker gets a request: its home first, else who has least to do.

Interactions: the router reports what happened (a request arrived, a worker answered, is ready,
is gone) and sends what ``assign`` returns. A worker takes its requests one after the other, so
the oldest that it has not answered is the one in its hand; the others only wait there and can go
elsewhere when it dies.

Requests of one minion have the same home, so that one worker derives its keys and verifies its
token, not every one. There are no more homes than processors: another one could not do more work,
but all would do it in smaller portions. The other workers take what has no home, such as the
requests of local users, and what comes for a worker that stands still; of one minion it goes to the
same of them, too.

Short requests of one kind that wait one behind the other go to the same worker, up to eight, which
answers them together: jobs share a commit and the waking of three processes.

Source: measured, see benchmarks/README.md; a small window keeps workers busy without hiding
requests behind slow ones.
"""

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from attrs import define, field, frozen

Request = TypeVar("Request")

WINDOW = 32
STALL_SECONDS = 0.002  # this long without an answer weighs as much as one more request
PATIENCE_SECONDS = 0.05  # whoever stands still for longer is nobody's home
MAX_QUEUE = 50_000
MAX_BYTES = 512 * 1024 * 1024  # anybody may send, and one request may have 64 MiB
MAX_HOMES = 1_000
COMPANY = 8  # requests that go to one worker together


@define
class _Lane(Generic[Request]):
    outstanding: deque[Request] = field(factory=deque)
    queue: deque[tuple[int, Request]] = field(factory=deque)  # those at home here, numbered
    progress: float = 0.0  # when it last took or answered a request
    ready: bool = False


@frozen(kw_only=True)
class Gone(Generic[Request]):
    """What a worker left behind: the request in its hand, and those that it never began."""

    in_hand: Request | None
    queued: int


def _alone(_: object) -> bool:
    return False


def _nothing(_: object) -> int:
    return 0


class Assignment(Generic[Request]):
    """The queues between the router and its workers."""

    def __init__(
        self,
        homes: int = MAX_HOMES,
        *,
        window: int = WINDOW,
        stall: float = STALL_SECONDS,
        max_queue: int = MAX_QUEUE,
        max_bytes: int = MAX_BYTES,
        joins: Callable[[Request], bool] = _alone,
        size_of: Callable[[Request], int] = _nothing,
    ) -> None:
        """
        ``window`` requests at most are at one worker at a time; ``homes`` workers are homes.

        ``joins`` tells whether a request without a home may go together with others of its kind.

        ``size_of`` says how many bytes a request takes, ``max_bytes`` how many all may that wait or
        are at workers; one of any size has room where there is no other.
        """
        self._joins = joins
        self._most_homes = homes
        self._window = window
        self._stall = stall
        self._max_queue = max_queue
        self._max_bytes = max_bytes
        self._size_of = size_of
        self._held = 0  # bytes
        self._lanes: dict[int, _Lane[Request]] = {}
        self._homes: list[_Lane[Request]] = []
        self._seconds: list[_Lane[Request]] = []
        self._common: deque[tuple[int, Request]] = deque()  # those without a home
        self._number = 0
        self._waiting = 0

    @property
    def waiting(self) -> int:
        """How many requests wait for a worker."""
        return self._waiting

    @property
    def arrivals(self) -> int:
        """How many requests were ever queued."""
        return self._number

    @property
    def outstanding(self) -> int:
        """How many requests are at workers."""
        return sum(len(lane.outstanding) for lane in self._lanes.values())

    def in_hand(self) -> dict[int, Request]:
        """Return the request that each busy worker works at, by worker."""
        return {each: lane.outstanding[0] for each, lane in self._lanes.items() if lane.outstanding}

    def arrived(self, request: Request, now: float, kin: int | None = None) -> bool:
        """
        Queue a request; False if the queue is full and the request must be refused.

        Requests of the same ``kin`` have the same home; None: none.
        """
        size = self._size_of(request)
        if self._waiting >= self._max_queue or (self._held and self._held + size > self._max_bytes):
            return False
        self._held += size
        self._waiting += 1
        self._number += 1
        lane = None if kin is None else self._home_of(kin, now)
        if lane is None:
            self._common.append((self._number, request))
        else:
            lane.queue.append((self._number, request))
        return True

    def ready(self, worker: int, now: float) -> None:
        """A worker is there and takes requests."""
        self._lanes[worker] = _Lane(progress=now, ready=True)
        self._choose_homes()

    def answered(self, worker: int, now: float) -> Request | None:
        """A worker answered its oldest request; None if it had none."""
        lane = self._lanes.get(worker)
        if lane is None or not lane.outstanding:
            return None
        lane.progress = now
        request = lane.outstanding.popleft()
        self._held -= self._size_of(request)
        return request

    def resting(self, worker: int) -> None:
        """A worker takes no more requests, but answers those that it has."""
        lane = self._lanes.get(worker)
        if lane is not None:
            lane.ready = False
            self._choose_homes()
            self._make_homeless(lane)

    def gone(self, worker: int) -> Gone[Request]:
        """A worker ended: what it had not begun goes back to the front of the queue."""
        lane = self._lanes.pop(worker, None)
        if lane is None:
            return Gone(in_hand=None, queued=0)
        self._choose_homes()
        self._make_homeless(lane)
        if not lane.outstanding:
            return Gone(in_hand=None, queued=0)
        in_hand = lane.outstanding.popleft()
        self._held -= self._size_of(in_hand)
        self._common.extendleft((0, request) for request in reversed(lane.outstanding))
        self._waiting += len(lane.outstanding)
        return Gone(in_hand=in_hand, queued=len(lane.outstanding))

    def assign(self, now: float) -> dict[int, list[Request]]:
        """Return the requests to send now, in order, for each worker that gets any."""
        sent: dict[int, list[Request]] = {}
        while self._waiting:
            before = self._waiting
            self._assign_at_home(now, sent)
            if self._common:
                self._assign_common(now, sent)
            elif self._waiting == before:
                self._assign_idle(now, sent)
            if self._waiting == before:
                break
        return sent

    def _assign_at_home(self, now: float, sent: dict[int, list[Request]]) -> None:
        # Who came before those without a home; if there are any, they have their turn then.
        limit = self._common[0][0] if self._common else self._number + 1
        for worker, lane in self._lanes.items():
            queue = lane.queue
            if not queue or not lane.ready or self._stands_still(lane, now):
                continue
            room = self._window - len(lane.outstanding)
            while room > 0 and queue and queue[0][0] < limit:
                self._give(worker, lane, queue, now, sent)
                room -= 1

    def _assign_common(self, now: float, sent: dict[int, list[Request]]) -> None:
        worker = self._cheapest(now)
        if worker is None:
            return
        lane, joins = self._lanes[worker], self._joins(self._common[0][1])
        self._give(worker, lane, self._common, now, sent)
        for _ in range(min(COMPANY - 1, self._window - len(lane.outstanding))):
            if not (joins and self._common and self._joins(self._common[0][1])):
                break
            self._give(worker, lane, self._common, now, sent)

    def _assign_idle(self, now: float, sent: dict[int, list[Request]]) -> None:
        worker = self._cheapest(now)
        if worker is None:
            return
        lane = self._lanes[worker]
        longest = max(self._lanes.values(), key=lambda other: len(other.queue))
        if self._stands_still(longest, now):
            self._give(worker, lane, longest.queue, now, sent)

    def _give(
        self,
        worker: int,
        lane: _Lane[Request],
        queue: deque[tuple[int, Request]],
        now: float,
        sent: dict[int, list[Request]],
    ) -> None:
        request = queue.popleft()[1]
        self._waiting -= 1
        if not lane.outstanding:
            lane.progress = now
        lane.outstanding.append(request)
        sent.setdefault(worker, []).append(request)

    def _choose_homes(self) -> None:
        ready = [lane for _, lane in sorted(self._lanes.items(), key=_number_of) if lane.ready]
        self._homes, self._seconds = ready[: self._most_homes], ready[self._most_homes :]

    def _home_of(self, kin: int, now: float) -> _Lane[Request] | None:
        for lanes in (self._homes, self._seconds):
            lane = lanes[kin % len(lanes)] if lanes else None
            if lane is not None and not self._stands_still(lane, now):
                return lane
        return None

    def _make_homeless(self, lane: _Lane[Request]) -> None:
        self._common = deque(sorted([*self._common, *lane.queue], key=_number_of))
        lane.queue.clear()

    def _stands_still(self, lane: _Lane[Request], now: float) -> bool:
        return bool(lane.outstanding) and now - lane.progress > PATIENCE_SECONDS

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


def _number_of(queued: tuple[int, object]) -> int:
    return queued[0]
