"""
Loads about jobs: the publish request, the publication, the return.

Fields are written in the order of stock programs. Unknown fields are kept where a function may
receive them and ignored elsewhere.

Source: PROTOCOL sections 10.3, 11.1 to 11.3, 12.3, 12.4.
"""

from collections.abc import Iterable
from typing import Any  # arguments and results are any msgpack value

from txsalt.errors import BadEnvelope, BadLoad
from txsalt.light import field, frozen
from txsalt.wire import algorithms, fields, names, serial

Load = dict[str, Any]
Target = str | list[str]

# Taken from ``kwargs`` of a publish request into the publication, in this order.
_FROM_KWARGS_BEFORE = ("master_id", "delimiter", "id")
_FROM_KWARGS_AFTER = (
    "ret_config",
    "metadata",
    "module_executors",
    "executor_opts",
    "ret_kwargs",
    "start_event",
    "deadline",  # ours: seconds from now after which nobody waits; stock minions ignore it
    "stream",  # ours: true for a command's output while it runs, as progress events
)
HIDDEN = "**********"  # stands for what is not shown


@frozen(kw_only=True)
class PublishRequest:
    """What the command line asks the master to publish."""

    tgt: Target
    fun: str | list[str]
    arg: list[Any] = field(factory=list)
    tgt_type: str = "glob"
    jid: str = ""
    ret: str = ""
    user: str = ""
    key: str = field(default="", repr=False)
    kwargs: Load = field(factory=dict, repr=False)
    to: float | None = None

    def load(self) -> Load:
        """Return the load of the clear command ``publish``."""
        load: Load = {
            "cmd": "publish",
            "tgt": self.tgt,
            "fun": self.fun,
            "arg": self.arg,
            "key": self.key,
            "tgt_type": self.tgt_type,
            "ret": self.ret,
            "jid": self.jid,
        }
        if self.kwargs:
            load["kwargs"] = self.kwargs
        if self.user:
            load["user"] = self.user
        if self.to is not None:
            load["to"] = self.to
        return load


def read_publish_request(load: Load) -> PublishRequest:
    """Read a ``publish`` load. Raises BadLoad or BadName."""
    jid = load.get("jid") or ""
    to = load.get("to")
    return PublishRequest(
        tgt=_target(load.get("tgt")),
        fun=_function(load.get("fun")),
        arg=fields.array(load, "arg") if load.get("arg") is not None else [],
        tgt_type=fields.text(load, "tgt_type", "glob"),
        jid=names.jid(jid) if jid else "",
        ret=fields.text(load, "ret", "") if load.get("ret") else "",
        user=fields.text(load, "user", ""),
        key=fields.text(load, "key", ""),
        kwargs=fields.mapping(load, "kwargs", {}),
        to=to if isinstance(to, int | float) and not isinstance(to, bool) else None,
    )


def publication_load(request: PublishRequest, *, jid: str, user: str) -> Load:
    """Return the inner map of a publication, without serial; fields in the stock order."""
    kwargs = request.kwargs
    load: Load = {
        "fun": request.fun,
        "arg": request.arg,
        "tgt": request.tgt,
        "jid": jid,
        "ret": request.ret,
    }
    for name in _FROM_KWARGS_BEFORE:
        if name in kwargs and not (name == "delimiter" and kwargs[name] == ":"):
            load[name] = kwargs[name]
    load["tgt_type"] = request.tgt_type
    if request.to is not None:
        load["to"] = request.to
    load.update((name, kwargs[name]) for name in _FROM_KWARGS_AFTER if name in kwargs)
    load["user"] = user
    return load


def without_secrets(load: Load) -> Load:
    """
    Return a load to be stored or shown: the options of a returner keep their names only.

    They are for the minion that delivers, who gets them with the publication, and are often
    passwords. A load without any is returned as it is.
    """
    options = load.get("ret_kwargs")
    if not options:
        return load
    shown = dict.fromkeys(options, HIDDEN) if isinstance(options, dict) else HIDDEN
    return {**load, "ret_kwargs": shown}


def deadline(load: Load) -> float | None:
    """Return the seconds after which nobody waits for a job; None where it has no such number."""
    seconds = load.get("deadline")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds > 0:
        return None
    return float(seconds)


@frozen(kw_only=True)
class Publication:
    """One job as a minion sees it; ``load`` is the whole inner map, for ``__pub_*`` arguments."""

    jid: str
    tgt: Target
    tgt_type: str
    fun: str | list[str]
    arg: list[Any]
    delimiter: str = ":"
    load: Load = field(repr=False)


