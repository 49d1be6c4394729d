"""
Decide, for one published job, whom to wait for, whom to ask again, and when it is over.

Pure: the caller tells what came in and when, and asks what is due. Times are seconds of any clock
that only grows (``time.monotonic()``).

    silent ── timeout ──► probed ── a record ──► silent (and waits for another timeout)
                             │── {} ──► ended ── GRACE ──► missing: not running
                             └── gather_job_timeout ──► missing: no answer
    any of them ── a return ──► returned

Source: PROTOCOL.md 14.
"""

from collections.abc import Iterable
from typing import Any

from attrs import define, field, frozen

NOT_RUNNING = "is not running the job, and sent no return"
NO_ANSWER = "did not answer: not connected, or too busy"

# A minion that just ended a job answers {} to find_job while its return is still under way.
GRACE = 1.0  # seconds


@frozen
class Probe:
    """Publish ``saltutil.find_job`` with the job's id to these minions, as a list target."""

    ids: tuple[str, ...]


@frozen
class Wait:
    """Nothing to do for so long, unless something comes in."""

    seconds: float


@frozen
class Finished:
    """All is known: ``missing`` maps each id without a return to the reason, in words."""

    missing: dict[str, str]


Due = Probe | Wait | Finished


def _without_repeats(ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(ids))


@define
class Gather:
    """
    Follow one job.

    ``timeout`` is how long silence is borne before a probe, ``gather_job_timeout`` how long an
    answer to a probe may take; ``now`` is when the job was published.
    """

    jid: str
    expected: tuple[str, ...] = field(converter=_without_repeats)
    timeout: float
    gather_job_timeout: float
    now: float
    # Any: a return load holds whatever the function gave.
    returns: dict[str, dict[str, Any]] = field(init=False, factory=dict)
    _waiting: dict[str, "_Minion"] = field(init=False, factory=dict)
    _missing: dict[str, str] = field(init=False, factory=dict)
    _next_probe: float = field(init=False, default=0.0)

    def __attrs_post_init__(self) -> None:
        self._waiting = {id: _Silent() for id in self.expected}
        self._next_probe = self.now + self.timeout

    def expect(self, ids: Iterable[str]) -> None:
        """Wait for more minions: those that the publish reply names after returns came in."""
        for id in ids:
            if id not in self.expected:
                self.expected = (*self.expected, id)
                if id not in self.returns:
                    self._waiting[id] = _Silent()

    def returned(self, id: str, load: dict[str, Any], now: float) -> bool:
        """
        Take in a return; True if it is the first of this minion, and so to be shown.

        A minion that nobody expected counts too: the expectation is only the master's guess.
        """
        first = id not in self.returns
        self.returns[id] = load
        self._waiting.pop(id, None)
        self._missing.pop(id, None)
        return first

    def probe_answered(self, id: str, value: Any, now: float) -> None:
        """Take in a minion's answer to find_job: a record of the running job, or nothing."""
        is_asked = isinstance(self._waiting.get(id), _Probed)
        if isinstance(value, dict) and value and (is_asked or id in self._missing):
            # Alive, if late: an answer after its deadline still says more than silence.
            self._missing.pop(id, None)
            self._waiting[id] = _Silent()
            self._next_probe = max(self._next_probe, now + self.timeout)
        elif is_asked:
            self._waiting[id] = _Ended(now + GRACE)

    def missing(self) -> dict[str, str]:
        """Return whom was given up on so far, each with the reason."""
        return {id: self._missing[id] for id in self.expected if id in self._missing}

    def due(self, now: float) -> Due:
        """Say what to do now. A Probe is said once; call again after it."""
        self._give_up(now)
        if not self._waiting:
            return Finished(self.missing())
        silent = tuple(id for id, it in self._waiting.items() if isinstance(it, _Silent))
        if silent and now >= self._next_probe:
            for id in silent:
                self._waiting[id] = _Probed(now + self.gather_job_timeout)
            self._next_probe = now + self.timeout
            return Probe(silent)
        deadlines = [it.until for it in self._waiting.values() if not isinstance(it, _Silent)]
        if silent:
            deadlines.append(self._next_probe)
        return Wait(max(0.0, min(deadlines) - now))

    def _give_up(self, now: float) -> None:
        for id, it in list(self._waiting.items()):
            if not isinstance(it, _Silent) and now >= it.until:
                del self._waiting[id]
                self._missing[id] = NOT_RUNNING if isinstance(it, _Ended) else NO_ANSWER


@frozen
class _Silent:
    """Has not returned, and no question to it is open."""


@frozen
class _Probed:
    """Was asked and has not answered; ``until`` is when that means no."""

    until: float


@frozen
class _Ended:
    """Said that the job does not run; its return may come until ``until``."""

    until: float


_Minion = _Silent | _Probed | _Ended
