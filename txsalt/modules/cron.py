"""
Keep the crontabs of users.

Functions change only the part below the marker line, see txsalt/modules/_crontab.py. Those that
change return "new", "updated", "present", "removed" or "absent", or what crontab complained of.

Source: Salt 3008.3, modules/cron.py.
"""

import os
import pwd
import tempfile
from pathlib import Path
from typing import Any  # users pass numbers or text

from txsalt.jobs.errors import CommandExecutionError
from txsalt.modules._crontab import (
    EMPTY,
    TIMES,
    Entry,
    Tab,
    choose_times,
    differs,
    identity,
    matches,
    parse,
    render,
)
from txsalt.modules._tool import Done, operand, run_tool, which

# What the kinds of crontab say of a user who has none.
_NONE = ("no crontab for", "can't open", "No such file")


def __virtual__() -> bool | tuple[bool, str]:
    if which("crontab") is None:
        return False, "crontab is missing; install the package cron or cronie"
    return True


def raw_cron(user: str) -> str:
    """
    Return the crontab of a user as it is, "" if there is none.

    CLI Example: txsalt-cli '*' cron.raw_cron root
    """
    return _shown(_read(user))


def list_tab(user: str) -> Tab:
    """
    Return the crontab of a user: pre (lines above the marker), crons, special, env.

    CLI Example: txsalt-cli '*' cron.list_tab root
    """
    return parse(raw_cron(user))


def ls(user: str) -> Tab:
    """Return the crontab of a user, as list_tab."""
    return list_tab(user)


def get_entry(user: str, identifier: Any = None, cmd: str | None = None) -> Entry | bool:
    """
    Return one entry, found by identifier, else by command; False if there is none.

    CLI Example: txsalt-cli '*' cron.get_entry root identifier=task1
    """
    tab = list_tab(user)
    for entry in tab["crons"] + tab["special"]:
        found = entry["identifier"] == identifier if identifier else cmd and entry["cmd"] == cmd
        if found:
            return entry
    return False


def set_job(
    user: str,
    minute: Any,
    hour: Any,
    daymonth: Any,
    month: Any,
    dayweek: Any,
    cmd: str,
    commented: bool = False,
    comment: str | None = None,
    identifier: Any = None,
) -> str:
    """
    Run a command at times; "random" is some time, which then stays.

    An entry of the same identifier, or of the same command without one, is changed; ``commented``
    switches it off.

    CLI Example: txsalt-cli '*' cron.set_job root '*' '*' '*' '*' 1 /usr/local/weekly
    """
    given = zip(TIMES, (minute, hour, daymonth, month, dayweek), strict=True)
    wanted: Entry = {name: str(value).lower() for name, value in given}
    wanted |= {"cmd": cmd, "commented": commented, "comment": comment, "identifier": identifier}
    return _set(user, wanted, "crons")


def set_special(
    user: str,
    special: str,
    cmd: str,
    commented: bool = False,
    comment: str | None = None,
    identifier: Any = None,
) -> str:
    """
    Run a command at a special time, such as @reboot or @daily.

    CLI Example: txsalt-cli '*' cron.set_special root @hourly 'echo foobar'
    """
    wanted: Entry = {"spec": special, "cmd": cmd}
    wanted |= {"commented": commented, "comment": comment, "identifier": identifier}
    return _set(user, wanted, "special")


def rm_job(
    user: str,
    cmd: str,
    minute: Any = None,
    hour: Any = None,
    daymonth: Any = None,
    month: Any = None,
    dayweek: Any = None,
    identifier: Any = None,
) -> str:
    """
    Remove a job; if times are given, only when it has them.

    CLI Example: txsalt-cli '*' cron.rm_job root /usr/bin/foo dayweek=1
    """
    tab = _tab(user)
    given = dict(zip(TIMES, (minute, hour, daymonth, month, dayweek), strict=True))
    for entry in tab["crons"]:
        if matches(entry, cmd, identifier) and all(
            value is None or _same_time(entry[name], value) for name, value in given.items()
        ):
            tab["crons"].remove(entry)
            return _write(user, tab) or "removed"
    return "absent"


def rm(
    user: str,
    cmd: str,
    minute: Any = None,
    hour: Any = None,
    daymonth: Any = None,
    month: Any = None,
    dayweek: Any = None,
    identifier: Any = None,
) -> str:
    """Remove a job, as rm_job."""
    return rm_job(user, cmd, minute, hour, daymonth, month, dayweek, identifier)


def rm_special(user: str, cmd: str, special: str | None = None, identifier: Any = None) -> str:
    """
    Remove a job of a special time.

    CLI Example: txsalt-cli '*' cron.rm_special root /usr/bin/foo
    """
    tab = _tab(user)
    for entry in tab["special"]:
        if matches(entry, cmd, identifier) and special in (None, entry["spec"]):
            tab["special"].remove(entry)
            return _write(user, tab) or "removed"
    return "absent"


