"""
Run commands on minions through the local master; what the command line and other programs use.

Interactions: listen for the job's returns first, then publish, then gather. Minions that stay
silent are asked with one ``saltutil.find_job`` for all of them, so that a long job is told from
a lost minion.

Source: PROTOCOL sections 10.3 and 14.
"""

import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any  # arguments and results are any msgpack value

import zmq
from attrs import field, frozen

from txsalt.client import credentials
from txsalt.client.bus import EventBus, opened
from txsalt.client.request import ask
from txsalt.errors import MasterUnreachable, RequestRefused
from txsalt.events import tags
from txsalt.jobs import jid as jids
from txsalt.jobs.gather import Finished, Gather, Probe
from txsalt.wire import endpoint, event, job_loads

if TYPE_CHECKING:
    from txsalt.config.master import MasterConfig

DEFAULT_CONFIG_DIR = "/etc/txsalt"


@frozen(kw_only=True)
class Job:
    """What is to be run where."""

    tgt: str | list[str]
    fun: str | list[str]
    arg: list[Any] = field(factory=list)
    tgt_type: str = "glob"
    delimiter: str = ":"
    timeout: float | None = None  # seconds of silence before a question; None: as configured
    ret: str = ""


@frozen(kw_only=True)
class Published:
    """What the master says of a job that it published."""

    jid: str
    minions: list[str]
    missing: list[str]  # listed by name, but unknown to the master


@frozen(kw_only=True)
class Returned:
    """One minion's answer: the whole return load."""

    minion: str
    load: dict[str, Any]


@frozen
class Ended:
    """The job is over; ``missing`` maps each minion that did not return to the reason."""

    missing: dict[str, str]


