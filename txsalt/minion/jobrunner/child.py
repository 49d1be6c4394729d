"""
Be the job: the first minutes of a forked child, from the fork to its ``_exit``.

Nothing of the zygote's must be left: not its descriptors, signal handlers, group, nor its life
should the zygote be killed.
"""

import ctypes
import os
import resource
import signal
import socket
import sys
import traceback
from collections.abc import Iterable
from typing import NoReturn, Protocol

from txsalt.errors import BadEncoding
from txsalt.events import tags
from txsalt.light import frozen
from txsalt.minion.jobrunner.context import JobContext, Link
from txsalt.wire.pipe import encode


class Work(Protocol):
    """What jobs do: ``execute``, or another module in tests."""

    def prepare(self, context: JobContext) -> object:
        """Make what every job needs, in a child that has none yet; it goes to ``run``."""

    def run(self, load: dict, context: JobContext, ready: object = None) -> dict:
        """Run a job; give {return, retcode, success, …}."""


@frozen
class Assignment:
    """What a child is to run; as a frame to a spare, ``start`` with ``jid`` and ``load``."""

    jid: str
    load: dict


LONGEST_RESULT = 64 * 1024 * 1024  # bytes, as encoded
_SLACK = 4096  # for the map around the return value

_PR_SET_PDEATHSIG = 1
_prctl = ctypes.CDLL(None, use_errno=True).prctl


def become_job(
    work: Work,
    assignment: Assignment | None,
    link: socket.socket,
    facts: dict,
    *,
    zygote_pid: int,
    close: Iterable[int],
) -> NoReturn:
    """
    Run one job in this newly forked process, send its result, and exit.

    Without an assignment this is a spare: it prepares itself and waits for one on ``link``.
    ``facts`` are the keyword arguments of JobContext but ``jid`` and ``link``; ``close`` are the
    descriptors of the zygote and of other jobs. Exits 0 with a result and 1 without.
    """
    code = 1
    job_pid = os.getpid()
    try:
        _leave_zygote(zygote_pid, close)
        link.setblocking(True)
        to_zygote = Link(link)
        result = _result(work, assignment, to_zygote, facts)
        if os.getpid() == job_pid:
            to_zygote.send_result(_result_frame(result))
        code = 0
    except MemoryError:
        # What the function gave did not fit twice: as it is, and packed.
        if os.getpid() == job_pid:
            to_zygote.send_result(_NO_MEMORY)
            code = 0
    except SystemExit as exc:
        code = exc.code if isinstance(exc.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        # A process that the job forked and that came back here has no result to give.
        _leave(code)


def _result(work: Work, assignment: Assignment | None, link: Link, facts: dict) -> dict:
    context = JobContext(link=link, **facts)
    ready = None
    if assignment is None:
        ready = work.prepare(context)
        assignment = _wait(link)
    context.jid = assignment.jid
    if assignment.load.get("stream"):
        context.live = _live(context)
    _limit_memory(facts["config"].get("job_memory_max"))
    return work.run(assignment.load, context, ready)


def _wait(link: Link) -> Assignment:
    """Wait as a spare; exit where nothing comes."""
    message = link.next_frame()
    if message is None:
        sys.exit(0)
    return Assignment(message["jid"], message["load"])


def result_of_refusal(text: str) -> dict:
    """Make the result of a job that could not be run or whose result could not be sent."""
    return {"return": text, "retcode": 1, "success": False}


_NO_MEMORY = encode(
    {
        "kind": "result",
        "result": result_of_refusal("ERROR: the job got no more memory than for its work"),
    }
)


def _limit_memory(mib: object) -> None:
    if isinstance(mib, int) and mib > 0:
        most = mib << 20
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _live(context: JobContext) -> object:
    # Few jobs are followed live; the others need neither thread nor decoder.
    from txsalt.minion.jobrunner.live import Live

    def send(number: int, data: dict) -> None:
        tag = tags.job_progress(context.jid, context.config["id"], number)
        context.call("fire_event", {"tag": tag, "data": data, "local": False})

    return Live(send)


def _leave_zygote(zygote_pid: int, close: Iterable[int]) -> None:
    os.setpgid(0, 0)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    for fd in close:
        os.close(fd)
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != zygote_pid:  # it died before prctl
        os._exit(1)


def _result_frame(result: dict) -> bytes:
    try:
        frame = encode({"kind": "result", "result": result})
    except BadEncoding as exc:
        text = f"The function's return value cannot be sent: {exc.reason}"
        return encode({"kind": "result", "result": result_of_refusal(text)})
    if len(frame) <= LONGEST_RESULT + _SLACK:
        return frame
    text = f"The function's return value has {len(frame)} bytes; {LONGEST_RESULT} can be sent"
    return encode({"kind": "result", "result": result_of_refusal(text)})


def _leave(code: int) -> NoReturn:
    # Without the interpreter's shutdown: threads that the job left behind would hold it up.
    try:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    except (OSError, ValueError, AttributeError):
        pass
    finally:
        os._exit(code & 0xFF)
