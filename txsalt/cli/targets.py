"""``--preview-target`` and ``--subset``: who is meant, and nobody is asked but the master."""

import re
import sys
import time
from typing import Any  # answers of the master are any msgpack value

from txsalt.cli.output_options import Printer
from txsalt.client import records
from txsalt.client.local_client import LocalClient
from txsalt.client.session import Session
from txsalt.client.steps import Job, NobodyMatches
from txsalt.jobs import exit_codes
from txsalt.jobs.reasons import age
from txsalt.light import evolve

_LEVELS = ("grain", "grain_pcre", "pillar", "pillar_pcre")
_EXPRESSION = re.compile("E@|[PJ].?@")  # such a word has parentheses of its own


def subset(session: Session, job: Job, count: int, seed: int | None) -> Job:
    """Return the job for ``count`` of those meant. Raises NobodyMatches."""
    minions = _preview(session, job)["minions"]
    if not minions:
        raise NobodyMatches(f"no minion matches {job.tgt}")
    return evolve(job, tgt=LocalClient.pick(minions, count, seed), tgt_type="list")


def show(session: Session, job: Job, printer: Printer) -> int:
    """Print who is meant, whether connected if the master knows, and how old their grains are."""
    found = _preview(session, job)
    connected = found.get("connected") or {}
    now = time.time()
    shown = {
        minion: {
            "connected": connected.get(minion, "unknown"),
            "facts": _age(found["facts"].get(minion), now),
        }
        for minion in sorted(found["minions"])
    }
    if shown:
        printer.show(shown, "table")
    for minion in found["missing"]:
        print(f"txsalt-cli: no accepted key of {minion}", file=sys.stderr)
    if guessed := found.get("guessed"):
        print(
            f"txsalt-cli: of {len(guessed)} the master has no facts: whether they are meant they"
            " know only themselves",
            file=sys.stderr,
        )
    print(f"txsalt-cli: {len(shown)} minions are meant", file=sys.stderr)
    return exit_codes.OK if shown else exit_codes.GENERIC


def hint(job: Job) -> str:
    """Say how a target that means nobody may have been meant, or nothing."""
    tgt, kind = job.tgt, job.tgt_type
    if not isinstance(tgt, str):
        return ""
    words = tgt.split()
    if kind == "glob" and ("@" in tgt or len(words) > 1):
        return "; -C takes a compound target"
    if kind == "glob" and "," in tgt:
        return "; -L takes a list of ids"
    if kind == "glob" and ":" in tgt:
        return "; -G takes GRAIN:GLOB, -I takes PILLAR:GLOB"
    if kind in _LEVELS and job.delimiter not in tgt:
        return f"; such a target is NAME{job.delimiter}VALUE"
    return _hint_at_parenthesis(tgt) if kind == "compound" else ""


def _hint_at_parenthesis(tgt: str) -> str:
    """Point at the first one that was read as part of a name."""
    for found in re.finditer(r"\S+", tgt):
        word = found[0]
        if len(word) > 1 and not _EXPRESSION.match(word) and word.strip("()") != word:
            at = found.start() if word[0] in "()" else found.end() - 1
            return (
                f"; the {tgt[at]!r} at character {at + 1} was read as part of a name: parentheses"
                " are words of their own, as in ( web* or db* ) and G@os:Debian"
            )
    return ""


def _preview(session: Session, job: Job) -> dict[str, Any]:
    found = records.preview(session, job.tgt, job.tgt_type, job.delimiter)
    if found.get("problem"):
        raise NobodyMatches(found["problem"])
    return found


def _age(when: float | None, now: float) -> str:
    return "never" if when is None else f"{age(now - when)} old"
