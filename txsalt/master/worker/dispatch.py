"""
THE table of what the network may call. A name that is not in it does nothing.

Interactions: the gatekeeper says who asks; the table says whether they may, and how the answer is
sealed. Whatever a handler does, there is an answer.

Source: PROTOCOL sections 7.2, 7.3, 9.1, 10.2.
"""

import logging
from collections.abc import Callable
from enum import Enum
from typing import Any  # handlers return any msgpack value

from attrs import frozen

from txsalt.errors import RemoteError, Replayed, StoreError
from txsalt.master.store import database
from txsalt.master.store.database import Failure
from txsalt.master.worker.bench import Bench
from txsalt.master.worker.commands import (
    auth,
    clear,
    events,
    files,
    keys,
    mine,
    opts,
    peer,
    pillar,
    returns,
    tools,
)
from txsalt.master.worker.gatekeeper import Opened
from txsalt.master.worker.principals import KeyHolder, Minion
from txsalt.protocol import sealed_request
from txsalt.wire import envelope
from txsalt.wire.crypticle import generate_key_string

log = logging.getLogger(__name__)


class Who(Enum):
    """Who may call a command."""

    MINION = "a minion, proved by its session and token"
    HOLDER = "a minion, or below version 3 whoever holds the shared key"
    CLEAR = "anybody in clear text; the command looks for a local user itself if it needs one"


class Kind(Enum):
    """How the answer is sent."""

    BOX = "sealed with the session key"
    PRIVATE = "sealed with a one-time key and signed"
    REPLY = "the handler makes the reply"
    BARE = "the value without an envelope"


@frozen
class Command:
    """
    One thing that the network may ask for.

    ``handler`` takes (bench, sender, load), or (bench, opened) for CLEAR commands; ``refused`` is
    the answer where it raises a RemoteError. ``repeated``: where the master fails, the minion must
    send it again, and does so for "bad load" only. ``once``: the same request, sent again by
    whoever heard it on the wire, is refused.
    """

    handler: Callable[..., Any]
    who: Who = Who.MINION
    kind: Kind = Kind.BOX
    refused: Any = None
    repeated: bool = False
    once: bool = False


_NONE_FOUND: dict[str, Any] = {}

COMMANDS: dict[str, Command] = {
    # in clear text
    "_auth": Command(auth.auth, Who.CLEAR, Kind.REPLY, repeated=True),
    "ping": Command(clear.ping, Who.CLEAR, Kind.BARE),
    "publish": Command(clear.publish, Who.CLEAR, Kind.REPLY),
    "get_token": Command(clear.get_token, Who.CLEAR, Kind.BARE),
    "mk_token": Command(clear.mk_token, Who.CLEAR, Kind.BARE),
    "runner": Command(tools.runner, Who.CLEAR, Kind.BARE),
    "wheel": Command(tools.wheel, Who.CLEAR, Kind.BARE),
    # sealed
    "_return": Command(returns.save_return, repeated=True),
    "_syndic_return": Command(returns.save_syndic_returns, repeated=True),
    "_minion_event": Command(events.fire_events),
    "_pillar": Command(pillar.pillar, kind=Kind.PRIVATE, refused=_NONE_FOUND),
    "_master_opts": Command(opts.master_opts, Who.HOLDER, refused=_NONE_FOUND),
    "_master_tops": Command(opts.master_tops, refused=_NONE_FOUND),
    "_register_resources": Command(opts.register_resources, refused=_NONE_FOUND),
    "_file_envs": Command(files.file_envs, Who.HOLDER, refused=()),
    "_file_list": Command(files.file_list, Who.HOLDER, refused=()),
    "_file_list_emptydirs": Command(files.empty_folders, Who.HOLDER, refused=()),
    "_dir_list": Command(files.dir_list, Who.HOLDER, refused=()),
    "_symlink_list": Command(files.symlink_list, Who.HOLDER, refused=_NONE_FOUND),
    "_file_hash": Command(files.file_hash, Who.HOLDER, refused=""),
    "_file_hash_and_stat": Command(files.file_hash_and_stat, Who.HOLDER, refused=("", None)),
    "_file_find": Command(files.file_find, Who.HOLDER, refused={"path": "", "rel": ""}),
    "_serve_file": Command(files.serve_file, Who.HOLDER, refused={"data": "", "dest": ""}),
    "_file_recv": Command(files.file_recv, refused=False, once=True),
    "_mine": Command(mine.store, refused=_NONE_FOUND, once=True),
    "_mine_get": Command(mine.get, refused=_NONE_FOUND),
    "_mine_delete": Command(mine.delete, refused=_NONE_FOUND, once=True),
    "_mine_flush": Command(mine.flush, refused=_NONE_FOUND, once=True),
    "minion_pub": Command(peer.minion_pub, refused=_NONE_FOUND, once=True),
    "minion_publish": Command(peer.minion_publish, refused=_NONE_FOUND, once=True),
    "pub_ret": Command(peer.pub_ret, refused=""),
    "minion_runner": Command(peer.minion_runner, refused=_NONE_FOUND, once=True),
    "revoke_auth": Command(keys.revoke_auth, refused=False, once=True),
}


