"""
Decide, for one published job, whom to wait for, whom to ask again, and when it is over.

Pure: the caller tells what came in and when, and asks what is due. Times are seconds of any clock
that only grows (``time.monotonic()``).

    silent ── timeout ──► probed ── a record ──► silent (and waits for another timeout)
                             │── {} ──► ended ── GRACE ──► missing: not running
    │                        └── gather_job_timeout ──► missing: no answer
    └── the master saw no connection ──► missing: absent
    any of them ── a return ──► returned

Source: PROTOCOL.md 14.
"""

from collections.abc import Iterable
from typing import Any

from txsalt.light import frozen

NOT_RUNNING = "is not running the job, and sent no return"
NO_ANSWER = "did not answer: not connected, or too busy"
ABSENT = "was not connected when the job was sent"


def past_deadline(seconds: float) -> str:
    """Return why the wait for a job with this deadline ended."""
    return f"not done by the deadline of {seconds:g} s"


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


class Gather:
    """
    Follow one job.

    Each event costs the same for ten minions and for ten thousand: nothing walks through all who
    are waited for, but the probe that names them.
    """

    def __init__(
        self,
        jid: str,
        expected: Iterable[str],
        timeout: float,
        gather_job_timeout: float,
        now: float,
    ) -> None:
        """
        Begin to wait for ``expected``.

        ``timeout`` is how long silence is borne before a probe, ``gather_job_timeout`` how long an
        answer to a probe may take; ``now`` is when the job was published.
        """
        self.jid = jid
        self.expected = _without_repeats(expected)
        self.timeout = timeout
        self.gather_job_timeout = gather_job_timeout
        self.now = now
        # Any: a return load holds whatever the function gave.
        self.returns: dict[str, dict[str, Any]] = {}
        # Who is waited for is in one of three maps. Deadlines of the last two only grow from first
        # to last, so the first entry is the next one due.
        self._silent: dict[str, None] = dict.fromkeys(self.expected)
        self._probed: dict[str, float] = {}  # until when an answer may come
        self._ended: dict[str, float] = {}  # until when the return may come
        self._running: set[str] = set()
        self._missing: dict[str, str] = {}
        self._next_probe = now + timeout

    @property
    def running(self) -> int:
        """How many have said that they still run the job."""
        return len(self._running)

    def returned(self, id: str, load: dict[str, Any], now: float) -> bool:
        """
        Take in a return; True if it is the first of this minion, and so to be shown.

        A minion that nobody expected counts too: the expectation is only the master's guess.
        """
        first = id not in self.returns
        self.returns[id] = load
        self._forget(id)
        self._running.discard(id)
        return first

    def probe_answered(self, id: str, value: Any, now: float) -> None:
        """Take in a minion's answer to find_job: a record of the running job, or nothing."""
        is_asked = id in self._probed
        if isinstance(value, dict) and value and (is_asked or id in self._missing):
            # Alive, if late: an answer after its deadline still says more than silence.
            self._forget(id)
            self._silent[id] = None
            self._running.add(id)
            self._next_probe = max(self._next_probe, now + self.timeout)
        elif is_asked:
            self._forget(id)
            self._running.discard(id)
            self._ended[id] = now + GRACE

    def absent(self, ids: Iterable[str]) -> None:
        """
        Wait no longer for these, whom the job cannot have reached, unless they say that they run
        it; a return counts even so.
        """
        for id in ids:
            if id not in self._running and (id in self._silent or id in self._probed):
                self._forget(id)
                self._missing[id] = ABSENT

    def give_up(self, reason: str) -> None:
        """Wait for nobody any more, for this reason."""
        for waiting in (self._silent, self._probed, self._ended):
            self._missing |= dict.fromkeys(waiting, reason)
            waiting.clear()

    def missing(self) -> dict[str, str]:
        """Return whom was given up on so far, each with the reason."""
        return {id: self._missing[id] for id in self.expected if id in self._missing}

    def due(self, now: float) -> Due:
        """Say what to do now. A Probe is said once; call again after it."""
        self._end_waiting(self._probed, now, NO_ANSWER)
        self._end_waiting(self._ended, now, NOT_RUNNING)
        if not (self._silent or self._probed or self._ended):
            return Finished(self.missing())
        if self._silent and now >= self._next_probe:
            silent = tuple(self._silent)
            self._silent.clear()
            self._probed |= dict.fromkeys(silent, now + self.gather_job_timeout)
            self._next_probe = now + self.timeout
            return Probe(silent)
        deadlines = [next(iter(each.values())) for each in (self._probed, self._ended) if each]
        if self._silent:
            deadlines.append(self._next_probe)
        return Wait(max(0.0, min(deadlines) - now))

    def _forget(self, id: str) -> None:
        for waiting in (self._silent, self._probed, self._ended, self._missing):
            waiting.pop(id, None)

    def _end_waiting(self, waiting: dict[str, float], now: float, reason: str) -> None:
        while waiting:
            id, until = next(iter(waiting.items()))
            if now < until:
                return
            del waiting[id]
            self._running.discard(id)
            self._missing[id] = reason
