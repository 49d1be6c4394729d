"""
A program's connection to the local master: configuration, credentials, and sockets that stay open.

Interactions: everything else in this room asks, publishes and listens through a session.

Source: PROTOCOL section 10.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any  # arguments and results are any msgpack value

import zmq

from txsalt.client import credentials
from txsalt.client.bus import Ear, EventBus
from txsalt.client.places import DEFAULT_CONFIG_DIR
from txsalt.client.request import Requests
from txsalt.client.steps import Job, NobodyMatches, Published
from txsalt.errors import BusForbidden, MasterUnreachable, RequestRefused
from txsalt.jobs import jid as jids
from txsalt.wire import endpoint, job_loads

if TYPE_CHECKING:
    from txsalt.config.master import MasterConfig


class Session:
    """A connection to the master whose configuration is in ``config_dir``; for one thread."""

    def __init__(
        self,
        config_dir: str = DEFAULT_CONFIG_DIR,
        config: "MasterConfig | None" = None,
        proof: credentials.Proof | None = None,
    ) -> None:
        """
        Open a session as who shows ``proof``; without, as the user who runs this process.

        Raises ConfigError if the master's configuration cannot be used.
        """
        if config is None:
            from txsalt.config.read import read_master

            config, _ = read_master(config_dir)
        self.config = config
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._requests = Requests(
            self._context, endpoint.local_tcp(config.interface, config.ret_port)
        )
        self._credentials = proof
        self._idle: list[EventBus] = []
        self._jids = jids.JidClock()

    def close(self) -> None:
        """Give up the sockets; what was fired still leaves."""
        for bus in self._idle:
            bus.close()
        self._requests.close()
        self._context.destroy(linger=1000)

    def connect(self) -> None:
        """Begin to connect to the request port, which is then ready by the time it is needed."""
        self._requests.connect()

    def new_jid(self) -> str:
        """Return a job id of this moment. Two programs may make the same: the master refuses it."""
        return self._jids.make(datetime.now(UTC))

    def credentials(self) -> credentials.Proof:
        """Return this user's credentials. Raises KeyFileError if there are none."""
        if self._credentials is None:
            self._credentials = credentials.find(self.config.cachedir, self.config.user)
        return self._credentials

    @contextmanager
    def listening(self, *prefixes: str) -> Iterator[EventBus]:
        """
        Give the event bus with live subscriptions to tags that start with ``prefixes``.

        The connection is kept for the next one who listens. Raises MasterUnreachable.
        """
        bus = self._idle.pop() if self._idle else self.connected_bus()
        try:
            for prefix in prefixes:
                bus.subscribe(prefix)
            bus.wait_live()
            yield bus
            bus.unsubscribe_all()
        except BaseException:
            bus.close()
            raise
        self._idle.append(bus)

    @contextmanager
    def following(self, *prefixes: str) -> Iterator[Ear]:
        """
        Give what hears of returns whose tags start with ``prefixes``.

        It is the event bus, or for a user who may not use that, one who asks the master.
        """
        if self._may_listen():
            with self.listening(*prefixes) as bus:
                yield bus
            return
        # Programs of users who have the run of the bus need not carry the other way.
        from txsalt.client.polled_returns import PolledReturns

        polled = PolledReturns(self)
        for prefix in prefixes:
            polled.subscribe(prefix)
        yield polled

    def connected_bus(self) -> EventBus:
        """Return the event bus without subscriptions, to fire events. Raises MasterUnreachable."""
        return EventBus(self._context, self.config.sock_dir)

    def _may_listen(self) -> bool:
        if not self._idle:
            try:
                self._idle.append(self.connected_bus())
            except BusForbidden:
                return False
        return True

    def ask(self, load: dict[str, Any], timeout: float | None = None) -> Any:
        """
        Send a clear command with this user's credentials; return the reply's value.

        Raises KeyFileError, MasterUnreachable or RequestRefused.
        """
        seconds = self.config.publish_timeout if timeout is None else timeout
        return self._requests.ask(self.credentials().on(load), seconds)

    def runner(self, fun: str, **arguments: Any) -> Any:
        """
        Run a function of the master's table and return its result.

        Raises as ``ask``, and RequestRefused with the text of what went wrong.
        """
        return self.call_runner(fun, (), arguments)

    def call_runner(
        self,
        fun: str,
        arg: Sequence[Any],
        kwarg: Mapping[str, Any],
        timeout: float | None = None,
    ) -> Any:
        """Run a function of the master's table with arguments by place as well: see ``runner``."""
        arguments = {"arg": list(arg), "kwarg": dict(kwarg)}
        load = {"cmd": "runner", "fun": fun, "kwarg": arguments, "direct": True}
        reply = self.ask(load, timeout)
        data = _checked(reply).get("data")
        if not isinstance(data, dict):
            raise RequestRefused("the answer holds no result")
        if not data.get("success"):
            raise RequestRefused(str(data.get("return")))
        return data.get("return")

    def publish(self, job: Job, jid: str = "") -> Published:
        """
        Publish a job and do not wait for anybody.

        Raises NobodyMatches, RequestRefused with the master's reason, and as ``ask``.
        """
        kwargs: dict[str, Any] = {"show_timeout": True, "show_jid": False}
        kwargs |= {"delimiter": job.delimiter, **job.extra}
        if job.deadline is not None:
            kwargs["deadline"] = job.deadline
        request = job_loads.PublishRequest(
            tgt=job.tgt,
            fun=job.fun,
            arg=job.arg,
            tgt_type=job.tgt_type,
            jid=jid,
            ret=job.ret,
            kwargs=kwargs,
        )
        return _published(_checked(self.ask(request.load())))


def _checked(reply: Any) -> dict[str, Any]:
    if not isinstance(reply, dict):
        raise RequestRefused(f"an answer that is no map: {reply!r:.80}")
    error = reply.get("error")
    if isinstance(error, dict):
        raise RequestRefused(str(error.get("message") or error.get("name") or error))
    if error:
        # The master understood, and published nothing: it says so without a jid.
        if "jid" in reply:
            raise NobodyMatches(str(error), tuple(map(str, reply.get("missing") or ())))
        raise RequestRefused(str(error))
    return reply


def _published(reply: dict[str, Any]) -> Published:
    if not isinstance(reply.get("jid"), str):
        raise MasterUnreachable("the request port", "its answer names no job")
    return Published(
        jid=reply["jid"],
        minions=[str(each) for each in reply.get("minions") or []],
        missing=[str(each) for each in reply.get("missing") or []],
    )
