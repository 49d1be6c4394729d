"""
``python -m benchmarks.profile_return``: where the time of a return goes, stage by stage.

First one worker's stages, each timed alone in this process on the same requests; then the floor:
what crypto, msgpack and the store take without any of our code between; then, with ``--live``,
the processor time of each process of a running master.
"""

import argparse
import os
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any
from unittest import TestCase

import msgpack
import zmq
from attrs import frozen

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

from benchmarks.houses import House, fleet
from tests.master.place import FakeMinion, Place
from txsalt.events import tags
from txsalt.master.worker import frames
from txsalt.master.worker.answerer import BATCH, answer, answers
from txsalt.protocol import sealed_request
from txsalt.wire import envelope, job_loads

_RETURNS = 1000
_PASSES = 7
_LIVE_RETURNS = 20_000
_LIVE_MINIONS = 500
_LIVE_LEAST = 1.0  # microseconds; the others have nothing to do with returns
_FLOOR_TABLE = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=NORMAL",
    "CREATE TABLE floor (jid TEXT, id TEXT, ret BLOB, PRIMARY KEY (jid, id))",
)
JID = "20260101000000000000"


@frozen
class Stage:
    """A part of the work; ``work`` is called once for each return, by number."""

    name: str
    work: Callable[[int], object]


def main(arguments: list[str]) -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="benchmarks.profile_return", description=__doc__)
    parser.add_argument("--payload", type=int, default=256, help="bytes of text in each return")
    parser.add_argument("--live", action="store_true", help="also run a master and flood it")
    options = parser.parse_args(arguments)
    case = TestCase()
    try:
        _profile(case, options.payload)
    finally:
        case.doCleanups()
    if options.live:
        _live(options.payload)
    return 0


def _profile(case: TestCase, payload: int) -> None:
    place = Place(case)
    minions = [place.minion(f"minion-{number:04}") for number in range(_RETURNS)]
    result = {"return": "x" * payload, "retcode": 0, "success": True}
    publication = {"jid": JID, "fun": "test.ping", "arg": []}
    stamp = datetime.now(UTC).isoformat()
    loads = [job_loads.return_load(publication, minion.id, result, stamp) for minion in minions]
    requests = [minion.seal(load) for minion, load in zip(minions, loads, strict=True)]
    for request in requests:  # keys parsed, tokens verified, sessions derived
        answer(place.bench, request)
    print(
        f"one worker, returns of {len(requests[0])} bytes; microseconds of CPU, best of {_PASSES}"
    )
    with closing(_Bus()) as bus:
        stages = _stages(place, requests, bus)
        total = sum(_show(stage.name, _time(stage.work)) for stage in stages)
        _show("sum of the stages", total)
        place.bench.out = bus.outgoing(place)
        _show("the whole answer, alone", _time(_fresh_answers(place, minions, loads, 1)))
        _show("the whole answer, together", _time(_fresh_answers(place, minions, loads, BATCH)))
    print("floor: the same bytes with crypto, msgpack and SQLite alone")
    _show("sum of the floor", sum(_show(s.name, _time(s.work)) for s in _floor(place, requests)))


def _stages(place: Place, requests: list[bytes], bus: "_Bus") -> Sequence[Stage]:
    bench, now = place.bench, place.clock()
    outer = [envelope.read_request(request) for request in requests]
    sealed = [each for each in outer if isinstance(each, envelope.SealedRequest)]
    ids = [each.minion_id or "" for each in sealed]
    sessions = [bench.sessions.of(minion_id, now) for minion_id in ids]
    packed = [
        session.crypticle.open_packed(each.box)
        for session, each in zip(sessions, sealed, strict=True)
    ]
    loads = [
        sealed_request.read_load(each, minion_id, now=now, ttl=0)
        for each, minion_id in zip(packed, ids, strict=True)
    ]
    returns = [job_loads.read_return(load, each) for load, each in zip(loads, ids, strict=True)]
    jids = iter(range(10**9))

    def save(number: int) -> None:
        load = {**returns[number].load, "jid": f"{next(jids):020}"}
        bench.jobs.save_return(job_loads.read_return(load, ids[number]), now)

    def reply(number: int) -> None:
        box = sessions[number].crypticle.seal(None, "0" * 32)
        envelope.write_reply(envelope.BareReply(box))

    out = bus.outgoing(place)
    return (
        Stage("envelope: unpack and check", lambda n: envelope.read_request(requests[n])),
        Stage("accepted key (stat) and session", lambda n: bench.sessions.of(ids[n], now)),
        Stage("open the box", lambda n: sessions[n].crypticle.open_packed(sealed[n].box)),
        Stage(
            "load: unpack and check",
            lambda n: sealed_request.read_load(packed[n], ids[n], now=now, ttl=0),
        ),
        Stage("token (verified before)", lambda n: sessions[n].check_token(loads[n])),
        Stage("return: check its fields", lambda n: job_loads.read_return(loads[n], ids[n])),
        Stage("save (and the line above again)", save),
        Stage(
            "event: pack and push",
            lambda n: out.fire(tags.job_return(JID, ids[n]), returns[n].load),
        ),
        Stage("reply: seal and pack", reply),
    )


