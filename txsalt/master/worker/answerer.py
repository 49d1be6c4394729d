"""
From the bytes of a request to the bytes of its reply. There is always a reply.

Source: PROTOCOL section 18; trap 27.
"""

import logging

from txsalt.errors import LocalError, RemoteError
from txsalt.master.worker import dispatch
from txsalt.master.worker.bench import Bench
from txsalt.master.worker.principals import Minion
from txsalt.wire import envelope

log = logging.getLogger(__package__)

REFUSAL = envelope.write_reply(envelope.BareReply(envelope.BAD_LOAD))


def answer(bench: Bench, payload: bytes) -> bytes:
    """Answer one request; what is refused, or meets a bug before its sender is known: bad load."""
    try:
        opened = bench.gatekeeper.open(payload, bench.clock())
        if isinstance(opened.principal, Minion):
            bench.heard.note(opened.principal.id)
        return envelope.write_reply(dispatch.handle(bench, opened))
    except RemoteError as exc:
        bench.refusals.note(type(exc).__name__, str(exc))
    except LocalError as exc:
        log.error("%s", exc)
    except Exception:
        log.exception("a bug while a request was answered")
    return REFUSAL
