"""
What jobs may ask of the daemon: fire an event, send a request to the master, refresh facts.

A job holds no key and no socket. Its requests are allow-listed: a job cannot sign in, return for
another job or publish as an operator.

Source: docs/architecture.md (calls a job may make); PROTOCOL section 9.1.
"""

from collections.abc import Callable
from typing import Any  # arguments are any msgpack value

from twisted.internet.defer import Deferred, succeed

from txsalt.errors import BadLoad
from txsalt.light import frozen
from txsalt.minion.daemon.lanes import PILLAR, RETURNS
from txsalt.wire import names

COMMANDS = frozenset(
    [
        "_dir_list",
        "_file_envs",
        "_file_find",
        "_file_hash",
        "_file_hash_and_stat",
        "_file_list",
        "_file_list_emptydirs",
        "_file_recv",
        "_master_opts",
        "_master_tops",
        "_mine",
        "_mine_delete",
        "_mine_flush",
        "_mine_get",
        "_minion_event",
        "_pillar",
        "_serve_file",
        "_symlink_list",
        "minion_pub",
        "minion_publish",
        "minion_runner",
        "pub_ret",
        "revoke_auth",
    ]
)

Arguments = dict[str, Any]

_LONGEST_REASON = 500  # characters


@frozen(kw_only=True)
class Calls:
    """Answers the calls of jobs; an instance is the zygote's ``on_call``."""

    request: Callable[..., Deferred[Any]]  # the link's
    fire_local: Callable[[str, dict[str, Any]], None]
    refreshes: dict[str, Callable[[], Deferred[Any]]]  # modules, pillar, grains
    waits: Callable[[str, str], None] = lambda jid, reason: None  # tells the job runner
    schedule: Callable[[Arguments], Any] | None = None  # see schedule_calls
    # The verdict of a function about running jobs, of its name and arguments; None for others.
    jobs: Callable[[object, Any], dict[str, Any] | None] = lambda fun, arg: None

    def __call__(self, jid: str, name: str, arguments: Arguments) -> Deferred[Any]:
        """Answer one call. Raises BadLoad for what is not allowed."""
        match name:
            case "fire_event":
                return self._fire_event(arguments)
            case "request":
                return self._request(arguments.get("load"))
            case "refresh":
                return self._refresh(arguments.get("what"))
            case "waits":
                self.waits(jid, str(arguments.get("reason") or "")[:_LONGEST_REASON])
                return succeed(True)
            case "schedule" if self.schedule is not None:
                return succeed(self.schedule(arguments))
            case "jobs":
                return succeed(self._about_jobs(arguments))
        raise BadLoad(f"jobs cannot call {name!r:.60}")

    def _about_jobs(self, arguments: Arguments) -> dict[str, Any]:
        fun, arg = arguments.get("fun"), arguments.get("arg")
        verdict = self.jobs(fun, arg) if isinstance(arg, list) else None
        if verdict is None:
            raise BadLoad(f"{fun!r:.60} is no question about jobs")
        return verdict

    def _fire_event(self, arguments: Arguments) -> Deferred[Any]:
        tag, data = names.tag(arguments.get("tag")), arguments.get("data")
        if arguments.get("local"):
            self.fire_local(tag, data if isinstance(data, dict) else {"data": data})
            return succeed(True)
        load = {"cmd": "_minion_event", "tag": tag, "data": data, "pretag": None}
        return self.request(load).addCallback(lambda _: True)

    def _request(self, load: object) -> Deferred[Any]:
        command = load.get("cmd") if isinstance(load, dict) else None
        if not isinstance(command, str) or command not in COMMANDS:
            raise BadLoad(f"jobs cannot send {command!r:.60} to the master")
        return self.request(load, lane=PILLAR if command == "_pillar" else RETURNS)

    def _refresh(self, what: object) -> Deferred[Any]:
        if not isinstance(what, str) or what not in self.refreshes:
            raise BadLoad(f"there is no {what!r:.60} to refresh")
        return self.refreshes[what]().addCallback(lambda _: True)
