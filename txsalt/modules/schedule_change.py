"""
Add jobs to the schedule of this minion, change and remove them.

With offline=True, and where no minion runs, the kept schedule is changed; with persist=False that
of the running minion until its next start.
"""

from collections.abc import Callable
from typing import Any  # options of jobs are whatever users set

from txsalt.jobs.errors import CommandExecutionError
from txsalt.modules._schedule import (
    TIME_FORMAT,
    TIMES,
    NoDaemon,
    as_unix,
    ask,
    at_rest,
    attempt,
    write_kept,
)
from txsalt.schedule.entry import SHARED

__virtualname__ = "schedule"

Ret = dict[str, Any]


def add(name: str, **kwargs: Any) -> Ret:
    """
    Add a job; see schedule.build_schedule_item for its options.

    CLI Example: txsalt-cli '*' schedule.add job1 function=cmd.run job_args="['date']" seconds=60
    """
    ret: Ret = {"comment": "", "result": False, "changes": {}}
    offline = bool(kwargs.get("offline"))
    if name in _listed(offline):
        ret["comment"] = f"Job {name} already exists in schedule."
        return ret
    job = __salt__["schedule.build_schedule_item"](name, **kwargs)
    if job.get("result") is False:
        return {**ret, **job}
    ret["result"] = True
    if kwargs.get("test"):
        ret["comment"] = f"Job: {name} would be added to schedule."
    elif _put("add", name, job, kwargs, ret):
        ret["comment"] = f"Added job: {name} to schedule."
        ret["changes"][name] = "added"
    return ret


def modify(name: str, **kwargs: Any) -> Ret:
    """
    Replace a job; its function and its time stay unless others are given.

    CLI Example: txsalt-cli '*' schedule.modify job1 function=test.ping seconds=3600
    """
    ret: Ret = {"comment": "", "changes": {}, "result": True}
    jobs = _listed(bool(kwargs.get("offline")))
    if name not in jobs or name in SHARED:
        return {**ret, "comment": f"Job {name} does not exist in schedule.", "result": False}
    current = jobs[name]
    options = {"function": current.get("function"), **kwargs}
    if not any(key in kwargs for key in TIMES):
        options |= {key: current[key] for key in TIMES if key in current}
    job = __salt__["schedule.build_schedule_item"](name, **options)
    if job.get("result") is False:
        return {**ret, **job}
    if job == current:
        return {**ret, "comment": f"Job {name} in correct state"}
    ret["changes"][name] = {"old": current, "new": job}
    if kwargs.get("test"):
        ret["comment"] = f"Job: {name} would be modified in schedule."
    elif _put("modify", name, job, kwargs, ret):
        ret["comment"] = f"Modified job: {name} in schedule."
    else:
        ret["changes"] = {}
    return ret


def delete(name: str, **kwargs: Any) -> Ret:
    """
    Remove a job.

    CLI Example: txsalt-cli '*' schedule.delete job1
    """
    ret: Ret = {"comment": "", "result": False, "changes": {}}
    offline = bool(kwargs.get("offline"))
    if name not in _listed(offline) or name in SHARED:
        return {**ret, "comment": f"Job {name} does not exist."}
    ret["result"] = True
    if kwargs.get("test"):
        ret["comment"] = f"Job: {name} would be deleted from schedule."
    elif _remove(name, kwargs, ret):
        ret["comment"] = f"Deleted Job {name} from schedule."
        ret["changes"][name] = "removed"
    return ret


def purge(**kwargs: Any) -> Ret:
    """
    Remove all jobs; those of the pillar stay, and are named.

    CLI Example: txsalt-cli '*' schedule.purge
    """
    ret: Ret = {"comment": [], "changes": {}, "result": True}
    for name in _listed(bool(kwargs.get("offline"))):
        if name in SHARED or name.startswith("__"):
            continue
        if kwargs.get("test"):
            ret["comment"].append(f"Job: {name} would be deleted from schedule.")
            continue
        one: Ret = {}
        if _remove(name, kwargs, one):
            ret["comment"].append(f"Deleted job: {name} from schedule.")
            ret["changes"][name] = "removed"
        else:
            ret["comment"].append(one["comment"])
    return ret


def move(name: str, target: str, **kwargs: Any) -> Ret:
    """
    Add a job to the schedules of other minions, and remove it here once all of them have it.

    The master must let this minion publish schedule.add.

    CLI Example: txsalt-cli 'web1' schedule.move job1 'web*'
    """
    ret = _hand_on(name, target, kwargs, "moved")
    if ret.get("minions") and ret["result"] and not kwargs.get("test"):
        gone = delete(name)
        ret["result"] = gone["result"]
        ret["comment"] = f"Moved Job {name} from schedule." if gone["result"] else gone["comment"]
    return ret


