"""
Run one command for the cmd module: argv or shell, as whom, where, for how long.

A command stays in the process group of its job, so that killing the job kills the command. A
command in the background gets a session of its own and outlives the job.

Source: Salt 3008.3, modules/cmdmod.py _run; utils/timed_subprocess.py.
"""

import codecs
import logging
import os
import pwd
import shlex
import subprocess
from collections.abc import Mapping
from fnmatch import fnmatch
from typing import Any  # users pass whatever they typed; it is turned into text here

from txsalt.jobs.errors import CommandExecutionError, SaltInvocationError
from txsalt.light import evolve, fields, frozen
from txsalt.modules import _live
from txsalt.modules._account import Account, find_account
from txsalt.modules._login import login_environment
from txsalt.modules._template import filled_command
from txsalt.modules._tree import end_tree

log = logging.getLogger(__name__)

# As Salt's modules/cmdmod.py: the shell that the minion itself was started with.
DEFAULT_SHELL = os.environ.get("SHELL") or "/bin/sh"

# Programs speak English to whoever parses them; LC_ALL given by the user still wins.
PLAIN_LOCALE = {
    f"LC_{part}": "C"
    for part in [
        "CTYPE",
        "NUMERIC",
        "TIME",
        "COLLATE",
        "MONETARY",
        "MESSAGES",
        "PAPER",
        "NAME",
        "ADDRESS",
        "TELEPHONE",
        "MEASUREMENT",
        "IDENTIFICATION",
    ]
} | {"LANGUAGE": "C"}


@frozen(kw_only=True)
class Command:
    """A command and its options, named and meant as Salt's; ``timeout`` is seconds."""

    cmd: Any
    cwd: Any = None
    stdin: Any = None
    runas: str | None = None
    group: str | None = None
    shell: str | None = DEFAULT_SHELL
    python_shell: bool | None = None
    env: Any = None
    clean_env: bool = False
    prepend_path: str | None = None
    rstrip: bool = True
    umask: Any = None
    output_encoding: str | None = None
    timeout: float | None = None
    reset_system_locale: bool = True
    use_vt: bool = False
    bg: bool = False
    redirect_stderr: bool = False
    stdin_raw_newlines: bool = False
    success_retcodes: Any = None
    success_stdout: Any = None
    success_stderr: Any = None


_NAMES = list(fields(Command))


def run_for(module: Mapping[str, Any], call: Mapping[str, Any], **fixed: Any) -> dict[str, Any]:
    """
    Run the command of a module function and tell the job how it went.

    ``module`` and ``call`` are the globals and arguments of that function (a ``kwargs`` in them is
    opened); ``fixed`` options win. Returns what ``execute`` returns, emptied if the user wants it
    hidden. The exit code becomes the job's, unless ``ignore_retcode``.
    """
    given = {**(call.get("kwargs") or {}), **call, **fixed}
    given |= filled_command(module, given)
    command = Command(**{name: given[name] for name in _NAMES if name in given})
    if not command.timeout:
        command = evolve(command, timeout=None)  # 0 is no limit
    typed = bool(given.get("__pub_jid"))
    if command.python_shell is None:
        safe = module["__opts__"].get("cmd_safe", True)
        command = evolve(command, python_shell=typed or safe is False)
    if typed:
        _refuse_forbidden(command, module["__salt__"])
    # Another module's command is not what the user wants to see.
    live = getattr(module.get("__daemon__"), "live", None) if typed else None
    if live is None or given.get("hide_output"):
        answer = execute(command)
    else:
        answer = execute(command, live.write)
        live.flush()
    ignored = given.get("ignore_retcode") or command.bg
    module["__context__"]["retcode"] = 0 if ignored else answer["retcode"]
    if given.get("output_loglevel") != "quiet":
        log.debug("%s: exit code %s", command.cmd, answer["retcode"])
    if given.get("hide_output"):
        answer = {**answer, "stdout": "", "stderr": ""}
    return answer


def execute(command: Command, tell: _live.Tell | None = None) -> dict[str, Any]:
    """
    Run a command to its end; return {"pid", "retcode", "stdout", "stderr"}.

    ``tell`` gets what it writes, as it comes.

    After ``timeout`` the command and all its descendants are ended, and retcode is 1. In the
    background only {"pid", "retcode": None, "stdout": "", "stderr": ""} is known.
    Raises CommandExecutionError if it cannot be started, SaltInvocationError for bad options.
    """
    _refuse_unsupported(command)
    success = _success_codes(command.success_retcodes)
    account = find_account(command.runas, command.group)
    argv = _argv(command)
    try:
        process = subprocess.Popen(argv, **_how(command, account))
    except (OSError, ValueError, subprocess.SubprocessError) as exc:
        # Neither environment nor stdin is told: they often hold secrets.
        raise CommandExecutionError(f"Unable to run command '{command.cmd}': {exc}") from exc
    if command.bg:
        # The job ends before the command does; nobody waits for it here.
        process.returncode = 0
        return {"pid": process.pid, "retcode": None, "stdout": "", "stderr": ""}
    try:
        if tell is None:
            out, err = process.communicate(_input(command), timeout=command.timeout)
        else:
            out, err = _live.communicate(process, _input(command), command.timeout, tell)
    except subprocess.TimeoutExpired:
        end_tree(process)
        words = f"{command.cmd} : Timed out after {command.timeout} seconds"
        return {"pid": process.pid, "retcode": 1, "stdout": words, "stderr": ""}
    answer = {
        "pid": process.pid,
        "retcode": process.returncode,
        "stdout": _text(out, command),
        "stderr": _text(err, command),
    }
    if _counts_as_success(answer, command, success):
        answer["retcode"] = 0
    return answer


