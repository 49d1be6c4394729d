"""
Publish jobs as a command line does, on the request port with the master's user key, without the
start of a process for each.
"""

import getpass
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from attrs import frozen

from txsalt.swarm.lanes import Lanes
from txsalt.swarm.loop import Loop
from txsalt.wire import envelope, job_loads

_TIMEOUT = 60.0


@frozen
class Sent:
    """A job that was published; times are Unix time."""

    jid: str
    asked: float
    answered: float


@frozen
class _Job:
    jid: str
    tgt: str | list[str]
    tgt_type: str


@frozen
class Line:
    """Connections that stay, on each of which one request is under way."""

    _publisher: "Publisher"
    _loop: Loop
    _lanes: Lanes

    def publish(self, jids: list[str], tgt: str, tgt_type: str, rest: float) -> None:
        """Publish a ``test.ping`` for each jid; return ``rest`` seconds after all were accepted."""
        sent: list[Sent] = []
        problems: list[str] = []
        for jid in jids:
            self._publisher.ask(self._lanes, _Job(jid, tgt, tgt_type), sent, problems)
        self._loop.run(lambda: len(sent) + len(problems) == len(jids))
        assert not problems, problems[0]
        end = self._loop.clock() + rest
        self._loop.later(rest, lambda: None)  # or it would sleep until something else is due
        # In the loop, which answers a master's heartbeats.
        self._loop.run(lambda: self._loop.clock() >= end)


class Publisher:
    """Publishes on the request port of a master on this machine."""

    def __init__(self, port: int, key: str, connections: int = 4) -> None:
        self._address = ("127.0.0.1", port)
        self._key = key
        self._connections = connections

    def publish(self, jids: list[str], tgt: str | list[str], tgt_type: str = "glob") -> list[Sent]:
        """
        Publish a ``test.ping`` for each jid, all at once; return when all are accepted.

        Raises AssertionError with the master's reason for a refusal.
        """
        sent: list[Sent] = []
        problems: list[str] = []
        # New connections each time: nobody answers a master's heartbeats between two calls.
        with self._connected(self._connections) as (loop, lanes):
            for jid in jids:
                self.ask(lanes, _Job(jid, tgt, tgt_type), sent, problems)
            loop.run(lambda: len(sent) + len(problems) == len(jids))
        assert not problems, problems[0]
        return sent

    @contextmanager
    def line(self, connections: int = 1) -> Iterator[Line]:
        """So many connections for many jobs."""
        with self._connected(connections) as (loop, lanes):
            yield Line(self, loop, lanes)

    @contextmanager
    def _connected(self, connections: int) -> Iterator[tuple[Loop, Lanes]]:
        with closing(Loop()) as loop:
            lanes = Lanes(
                loop,
                self._address,
                connections=connections,
                window=connections,
                timeout=_TIMEOUT,
            )
            with closing(lanes):
                loop.run(lanes.all_up)
                yield loop, lanes

    def ask(self, lanes: Lanes, job: _Job, sent: list[Sent], problems: list[str]) -> None:
        """Ask for one job; its answer comes to one of the two lists."""
        request = job_loads.PublishRequest(
            tgt=job.tgt,
            fun="test.ping",
            tgt_type=job.tgt_type,
            jid=job.jid,
            user=getpass.getuser(),
            key=self._key,
        )
        times: list[float] = []

        def make() -> bytes:
            times.append(time.time())
            return envelope.write_clear_request(request.load())

        def answered(raw: bytes | None, seconds: float) -> None:
            reply = _load_of(raw)
            if reply.get("jid") == job.jid:
                sent.append(Sent(job.jid, times[0], time.time()))
            else:
                problems.append(f"not published: {reply}")

        lanes.ask(make, answered)


def _load_of(raw: bytes | None) -> dict[str, Any]:
    if raw is None:
        return {"error": "no answer"}
    reply = envelope.read_reply(raw)
    if isinstance(reply, envelope.ClearReply):
        return reply.load
    return {"error": repr(reply)}
