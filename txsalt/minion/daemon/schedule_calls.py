"""
What jobs may ask of the schedule: the functions of ``schedule`` in a job process end here.

    {"do": "list", "where"}                       the map of jobs
    {"do": "add" | "modify", "name", "job", "persist"}
    {"do": "delete" | "enable" | "disable", "name", "persist"}    an empty name means all jobs
    {"do": "save"} · {"do": "reload"}
    {"do": "run", "name"}                         the jid, "" if too many run
    {"do": "postpone", "name", "time", "new_time"} · {"do": "skip", "name", "time"}   Unix times
    {"do": "next", "name", "count"}               a list of Unix times
    {"do": "status", "name"}                      a map

Each but the last ones answers with the map of jobs after the change.
"""

from typing import Any

from txsalt.errors import BadLoad, LocalError
from txsalt.minion.daemon.schedule import Schedule
from txsalt.minion.daemon.schedule_book import ScheduleBook
from txsalt.schedule.errors import BadEntry

_MOST_TIMES = 100


class ScheduleCalls:
    """An instance answers the call ``schedule``."""

    def __init__(self, book: ScheduleBook, schedule: Schedule) -> None:
        self._book = book
        self._schedule = schedule

    def __call__(self, arguments: dict[str, Any]) -> Any:
        """Answer one call. Raises LocalError or BadLoad with the reason why not."""
        try:
            return self._answer(arguments, str(arguments.get("name") or ""))
        except OSError as exc:
            raise LocalError(f"the schedule is changed, but not kept: {exc}") from exc
        except KeyError as exc:
            raise BadEntry(str(arguments.get("name")), "there is no such job") from exc

    def _answer(self, arguments: dict[str, Any], name: str) -> Any:
        match arguments.get("do"):
            case "run":
                return self._schedule.run_now(name)
            case "next":
                count = arguments.get("count", 1)
                return self._schedule.coming(name, _bounded(count))
            case "status":
                known = self._schedule.status(name)
                return {**self._book.listed()[name], "name": name, **known}
            case "list":
                return self._book.listed(arguments.get("where"))
        self._change(arguments, name)
        return self._book.listed()

    def _change(self, arguments: dict[str, Any], name: str) -> None:
        persist = bool(arguments.get("persist"))
        match arguments.get("do"):
            case "add" | "modify" as verb:
                job = arguments.get("job")
                if not isinstance(job, dict):
                    raise BadEntry(name, "its options are no map")
                self._book.put(name, job, persist=persist, is_new=verb == "add")
            case "delete":
                self._book.delete(name, persist=persist)
                self._schedule.forget(name)
            case "enable" | "disable" as verb:
                self._book.enable(name, verb == "enable", persist=persist)
            case "save":
                self._book.save()
            case "reload":
                self._book.reload()
            case "postpone":
                self._times(name, arguments)
                self._schedule.skip_at(name, arguments["time"])
                self._schedule.run_at(name, arguments["new_time"])
            case "skip":
                self._times(name, arguments)
                self._schedule.skip_at(name, arguments["time"])
            case other:
                raise BadLoad(f"the schedule cannot do {other!r:.60}")

    def _times(self, name: str, arguments: dict[str, Any]) -> None:
        if name not in self._book.entries:
            raise KeyError(name)
        for key in ("time", "new_time"):
            if key in arguments and not isinstance(arguments[key], int | float):
                raise BadLoad(f"{key} is no time")


def _bounded(count: object) -> int:
    return min(count, _MOST_TIMES) if isinstance(count, int) and count > 0 else 1
