"""
Spread runs over a while, so that a fleet does not run a job at one instant.

The delay of a run follows from the minion's name, the job's and the time of the run: it is another
one for each run, and still the same after a restart and in a preview.
"""

import hashlib
from collections.abc import Mapping

from txsalt.light import frozen


@frozen
class Splay:
    """Whole seconds, both included."""

    least: int = 0
    most: int = 0


def read(value: object) -> Splay:
    """Read a number of seconds, or a map with ``start`` and ``end``. Raises ValueError."""
    if value is None or value is False:
        return Splay()
    if isinstance(value, Mapping):
        splay = Splay(_seconds(value.get("start", 0)), _seconds(value.get("end")))
    else:
        # Salt counts from 1 here.
        most = _seconds(value)
        splay = Splay(min(1, most), most)
    if splay.most < splay.least:
        raise ValueError("the end of splay is before its start")
    return splay


def delay(splay: Splay, seed: str) -> int:
    """Choose the delay of the run that ``seed`` names, in seconds."""
    if splay.most == splay.least:
        return splay.least
    digest = hashlib.sha256(seed.encode()).digest()
    number = int.from_bytes(digest[:8], "big")
    return splay.least + number % (splay.most - splay.least + 1)


def _seconds(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("splay is no number of seconds, nor a map with start and end")
    try:
        seconds = int(value)
    except (ValueError, OverflowError):
        raise ValueError(f"splay {value!r} is no number of seconds") from None
    if not 0 <= seconds <= 366 * 86400:
        raise ValueError("splay is less than 0 seconds or more than a year")
    return seconds
