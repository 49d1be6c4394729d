"""
``_return`` and ``_syndic_return``: results of jobs. Saved, then told, then acknowledged.

Source: PROTOCOL sections 9.10, 12.3, 12.4, 16.
"""

import hashlib
import logging
from typing import Any  # results are any msgpack value

from txsalt.errors import BadLoad, BadName, BadSignature, RemoteError, Replayed
from txsalt.events import tags
from txsalt.master.store.jobs import Job, pack_return
from txsalt.master.worker.bench import Bench
from txsalt.master.worker.commands import failed_states
from txsalt.master.worker.principals import Minion
from txsalt.wire import event, fields, job_loads, names, serial

log = logging.getLogger(__name__)

_UNASKED = "req"  # the jid of a return that nobody published a job for
_NOT_KEPT = "nocache"
_UNSIGNED = ("nonce", "tok", "sig")
_TRIES = 100


def save_return(bench: Bench, minion: Minion, load: dict[str, Any]) -> None:
    """Store a return and fire its event. Raises BadLoad or BadName for one that is incomplete."""
    ret = read(bench, minion, load)
    if ret is None:
        return
    if ret.jid == _UNASKED:
        _save_unasked(bench, ret)
    else:
        save_all(bench, [ret])


def read(bench: Bench, minion: Minion, load: dict[str, Any]) -> job_loads.Return | None:
    """Read a return, None if its signature forbids that. Raises as ``save_return`` does."""
    if not _signature_allows(bench, minion, load):
        bench.refusals.note("unsigned return", f"of {minion.id}")
        _note_refused(bench, minion, load, "it is not signed with the minion's key")
        return None
    try:
        return job_loads.read_return(load, minion.id)
    except RemoteError as exc:
        _note_refused(bench, minion, load, str(exc))
        raise


def save_all(bench: Bench, found: list[job_loads.Return]) -> None:
    """Store returns in one commit, then fire the events of those that are news."""
    bench.last_return.note([(ret.jid, ret.minion_id) for ret in found])
    packed = [(ret, pack_return(ret)) for ret in found]
    news = packed
    if bench.config.job_cache:
        kept = [each for each in packed if each[0].jid != _NOT_KEPT]
        news = [each for each in packed if each[0].jid == _NOT_KEPT]
        news += bench.jobs.save_returns(kept, bench.clock())
    bench.out.fire_packed(
        [(tags.job_return(ret.jid, ret.minion_id), _with_time(ret, body)) for ret, body in news]
    )
    _copy_late(bench, [ret for ret, _ in news])
    for ret, _ in news:
        for tag, data in failed_states.events_of(ret):
            bench.out.fire(tag, data)


def tell_leftover(bench: Bench) -> None:
    """Fire the events of the returns at which the last worker of this number was killed."""
    for jid, minion_id in bench.last_return.leftover():
        load = bench.jobs.returns(jid).get(minion_id)
        if load is not None:
            log.warning("the return of %s for job %s is told after a crash", minion_id, jid)
            bench.out.fire(tags.job_return(jid, minion_id), load)
            _copy_late(bench, [job_loads.read_return(load, minion_id)])


def _copy_late(bench: Bench, found: list[job_loads.Return]) -> None:
    """Store, and tell, under the jid of a batch what came after its end: nobody knows its parts."""
    batches = bench.batches.ended_batches_of({ret.jid for ret in found}) if found else {}
    for ret in found:
        jid = batches.get(ret.jid)
        if jid is not None:
            bench.batches.copy_returns(jid, ret.jid, [ret.minion_id])
            bench.out.fire(tags.job_return(jid, ret.minion_id), {**ret.load, "jid": jid})


def save_syndic_returns(bench: Bench, minion: Minion, load: dict[str, Any]) -> None:
    """
    Store the returns that a lower master passes on; ids inside are its word, but checked.

    Nobody may pass on returns unless ``order_masters`` says so, and nobody those of a minion that
    is accepted here: it speaks for itself.
    """
    if not bench.config.order_masters:
        bench.refusals.note("syndic return", f"of {minion.id}: order_masters is not set")
        return
    batch = fields.array(load, "load") if isinstance(load.get("load"), list) else [load]
    for job in batch:
        try:
            _save_lower_job(bench, job)
        except RemoteError as exc:
            bench.refusals.note("syndic return", f"of {minion.id}: {exc}")


