"""
``runner`` and ``wheel``: functions that run on the master, from a table and nowhere else.

Source: PROTOCOL section 10.2, 13.1.
"""

import logging
from collections.abc import Callable
from functools import partial
from typing import Any  # results are any msgpack value

from txsalt.errors import TxsaltError
from txsalt.events import tags
from txsalt.master.worker import permissions
from txsalt.master.worker.bench import Bench
from txsalt.master.worker.commands import (
    access,
    batches,
    job_history,
    job_records,
    keys,
    presence,
    runner_calls,
    targets,
)
from txsalt.master.worker.gatekeeper import Opened
from txsalt.master.worker.permissions import BY
from txsalt.master.worker.principals import ExternalUser, LocalUser, Nobody, User
from txsalt.wire import fields

log = logging.getLogger(__name__)

Function = Callable[[Bench, dict[str, Any]], Any]

WHEELS: dict[str, Function] = {
    "key.list_all": keys.list_all,
    "key.accept": keys.accept,
    "key.reject": keys.reject,
    "key.delete": keys.delete,
    "key.finger": keys.finger,
}
RUNNERS: dict[str, Function] = {
    "jobs.list_jobs": job_history.list_jobs,
    "jobs.list_job": job_history.list_job,
    "jobs.lookup_jid": job_history.lookup_jid,
    "jobs.print_job": job_history.print_job,
    "jobs.exit_success": job_history.exit_success,
    "jobs.list_jobs_filter": job_history.list_jobs_filter,
    "jobs.last_run": job_history.last_run,
    "jobs.active": job_history.active,
    "jobs.master": job_history.master,
    "jobs.search": job_records.search,
    "jobs.show": job_records.show,
    "jobs.returns": job_records.returns,
    "jobs.unfinished": job_records.unfinished,
    "target.preview": targets.preview,
    "target.ids": targets.ids,
    "jobs.why": presence.why,
    "jobs.absent": presence.absent,
    "batch.state": batches.state,
    "batch.stop": batches.stop,
    "manage.status": presence.status,
    "manage.up": presence.up,
    "manage.down": presence.down,
    # Salt has several ways to tell who is there; here one knows, and all say the same.
    **dict.fromkeys(
        (
            *("manage.present", "manage.joined", "manage.allowed", "manage.alived"),
            *("manage.list_state", "manage.reaped"),
        ),
        presence.list_state,
    ),
    **dict.fromkeys(
        (
            *("manage.not_present", "manage.not_joined", "manage.not_allowed"),
            *("manage.not_alived", "manage.list_not_state", "manage.not_reaped"),
        ),
        presence.list_not_state,
    ),
    "manage.versions": presence.versions,
    "presence.details": presence.details,
}
# For who commands the master, without limits of rights.
OF_MASTERS: dict[str, Function] = {**RUNNERS, "target.preview": targets.preview_any}
# Only for who commands the master, and only with ``direct``: some results are secrets.
PRIVATE: dict[str, Function] = {
    "token.create": access.create_token,
    "token.list": access.list_tokens,
    "token.revoke": access.revoke_token,
    "acl.explain": access.explain,
    "jobs.delivery": job_records.delivery,
}
# No argument of a function, and not to be passed on.
_CREDENTIALS = frozenset(
    ["cmd", "fun", "key", "user", "token", "eauth", "username", "password", BY]
)


def wheel(bench: Bench, opened: Opened) -> Any:
    """Run a wheel function; the reply has the result."""
    load = opened.load
    user, fun = permissions.sender(bench, opened, load), fields.text(load, "fun")
    arguments = {name: value for name, value in load.items() if name not in _CREDENTIALS}
    if isinstance(user, Nobody):
        return permissions.failure(load)
    if not _may(bench, user, "wheel", fun, arguments):
        return permissions.refusal()
    jid = bench.new_jid()
    tag = f"salt/wheel/{jid}"
    about = {"fun": f"wheel.{fun}", "jid": jid, "user": user.name}
    bench.out.fire(tags.wheel_new(jid), about)
    data = {**about, "tag": tag, **_run(bench, WHEELS, fun, {**arguments, BY: user.name})}
    bench.out.fire(tags.wheel_return(jid), data)
    return {"tag": tag, "data": data}


def runner(bench: Bench, opened: Opened) -> Any:
    """
    Run a runner; the result comes as an event, the reply names its tag.

    With ``direct`` in the load the result is in the reply, whole and for nobody else's eyes, and
    no event is fired: for our own tools, which look at things often.
    """
    load = opened.load
    user, fun = permissions.sender(bench, opened, load), fields.text(load, "fun")
    arguments = {name: value for name, value in _named(load).items() if name != BY}
    direct = load.get("direct") is True
    if isinstance(user, Nobody):
        return permissions.failure(load)
    if fun in PRIVATE and direct and isinstance(user, LocalUser) and user.full:
        return {"data": _run(bench, PRIVATE, fun, {**arguments, BY: user.name})}
    if fun == "token.revoke" and direct and isinstance(user, ExternalUser):
        own: dict[str, Function] = {fun: partial(_revoke_own, user)}
        return {"data": _run(bench, own, fun, {**arguments, BY: user.name})}
    if not _may(bench, user, "runner", fun, arguments):
        return permissions.refusal()
    table = RUNNERS if permissions.limits(bench, user) is not None else OF_MASTERS
    if direct:
        return {"data": _run(bench, table, fun, arguments)}
    jid = bench.new_jid()
    about = {"fun": f"runner.{fun}", "jid": jid, "user": user.name}
    bench.out.fire(tags.runner_new(jid), about)
    bench.out.fire(tags.runner_return(jid), {**about, **_run(bench, table, fun, arguments)})
    return {"tag": f"salt/run/{jid}", "jid": jid}


def run_runner(bench: Bench, fun: str, arguments: dict[str, Any]) -> Any:
    """Run a runner and return what it returns; an error is a text."""
    return _run(bench, RUNNERS, fun, arguments)["return"]


def _run(
    bench: Bench, table: dict[str, Function], fun: str, arguments: dict[str, Any]
) -> dict[str, Any]:
    function = table.get(fun)
    if function is None:
        return {"return": f"'{fun:.100}' is not available.", "success": False}
    try:
        return {"return": function(bench, runner_calls.named(fun, arguments)), "success": True}
    except TxsaltError as exc:
        return {"return": str(exc), "success": False}


def _revoke_own(user: ExternalUser, bench: Bench, arguments: dict[str, Any]) -> bool:
    return access.revoke_own(bench, user, arguments)


def _named(load: dict[str, Any]) -> dict[str, Any]:
    # Arguments come as {"arg": […], "kwarg": {…}} in ``kwarg``, or as two fields of the load.
    inner = load.get("kwarg")
    if isinstance(inner, dict) and ("kwarg" in inner or "arg" in inner):
        load = inner
    named = load.get("kwarg")
    arg = load.get("arg")
    return {
        **(named if isinstance(named, dict) else {}),
        "arg": arg if isinstance(arg, list) else [],
    }


def _may(bench: Bench, user: User, form: str, fun: str, arguments: dict[str, Any]) -> bool:
    decision = permissions.on_master(bench, user, form, fun, arguments)
    if not decision.allowed:
        bench.refusals.note("rights", f"{user.name} may not run {form} {permissions.shown(fun)}")
    return decision.allowed
