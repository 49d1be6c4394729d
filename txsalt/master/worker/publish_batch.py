"""
Publish requests that came together: judged one by one, stored in one commit, told together.
"""

import logging
from collections.abc import Callable

from txsalt.errors import LocalError, RemoteError
from txsalt.master.store.database import Failure
from txsalt.master.worker.bench import Bench
from txsalt.master.worker.commands import clear, publishing
from txsalt.master.worker.commands.publishing import Order, Published
from txsalt.master.worker.gatekeeper import Opened
from txsalt.wire import envelope

log = logging.getLogger(__package__)

Alone = Callable[[Bench, Opened], bytes]


def publish_together(
    bench: Bench, requests: list[Opened], alone: Alone, refusal: bytes
) -> list[bytes]:
    """
    Return the replies to some publish requests, in order.

    ``alone`` answers one request, where they cannot be stored together; ``refusal`` is the reply
    to one that cannot be read.
    """
    # All is worked out before the store is locked: some targets take long.
    found = [_order(bench, each, alone, refusal) for each in requests]
    try:
        with bench.jobs.together():
            stored = [publishing.store(bench, each) for each in found if isinstance(each, Order)]
    except Exception:
        # What spoils one must not cost the others; it is logged where it happens again.
        return [
            alone(bench, request) if isinstance(each, Order) else each
            for request, each in zip(requests, found, strict=True)
        ]
    try:
        told = iter(publishing.tell(bench, stored))
    except Exception:
        log.exception("a bug while jobs were told")
        return [refusal] * len(requests)
    return [_reply(next(told)) if isinstance(each, Order) else each for each in found]


def _order(bench: Bench, request: Opened, alone: Alone, refusal: bytes) -> Order | bytes:
    try:
        found = clear.order(bench, request)
        return found if isinstance(found, Order) else envelope.write_reply(found)
    except RemoteError as exc:
        bench.refusals.note(type(exc).__name__, str(exc))
    except LocalError as exc:
        log.error("%s", exc)
    except Failure:
        return alone(bench, request)  # which tells the user
    except Exception:
        log.exception("a bug while a job was worked out")
    return refusal


def _reply(published: Published) -> bytes:
    return envelope.write_reply(clear.reply_of(published))
