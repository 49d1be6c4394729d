"""
Publications that do not open: kept for a while, and tried once more after a new sign-in.

A master's shared key changes without a word; the first publication under the new key is how a
minion notices, and that publication must not be lost. A forger can make such frames as well:
however many come, there is one sign-in at a time, a least distance after one that opened none of
them, and no more than MOST frames are kept.

Source: PROTOCOL section 8.3.
"""

from collections import deque
from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from txsalt.protocol.sign_in import SignedIn

DISTANCE = 10.0  # seconds between a sign-in that was of no use and the next that a frame causes
MOST = 32  # frames
MOST_BYTES = 16 * 1024 * 1024
LONGEST = 60.0  # seconds; an older job is nobody's wish any more


class Unreadable:
    """Holds frames, and asks for sign-ins."""

    log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        sign_in: Callable[[], Deferred[SignedIn]],
        try_again: Callable[[bytes], bool],
        distance: float = DISTANCE,
    ) -> None:
        """``try_again`` gets each frame after a sign-in, and says whether it opened."""
        self._clock = clock
        self._sign_in = sign_in
        self._try_again = try_again
        self._distance = distance
        self._frames: deque[tuple[float, bytes]] = deque()
        self._bytes = 0
        self._earliest = 0.0
        self._timer: IDelayedCall | None = None
        self._is_signing_in = False

    def hold(self, frame: bytes) -> None:
        """Keep ``frame`` until a sign-in, which follows as soon as it may."""
        self._frames.append((self._clock.seconds(), frame))
        self._bytes += len(frame)
        while len(self._frames) > MOST or (self._bytes > MOST_BYTES and len(self._frames) > 1):
            self._bytes -= len(self._frames.popleft()[1])
        if not self._is_signing_in and self._timer is None:
            # No longer than that, should the clock have been set back.
            wait = min(max(0.0, self._earliest - self._clock.seconds()), self._distance)
            if wait:
                self._timer = self._clock.callLater(wait, self._start)
            else:
                self._start()

    def stop(self) -> None:
        """Forget everything. Twice is no error."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._frames.clear()
        self._bytes = 0

    def _start(self) -> None:
        self._timer = None
        self.log.info("a publication does not open; signing in again")
        self._is_signing_in = True
        self._sign_in().addBoth(self._signed_in)

    def _signed_in(self, _: object) -> None:
        self._is_signing_in = False
        now = self._clock.seconds()
        frames, self._frames, self._bytes = self._frames, deque(), 0
        opened = [self._try_again(frame) for since, frame in frames if now - since <= LONGEST]
        # A frame that opens is no forger's: the key was rotated, and may be again at any time.
        self._earliest = now if any(opened) else now + self._distance