def read_publication(load: Any) -> Publication:
    """
    Read the opened inner map of a publication.

    Raises BadLoad or BadName if ``tgt``, ``jid``, ``fun`` or ``arg`` is missing or of a wrong type.
    """
    if not isinstance(load, dict):
        raise BadLoad("the publication is not a map")
    delimiter = load.get("delimiter") or ":"
    fun, arg = _function(load.get("fun")), fields.array(load, "arg")
    if isinstance(fun, list) and len(fun) != len(arg):
        raise BadLoad("as many argument lists as functions are needed")
    return Publication(
        jid=names.jid(load.get("jid")),
        tgt=_target(load.get("tgt")),
        tgt_type=fields.text(load, "tgt_type", "glob"),
        fun=fun,
        arg=arg,
        delimiter=delimiter if isinstance(delimiter, str) else ":",
        load=load,
    )


@frozen(kw_only=True)
class SealedPublication:
    """The envelope of a publication on 4505."""

    box: bytes
    sig: bytes | None
    sig_algo: str

    def packed(self) -> bytes:
        """Return the frame."""
        outer: Load = {"enc": "aes", "load": self.box}
        if self.sig is not None:
            outer["sig_algo"] = self.sig_algo
            outer["sig"] = self.sig
        return serial.pack(outer)


def read_sealed_publication(raw: bytes) -> SealedPublication:
    """Read a frame of 4505. Raises BadEncoding, BadEnvelope or BadAlgorithm."""
    outer = serial.unpack_raw(raw)
    if not isinstance(outer, dict) or outer.get(b"enc") != b"aes":
        raise BadEnvelope("not a sealed publication")
    box, sig = outer.get(b"load"), outer.get(b"sig")
    if not isinstance(box, bytes) or not (sig is None or isinstance(sig, bytes)):
        raise BadEnvelope("load or sig of the wrong type")
    algorithm = serial.to_text(outer.get(b"sig_algo", b"PKCS1v15-SHA1"))
    return SealedPublication(box=box, sig=sig, sig_algo=algorithms.check_sig_algo(algorithm))


def return_load(
    publication: Load, minion_id: str, result: Load, stamp: str, *, jid: str | None = None
) -> Load:
    """
    Return the ``_return`` load for a finished job, without nonce, ts and tok.

    ``result`` holds ``return``, ``retcode``, ``success`` and maybe ``out``; ``stamp`` is ISO
    time in UTC.
    """
    load: Load = {
        "cmd": "_return",
        "id": minion_id,
        "success": result.get("success"),
        "return": result.get("return"),
    }
    if result.get("out"):
        load["out"] = result["out"]
    load["retcode"] = result.get("retcode")
    load["jid"] = publication.get("jid") if jid is None else jid
    load["fun"] = publication.get("fun")
    load["fun_args"] = publication.get("arg")
    for name in ("schedule", "pid", "user", "metadata", "master_id"):
        if name in publication and (name != "metadata" or isinstance(publication[name], dict)):
            load[name] = publication[name]
    load["_stamp"] = stamp
    return load


_OF_TRANSPORT = ("nonce", "tok", "sig")


@frozen(kw_only=True)
class Return:
    """A return as the master stores it: who, which job, and the whole load."""

    minion_id: str
    jid: str
    fun: str | list[str]
    success: bool
    retcode: int
    load: Load = field(repr=False)


def read_return(load: Load, minion_id: str) -> Return:
    """
    Read a ``_return`` load of the authenticated ``minion_id``; the load's own id is replaced.

    Raises BadLoad if ``return`` or ``jid`` is missing, BadName if the jid is not one.
    """
    if "return" not in load:
        raise BadLoad("return is missing")
    jid = names.jid(load.get("jid"))
    kept = load.copy()
    for name in _OF_TRANSPORT:
        kept.pop(name, None)
    kept["id"], kept["jid"] = minion_id, jid
    fun = load.get("fun")
    return Return(
        minion_id=minion_id,
        jid=jid,
        fun=fun if isinstance(fun, (str, list)) else "",
        success=_all_true(load.get("success", True)),
        retcode=_worst(load.get("retcode", 0)),
        load=without_secrets(kept),  # stock minions send the options of returners back
    )


def _all_true(success: Any) -> bool:
    if success is True:
        return True
    if isinstance(success, dict):
        return all(success.values())
    if isinstance(success, list):
        return all(success)
    return bool(success)


def _worst(retcode: Any) -> int:
    if type(retcode) is int:
        return retcode
    # One function gives an integer, several a map or list; None stands for a function that failed.
    codes: Iterable[Any] = (
        retcode.values()
        if isinstance(retcode, dict)
        else retcode
        if isinstance(retcode, list)
        else [retcode]
    )
    return max((code if isinstance(code, int) else 1 for code in codes), default=0)


def _target(value: Any) -> Target:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return value
    raise BadLoad("tgt is missing, or neither text nor a list of texts")


def _function(value: Any) -> str | list[str]:
    if isinstance(value, str) and value:
        return value
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return value
    raise BadLoad("fun is missing, or neither a name nor a list of names")
