"""Find complaints in the log of a stock minion that its master gave cause for."""

import re

# Put this text into what fails on purpose, and its traceback does not count.
ON_PURPOSE = "failing on purpose"

# What a stock minion writes with a stock master as well (tests/interop/test_harness.py).
_OF_ITS_OWN = (
    "has cached the public key for this node",  # its way to say that its key is pending
    "Task was destroyed but it is pending!",  # 3008, about its own event bus, at each fork
    "module.cmdmod",  # a command that a test lets fail
    ON_PURPOSE,
)
_HEAD = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ ", re.MULTILINE)
_BAD = re.compile(r"\]\[(ERROR|CRITICAL) *\]|Traceback \(most recent call last\)")


def complaints(log: str) -> list[str]:
    """Each record of level ERROR or above, or with a traceback, that the master caused."""
    starts = [found.start() for found in _HEAD.finditer(log)]
    records = [log[a:b] for a, b in zip(starts, [*starts[1:], len(log)], strict=True)]
    return [
        record
        for record in records
        if _BAD.search(record) and not any(reason in record for reason in _OF_ITS_OWN)
    ]