def copy(name: str, target: str, **kwargs: Any) -> Ret:
    """
    Add a job to the schedules of other minions.

    The master must let this minion publish schedule.add.

    CLI Example: txsalt-cli 'web1' schedule.copy job1 'web*'
    """
    return _hand_on(name, target, kwargs, "copied")


def postpone_job(name: str, current_time: str, new_time: str, **kwargs: Any) -> Ret:
    """
    Run a job at another time than the given one; time_fmt is the form of both.

    CLI Example: txsalt-cli '*' schedule.postpone_job job1 2027-01-31T17:00:00 2027-01-31T18:00:00
    """
    ret = _shift("postpone", name, {"time": current_time, "new_time": new_time}, kwargs)
    if not ret["comment"]:
        ret["comment"] = f"Postponed Job {name} in schedule."
    return ret


def skip_job(name: str, current_time: str, **kwargs: Any) -> Ret:
    """
    Leave out the run of a job at a time; time_fmt is the form of it.

    CLI Example: txsalt-cli '*' schedule.skip_job job1 2027-01-31T17:00:00
    """
    ret = _shift("skip", name, {"time": current_time}, kwargs)
    if not ret["comment"]:
        ret["comment"] = f"Added Skip Job {name} in schedule."
    return ret


def _listed(offline: bool) -> dict[str, Any]:
    jobs: dict[str, Any] = __salt__["schedule.list"](
        show_all=True, return_yaml=False, offline=offline
    )
    return jobs


def _put(do: str, name: str, job: dict[str, Any], kwargs: Ret, ret: Ret) -> bool:
    persist = kwargs.get("persist", True)
    return _change(
        kwargs,
        ret,
        lambda: ask(__daemon__, do, name=name, job=job, persist=persist),
        lambda: write_kept(__opts__, {**at_rest(__opts__), name: job}),
    )


def _remove(name: str, kwargs: Ret, ret: Ret) -> bool:
    def leave_out() -> None:
        left = {key: job for key, job in at_rest(__opts__).items() if key != name}
        write_kept(__opts__, left)

    persist = kwargs.get("persist", True)
    return _change(
        kwargs, ret, lambda: ask(__daemon__, "delete", name=name, persist=persist), leave_out
    )


def _change(kwargs: Ret, ret: Ret, asked: Callable[[], Any], offline: Callable[[], Any]) -> bool:
    """Ask the running minion; change what is kept where none runs, or on demand."""

    def work() -> None:
        try:
            asked()
        except NoDaemon:
            if not kwargs.get("persist", True):
                raise
            offline()

    return attempt(ret, offline if kwargs.get("offline") else work)


def _hand_on(name: str, target: str, kwargs: Ret, done: str) -> Ret:
    ret: Ret = {"comment": [], "result": True}
    jobs = _listed(offline=False)
    if name not in jobs or name in SHARED:
        return {"comment": f"Job {name} does not exist.", "result": False}
    if kwargs.get("test"):
        return {**ret, "comment": f"Job: {name} would be {done} from schedule."}
    named = {"args": "job_args", "kwargs": "job_kwargs"}
    options = {key: value for key, value in jobs[name].items() if key != "name"}
    words = [f"{named.get(key, key)}={value!r}" for key, value in options.items()]
    try:
        answers = __salt__["publish.publish"](target, "schedule.add", [name, *words])
    except (KeyError, CommandExecutionError) as exc:
        return {"comment": f"schedule.add cannot be published: {exc}", "result": False}
    if not answers:
        return {"comment": "no servers answered the published schedule.add command", "result": True}
    failed = [each for each, answer in answers.items() if not _is_done(answer)]
    if failed:
        comment = "the following minions return False"
        return {"comment": comment, "minions": failed, "result": False}
    return {
        "comment": f"Copied Job {name} from schedule to minion(s).",
        "minions": list(answers),
        "result": True,
    }


def _is_done(answer: Any) -> bool:
    # A text is what went wrong.
    return bool(answer.get("result")) if isinstance(answer, dict) else answer is True


def _shift(do: str, name: str, times: dict[str, str], kwargs: Ret) -> Ret:
    ret: Ret = {"comment": "", "result": True}
    form = kwargs.get("time_fmt") or TIME_FORMAT
    try:
        unix = {key: as_unix(text, form) for key, text in times.items()}
    except (TypeError, ValueError):
        return {"comment": "Date string could not be parsed.", "result": False}
    if name not in _listed(offline=False) or name in SHARED:
        return {"comment": f"Job {name} does not exist.", "result": False}
    if kwargs.get("test"):
        return {"comment": f"Job: {name} would be changed in schedule: {do}.", "result": True}
    attempt(ret, lambda: ask(__daemon__, do, name=name, **unix))
    return ret
