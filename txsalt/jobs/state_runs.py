"""
Which functions are state runs, of which a machine does one at a time, and what a second one does.

Interactions: the minion daemon keeps such jobs apart in its queue; the process that runs one holds
a lock of the kernel's for that time (``minion.jobrunner.state_lock``), which also keeps runs of
``txsalt-cli call`` apart. Who comes second waits or is refused, as its ``queue`` asks.

Source: Salt 3008.3, modules/state.py: arguments ``queue`` and ``concurrent``, option state_queue.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any  # arguments are whatever users typed

from txsalt.jobs import exit_codes
from txsalt.jobs.arguments import sort_arguments
from txsalt.light import frozen

# What only shows states, or asks about them, changes nothing and is not among these. Nor is
# state.orchestrate: its steps are runs of this minion's own, which would wait for it for ever.
FUNCTIONS = frozenset(
    f"state.{name}"
    for name in (
        "apply",
        "high",
        "highstate",
        "low",
        "pkg",
        "request",
        "run_request",
        "single",
        "sls",
        "sls_id",
        "template",
        "template_str",
        "test",
        "top",
    )
)


@frozen
class StateRun:
    """What one state run asks for; ``queue`` is how many may be there before it."""

    fun: str
    queue: float

    def waits(self, before: int) -> bool:
        """Tell whether it waits behind so many runs; it is refused otherwise."""
        return before < self.queue


def state_run(fun: object, arg: Sequence[Any], default: object = False) -> StateRun | None:
    """
    Return what a call asks for, or None if it may run beside others.

    ``queue`` True waits behind any number, a number behind fewer than that, False not at all;
    ``default`` counts where it is not given. ``concurrent`` runs go beside others at their own
    risk.
    """
    if not isinstance(fun, str) or fun not in FUNCTIONS:
        return None
    keywords = sort_arguments(arg)[1]
    if keywords.get("concurrent"):
        return None
    queue = keywords.get("queue")
    return StateRun(fun, _places(default if queue is None else queue))


def refusal(fun: str, pid: int, jid: str, since: float) -> dict[str, Any]:
    """Return the verdict for a run that does not wait for the one that is told of."""
    when = datetime.fromtimestamp(since, UTC).isoformat(sep=" ", timespec="seconds")
    text = f'The function "{fun}" is running as PID {pid}, since {when}, with jid {jid}'
    return refused_with(text)


def refused_with(text: str) -> dict[str, Any]:
    """Return the verdict for a run that does not wait: a list of texts, as for states that fail."""
    hint = f"{text}. With queue=True this run would have waited for it."
    return {"return": [hint], "retcode": exit_codes.GENERIC, "success": False}


def describe(holder: Mapping[str, Any]) -> str:
    """Say which run somebody waits for: ``holder`` has fun, pid and jid."""
    return f"{holder.get('fun')} (PID {holder.get('pid')}, jid {holder.get('jid')})"


def _places(queue: object) -> float:
    if isinstance(queue, bool):
        return float("inf") if queue else 0
    if isinstance(queue, int):
        return queue
    return float("inf") if queue and str(queue).lower() not in ("false", "no", "0") else 0
