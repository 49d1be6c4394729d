"""
Run a plan: keys, sign-in, then what the mode asks for; return the report.
"""

import resource
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any  # reports are maps of JSON values

from attrs import fields

from txsalt.errors import BadKey, ConfigError, KeyFileError, MasterUnreachable
from txsalt.swarm import keyring, minions
from txsalt.swarm.answer import Answerer, enough
from txsalt.swarm.arrival import Arrival
from txsalt.swarm.connection import Address
from txsalt.swarm.ears import Ears
from txsalt.swarm.flood import Flood
from txsalt.swarm.lanes import Lanes
from txsalt.swarm.loop import Loop
from txsalt.swarm.plan import EACH, FLOOD, SIGN_IN, Plan
from txsalt.wire import rsa

_CONNECT_SECONDS = 15.0
_TRIAL_SECONDS = 3.0  # for each address of a name
_LINGER_SECONDS = 5.0  # for answers under way when the time is over
# A publisher reads a subscription after it has greeted; nothing tells when it has.
_SETTLE_SECONDS = 0.3
_STOPPING = (signal.SIGINT, signal.SIGTERM)

Say = Callable[[str], None]


def run(plan: Plan, say: Say) -> dict[str, Any]:
    """
    Run a plan and return its report, a map of JSON values; ``say`` hears of the progress.

    SIGINT and SIGTERM end it early, and the report tells; a second one ends it at once, without
    a report. Raises ConfigError, KeyFileError, MasterUnreachable, KeyboardInterrupt.
    """
    _allow_descriptors(plan)
    say(f"keys: {plan.pairs}")
    folder = plan.key_dir or keyring.default_folder()
    fleet = minions.make(
        plan.prefix, plan.minions, keyring.pairs(folder, plan.pairs, plan.key_bits)
    )
    public = {minion.facts.id: minion.pair.key.public for minion in fleet}
    with _stop_signals() as stopped:
        try:
            if plan.pki_dir is not None:
                keyring.accept(plan.pki_dir, public)
            return _Run(plan, say, fleet, stopped).report()
        finally:
            # Also when only some were accepted: a key left behind lets its owner in.
            if plan.pki_dir is not None and not plan.keep_keys:
                _ignore_signals()
                keyring.take_back(plan.pki_dir, public)


class _Run:
    def __init__(
        self, plan: Plan, say: Say, fleet: list[minions.Minion], stopped: Callable[[], bool]
    ) -> None:
        self._plan, self._say, self._fleet, self._stopped = plan, say, fleet, stopped
        self._loop = Loop()
        self._address = address_of(plan)
        self._lanes = Lanes(
            self._loop,
            self._address,
            connections=plan.connections,
            window=plan.width,
            timeout=plan.timeout,
        )
        self._arrival = Arrival(self._loop, self._lanes, _master_key(plan))

    def report(self) -> dict[str, Any]:
        plan, begun, cpu = self._plan, time.time(), time.process_time()
        found: dict[str, Any] = {
            "mode": plan.mode,
            "master": f"{plan.host}:{plan.port}",
            "minions": plan.minions,
            "key_pairs": plan.pairs,
            "connections": plan.connections,
            "window": plan.width,
            "payload": plan.payload,
            "options": _options(plan),
            "begun": begun,
        }
        try:
            self._connect()
            outside = self._sign_in()
            found["sign_in"] = self._arrival.report()
            found["not_accepted"] = len(outside)
            inside = [minion for minion in self._fleet if minion.session is not None]
            if plan.mode != SIGN_IN and inside and not self._stopped():
                part = self._flood if plan.mode == FLOOD else self._answer
                found[plan.mode] = part(inside)
        finally:
            self._lanes.close()
            self._loop.close()
        found["unanswered"] = self._lanes.unanswered
        found["timeouts"] = self._lanes.timeouts
        found["lost_connections"] = self._lanes.lost
        found["stopped_early"] = self._stopped()
        found["seconds"] = round(time.time() - begun, 3)
        found["cpu_seconds"] = round(time.process_time() - cpu, 3)
        return found

    def _connect(self) -> None:
        end = self._loop.clock() + _CONNECT_SECONDS
        self._say(f"connecting to {self._plan.host}:{self._plan.port}")
        self._loop.run(lambda: self._lanes.all_up() or self._stopped() or self._loop.clock() > end)
        if not self._lanes.all_up() and not self._stopped():
            reasons = ", ".join(self._lanes.lost) or "no greeting came"
            raise MasterUnreachable(f"{self._plan.host}:{self._plan.port}", reasons)

    def _sign_in(self) -> list[minions.Minion]:
        self._say(f"signing in {len(self._fleet)} minions")
        if self._plan.mode == SIGN_IN:
            return self._arrival.storm(self._fleet, self._stopped)
        return self._arrival.until_all_are_in(self._fleet, self._plan.patience, self._stopped)

    def _flood(self, inside: list[minions.Minion]) -> dict[str, Any]:
        self._say(f"flood of {self._plan.total or len(inside)} {self._plan.kind}")
        flood = Flood(self._plan, self._loop, self._lanes, inside)
        flood.run(self._stopped)
        return flood.report()

    def _answer(self, inside: list[minions.Minion]) -> dict[str, Any]:
        plan, loop, keys = self._plan, self._loop, self._arrival.keys
        assert keys is not None
        answerer = Answerer(plan, loop, self._lanes, inside, self._arrival)
        owners: list[minions.Minion | None] = [*inside] if plan.subscribe == EACH else [None]
        address = (self._address[0], keys.publish_port)
        ears = Ears(loop, address, owners, answerer.hear, topics=plan.topics)
        try:
            self._say(f"subscribing, {len(owners)} connections")
            self._wait_for(ears, address)
            settled = loop.clock() + _SETTLE_SECONDS
            loop.run(lambda: loop.clock() >= settled)
            if plan.ready_file is not None:
                plan.ready_file.touch()
            self._say("ready, answering jobs")
            end = loop.clock() + plan.duration
            met = enough(plan, answerer)
            loop.run(lambda: met() or self._stopped() or loop.clock() >= end)
            over = loop.clock() + _LINGER_SECONDS
            loop.run(lambda: answerer.quiet() or loop.clock() >= over)
            loop.finish_idle_work()
        finally:
            ears.close()
        subscriptions = {"connections": len(owners), "lost": dict(ears.lost)}
        return {"subscriptions": subscriptions, **answerer.report()}

    def _wait_for(self, ears: Ears, address: Address) -> None:
        end = self._loop.clock() + self._plan.patience
        self._loop.run(lambda: ears.all_up() or self._stopped() or self._loop.clock() > end)
        if not ears.all_up() and not self._stopped():
            reason = f"{ears.up} subscriptions made; {', '.join(ears.lost) or 'no greeting came'}"
            raise MasterUnreachable(f"{address[0]}:{address[1]}", reason)


