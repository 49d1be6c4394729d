"""
What the functions of ``schedule`` share: options of jobs, the kept file, times as texts.

Source: Salt 3008.3, modules/schedule.py for the options and the shapes of answers.
"""

import logging
import os
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any  # options of jobs are whatever users set

from txsalt.errors import LocalError
from txsalt.jobs.errors import CommandExecutionError
from txsalt.modules._atomic import replacing
from txsalt.renderers import yaml
from txsalt.renderers.errors import RenderError
from txsalt.schedule.entry import SHARED, UNITS, read_entry
from txsalt.schedule.errors import BadEntry

log = logging.getLogger(__name__)

Job = dict[str, Any]
Jobs = dict[str, Any]

TIME_FORMAT = "%Y-%m-%dT%H:%M:%S"
TIMES = (*UNITS, "when", "once", "once_fmt", "cron")

# In the order in which they are shown.
_PLAIN = (
    "range", "when", "once", "once_fmt", "cron", "returner", "after", "return_config",
    "return_kwargs", "until", "run_on_start", "skip_during_range", "run_after_skip_range", "missed",
)  # fmt: skip
_SHOWN = frozenset(
    (
        "name", "maxrunning", "function", "splay", "jid_include", "args", "kwargs",
        "job_args", "job_kwargs",
        "enabled",
        "return_job", "metadata", *UNITS, *_PLAIN,
    )
)  # fmt: skip
_ARGUMENTS = (("job_args", "args", list, "list"), ("job_kwargs", "kwargs", dict, "map"))


def build(name: str, options: Mapping[str, Any], whens: Mapping[str, Any]) -> Job:
    """Make a job of the options that a user gave. Raises BadEntry."""
    if not name:
        raise BadEntry("", "a name is needed")
    job: Job = {"function": options.get("function")}
    job |= {key: options[key] for key in (*UNITS, "return_job", "metadata") if key in options}
    for given, key, kind, called in _ARGUMENTS:
        if given in options and not isinstance(options[given], kind):
            raise BadEntry(name, f"{given} is not a {called}")
        if given in options:
            job[key] = options[given]
    job["maxrunning"] = options.get("maxrunning", 1)
    job["name"] = options.get("name", name)
    job["enabled"] = options.get("enabled", True)
    job["jid_include"] = options.get("jid_include", True)
    job |= {key: options[key] for key in ("splay", *_PLAIN) if key in options}
    read_entry(name, job, whens=whens)
    return job


def shown(jobs: Jobs, *, show_all: bool, show_disabled: bool) -> Jobs:
    """Give the jobs that a list shows, with the options that it shows."""
    found: Jobs = {}
    for name, options in jobs.items():
        if name in SHARED or not isinstance(options, dict):
            found[name] = options
            continue
        job = {"enabled": True, **options}
        if (name.startswith("__") and not show_all) or not (job["enabled"] or show_disabled):
            continue
        found[name] = {
            key: value for key, value in job.items() if key in _SHOWN and value is not None
        }
    return found


def as_text(stamp: object, form: str = TIME_FORMAT) -> str | None:
    """Write a Unix time in the zone of this machine; None for anything else."""
    if not isinstance(stamp, int | float) or isinstance(stamp, bool):
        return None
    return datetime.fromtimestamp(stamp).strftime(form)


def as_unix(text: object, form: str) -> float:
    """Read a time of this machine's zone. Raises ValueError."""
    if not isinstance(text, str):
        raise ValueError("a time is needed")
    return datetime.strptime(text, form).timestamp()


class NoDaemon(CommandExecutionError):
    """No minion runs on this machine that could be asked."""


def ask(daemon: Any, do: str, **arguments: Any) -> Any:
    """
    Ask the running minion; see the calls of its schedule.

    Raises CommandExecutionError with its reason, and NoDaemon where no minion runs.
    """
    try:
        answer = daemon.call("schedule", {"do": do, **arguments})
    except RuntimeError as exc:
        raise CommandExecutionError(str(exc)) from exc
    if answer is True:  # a call without a daemon agrees to everything
        raise NoDaemon(
            "no minion runs on this machine: of its schedule, the jobs that are kept can be "
            "listed, added, modified, deleted and purged, and no more"
        )
    return answer


def attempt(ret: dict[str, Any], work: Callable[[], object]) -> bool:
    """Do ``work``; if it cannot be done, say so in ``ret``."""
    try:
        work()
    except (CommandExecutionError, LocalError, OSError) as exc:
        ret["comment"], ret["result"] = str(exc), False
        return False
    return True


def kept_path(opts: Mapping[str, Any]) -> str:
    """Name the file in which the minion keeps its schedule."""
    folder = os.path.dirname(opts.get("default_include") or "minion.d/*.conf")
    return os.path.join(opts["config_dir"], folder, "_schedule.conf")


def read_kept(opts: Mapping[str, Any]) -> Jobs:
    """Give the jobs that are kept. Raises CommandExecutionError."""
    path = kept_path(opts)
    try:
        with open(path, encoding="utf-8") as file:
            content = yaml.load(file.read(), path)
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, RenderError) as exc:
        raise CommandExecutionError(f"the kept schedule cannot be read: {exc}") from exc
    jobs = content.get("schedule") if isinstance(content, dict) else None
    return jobs if isinstance(jobs, dict) else {}


def at_rest(opts: Mapping[str, Any]) -> Jobs:
    """Give the jobs with which the minion would start, but the pillar's; raises as read_kept."""
    if os.path.exists(kept_path(opts)):
        return read_kept(opts)
    configured = opts.get("schedule")
    return dict(configured) if isinstance(configured, dict) else {}


def known(daemon: Any, opts: Mapping[str, Any], where: str | None) -> Jobs:
    """Give the running minion's jobs, or those of one that does not run. Raises as ask."""
    try:
        jobs: Jobs = ask(daemon, "list", where=where)
    except NoDaemon:
        log.warning("no minion runs on this machine; its schedule at rest is %s", kept_path(opts))
        return {} if where == "pillar" else at_rest(opts)
    return jobs


def write_kept(opts: Mapping[str, Any], jobs: Jobs) -> None:
    """Keep ``jobs``, for a minion that does not run. Raises OSError."""
    path = kept_path(opts)
    os.makedirs(os.path.dirname(path), mode=0o750, exist_ok=True)
    with replacing(path, new_mode=0o600) as file:
        file.write(yaml.dump({"schedule": jobs}).encode())