def handle(bench: Bench, opened: Opened) -> envelope.Reply:
    """
    Carry out a request and return the reply.

    Raises a RemoteError for a clear request that is to be answered "bad load".
    """
    sender = opened.principal
    if isinstance(sender, Minion | KeyHolder):
        return _handle_sealed(bench, opened, sender)
    command = COMMANDS.get(opened.cmd)
    if command is None or command.who is not Who.CLEAR:
        bench.refusals.note("command", f"unknown in clear text: {opened.cmd!r:.60}")
        return envelope.BareReply({})
    try:
        value = command.handler(bench, opened)
    except Failure as exc:
        return _failed(bench, command, opened.cmd, exc)
    return value if command.kind is Kind.REPLY else envelope.BareReply(value)


def _handle_sealed(bench: Bench, opened: Opened, sender: Minion | KeyHolder) -> envelope.Reply:
    command = COMMANDS.get(opened.cmd)
    if command is None or not _may(command, sender):
        bench.refusals.note("command", f"unknown in a box: {opened.cmd!r:.60}")
        return _box(sender, {})
    if command.kind is Kind.PRIVATE and isinstance(sender, Minion):
        return _answer_private(bench, command, opened, sender)
    return _box(sender, _value(bench, command, opened, sender))


def _failed(bench: Bench, command: Command, cmd: str, exc: Failure) -> envelope.Reply:
    """Say in the log what is wrong with the store, and answer a user that it is not the user."""
    problem = StoreError(database.path_in(bench.config.cachedir), str(exc))
    if command.repeated:
        raise problem from exc
    log.error("%s failed: %s", cmd, problem)
    message = f"the store of the master fails: {exc}"
    return envelope.BareReply({"error": {"name": "StoreError", "message": message}})


def _may(command: Command, sender: Minion | KeyHolder) -> bool:
    if command.who is Who.CLEAR:
        return False
    return command.who is Who.HOLDER or isinstance(sender, Minion)


def _is_first(bench: Bench, sender: Minion) -> bool:
    # The protocol's oldest versions, refused by default, have no nonce.
    return not sender.nonce or bench.nonces.take(sender.id, sender.nonce, bench.clock())


def _value(bench: Bench, command: Command, opened: Opened, sender: Minion | KeyHolder) -> Any:
    try:
        if command.once and isinstance(sender, Minion) and not _is_first(bench, sender):
            raise Replayed
        return command.handler(bench, sender, opened.load)
    except RemoteError as exc:
        bench.refusals.note(opened.cmd, str(exc))
        return command.refused
    except Failure as exc:
        problem = StoreError(database.path_in(bench.config.cachedir), str(exc))
        if command.repeated:
            raise problem from exc
        log.error("%s failed: %s", opened.cmd, problem)
        return ""
    except Exception:
        if command.repeated:
            raise
        # The worker's edge: one bad request must not end it, nor leave the peer waiting.
        log.exception("a bug in %s", opened.cmd)
        return ""


def _box(sender: Minion | KeyHolder, value: Any) -> envelope.Reply:
    return envelope.BareReply(sender.crypticle.seal(value, sender.nonce))


def _answer_private(
    bench: Bench, command: Command, opened: Opened, minion: Minion
) -> envelope.Reply:
    if minion.version < 2:
        return sealed_request.unsigned_private_reply(
            _value(bench, command, opened, minion),
            to=minion.key,
            key_string=generate_key_string(),
            enc_algo=minion.enc_algo,
        )
    if not minion.nonce:
        return envelope.BareReply({"error": "Nonce not included in request"})
    return sealed_request.private_reply(
        _value(bench, command, opened, minion),
        nonce=minion.nonce,
        to=minion.key,
        by=bench.master_key,
        key_string=generate_key_string(),
        enc_algo=minion.enc_algo,
        sig_algo=minion.sig_algo,
    )
