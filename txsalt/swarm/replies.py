"""
Sealed requests of virtual minions, and whether their replies are what they must be.

A reply is opened when nothing else is to do: that costs as much as sealing the next request. Only
a refusal is seen at once, since the minion must sign in again.

Source: PROTOCOL sections 7.3 and 7.4.
"""

import time
from collections import Counter, deque
from typing import Any  # loads are maps of any msgpack value
from uuid import uuid4

from attrs import define, field, frozen

from txsalt.errors import RemoteError
from txsalt.light import evolve
from txsalt.protocol import sealed_request
from txsalt.swarm.numbers import Latencies
from txsalt.wire import envelope, serial
from txsalt.wire.crypticle import Crypticle, generate_key_string

REFUSED = serial.pack(envelope.BAD_LOAD)
_AT_ONCE = 32


@frozen
class Sealed:
    """A request that is ready to go, and what its reply is checked with."""

    session: sealed_request.Session
    nonce: str
    payload: bytes


def seal(session: sealed_request.Session, load: dict[str, Any], *, wrong: bool = False) -> Sealed:
    """Seal a load; a ``wrong`` one with a key that the master does not have."""
    if wrong:
        session = evolve(session, crypticle=Crypticle(generate_key_string()))
    nonce = uuid4().hex
    payload = sealed_request.seal(session, load, nonce=nonce, now=int(time.time()))
    return Sealed(session, nonce, payload)


@define
class Replies:
    """Counts replies by what they turned out to be."""

    outcomes: "Counter[str]" = field(factory=Counter)
    latencies: Latencies = field(factory=Latencies)
    _waiting: "deque[tuple[Sealed, bytes]]" = field(factory=deque)

    def take(self, sealed: Sealed, raw: bytes | None, seconds: float) -> bool:
        """Note a reply, or that none came; False if the master refused the request."""
        if raw is None:
            self.outcomes["no answer"] += 1
            return True
        self.latencies.add(seconds)
        if raw == REFUSED:
            self.outcomes["refused"] += 1
            return False
        self._waiting.append((sealed, raw))
        return True

    def check_some(self) -> bool:
        """Open a few; return whether more are waiting. For ``Loop.when_idle``."""
        for _ in range(min(_AT_ONCE, len(self._waiting))):
            sealed, raw = self._waiting.popleft()
            try:
                sealed_request.open_reply(sealed.session, raw, nonce=sealed.nonce)
            except RemoteError as exc:
                self.outcomes[f"unusable: {exc}"] += 1
            else:
                self.outcomes["accepted"] += 1
        return bool(self._waiting)

    def report(self) -> dict[str, Any]:
        """Return counts and latencies."""
        return {"replies": dict(self.outcomes), "latency": self.latencies.summary()}
