"""
Look at the schedule of this minion, and switch it and its jobs on and off.

The jobs are those of the option ``schedule``, of the pillar ``schedule``, and those added with
``schedule.add``, which are kept in ``minion.d/_schedule.conf``.
"""

from typing import Any  # options of jobs are whatever users set

from txsalt.jobs.errors import CommandExecutionError
from txsalt.modules._schedule import (
    TIME_FORMAT,
    as_text,
    ask,
    at_rest,
    attempt,
    build,
    known,
    read_kept,
    shown,
)
from txsalt.renderers import yaml
from txsalt.schedule.entry import SHARED
from txsalt.schedule.errors import BadEntry

__func_alias__ = {"list_": "list", "reload_": "reload"}

_MOMENTS = ("_next_fire_time", "_last_run", "_skipped_time")


def list_(
    show_all: bool = False,
    show_disabled: bool = True,
    where: str | None = None,
    return_yaml: bool = True,
    offline: bool = False,
) -> str | dict[str, Any]:
    """
    List the jobs, as YAML or, with return_yaml False, as a map.

    where: "pillar" or "opts" for those only. offline: those that are kept, without asking the
    running minion, as on a machine where none runs. In YAML, ``saved`` says whether a job is kept.

    CLI Example: txsalt-cli '*' schedule.list show_disabled=False
    """
    jobs = at_rest(__opts__) if offline else known(__daemon__, __opts__, where)
    found = shown(jobs, show_all=show_all, show_disabled=show_disabled)
    if not return_yaml:
        return found
    saved = read_kept(__opts__)
    for name, job in found.items():
        if name not in SHARED and isinstance(job, dict):
            job["saved"] = name in saved
    return yaml.dump({"schedule": found})


def is_enabled(name: str | None = None) -> bool | dict[str, Any]:
    """
    Tell whether the schedule is switched on; with a name, give that job, or {} without one.

    CLI Example: txsalt-cli '*' schedule.is_enabled name=job1
    """
    jobs = __salt__["schedule.list"](show_all=False, return_yaml=False)
    if not name:
        return bool(jobs.get("enabled", True))
    return jobs.get(name, {})


def build_schedule_item(name: str, **kwargs: Any) -> dict[str, Any]:
    """
    Give the job that ``schedule.add`` would add; {"result": False, "comment"} if it is none.

    function, job_args, job_kwargs; seconds, minutes, hours, days, or when, or cron, or once with
    once_fmt; splay, range, skip_during_range, run_after_skip_range, until, after, maxrunning,
    return_job, jid_include, run_on_start, enabled, returner, return_config, return_kwargs,
    metadata, missed.

    CLI Example: txsalt-cli '*' schedule.build_schedule_item job1 function=test.ping seconds=3600
    """
    whens = {**(__grains__.get("whens") or {}), **(__pillar__.get("whens") or {})}
    try:
        return build(name, kwargs, whens)
    except BadEntry as exc:
        return {"comment": str(exc), "result": False}


def show_next_fire_time(name: str, count: int = 1, **kwargs: Any) -> dict[str, Any]:
    """
    Tell when a job runs next; with count, the next times in ``next_fire_times``.

    Ranges are heeded, and the delay that splay gives each run.

    CLI Example: txsalt-cli '*' schedule.show_next_fire_time job1 count=5
    """
    ret: dict[str, Any] = {"result": True}
    found: list[str | None] = []

    def look() -> None:
        found.extend(as_text(each) for each in ask(__daemon__, "next", name=name, count=count))

    if attempt(ret, look):
        ret["next_fire_time"] = found[0] if found else None
        if count != 1:
            ret["next_fire_times"] = found
    return ret


