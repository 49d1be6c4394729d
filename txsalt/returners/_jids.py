"""
Job ids for those who ask a returner for one.
"""

from datetime import UTC, datetime

from txsalt.jobs import jid as jids


def prep_jid(nocache: bool = False, passed_jid: str | None = None) -> str:
    """Give a new job id, or the one that was passed."""
    return passed_jid if passed_jid is not None else jids.make(datetime.now(UTC))