def _fresh_answers(
    place: Place, minions: list[FakeMinion], loads: list[dict[str, Any]], together: int
) -> Callable[[int], object]:
    """Answer some at a time, as they come from the router; one call in ``together`` works."""
    # Each pass returns for another job: a return that is there already costs less.
    passes = [
        [m.seal({**load, "jid": f"{together}{run:019}"})
         for m, load in zip(minions, loads, strict=True)]
        for run in range(_PASSES)
    ]  # fmt: skip
    calls = iter(request for requests in passes for request in requests)

    def work(number: int) -> None:
        if number % together == 0:
            for _ in answers(place.bench, list(islice(calls, together))):
                pass

    return work


def _floor(place: Place, requests: list[bytes]) -> Sequence[Stage]:
    sealed = envelope.read_request(requests[0])
    assert isinstance(sealed, envelope.SealedRequest)
    crypticle = place.bench.sessions.of(sealed.minion_id or "", place.clock()).crypticle
    packed = crypticle.open_packed(sealed.box)
    load = msgpack.unpackb(packed, raw=True)
    connection = sqlite3.connect(f"{place.folder}/floor.sqlite", isolation_level=None)
    place.test.addCleanup(connection.close)
    for line in _FLOOR_TABLE:
        connection.execute(line)
    numbers = iter(range(10**9))

    def insert(number: int) -> None:
        row = (f"{next(numbers):020}", "minion", packed)
        connection.execute("INSERT INTO floor VALUES (?, ?, ?)", row)

    return (
        Stage("AES and HMAC, open", lambda n: crypticle.open_packed(sealed.box)),
        Stage("AES and HMAC, seal", lambda n: crypticle.seal_packed(b"\xc0", "0" * 32)),
        Stage("msgpack, unpack twice", lambda n: (
            msgpack.unpackb(requests[0], raw=True), msgpack.unpackb(packed, raw=True)
        )),
        Stage("msgpack, pack twice", lambda n: (msgpack.packb(load), msgpack.packb(load))),
        Stage("SQLite, insert and commit", insert),
    )  # fmt: skip


class _Bus:
    """A PUSH socket and its PULL, as between a worker and the daemon."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._pull = self._context.socket(zmq.PULL)
        self._pull.bind(f"ipc://{self._folder.name}/bus")
        self._push = self._context.socket(zmq.PUSH)
        self._push.set(zmq.SNDHWM, 0)
        self._push.connect(f"ipc://{self._folder.name}/bus")

    def outgoing(self, place: Place) -> Any:
        out = place.new_worker().out
        out._send_events = partial(frames.send, self._push)  # as the worker's loop does
        return out

    def close(self) -> None:
        self._context.destroy(linger=0)
        self._folder.cleanup()


def _time(work: Callable[[int], object]) -> float:
    """Return microseconds of processor a call: the best pass, as others of the machine only add."""
    best = float("inf")
    for _ in range(_PASSES):
        begun = time.process_time()
        for number in range(_RETURNS):
            work(number)
        best = min(best, time.process_time() - begun)
    return best * 1e6 / _RETURNS


def _show(name: str, micros: float) -> float:
    print(f"  {name:36}{micros:8.1f}")
    return micros


def _live(payload: int) -> None:
    with House("txsalt") as house:
        words = (*fleet(_LIVE_MINIONS), "--payload", str(payload), "--connections", "100")
        house.swarm("flood", *words)  # everybody known, everything warm
        pids = house.pids()
        before = _spent(pids)
        house.swarm("sign-in", *fleet(_LIVE_MINIONS))
        between = _spent(pids)
        report = house.swarm("flood", *words, "--total", str(_LIVE_RETURNS))["flood"]
        after = _spent(pids)
        print(f"live: {report['per_second']:.0f} returns/s; {_LIVE_MINIONS} sign-ins taken away")
        count, total = report["answered"], 0.0
        for pid in pids:
            micros = (after[pid] - between[pid] - (between[pid] - before[pid])) / 1000 / count
            if micros >= _LIVE_LEAST:
                total += _show(_name_of(pid), micros)
        _show("sum of the master", total)


def _spent(pids: list[int]) -> dict[int, int]:
    """Return nanoseconds that all threads of each process have run."""
    return {
        pid: sum(
            int(path.read_text().split()[0])
            for path in Path(f"/proc/{pid}/task").glob("*/schedstat")
        )
        for pid in pids
    }


def _name_of(pid: int) -> str:
    name = Path(f"/proc/{pid}/comm").read_text().strip()
    return "a worker" if name == "txsalt-worker" else "the daemon"  # python or twistd


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
