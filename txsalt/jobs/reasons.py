"""
Why a minion did not answer: each reason has a word for programs, an exit code and a sentence.

Pure: what the master knows and what the minion said go in, one reason comes out. docs/exit-codes.md
shows the table to users.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from txsalt.jobs import exit_codes
from txsalt.light import evolve, frozen

SEVERAL = 80  # more than one reason
_LONGEST = 500  # characters of what a minion says
EXIT_CODES = {
    "no_key": 81,
    "key_pending": 82,
    "key_rejected": 83,
    "key_denied": 84,
    "never_connected": 85,
    "disconnected": 86,
    "silent": 87,
    "not_received": 88,
    "not_matched": 89,
    "queued": 90,
    "running": 91,
    "return_waiting": 92,
    "return_refused": 93,
    "result_lost": 94,
    "not_running": 95,
    "deadline": 96,
    "not_started": 97,
}

_KEYS = {
    "none": ("no_key", "no accepted key of this id"),
    "pending": ("key_pending", "its key waits for acceptance: txsalt-cli key accept {id}"),
    "rejected": ("key_rejected", "its key was rejected"),
    "denied": ("key_denied", "it showed another key than the accepted one, which was denied"),
}


@frozen(kw_only=True)
class Reason:
    """
    Why one minion did not answer; ``since`` is Unix time, None where no time belongs to it.

    ``by_facts``: the master expected it by its facts, which it got at Unix time ``facts``; None:
    it had none, and guessed.
    """

    word: str
    text: str
    since: float | None = None
    by_facts: bool = False
    facts: float | None = None

    def __str__(self) -> str:
        return self.text

    @property
    def exit_code(self) -> int:
        """The code of a command line that ends for this reason alone."""
        return EXIT_CODES[self.word]

    def as_map(self) -> dict[str, Any]:
        """Return what JSON shows."""
        found: dict[str, Any] = {"reason": self.word, "text": self.text}
        if self.since is not None:
            found["since"] = self.since
        return {**found, "facts": self.facts} if self.by_facts else found


@frozen(kw_only=True)
class Known:
    """
    What a master knows of a minion and a job.

    ``key`` is the state of its key (accepted, pending, rejected, denied, none), ``denied`` tells
    whether another key was denied beside it. ``up`` and ``since`` are its presence, None for one
    that was never heard. ``refused`` is why its return was refused, "" if it was not. ``sent`` is
    when the job was. ``master_age`` is for who was connected when the master last ended: how many
    seconds ago that started again. ``by_facts`` and ``facts`` are those of Reason.
    """

    key: str = "accepted"
    denied: bool = False
    up: bool | None = None
    since: float | None = None
    heard: float | None = None
    refused: str = ""
    sent: float | None = None
    master_age: float | None = None
    by_facts: bool = False
    facts: float | None = None

    @classmethod
    def from_map(cls, found: Mapping[str, Any]) -> "Known":
        """Read a master's answer; unknown names are left out."""
        names = (
            *("key", "denied", "up", "since", "heard", "refused", "sent", "master_age"),
            *("by_facts", "facts"),
        )
        return cls(**{name: found[name] for name in names if name in found})


def decide(
    minion_id: str, known: Known, fate: Mapping[str, Any] | None, *, answered: bool, note: str = ""
) -> Reason:
    """
    Return the reason that explains most.

    ``fate`` is what a txsalt minion said of the job (minion/daemon/job_fate.py); ``answered``
    tells whether it said anything, as stock minions do. ``note`` says why the wait ended if it was
    no silence.
    """
    told = _of_fate(fate)
    if note and told is not None and told.word in _AT_WORK:
        # It said so while the wait went on; that this ended since is the newer fact.
        told, answered = None, False
    found = (
        _of_key(minion_id, known)
        or _of_refusal(known)
        or told
        or (_NOT_RUNNING if answered else None)
        or _of_absence(minion_id, known)
        or (Reason(word="deadline", text=note) if note else None)
        or _silent(known)
    )
    return _with_facts(found, known) if known.by_facts else found


def doubt(reasons: Collection[Reason]) -> str:
    """Say of how many it was a guess that they are meant; "" if of nobody."""
    count = sum(each.by_facts and each.facts is None for each in reasons)
    if not count:
        return ""
    return (
        f"of {count} that did not return the master had no facts: whether they were meant they"
        " know only themselves"
    )


