"""
How Salt's users call the runners of ``jobs`` and ``manage``: the names and order of arguments.

Source: Salt 3008.3, the signatures of runners/jobs.py and runners/manage.py.
"""

from typing import Any  # arguments are any msgpack value

from txsalt.errors import BadLoad

_JOB = ("jid", "ext_source", "display_progress")
_PING = ("output", "tgt", "tgt_type", "timeout", "gather_job_timeout")
_PRESENCE = ("subset", "show_ip")
_LIST = (
    "ext_source", "outputter", "search_metadata", "search_function", "search_target",
    "start_time", "end_time", "display_progress",
)  # fmt: skip
_LISTINGS = ("present", "joined", "allowed", "alived", "reaped")

SIGNATURES: dict[str, tuple[str, ...]] = {
    "jobs.master": (),
    "jobs.active": ("display_progress",),
    "jobs.lookup_jid": ("jid", "ext_source", "returned", "missing", "display_progress"),
    "jobs.list_job": _JOB,
    "jobs.list_jobs": _LIST,
    "jobs.list_jobs_filter": ("count", "filter_find_job", *_LIST[:2], "display_progress"),
    "jobs.print_job": _JOB,
    "jobs.exit_success": _JOB,
    "jobs.last_run": (*_LIST[:2], "metadata", "function", "target", "display_progress"),
    "manage.status": _PING,
    "manage.up": _PING[1:],
    "manage.down": ("removekeys", *_PING[1:]),
    "manage.list_state": _PRESENCE,
    "manage.list_not_state": _PRESENCE,
    **{f"manage.{name}": _PRESENCE for name in _LISTINGS},
    **{f"manage.not_{name}": _PRESENCE for name in _LISTINGS},
    "manage.versions": (),
}
# Answers come at once and from what the master knows, so these change nothing.
_IDLE = frozenset(["display_progress", "output", "timeout", "gather_job_timeout", "outputter"])
_REFUSED = {
    "ext_source": "jobs are looked for in the master's own store",
    "removekeys": "keys are removed by 'txsalt-cli key delete'",
}


def named(fun: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """
    Return the arguments of a call by name; those that are not given are left out.

    Functions that Salt does not have get theirs as they are. Raises BadLoad.
    """
    names = SIGNATURES.get(fun)
    if names is None:
        return arguments
    positional = arguments.get("arg") or []
    if len(positional) > len(names):
        raise BadLoad(f"{fun} takes at most {len(names)} arguments")
    found = dict(zip(names, positional, strict=False))
    for name, value in arguments.items():
        if name == "arg" or name.startswith("__"):
            continue
        if name not in names:
            takes = f"it takes {', '.join(names)}" if names else "it takes none"
            raise BadLoad(f"{fun} has no argument {name:.50}; {takes}")
        if name in found:
            raise BadLoad(f"{fun} got {name} twice")
        found[name] = value
    for name, reason in _REFUSED.items():
        if found.pop(name, None):
            raise BadLoad(f"{name} is of no use here: {reason}")
    return {name: value for name, value in found.items() if name not in _IDLE}
