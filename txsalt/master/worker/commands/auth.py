"""
``_auth``: a minion introduces itself.

Interactions: decide, change the key store, fire the event, reply. What is broken is refused
before anything is stored: keys that are none, algorithms that nobody has.

Source: PROTOCOL sections 6.2, 6.3, 6.6, 6.7.
"""

import logging
from typing import Any  # loads are maps of any msgpack value

from txsalt.errors import BadAlgorithm
from txsalt.events import tags
from txsalt.light import evolve
from txsalt.master.store.audit import Entry
from txsalt.master.store.keys import WORDS
from txsalt.master.worker.bench import Bench
from txsalt.master.worker.gatekeeper import Opened
from txsalt.protocol import admission
from txsalt.protocol.admission import Automatic, Decision, KeyState
from txsalt.wire import algorithms, auth_loads, envelope, rsa

log = logging.getLogger(__name__)


def auth(bench: Bench, opened: Opened) -> envelope.Reply:
    """Answer a sign-in. Raises BadLoad, BadName or BadKey for what is answered "bad load"."""
    request = auth_loads.read_auth_request(opened.load)
    try:
        algorithms.check_enc_algo(request.enc_algo)
        algorithms.check_sig_algo(request.sig_algo)
    except BadAlgorithm as exc:
        return envelope.ClearReply({"ret": str(exc)})
    # The key's text is what is stored and compared, so it must be the text of a key.
    key = _key_of(bench, request)
    if key.pem != request.pub:
        request = evolve(request, pub=key.pem)
    decision = _decide(bench, request)
    _carry_out(bench, request, decision)
    face = bench.face(request.sig_algo)
    if decision.verdict is not None:
        return admission.verdict_reply(face, request, decision.verdict, opened.version)
    session = bench.sessions.key_string(request.minion_id, request.pub, bench.clock())
    return admission.accept_reply(face, request, session, opened.version, key)


def _key_of(bench: Bench, request: auth_loads.AuthRequest) -> rsa.PublicKey:
    # Nearly always it is the accepted one, which need not be parsed again.
    key = bench.keys.accepted_key(request.minion_id)
    if key is not None and key.pem == request.pub:
        return key
    return rsa.PublicKey.from_pem(request.pub)


def _decide(bench: Bench, request: auth_loads.AuthRequest) -> Decision:
    minion_id, rules = request.minion_id, bench.autosign
    if _is_full(bench, minion_id):
        return admission.FULL
    known = bench.keys.get(minion_id)
    if known.state in (None, KeyState.PENDING) and not bench.config.open_mode:
        automatic = rules.judge(minion_id, request.autosign_grains)
    else:
        automatic = Automatic.NONE
    decision = _outcome(bench, request, known, automatic)
    if automatic is not Automatic.SIGN or decision.store is not KeyState.ACCEPTED:
        return decision
    if rules.always_signs(minion_id, request.autosign_grains) or rules.consume(minion_id):
        return decision
    return _outcome(bench, request, known, Automatic.NONE)


def _outcome(
    bench: Bench,
    request: auth_loads.AuthRequest,
    known: admission.Known,
    automatic: Automatic,
) -> Decision:
    return admission.decide(
        shown=request.pub,
        known=known,
        automatic=automatic,
        open_mode=bench.config.open_mode,
    )


def _is_full(bench: Bench, minion_id: str) -> bool:
    most = bench.config.max_minions
    if most <= 0 or bench.keys.is_accepted(minion_id):
        return False
    return len(bench.keys.accepted_ids()) >= most


def _carry_out(bench: Bench, request: auth_loads.AuthRequest, decision: Decision) -> None:
    minion_id = request.minion_id
    if decision.store is not None:
        before = bench.keys.pem(minion_id, decision.store)
        bench.keys.put(decision.store, minion_id, request.pub)
        _note(bench, request, decision.store, before)
    if decision.remove is not None and decision.remove is not decision.store:
        bench.keys.remove(decision.remove, minion_id)
    if decision.verdict is None:
        bench.identities.signed_in(minion_id, request.pub)
    if bench.config.auth_events:
        bench.out.fire(tags.AUTH, _event(request, decision))


def _note(
    bench: Bench, request: auth_loads.AuthRequest, state: KeyState, before: str | None
) -> None:
    # Denied keys replace each other as often as somebody likes; one line for each id is enough.
    if before == request.pub or (before is not None and state is KeyState.DENIED):
        return
    automatic = state in (KeyState.ACCEPTED, KeyState.REJECTED)
    entry = Entry(
        act=WORDS[state],
        id=request.minion_id,
        by="open_mode" if bench.config.open_mode else "autosign" if automatic else "sign-in",
        finger=rsa.fingerprint(request.pub, bench.config.hash_type),
    )
    bench.note(entry)
    level = logging.WARNING if state is KeyState.DENIED else logging.INFO
    log.log(
        level, "key of %s: %s (%s), fingerprint %s", entry.id, entry.act, entry.by, entry.finger
    )


def _event(request: auth_loads.AuthRequest, decision: Decision) -> dict[str, Any]:
    return {
        "result": decision.result,
        "act": decision.act,
        "id": request.minion_id,
        "pub": request.pub,
    }
