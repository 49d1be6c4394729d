"""
Ask the minion daemon of this machine about its jobs, on its local bus.

Source: docs/architecture.md; ``minion/daemon/job_questions.py`` is the other end.
"""

import hashlib
import os
import time
from collections.abc import Mapping, Sequence
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
    path = bus_path(config, "pull")
    if not os.path.exists(path):
        raise NoMinion(path, "it does not run")
    if not os.access(path, os.W_OK):
        raise NoMinion(path, "only the user that it runs as may ask it")
    token = os.urandom(16).hex()
    answer, live = tags.jobs_answer(token), tags.live(token)
    question = event.write_event(tags.ASK_JOBS, {"fun": fun, "arg": list(arg), "token": token})
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    try:
        hears, asks = context.socket(zmq.SUB), context.socket(zmq.PUSH)
        for prefix in (answer, live):  # in this order: who hears the second hears the first
            hears.subscribe(prefix.encode())
        hears.connect(f"ipc://{bus_path(config, 'pub')}")
        until = time.monotonic() + patience
        _wait_for(live, hears, until, path)
        asks.connect(f"ipc://{path}")
        asks.send(question, zmq.DONTWAIT)
        return _wait_for(answer, hears, until, path)
    except zmq.ZMQError as exc:
        raise NoMinion(path, zmq.strerror(exc.errno or 0)) from exc
    finally:
        context.destroy(linger=0)


def _wait_for(wanted: str, hears: "zmq.Socket[bytes]", until: float, path: str) -> dict[str, Any]:
    while (left := until - time.monotonic()) > 0:
        if hears.poll(int(left * 1000) + 1):
            tag, data = event.read_event(hears.recv())
            if tag == wanted:
                return data
    raise NoMinion(path, "it is not there any more, or stands still")