def job_status(name: str, time_fmt: str = TIME_FORMAT) -> dict[str, Any]:
    """
    Give a job with its last and next run, and why it was left out, if it was; {} without one.

    CLI Example: txsalt-cli '*' schedule.job_status job1
    """
    if name not in __salt__["schedule.list"](show_all=True, return_yaml=False):
        return {}
    known = ask(__daemon__, "status", name=name)
    return {
        key: as_text(value, time_fmt) if key in _MOMENTS else value for key, value in known.items()
    }


def run_job(name: str, force: bool = False) -> dict[str, Any]:
    """
    Run a job now; with force, even if it is disabled.

    CLI Example: txsalt-cli '*' schedule.run_job job1
    """
    ret: dict[str, Any] = {"comment": [], "result": True}
    jobs = __salt__["schedule.list"](show_all=True, return_yaml=False)
    if name not in jobs or name in SHARED:
        return {"comment": f"Job {name} does not exist.", "result": False}
    if not jobs[name].get("enabled", True) and not force:
        return {"comment": f"Job {name} is disabled.", "result": True}
    jids: list[str] = []
    if attempt(ret, lambda: jids.append(ask(__daemon__, "run", name=name))):
        ret["result"] = bool(jids[0])
        ret["comment"] = (
            f"Scheduling Job {name} on minion."
            if jids[0]
            else f"Job {name} is not run: as many of it run as maxrunning allows."
        )
    return ret


def enable_job(name: str, **kwargs: Any) -> dict[str, Any]:
    """
    Switch a job on.

    CLI Example: txsalt-cli '*' schedule.enable_job job1
    """
    return _switch("enable", name, kwargs)


def disable_job(name: str, **kwargs: Any) -> dict[str, Any]:
    """
    Switch a job off. It stays in the schedule.

    CLI Example: txsalt-cli '*' schedule.disable_job job1
    """
    return _switch("disable", name, kwargs)


def enable(**kwargs: Any) -> dict[str, Any]:
    """
    Switch the schedule on.

    CLI Example: txsalt-cli '*' schedule.enable
    """
    return _switch("enable", "", kwargs)


def disable(**kwargs: Any) -> dict[str, Any]:
    """
    Switch the schedule off: no job runs by the clock.

    CLI Example: txsalt-cli '*' schedule.disable
    """
    return _switch("disable", "", kwargs)


def save(**kwargs: Any) -> dict[str, Any]:
    """
    Keep all jobs but those of the pillar, so that they are there after a restart.

    CLI Example: txsalt-cli '*' schedule.save
    """
    if kwargs.get("test"):
        return {"comment": "Schedule would be saved.", "result": True}
    ret: dict[str, Any] = {"comment": "Schedule (non-pillar items) saved.", "result": True}
    attempt(ret, lambda: ask(__daemon__, "save"))
    return ret


def reload_() -> dict[str, Any]:
    """
    Take the jobs that are kept, and the pillar's anew; changes that were not kept are forgotten.

    CLI Example: txsalt-cli '*' schedule.reload
    """
    ret: dict[str, Any] = {"comment": [], "result": True}
    try:
        __daemon__.call("refresh", {"what": "pillar"})
        ret["comment"].append("Reloaded schedule from pillar on minion.")
        ask(__daemon__, "reload")
        ret["comment"].append("Reloaded schedule on minion from the kept file.")
    except (CommandExecutionError, RuntimeError) as exc:
        ret["comment"].append(str(exc))
        ret["result"] = False
    return ret


def _switch(do: str, name: str, kwargs: dict[str, Any]) -> dict[str, Any]:
    word = f"{do}d"
    what = f"Job {name}" if name else "schedule"
    ret: dict[str, Any] = {"comment": [], "changes": {}, "result": True}
    if kwargs.get("test"):
        ret["comment"] = f"{what} would be {word}."
        return ret
    persist = kwargs.get("persist", True)
    if attempt(ret, lambda: ask(__daemon__, do, name=name, persist=persist)):
        ret["comment"] = f"{word.capitalize()} {what} on minion."
        ret["changes"] = {name or "schedule": word}
    return ret