def exit_code(reasons: Collection[Reason]) -> int:
    """Return the code of a job whose returns are all good: that of its only reason, or SEVERAL."""
    codes = {reason.exit_code for reason in reasons}
    if not codes:
        return exit_codes.OK
    return codes.pop() if len(codes) == 1 else SEVERAL


_AT_WORK = ("running", "queued")
_NOT_RUNNING = Reason(
    word="not_running", text="it answers, but does not run the job and sent no return"
)
NOT_STARTED = Reason(word="not_started", text="it was not started: too many others failed")
KILLED = Reason(word="not_started", text="it was not started: the batch was killed before")
NO_KEY = Reason(word="no_key", text="no accepted key of this id")


def _of_key(minion_id: str, known: Known) -> Reason | None:
    if known.key not in _KEYS:
        return None
    word, text = _KEYS[known.key]
    return Reason(word=word, text=text.format(id=minion_id))


def _of_refusal(known: Known) -> Reason | None:
    if not known.refused:
        return None
    return Reason(word="return_refused", text=f"the master refused its return: {known.refused}")


def _of_fate(fate: Mapping[str, Any] | None) -> Reason | None:
    match fate:
        # A minion may send anything.
        case {"state": "running", "seconds": int() | float() as seconds}:
            return Reason(word="running", text=f"it has been running the job for {seconds:g} s")
        case {"state": "running"}:
            return Reason(word="running", text="it is running the job")
        case {"state": "queued", "position": int() as position}:
            text = f"it has the job, which waits for others there (place {position} in its queue)"
            return Reason(word="queued", text=text)
        case {"state": "unmatched"}:
            return Reason(word="not_matched", text="it got the job, and the target did not match")
        case {"state": "waiting"}:
            return Reason(word="return_waiting", text="it has ended; its return is on its way")
        case {"state": "refused", "reason": str() as reason}:
            told = " ".join(reason.split())[:_LONGEST]
            return Reason(word="return_refused", text=f"its return is refused: {told}")
        case {"state": "ended"}:
            text = "it has ended and sent its return, which is not in the store"
            return Reason(word="result_lost", text=text)
        case {"state": "unknown"}:
            text = "it is there, but the job did not reach it: it came later, or was started anew"
            return Reason(word="not_received", text=text)
    return None


def _of_absence(minion_id: str, known: Known) -> Reason | None:
    if known.up:
        return _of_late_coming(known)
    if known.denied:
        return _of_key(minion_id, Known(key="denied"))
    if known.heard is None:
        return Reason(word="never_connected", text="its key is accepted, but it never connected")
    text = f"not connected since {moment(known.since)}"
    if known.master_age is not None:
        text = f"has not connected since the master started {known.master_age:.0f} s ago"
    return Reason(word="disconnected", text=text, since=known.since)


def _of_late_coming(known: Known) -> Reason | None:
    if known.since is None or known.sent is None or known.since <= known.sent:
        return None
    text = f"it connected at {moment(known.since)}, after the job was sent"
    return Reason(word="not_received", text=text, since=known.since)


def _with_facts(found: Reason, known: Known) -> Reason:
    text = found.text
    if found.word == "not_matched":
        text = f"{text}; {_facts_of(known)}"
    elif found.word == "not_running":
        # Minions of Salt's do not say more where a target does not match.
        text = f"{text}; perhaps it is not meant: {_facts_of(known)}"
    return evolve(found, text=text, by_facts=True, facts=known.facts)


def _facts_of(known: Known) -> str:
    if known.facts is None:
        return "the master had no facts about it"
    if known.sent is None or known.facts > known.sent:
        return "the master has newer facts about it by now"
    return f"the master's facts about it were {age(known.sent - known.facts)} old"


def _silent(known: Known) -> Reason:
    text = f"connected, but silent since {moment(known.heard)}: hung, or too busy"
    return Reason(word="silent", text=text, since=known.heard)


def age(seconds: float) -> str:
    """Write a span of time in its largest unit, as in 3h."""
    whole = max(0, int(seconds))
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if whole >= size:
            return f"{whole // size}{unit}"
    return f"{whole}s"


def moment(unix: float | None) -> str:
    """Write a Unix time in local time, to the second."""
    if unix is None:
        return "an unknown time"
    return datetime.fromtimestamp(unix).astimezone().strftime("%Y-%m-%d %H:%M:%S")
