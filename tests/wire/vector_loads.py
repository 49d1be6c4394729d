"""
Check that the typed loads of ``txsalt.wire`` read what was recorded, and write it again.

``strict`` is True for loads that real Salt programs sent: none of them may be refused.
"""

from collections.abc import Callable
from typing import Any  # loads are maps of any msgpack value

from tests.wire.vector_ring import Load, VectorFailed, need
from txsalt.errors import RemoteError
from txsalt.wire import auth_loads, job_loads, serial


def read_or_refuse(strict: bool, read: Callable[..., Any], *arguments: Any) -> Any:
    """Return what ``read`` makes of a load, or None where a probe's load is refused."""
    try:
        return read(*arguments)
    except RemoteError as exc:
        if strict:
            raise VectorFailed(f"{read.__name__} refuses a real load: {exc}") from exc
        return None


def check_auth_request(load: Load, strict: bool) -> auth_loads.AuthRequest | None:
    """An ``_auth`` load is read; its fields are the recorded ones, in the recorded order."""
    request = read_or_refuse(strict, auth_loads.read_auth_request, load)
    if request is None:
        return None
    again = request.load()
    if strict:
        need(serial.pack(again) == serial.pack(load), "the _auth load is not written as recorded")
    known = {name: value for name, value in again.items() if name in load}
    need(
        serial.pack(known) == serial.pack({name: load[name] for name in known}),
        "fields of the _auth load differ",
    )
    return request


def check_publish_request(load: Load, strict: bool) -> job_loads.PublishRequest | None:
    """A ``publish`` load is read, and written with the same bytes."""
    request = read_or_refuse(strict, job_loads.read_publish_request, load)
    if request is not None and strict:
        need(
            serial.pack(request.load()) == serial.pack(load),
            "the publish load is not written as recorded",
        )
    return request


def check_return(load: Load, sender: str, strict: bool) -> None:
    """A ``_return`` load is read for its authenticated sender."""
    found = read_or_refuse(strict, job_loads.read_return, load, sender)
    if found is None:
        return
    need(found.minion_id == found.load["id"] == sender, "the id of the return")
    need(found.jid == str(load["jid"]), "the jid of the return")
    kept = {name: value for name, value in load.items() if name not in ("nonce", "tok", "sig")}
    need({**found.load, "jid": load["jid"]} == {**kept, "id": sender}, "fields of the return")


def check_publication(load: Load, strict: bool) -> None:
    """The inner map of a publication is read."""
    found = read_or_refuse(strict, job_loads.read_publication, load)
    if found is None:
        return
    need(found.jid == str(load["jid"]), "the jid of the publication")
    need((found.fun, found.arg, found.tgt) == (load["fun"], load["arg"], load["tgt"]), "the job")
    need(found.tgt_type == load.get("tgt_type", "glob"), "tgt_type of the publication")
    need(found.delimiter == load.get("delimiter", ":"), "delimiter of the publication")


def check_written_publication(request: job_loads.PublishRequest, load: Load) -> None:
    """The publication that we would make of a publish request is the recorded one."""
    made = job_loads.publication_load(request, jid=load["jid"], user=load["user"])
    if request.tgt_type == "nodegroup":
        made["tgt"], made["tgt_type"] = load["tgt"], load["tgt_type"]
    if "start_event" not in load:
        made.pop("start_event", None)  # 3006 does not know it
    wanted = {name: load[name] for name in load if name not in ("serial", "auth_list")}
    need(serial.pack(made) == serial.pack(wanted), "the publication is not written as recorded")


def check_written_return(publication: Load, load: Load) -> None:
    """The return that we would send for a publication is the recorded one."""
    made = job_loads.return_load(publication, load["id"], load, load["_stamp"])
    wanted = {name: load[name] for name in load if name not in ("nonce", "ts", "tok", "sig")}
    if "out" in wanted or isinstance(wanted["fun"], list):
        # Real programs have no one order for these.
        made, wanted = dict(sorted(made.items())), dict(sorted(wanted.items()))
    need(serial.pack(made) == serial.pack(wanted), "the return is not written as recorded")
