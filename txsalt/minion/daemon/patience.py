"""
How long a minion waits after a sign-in that did not succeed, and what it tells its operator.

Pure. A network peer never makes the minion end: even a rejected one goes on asking, ever less
often.

Source: PROTOCOL section 6.5; the waits of ``acceptance_wait_time``.
"""

from txsalt.light import define, field, frozen
from txsalt.protocol.sign_in import (
    Failed,
    Full,
    MasterKeyChanged,
    Outcome,
    Pending,
    Rejected,
    WrongFingerprint,
)

REJECTED_MOST = 300.0  # seconds between two tries of a rejected minion


@frozen
class Silence:
    """No reply came at all; ``reason`` says what was tried."""

    reason: str


@frozen
class Hindered:
    """Something on this machine is in the way, such as a name that does not resolve."""

    reason: str


Trouble = Outcome | Silence | Hindered


@frozen
class Told:
    """A line for the log. ``level`` is "warn" or "error"."""

    level: str
    text: str


@define
class Patience:
    """The waits of one sign-in loop; a new loop starts with a new one."""

    wait: float
    wait_max: float = 0.0  # 0: the wait does not grow
    rejected_retry: bool = False
    _next: float = field(default=0.0, init=False)
    _last: type | None = field(default=None, init=False)

    def after(self, trouble: Trouble) -> float:
        """Return the seconds to wait now."""
        if type(trouble) is not self._last:
            self._last, self._next = type(trouble), self.wait
        seconds = self._next
        self._next = self._grown(trouble, seconds)
        return seconds

    def _grown(self, trouble: Trouble, seconds: float) -> float:
        if isinstance(trouble, Rejected) and not self.rejected_retry:
            return min(max(seconds, 1.0) * 2, max(REJECTED_MOST, self.wait))
        return min(seconds * 2, max(self.wait_max, self.wait))


def tell(trouble: Trouble, *, master: str, finger: str, master_path: str) -> Told:
    """Say what an operator should know and do; ``finger`` is the own key's fingerprint."""
    match trouble:
        case Pending():
            return Told(
                "warn",
                f"waiting until {master} accepts this minion's key; its fingerprint is {finger}",
            )
        case Rejected():
            return Told(
                "error",
                f"{master} rejected this minion's key, or knows another key under its id; "
                f"this key's fingerprint is {finger}. It goes on asking",
            )
        case Full():
            return Told("warn", f"{master} serves as many minions as it may")
        case MasterKeyChanged(known, shown):
            return Told(
                "error",
                f"{master} shows another key than the one this minion trusts and is refused; "
                f"trusted: {known}, shown: {shown}. If the master's key was replaced on purpose, "
                f"remove {master_path}",
            )
        case WrongFingerprint(shown):
            return Told(
                "error",
                f"the key of {master} is not the one of master_finger and is refused; "
                f"its fingerprint is {shown}",
            )
        case Failed(reason):
            return Told("warn", f"sign-in at {master} failed: {reason}")
        case Silence(reason):
            return Told("warn", f"{master} does not answer: {reason}")
        case Hindered(reason):
            return Told("error", f"no sign-in at {master} for now: {reason}")
        case _:
            raise TypeError(f"no trouble: {type(trouble).__name__}")