def _refuse_forbidden(command: Command, functions: Mapping[str, Any]) -> None:
    """Keep what users type within the options cmd_blacklist_glob and cmd_whitelist_glob."""
    words = command.cmd
    text = " ".join(map(str, words)) if isinstance(words, list | tuple) else str(words)
    forbidden = functions["config.get"]("cmd_blacklist_glob", []) or []
    allowed = functions["config.get"]("cmd_whitelist_glob", []) or ["*"]
    if any(fnmatch(text, each) for each in forbidden) or not (
        "*" in allowed or any(fnmatch(text, each) for each in allowed)
    ):
        raise CommandExecutionError(f'The shell command "{text}" is not permitted')


def _refuse_unsupported(command: Command) -> None:
    if command.use_vt:
        raise SaltInvocationError("use_vt is not supported")
    if command.timeout is not None and not isinstance(command.timeout, int | float):
        raise SaltInvocationError(f"timeout {command.timeout} must be a number")
    try:
        codecs.lookup(command.output_encoding or "utf-8")
    except LookupError:
        raise SaltInvocationError(f"unknown encoding {command.output_encoding}") from None
    if command.shell and not os.access(command.shell, os.X_OK):
        raise CommandExecutionError(f"The shell {command.shell} is not available")


def _argv(command: Command) -> list[str]:
    cmd = command.cmd
    if command.python_shell:
        text = " ".join(map(str, cmd)) if isinstance(cmd, list | tuple) else str(cmd)
        return [command.shell or DEFAULT_SHELL, "-c", text]
    try:
        argv = (
            [str(word) for word in cmd] if isinstance(cmd, list | tuple) else shlex.split(str(cmd))
        )
    except ValueError as exc:
        raise SaltInvocationError(f"the command cannot be split into words: {exc}") from exc
    if not argv:
        raise SaltInvocationError("the command is empty")
    return argv


def _how(command: Command, account: Account | None) -> dict[str, Any]:
    pipe = subprocess.DEVNULL if command.bg else subprocess.PIPE
    has_input = command.stdin is not None and not command.bg
    how: dict[str, Any] = {
        "cwd": _directory(command),
        "env": _environment(command, account),
        "stdin": subprocess.PIPE if has_input else subprocess.DEVNULL,
        "stdout": pipe,
        "stderr": subprocess.STDOUT if command.redirect_stderr else pipe,
        "umask": _umask(command.umask),
        "start_new_session": command.bg,
    }
    if account is not None:
        how |= account.popen_arguments()
    return how


def _directory(command: Command) -> str:
    if not command.cwd:
        home = os.path.expanduser(f"~{command.runas or ''}")
        return home if os.path.isdir(home) and os.access(home, os.R_OK) else "/"
    cwd = str(command.cwd)
    if not os.path.isabs(cwd) or not os.path.isdir(cwd):
        raise CommandExecutionError(f"Specified cwd '{cwd}' either not absolute or does not exist")
    return cwd


def _environment(command: Command, account: Account | None) -> dict[str, str]:
    given = command.env
    if isinstance(given, list):  # [{"A": 1}, {"B": 2}], as YAML in states says it
        given = {
            key: value for each in given if isinstance(each, Mapping) for key, value in each.items()
        }
    given = given if isinstance(given, Mapping) else {}
    chosen = {str(key): "" if value is None else str(value) for key, value in given.items()}
    if account is not None and account.name:
        entry = pwd.getpwnam(account.name)
        shell = command.shell or entry.pw_shell
        named = {"LOGNAME": entry.pw_name, "SHELL": shell, **login_environment(account.name, shell)}
        chosen = {**named, **chosen, "USER": entry.pw_name, "HOME": entry.pw_dir}
    if command.reset_system_locale:
        chosen = {**PLAIN_LOCALE, **chosen}
    environment = chosen if command.clean_env else {**os.environ, **chosen}
    if command.prepend_path:
        environment["PATH"] = f"{command.prepend_path}:{environment.get('PATH', os.defpath)}"
    if "NOTIFY_SOCKET" not in chosen:
        environment.pop("NOTIFY_SOCKET", None)  # A command must not speak to systemd for us.
    return environment


def _umask(given: Any) -> int:
    if given is None:
        return -1  # leave it as it is
    digits = str(given).lstrip("0")
    if not digits:
        raise CommandExecutionError("Zero umask is not allowed.")
    try:
        return int(digits, 8)
    except ValueError:
        raise CommandExecutionError(f"Invalid umask: '{given}'") from None


def _input(command: Command) -> bytes | None:
    if command.stdin is None:
        return None
    text = str(command.stdin)
    if not command.stdin_raw_newlines:
        text = text.replace("\\n", "\n")  # typed as backslash and n on the command line
    return text.encode("utf-8", "surrogateescape")


def _text(raw: bytes | None, command: Command) -> str:
    if raw is None:
        return ""
    text = raw.decode(command.output_encoding or "utf-8", "replace")
    return text.rstrip() if command.rstrip else text


def _success_codes(given: Any) -> list[int]:
    try:
        return [0] if given is None else [int(code) for code in _several(given)]
    except ValueError:
        raise SaltInvocationError("success_retcodes must be a list of integers") from None


def _several(given: Any) -> list[str]:
    if given is None:
        return []
    if isinstance(given, list | tuple):
        return [str(each) for each in given]
    return [each.strip() for each in str(given).split(",")]


def _counts_as_success(answer: dict[str, Any], command: Command, codes: list[int]) -> bool:
    return (
        answer["retcode"] in codes
        or any(text in answer["stdout"] for text in _several(command.success_stdout))
        or any(text in answer["stderr"] for text in _several(command.success_stderr))
    )
