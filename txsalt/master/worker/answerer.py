"""
From the bytes of requests to the bytes of their replies. There is always a reply.

Returns that wait one behind the other are taken in together: one commit for all of them. So are
sign-ins, whose events and replies leave together, and publish requests, which share a commit, too.
Each other request is answered alone, after all that came before it.

Source: PROTOCOL section 18; trap 27.
"""

import logging
from collections.abc import Iterable, Iterator
from enum import Enum

from txsalt.errors import LocalError, RemoteError
from txsalt.master.worker import dispatch
from txsalt.master.worker.bench import Bench
from txsalt.master.worker.gatekeeper import Opened
from txsalt.master.worker.principals import KeyHolder, Minion
from txsalt.master.worker.publish_batch import publish_together
from txsalt.master.worker.return_batch import ReturnBatch
from txsalt.wire import envelope

log = logging.getLogger(__package__)

REFUSAL = envelope.write_reply(envelope.BareReply(envelope.BAD_LOAD))
BATCH = 16  # returns; more would wait long for the first one's reply
SIGN_INS = 4  # a millisecond each, which is nearly all cryptography
PUBLISHES = 8


class _Kind(Enum):
    ALONE = 1
    RETURN = BATCH
    SIGN_IN = SIGN_INS
    PUBLISH = PUBLISHES


def answer(bench: Bench, payload: bytes) -> bytes:
    """Answer one request; what is refused, or meets a bug before its sender is known: bad load."""
    return next(answers(bench, (payload,)))[0]


def answers(bench: Bench, payloads: Iterable[bytes]) -> Iterator[list[bytes]]:
    """
    Yield the replies to several requests, in order, some at a time.

    No request is begun before the replies to those before it are taken, but for those that are
    answered together.
    """
    batch = ReturnBatch(bench, REFUSAL)
    company: list[Opened] = []  # sign-ins or publish requests
    kind = _Kind.ALONE
    for payload in payloads:
        opened = _open(bench, payload)
        former, kind = kind, _kind_of(opened)
        if company and (kind is not former or len(company) >= kind.value):
            yield _answer_company(bench, company, former)
            company = []
        if opened is None:
            batch.refuse()
        elif kind is _Kind.RETURN:
            batch.add(opened)
        else:
            if len(batch):
                yield batch.finish()
            if kind is _Kind.ALONE:
                yield [_handle(bench, opened)]
            else:
                company.append(opened)
        if len(batch) >= BATCH:
            yield batch.finish()
    if len(batch):
        yield batch.finish()
    if company:
        yield _answer_company(bench, company, kind)


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


def _kind_of(opened: Opened | None) -> _Kind:
    match None if opened is None else (opened.cmd, opened.principal):
        # One that nobody asked for becomes a job first.
        case "_return", Minion() if opened is not None and opened.load.get("jid") != "req":
            return _Kind.RETURN
        # In a box the words mean nothing.
        case "_auth", user if not isinstance(user, Minion):
            return _Kind.SIGN_IN
        case "publish", user if not isinstance(user, Minion | KeyHolder):
            return _Kind.PUBLISH
    return _Kind.ALONE


def _answer_company(bench: Bench, company: list[Opened], kind: _Kind) -> list[bytes]:
    if kind is _Kind.PUBLISH and len(company) > 1:
        return publish_together(bench, company, _handle, REFUSAL)
    with bench.out.together():
        return [_handle(bench, each) for each in company]


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