def set_env(user: str, name: str, value: str | None = None) -> str:
    """
    Set a variable for the jobs of a user.

    CLI Example: txsalt-cli '*' cron.set_env root MAILTO user@example.com
    """
    tab = _tab(user)
    kept = [each for each in tab["env"] if each["name"] != name]
    old = [each for each in tab["env"] if each["name"] == name]
    # No value is written as two quotes, and read as such.
    if old and old[0]["value"] in (value, value or EMPTY):
        return "present"
    tab["env"] = [*kept, {"name": name, "value": value}]
    return _write(user, tab) or ("updated" if old else "new")


def rm_env(user: str, name: str) -> str:
    """
    Remove a variable.

    CLI Example: txsalt-cli '*' cron.rm_env root MAILTO
    """
    tab = _tab(user)
    kept = [each for each in tab["env"] if each["name"] != name]
    if len(kept) == len(tab["env"]):
        return "absent"
    tab["env"] = kept
    return _write(user, tab) or "removed"


def write_cron_file(user: str, path: str) -> bool:
    """
    Make a file the crontab of a user; True if crontab took it.

    CLI Example: txsalt-cli '*' cron.write_cron_file root /tmp/new_cron
    """
    return _install(user, path).retcode == 0


def write_cron_file_verbose(user: str, path: str) -> dict[str, Any]:
    """
    Make a file the crontab of a user; return retcode, stdout and stderr of crontab.

    CLI Example: txsalt-cli '*' cron.write_cron_file_verbose root /tmp/new_cron
    """
    done = _install(user, path)
    return {"retcode": done.retcode, "stdout": done.stdout, "stderr": done.stderr}


def _tab(user: str) -> Tab:
    """Give the crontab of a user, to be changed and written: no byte of it is lost."""
    return parse(_read(user))


def _read(user: str) -> str:
    """
    Read a crontab; bytes that are not UTF-8 become lone surrogates.

    Raises CommandExecutionError if it cannot be read: what is taken for empty is overwritten.
    """
    done = run_tool(
        __salt__,
        [*_crontab(user), "-l"],
        ignore_retcode=True,
        rstrip=False,
        output_encoding="latin-1",
        runas=_runas(user),
    )
    if done.retcode:
        if not any(each in done.complaint for each in _NONE):
            raise CommandExecutionError(f"the crontab of {user} cannot be read: {done.complaint}")
        return ""
    text = done.stdout.encode("latin-1").decode("utf-8", "surrogateescape")
    lines = text.splitlines(keepends=True)
    if lines and lines[0].startswith("# DO NOT EDIT THIS FILE - edit the master and reinstall."):
        del lines[:3]  # old versions of crontab put three lines of their own on top
    return "".join(lines)


def _shown(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _set(user: str, wanted: Entry, kind: str) -> str:
    tab = _tab(user)
    for place in ("crons", "special"):
        for entry in tab[place]:
            if not matches(entry, wanted["cmd"], wanted["identifier"]):
                continue
            merged = _merge(entry, wanted)
            if place == kind and merged == entry:
                return "present"
            tab[place].remove(entry)
            tab[kind].append(_timed(merged, kind))
            return _write(user, tab) or "updated"
    tab[kind].append(_timed(wanted, kind))
    return _write(user, tab) or "new"


def _merge(entry: Entry, wanted: Entry) -> Entry:
    """Give the wanted entry with the old values of fields that need not change."""
    kept = {name: entry[name] for name in wanted if not differs(entry.get(name), wanted[name])}
    merged = {**wanted, **{name: value for name, value in kept.items() if name in entry}}
    if identity(entry) == identity(wanted):
        merged["identifier"] = entry["identifier"]
    return merged


def _timed(entry: Entry, kind: str) -> Entry:
    return {**entry, **choose_times(entry)} if kind == "crons" else entry


def _same_time(found: str, wanted: Any) -> bool:
    return found == str(wanted) or (str(wanted).lower() == "random" and found != "*")


def _write(user: str, tab: Tab) -> str:
    """Install a crontab; give what crontab complained of, "" if it took it."""
    path = ""
    try:
        handle, path = tempfile.mkstemp(prefix="txsalt-cron-")
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(render(tab))
            if _runas(user):
                os.fchown(file.fileno(), _uid(user), -1)
        done = _install(user, path)
    except OSError as exc:
        raise CommandExecutionError(f"the crontab cannot be written: {exc.strerror}") from exc
    finally:
        if path:
            Path(path).unlink()
    return done.complaint if done.retcode else ""


def _install(user: str, path: str) -> Done:
    return run_tool(__salt__, [*_crontab(user), operand(path)], runas=_runas(user))


def _crontab(user: str) -> list[str]:
    """Give the words of crontab for a user; only root may name another."""
    return ["crontab"] if _uid(user) == os.geteuid() or _runas(user) else ["crontab", "-u", user]


def _runas(user: str) -> str | None:
    """Give the user as whom crontab must run: himself, unless we are he or root."""
    return None if os.geteuid() in (0, _uid(user)) else user


def _uid(user: str) -> int:
    try:
        return pwd.getpwnam(user).pw_uid
    except KeyError:
        raise CommandExecutionError(f"User '{user}' is not available") from None