class LocalClient:
    """A client of the master whose configuration is in ``config_dir``."""

    def __init__(
        self, config_dir: str = DEFAULT_CONFIG_DIR, config: "MasterConfig | None" = None
    ) -> None:
        """Raises ConfigError if the master's configuration cannot be used."""
        if config is None:
            from txsalt.config.read import read_master

            config, _ = read_master(config_dir)
        self.config = config
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._endpoint = endpoint.local_tcp(config.interface, config.ret_port)
        self._credentials: credentials.Credentials | None = None

    def close(self) -> None:
        """Give up the sockets."""
        self._context.destroy(linger=1000)

    def bus(self, *prefixes: str) -> Any:
        """Return a context manager that gives the event bus with live subscriptions."""
        return opened(self._context, self.config.sock_dir, *prefixes)

    def connected_bus(self) -> EventBus:
        """Return the event bus without subscriptions, to fire events. Raises MasterUnreachable."""
        return EventBus(self._context, self.config.sock_dir)

    def ask(self, load: dict[str, Any], timeout: float | None = None) -> Any:
        """
        Send a clear command with this user's credentials; return the reply's value.

        Raises KeyFileError, MasterUnreachable or RequestRefused.
        """
        mine = self._own_credentials()
        seconds = self.config.publish_timeout if timeout is None else timeout
        full = {**load, "key": mine.key, "user": mine.user}
        return ask(self._context, self._endpoint, full, seconds)

    def publish(self, job: Job, jid: str = "") -> Published:
        """
        Publish a job and do not wait for anybody.

        Raises RequestRefused with the master's reason, if nobody matches among others.
        """
        kwargs: dict[str, Any] = {"show_timeout": True, "show_jid": False}
        kwargs["delimiter"] = job.delimiter
        request = job_loads.PublishRequest(
            tgt=job.tgt,
            fun=job.fun,
            arg=job.arg,
            tgt_type=job.tgt_type,
            jid=jid,
            ret=job.ret,
            kwargs=kwargs,
        )
        return _read_published(self.ask(request.load()))

    def run(self, job: Job) -> Iterator[Published | Returned | Ended]:
        """
        Publish a job, then yield what happens: Published, each Returned as it arrives, Ended.

        Raises KeyFileError, MasterUnreachable or RequestRefused.
        """
        self._own_credentials()  # fails before anything is waited for
        jid = new_jid()
        with self.bus(tags.job_return_prefix(jid)) as bus:
            published = self.publish(job, jid)
            yield published
            yield from self._gather(bus, job, published)

    def cmd(
        self,
        tgt: str | list[str],
        fun: str | list[str],
        arg: list[Any] | None = None,
        tgt_type: str = "glob",
        timeout: float | None = None,
    ) -> dict[str, Any]:
        """Run a function and return a map of minion id to result; who is missing is left out."""
        job = Job(tgt=tgt, fun=fun, arg=list(arg or []), tgt_type=tgt_type, timeout=timeout)
        return {
            step.minion: step.load.get("return")
            for step in self.run(job)
            if isinstance(step, Returned)
        }

    def _gather(
        self, bus: EventBus, job: Job, published: Published
    ) -> Iterator[Published | Returned | Ended]:
        timeout = self.config.timeout if job.timeout is None else job.timeout
        gather = Gather(
            published.jid,
            tuple(published.minions),
            timeout,
            self.config.gather_job_timeout,
            time.monotonic(),
        )
        probes: set[str] = set()
        while True:
            due = gather.due(time.monotonic())
            if isinstance(due, Finished):
                yield Ended(due.missing)
                return
            if isinstance(due, Probe):
                probes.add(self._probe(bus, published.jid, due.ids))
                continue
            heard = bus.receive(due.seconds)
            if heard is not None:
                for step in _take(gather, heard, published.jid, probes):
                    yield self._whole(step, published.jid)

    def _whole(self, step: Returned, jid: str) -> Returned:
        """The bus carries no large values; the store has each return whole."""
        if step.load.get("return") != event.TRIMMED:
            return step
        from txsalt.master.store import one_return

        stored = one_return.read(self.config.cachedir, jid, step.minion)
        return step if stored is None else Returned(minion=step.minion, load=stored)

    def _probe(self, bus: EventBus, jid: str, minions: tuple[str, ...]) -> str:
        probe = new_jid()
        bus.subscribe(tags.job_return_prefix(probe))
        bus.wait_live()
        job = Job(tgt=list(minions), tgt_type="list", fun="saltutil.find_job", arg=[jid])
        # If nobody of them is known any more they stay silent, and that is the answer.
        with suppress(RequestRefused):
            self.publish(job, probe)
        return probe

    def _own_credentials(self) -> credentials.Credentials:
        if self._credentials is None:
            self._credentials = credentials.find(self.config.cachedir, self.config.user)
        return self._credentials


def new_jid() -> str:
    """Return a job id of this moment; the last digits keep two processes apart."""
    now = datetime.now(UTC)
    # Two commands of one microsecond are told apart by the master, which refuses the second.
    return jids.make(now)


def _take(
    gather: Gather, heard: tuple[str, dict[str, Any]], jid: str, probes: set[str]
) -> Iterator[Returned]:
    load = heard[1]
    minion, of = str(load.get("id", "")), load.get("jid")
    now = time.monotonic()
    if of == jid:
        if gather.returned(minion, load, now):
            yield Returned(minion=minion, load=load)
    elif of in probes:
        gather.probe_answered(minion, load.get("return"), now)


def _read_published(reply: Any) -> Published:
    if not isinstance(reply, dict):
        raise RequestRefused(f"an answer that is no map: {reply!r:.80}")
    error = reply.get("error")
    if isinstance(error, dict):
        raise RequestRefused(str(error.get("message") or error.get("name") or error))
    if error:
        raise RequestRefused(str(error))
    if not isinstance(reply.get("jid"), str):
        raise MasterUnreachable("the request port", "its answer names no job")
    return Published(
        jid=reply["jid"],
        minions=[str(each) for each in reply.get("minions") or []],
        missing=[str(each) for each in reply.get("missing") or []],
    )
