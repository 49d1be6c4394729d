"""
Sign in every minion: first all questions and answers, then all judgements.

A sign-in costs a minion two RSA decryptions, more than the master's share; to judge answers while
others are waited for would measure this process. They are kept, and judged when all are there.

Source: PROTOCOL section 6.
"""

import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any  # reports are maps of JSON values
from uuid import uuid4

from attrs import define, field

from txsalt.protocol import sign_in
from txsalt.swarm.lanes import Lanes
from txsalt.swarm.loop import Loop
from txsalt.swarm.minions import Minion
from txsalt.swarm.numbers import Latencies
from txsalt.wire import rsa
from txsalt.wire.crypticle import generate_key_string

_PENDING_SECONDS = 2.0  # until a pending minion asks again


@define
class Arrival:
    """The sign-in of many minions; ``keys`` is what the last success gave."""

    loop: Loop
    lanes: Lanes
    master_key: rsa.PublicKey | None = None
    keys: sign_in.SignedIn | None = None
    seconds: float = 0.0
    judging_seconds: float = 0.0
    attempts: int = 0
    _answered: int = 0
    outcomes: "Counter[str]" = field(factory=Counter)
    latencies: Latencies = field(factory=Latencies)

    def storm(self, minions: Iterable[Minion], stopped: Callable[[], bool]) -> list[Minion]:
        """Sign all in once, as fast as the lanes allow; return who is still outside."""
        attempts = [(minion, self._attempt(minion)) for minion in minions]
        replies: list[tuple[Minion, sign_in.Attempt, bytes | None]] = []
        begun = time.monotonic()
        for minion, attempt in attempts:
            self._ask(minion, attempt, replies)
        self.loop.run(lambda: stopped() or len(replies) == len(attempts))
        self.seconds += time.monotonic() - begun
        self.attempts += len(replies)
        self._answered += sum(raw is not None for _, _, raw in replies)
        begun = time.monotonic()
        inside = {minion for minion, attempt, raw in replies if self._judge(minion, attempt, raw)}
        self.judging_seconds += time.monotonic() - begun
        # Also those who were not answered before we were stopped.
        return [minion for minion, _ in attempts if minion not in inside]

    def until_all_are_in(
        self, minions: list[Minion], patience: float, stopped: Callable[[], bool]
    ) -> list[Minion]:
        """Sign in, and let those who wait for an operator ask again; return who never got in."""
        end = self.loop.clock() + patience
        outside = self.storm(minions, stopped)
        while outside and not stopped() and self.loop.clock() < end:
            self._rest(_PENDING_SECONDS, stopped)
            outside = self.storm(outside, stopped)
        return outside

    def again(self, minion: Minion, then: Callable[[bool], None]) -> None:
        """Sign one minion in while others go on; ``then`` hears whether it is in."""
        attempt = self._attempt(minion)

        def judged(raw: bytes | None, seconds: float) -> None:
            self.attempts += 1
            self.latencies.add(seconds)
            then(self._judge(minion, attempt, raw))

        self.lanes.ask(lambda: attempt.request, judged)

    def report(self) -> dict[str, Any]:
        """Return what happened; the rate is that of questions answered."""
        return {
            "attempts": self.attempts,
            "outcomes": dict(self.outcomes),
            "seconds": round(self.seconds, 4),
            "per_second": round(self._answered / self.seconds, 1) if self.seconds else None,
            "judging_seconds": round(self.judging_seconds, 4),
            "latency": self.latencies.summary(),
        }

    def _rest(self, seconds: float, stopped: Callable[[], bool]) -> None:
        due = self.loop.clock() + seconds
        self.loop.run(lambda: stopped() or self.loop.clock() >= due)

    def _attempt(self, minion: Minion) -> sign_in.Attempt:
        token = generate_key_string(secrets.token_bytes)
        return sign_in.start(minion.identity, self.master_key, uuid4().hex, token)

    def _ask(
        self,
        minion: Minion,
        attempt: sign_in.Attempt,
        replies: list[tuple[Minion, sign_in.Attempt, bytes | None]],
    ) -> None:
        def note(raw: bytes | None, seconds: float) -> None:
            replies.append((minion, attempt, raw))
            self.latencies.add(seconds)

        self.lanes.ask(lambda: attempt.request, note)

    def _judge(self, minion: Minion, attempt: sign_in.Attempt, raw: bytes | None) -> bool:
        if raw is None:
            self.outcomes["no answer"] += 1
            return False
        outcome = sign_in.finish(attempt, raw)
        if isinstance(outcome, sign_in.Failed):
            self.outcomes[f"failed: {outcome.reason}"] += 1
            return False
        self.outcomes[type(outcome).__name__] += 1
        if not isinstance(outcome, sign_in.SignedIn):
            return False
        minion.take(outcome)
        self.keys = outcome
        return True
