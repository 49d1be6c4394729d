"""
Ask the minion daemon of this machine about its jobs and its schedule, on its local bus.

Interactions: stands for the daemon's own answers in calls of ``txsalt-cli call``, and hands over
the return of one that the master could not be given.

Source: docs/architecture.md; ``minion/daemon/job_questions.py`` and ``local_questions.py`` are the
other end.
"""

import hashlib
import os
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any  # options and answers are of any type

import zmq

from txsalt.errors import LocalError
from txsalt.events import tags
from txsalt.light import frozen
from txsalt.wire import event

PATIENCE = 3.0  # seconds; the daemon answers at once, unless it is not there


@frozen
class NoMinion(LocalError):
    """No minion daemon answers here; says where it was looked for."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"the minion daemon does not answer at {self.path}: {self.reason}"


class NotRunning(NoMinion):
    """No minion daemon runs here."""


@frozen
class NotGranted(LocalError):
    """The daemon does not do what it is asked for; the text says why."""

    reason: str

    def __str__(self) -> str:
        return self.reason


def answer_locally(config: Mapping[str, Any], name: str, arguments: Mapping[str, Any]) -> object:
    """
    Answer a question of a function that only the daemon can answer; True to all others.

    True also about the schedule of a minion that does not run. Raises NoMinion, NotGranted.
    """
    if name == "jobs":
        return ask_about_jobs(config, arguments["fun"], arguments["arg"])
    if name != "schedule":
        return True
    try:
        return _ask(config, tags.ASK_SCHEDULE, {"arguments": dict(arguments)})
    except NotRunning:
        return True


def hand_over_return(config: Mapping[str, Any], load: Mapping[str, Any]) -> None:
    """Have the daemon keep a return and send it. Raises NoMinion, NotGranted."""
    _ask(config, tags.KEEP_RETURN, {"load": dict(load)})


def bus_path(config: Mapping[str, Any], end: str) -> str:
    """Return the socket of the running minion's bus; ``end`` is "pub" or "pull"."""
    digest = hashlib.new(config["hash_type"], config["id"].encode()).hexdigest()[:10]
    return os.path.join(config["sock_dir"], f"minion_event_{digest}_{end}.ipc")


def ask_about_jobs(
    config: Mapping[str, Any], fun: object, arg: Sequence[Any], patience: float = PATIENCE
) -> dict[str, Any]:
    """
    Have ``saltutil.running`` or the like answered; return {return, retcode, success, …}.

    Raises NoMinion if no daemon of this ``config`` answers within ``patience`` seconds.
    """
    question = {"fun": fun, "arg": list(arg)}
    return _answer(config, tags.ASK_JOBS, question, tags.jobs_answer, patience)


def _ask(config: Mapping[str, Any], tag: str, question: dict[str, Any]) -> object:
    said = _answer(config, tag, question, tags.local_answer, PATIENCE)
    if "error" in said:
        raise NotGranted(str(said["error"]))
    return said.get("answer")


def _answer(
    config: Mapping[str, Any],
    tag: str,
    question: dict[str, Any],
    answer_tag: Callable[[str], str],
    patience: float,
) -> dict[str, Any]:
    """Fire an event, and return the data of the one that answers it. Raises NoMinion."""
    path = bus_path(config, "pull")
    _look_for_daemon(path)
    token = os.urandom(16).hex()
    answer, live = answer_tag(token), tags.live(token)
    frame = event.write_event(tag, {**question, "token": token})
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    try:
        hears, asks = context.socket(zmq.SUB), context.socket(zmq.PUSH)
        for prefix in (answer, live):  # in this order: who hears the second hears the first
            hears.subscribe(prefix.encode())
        hears.connect(f"ipc://{bus_path(config, 'pub')}")
        until = time.monotonic() + patience
        _wait_for(live, hears, until, path)
        asks.connect(f"ipc://{path}")
        asks.send(frame, zmq.DONTWAIT)
        return _wait_for(answer, hears, until, path)
    except zmq.ZMQError as exc:
        raise NoMinion(path, zmq.strerror(exc.errno or 0)) from exc
    finally:
        context.destroy(linger=0)


def _look_for_daemon(path: str) -> None:
    """Tell at once if nobody listens there, as after a kill; ZeroMQ would wait. Raises NoMinion."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(PATIENCE)
        try:
            probe.connect(path)
        except (FileNotFoundError, ConnectionRefusedError) as exc:
            raise NotRunning(path, "it does not run") from exc
        except PermissionError as exc:
            raise NoMinion(path, "only the user that it runs as may ask it") from exc
        except OSError as exc:
            if not os.path.exists(path):  # a name that is too long for any socket
                raise NotRunning(path, "it does not run") from exc
            raise NoMinion(path, exc.strerror or str(exc)) from exc


def _wait_for(wanted: str, hears: "zmq.Socket[bytes]", until: float, path: str) -> dict[str, Any]:
    while (left := until - time.monotonic()) > 0:
        if hears.poll(int(left * 1000) + 1):
            tag, data = event.read_event(hears.recv())
            if tag == wanted:
                return data
    raise NoMinion(path, "it is not there any more, or stands still")