def _options(plan: Plan) -> dict[str, Any]:
    """What was asked for, so that a report can be told from others and its run repeated."""
    every = {each.name: getattr(plan, each.name) for each in fields(Plan)}
    return {name: str(value) if isinstance(value, Path) else value for name, value in every.items()}


def address_of(plan: Plan) -> Address:
    """Return where the master of a plan listens; raises MasterUnreachable for an unknown name."""
    try:
        found = socket.getaddrinfo(plan.host, plan.port, type=socket.SOCK_STREAM)
    except OSError as exc:
        raise MasterUnreachable(plan.host, exc.strerror or str(exc)) from exc
    addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
    # Such as localhost, which is ::1 first on many machines, where masters bind to IPv4.
    if len(addresses) > 1:
        addresses = [*filter(partial(_listens, plan.port), addresses), *addresses]
    return (addresses[0], plan.port)


def _listens(port: int, address: str) -> bool:
    try:
        socket.create_connection((address, port), _TRIAL_SECONDS).close()
    except OSError:
        return False
    return True


def _master_key(plan: Plan) -> rsa.PublicKey | None:
    if not plan.known_master or plan.pki_dir is None:
        return None
    path = plan.pki_dir / "master.pub"
    try:
        return rsa.PublicKey.from_pem(path.read_text())
    except OSError as exc:
        raise KeyFileError(str(path), exc.strerror or str(exc)) from exc
    except BadKey as exc:
        raise KeyFileError(str(path), exc.reason) from exc


def _allow_descriptors(plan: Plan) -> None:
    needed = plan.connections + (plan.minions if plan.subscribe == EACH else 1) + 64
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < needed:
        if hard != resource.RLIM_INFINITY and hard < needed:
            raise ConfigError(
                (f"{needed} open files are needed, {hard} are allowed: raise 'ulimit -n'.",)
            )
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def _ignore_signals() -> None:
    for each in _STOPPING:
        signal.signal(each, signal.SIG_IGN)


@contextmanager
def _stop_signals() -> Iterator[Callable[[], bool]]:
    seen: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        if seen:
            # The first one waits for what cannot be cut short, such as keys of 10,000 replies.
            raise KeyboardInterrupt
        seen.append(number)

    old = {each: signal.signal(each, note) for each in _STOPPING}
    try:
        yield lambda: bool(seen)
    finally:
        for each, handler in old.items():
            signal.signal(each, handler)
