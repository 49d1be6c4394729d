"""
Tell of the schedule on the minion's own bus, and take wishes from there.

Programs of this machine fire ``manage_schedule`` as those of Salt do, and wait for an event that
says what the schedule is then; that event follows on changes by jobs, too. A wish that cannot be
granted is logged and answered with the schedule as it is, so that nobody waits in vain.

Source: Salt 3008.3, utils/schedule.py, modules/schedule.py; minion.py manage_schedule.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any  # event data is any msgpack value

from twisted.logger import Logger

from txsalt.errors import TxsaltError
from txsalt.events import tags

Data = dict[str, Any]

_TIME_FORMAT = "%Y-%m-%dT%H:%M:%S"

# What jobs call it → (what tells that it is done, or "" for nothing; the same for one job).
_DONE = {
    "add": ("add_complete", "add_complete"),
    "delete": ("delete_complete", "delete_complete"),
    "enable": ("enabled_complete", "enabled_job_complete"),
    "disable": ("disabled_complete", "disabled_job_complete"),
    "list": ("list_complete", "list_complete"),
    "save": ("saved", "saved"),
    "postpone": ("postpone_job_complete", "postpone_job_complete"),
    "skip": ("skip_job_complete", "skip_job_complete"),
    "next": ("next_fire_time_complete", "next_fire_time_complete"),
    "status": ("job_status_complete", "job_status_complete"),
}
# What it is called on the bus → what jobs call it.
_WISHES = {
    "enable_job": "enable",
    "disable_job": "disable",
    "postpone_job": "postpone",
    "skip_job": "skip",
    "run_job": "run",
    "save_schedule": "save",
    "get_next_fire_time": "next",
    "job_status": "status",
    **{each: each for each in ("add", "modify", "delete", "enable", "disable", "list", "reload")},
}


class ScheduleBus:
    """An instance answers the call ``schedule`` of jobs; ``from_bus`` takes events."""

    log = Logger()

    def __init__(
        self, calls: Callable[[Data], Any], listed: Callable[[], Data],
        fire: Callable[[str, Data], None],
    ) -> None:  # fmt: skip
        """``calls`` is ScheduleCalls, ``listed`` gives the map of jobs, ``fire`` is the bus's."""
        self._calls = calls
        self._listed = listed
        self._fire = fire

    def __call__(self, arguments: Data) -> Any:
        """Answer a job. Raises LocalError or BadLoad with the reason why not."""
        answer = self._calls(arguments)
        self._tell(arguments, answer)
        return answer

    def from_bus(self, data: Data) -> None:
        """Do what a local ``manage_schedule`` event asks for."""
        do = _WISHES.get(str(data.get("func")), "")
        arguments: Data = {"do": do, "name": data.get("name")}
        try:
            arguments |= _details(do, data)
            answer = self._calls(arguments)
        except (TxsaltError, ValueError) as exc:
            self.log.warn("a local wish for the schedule was not granted: {why}", why=exc)
            nothing: Data = {"next": [], "status": {}}
            answer = nothing.get(do, self._listed())
        self._tell(arguments, answer)

    def _tell(self, arguments: Data, answer: Any) -> None:
        do = str(arguments.get("do"))
        if do not in _DONE:
            return
        told: Data = {"complete": True}
        if do == "next":
            told["next_fire_time"] = _as_text(answer)
        elif do == "status":
            told["data"] = answer
        elif do != "save":
            told["schedule"] = answer
        whole, single = _DONE[do]
        self._fire(tags.minion_schedule(single if arguments.get("name") else whole), told)


def _details(do: str, data: Data) -> Data:
    """Give what a wish of this kind holds besides its name. Raises ValueError."""
    if do in ("postpone", "skip"):
        form = str(data.get("time_fmt") or _TIME_FORMAT)
        names = ("time", "new_time") if do == "postpone" else ("time",)
        return {each: datetime.strptime(str(data.get(each)), form).timestamp() for each in names}
    found: Data = {"persist": bool(data.get("persist")), "where": data.get("where")}
    job = data.get("schedule")
    if do == "add":
        # The map of jobs with this one alone.
        job = job.get(data.get("name")) if isinstance(job, dict) else None
    return {**found, "job": job} if do in ("add", "modify") else found


def _as_text(times: Any) -> str | None:
    first = times[0] if isinstance(times, list) and times else None
    return None if first is None else datetime.fromtimestamp(first).strftime(_TIME_FORMAT)