def _with_time(ret: job_loads.Return, packed: bytes) -> bytes:
    # The stamp of an event is the bus's own.
    stamp = ret.load.get("ts")
    return packed if stamp is None else event.with_field(packed, "ts", stamp)


def _note_refused(bench: Bench, minion: Minion, load: dict[str, Any], reason: str) -> None:
    """Keep the reason for who waits for the return; of jobs that exist only."""
    try:
        jid = names.jid(load.get("jid"))
    except BadName:
        return
    if bench.jobs.job(jid) is not None:
        bench.presence.refused(jid, minion.id, reason, bench.clock())


def _save_unasked(bench: Bench, ret: job_loads.Return) -> None:
    request = _name_of(ret)
    load = {
        **ret.load,
        "tgt_type": "glob",
        "tgt": ret.minion_id,
        "arg": ret.load.get("fun_args") or [],
    }
    for _ in range(_TRIES):
        known = bench.jobs.jid_of_request(request) if request is not None else None
        if known is not None:
            # A repetition; but whoever took it in before may have ended before it was saved.
            save_all(bench, [job_loads.read_return({**load, "jid": known}, ret.minion_id)])
            return
        jid = bench.new_jid()
        load["jid"] = jid
        job_load = {name: value for name, value in load.items() if name not in ("return", "ts")}
        job = Job(jid=jid, created=bench.clock(), load=job_load, minions=[ret.minion_id])
        try:
            bench.jobs.save_job(job, request)
        except Replayed:
            continue
        save_all(bench, [job_loads.read_return(load, ret.minion_id)])
        return
    raise Replayed


def _name_of(ret: job_loads.Return) -> bytes | None:
    # The stamp is made with the result, so it is the same in each repetition. Without one (a run
    # by hand) two equal returns may be two runs.
    if not isinstance(ret.load.get("_stamp"), str):
        return None
    lasting = {name: value for name, value in ret.load.items() if name != "ts"}
    return hashlib.blake2b(serial.pack_bin(lasting), digest_size=16).digest()


def _save_lower_job(bench: Bench, job: Any) -> None:
    if not isinstance(job, dict):
        raise BadLoad("a job of a syndic is not a map")
    jid = names.jid(job.get("jid"))
    returns = fields.mapping(job, "return")
    if isinstance(job.get("load"), dict) and bench.jobs.job(jid) is None:
        _save_quietly(bench, Job(jid=jid, created=bench.clock(), load=job["load"]))
    outer = {name: job[name] for name in ("fun", "arg", "tgt", "tgt_type") if name in job}
    for minion_id, result in returns.items():
        if not isinstance(result, dict):
            raise BadLoad("a return of a syndic is not a map")
        if bench.keys.is_accepted(minion_id):
            raise BadLoad(f"{minion_id} is a minion of this master")
        lower = {**outer, **result, "cmd": "_return", "jid": jid}
        save_all(bench, [job_loads.read_return(lower, names.minion_id(minion_id))])


def _save_quietly(bench: Bench, job: Job) -> None:
    try:
        bench.jobs.save_job(job)
    except Replayed:
        log.debug("job %s is known already", job.jid)


def _signature_allows(bench: Bench, minion: Minion, load: dict[str, Any]) -> bool:
    config = bench.config
    if "sig" not in load:
        return not config.require_minion_sign_messages
    if not (config.require_minion_sign_messages or config.drop_messages_signature_fail):
        return True
    signed = {name: value for name, value in load.items() if name not in _UNSIGNED}
    try:
        minion.key.verify(
            fields.blob(load, "sig"), serial.pack_bin(signed), minion.sig_algo, "return"
        )
    except (BadSignature, BadLoad, BadName):
        return False
    return True
