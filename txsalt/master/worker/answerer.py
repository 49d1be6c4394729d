"""
From the bytes of requests to the bytes of their replies. There is always a reply.

Returns that wait one behind the other are taken in together: one commit for all of them. So are
sign-ins, whose events and replies leave together. Each other request is answered alone, after all
that came before it.

Source: PROTOCOL section 18; trap 27.
"""

import logging
from collections.abc import Iterable, Iterator

from txsalt.errors import LocalError, RemoteError
from txsalt.master.worker import dispatch
from txsalt.master.worker.bench import Bench
from txsalt.master.worker.gatekeeper import Opened
from txsalt.master.worker.principals import Minion
from txsalt.master.worker.return_batch import ReturnBatch
from txsalt.wire import envelope

log = logging.getLogger(__package__)

REFUSAL = envelope.write_reply(envelope.BareReply(envelope.BAD_LOAD))
BATCH = 16  # returns; more would wait long for the first one's reply
SIGN_INS = 4  # a millisecond each, which is nearly all cryptography


def answer(bench: Bench, payload: bytes) -> bytes:
    """Answer one request; what is refused, or meets a bug before its sender is known: bad load."""
    return next(answers(bench, (payload,)))[0]


def answers(bench: Bench, payloads: Iterable[bytes]) -> Iterator[list[bytes]]:
    """
    Yield the replies to several requests, in order, some at a time.

    No request is begun before the replies to those before it are taken, but for returns and
    sign-ins.
    """
    batch = ReturnBatch(bench, REFUSAL)
    sign_ins: list[Opened] = []
    for payload in payloads:
        opened = _open(bench, payload)
        if sign_ins and (not _is_sign_in(opened) or len(sign_ins) >= SIGN_INS):
            yield _handle_together(bench, sign_ins)
            sign_ins = []
        if opened is None:
            batch.refuse()
        elif _is_return(opened):
            batch.add(opened)
        else:
            if len(batch):
                yield batch.finish()
            if _is_sign_in(opened):
                sign_ins.append(opened)
            else:
                yield [_handle(bench, opened)]
        if len(batch) >= BATCH:
            yield batch.finish()
    if len(batch):
        yield batch.finish()
    if sign_ins:
        yield _handle_together(bench, sign_ins)


def _open(bench: Bench, payload: bytes) -> Opened | None:
    try:
        opened = bench.gatekeeper.open(payload, bench.clock())
    except RemoteError as exc:
        bench.refusals.note(type(exc).__name__, str(exc))
    except LocalError as exc:
        log.error("%s", exc)
    except Exception:
        log.exception("a bug while a request was opened")
    else:
        if isinstance(opened.principal, Minion):
            bench.heard.note(opened.principal.id)
        return opened
    return None


def _is_return(opened: Opened) -> bool:
    # One that nobody asked for becomes a job first.
    return (
        opened.cmd == "_return"
        and isinstance(opened.principal, Minion)
        and opened.load.get("jid") != "req"
    )


def _is_sign_in(opened: Opened | None) -> bool:
    # In a box the word means nothing.
    return opened is not None and opened.cmd == "_auth" and not isinstance(opened.principal, Minion)


def _handle_together(bench: Bench, opened: list[Opened]) -> list[bytes]:
    with bench.out.together():
        return [_handle(bench, each) for each in opened]


def _handle(bench: Bench, opened: Opened) -> bytes:
    try:
        return envelope.write_reply(dispatch.handle(bench, opened))
    except RemoteError as exc:
        bench.refusals.note(type(exc).__name__, str(exc))
    except LocalError as exc:
        log.error("%s", exc)
    except Exception:
        log.exception("a bug while a request was answered")
    return REFUSAL
