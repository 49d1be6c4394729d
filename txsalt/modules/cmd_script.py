"""
Run scripts, find programs, write to terminals: the rest of the cmd module.

Source: Salt 3008.3, modules/cmdmod.py.
"""
# The signatures are those of Salt, packed, since users call these with arguments by position.
# fmt: off

import os
import shutil
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any  # users pass whatever they typed

from txsalt.jobs.errors import CommandExecutionError, SaltInvocationError
from txsalt.modules._account import find_account
from txsalt.modules._command import DEFAULT_SHELL, run_for
from txsalt.modules._template import context_of, fill
from txsalt.modules._tool import split_words

__virtualname__ = "cmd"

_NOT_FOUND = {"pid": 0, "retcode": 1, "stdout": "", "stderr": "", "cache_error": True}


def script(source: str, args: Any = None, cwd: Any = None, stdin: Any = None,
           runas: str | None = None, group: str | None = None, shell: str = DEFAULT_SHELL,
           python_shell: bool | None = None, env: Any = None, template: str | None = None,
           umask: Any = None, output_encoding: str | None = None, output_loglevel: str = "debug",
           log_callback: Any = None, hide_output: bool = False, timeout: Any = None,
           reset_system_locale: bool = True, saltenv: Any = None, use_vt: bool = False,
           bg: bool = False, password: Any = None, success_retcodes: Any = None,
           success_stdout: Any = None, success_stderr: Any = None,
           **kwargs: Any) -> dict[str, Any]:
    """
    Copy a script, run it, and return pid, retcode, stdout and stderr.

    ``source`` is salt:// or a path on the minion; ``args`` is text or a list. The copy is readable
    by the user it runs as only, and is deleted at the end; it is in ``cwd``, unless others could
    change it there. With bg it must stay and is not.
    template="jinja" fills in the script, which finds the further named arguments as well.

    CLI Example: txsalt-cli '*' cmd.script salt://scripts/runme.sh 'arg1 "arg 2"'
    """
    original = _fetch(source, saltenv)
    if original is None:
        __context__["retcode"] = 1
        return dict(_NOT_FOUND)
    words = split_words(args) if isinstance(args, str) else [str(each) for each in args or []]
    content = _content(original, source, {**kwargs, "template": template, "saltenv": saltenv})
    copy = _private_copy(content, original, cwd, find_account(runas, None))
    given = {**locals(), "cmd": [copy, *words]}
    try:
        return run_for(globals(), given, python_shell=False, template=None)
    finally:
        if not bg:
            Path(copy).unlink(missing_ok=True)


def script_retcode(source: str, args: Any = None, cwd: Any = None, stdin: Any = None,
                   runas: str | None = None, group: str | None = None,
                   shell: str = DEFAULT_SHELL, python_shell: bool | None = None, env: Any = None,
                   template: str | None = "jinja", umask: Any = None, timeout: Any = None,
                   reset_system_locale: bool = True, saltenv: Any = None,
                   output_encoding: str | None = None, output_loglevel: str = "debug",
                   log_callback: Any = None, use_vt: bool = False, password: Any = None,
                   success_retcodes: Any = None, success_stdout: Any = None,
                   success_stderr: Any = None, **kwargs: Any) -> int:
    """Copy a script, run it, and return its exit code only; here the script is a template."""
    given = locals()
    return script(**given.pop("kwargs"), **given)["retcode"]


def exec_code(lang: str, code: Any, cwd: Any = None, args: Any = None, **kwargs: Any) -> str:
    """
    Run code of a language (the name of its interpreter) and return its standard output.

    CLI Example: txsalt-cli '*' cmd.exec_code python3 'print("cheese")'
    """
    return exec_code_all(lang, code, cwd, args, **kwargs)["stdout"]


def exec_code_all(lang: str, code: Any, cwd: Any = None, args: Any = None,
                  **kwargs: Any) -> dict[str, Any]:
    """
    Run code of a language and return pid, retcode, stdout and stderr.

    template="jinja" fills in the code, the arguments and cwd.
    """
    code = fill(globals(), kwargs, str(code), "the code")
    descriptor, path = tempfile.mkstemp(prefix="code-")
    try:
        account = find_account(kwargs.get("runas"), None)
        with open(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(code)
            if account is not None and account.uid is not None:
                os.fchown(descriptor, account.uid, -1)
        words = [args] if isinstance(args, str) else [str(each) for each in args or []]
        given = {**locals(), "cmd": [lang, path, *words]}
        return run_for(globals(), given, python_shell=False)
    finally:
        Path(path).unlink(missing_ok=True)


def which(cmd: str | None) -> str | None:
    """Return the path of a program, or None."""
    return shutil.which(cmd) if cmd else None


def which_bin(cmds: Any) -> str | None:
    """Return the path of the first program of a list that is there, or None."""
    names = [cmds] if isinstance(cmds, str) else cmds
    return next((path for each in names if (path := which(each))), None)


def has_exec(cmd: str) -> bool:
    """Tell whether a program is there."""
    return which(cmd) is not None


def tty(device: str, echo: str = "") -> dict[str, str]:
    """
    Write a text to a terminal.

    CLI Example: txsalt-cli '*' cmd.tty pts3 'This is a test'
    """
    if device.startswith("tty"):
        path = f"/dev/{device}"
    elif device.startswith("pts"):
        path = f"/dev/{device.replace('pts', 'pts/', 1)}"
    else:
        return {"Error": "The specified device is not a valid TTY"}
    if ".." in device:
        return {"Error": "The specified device is not a valid TTY"}
    try:
        # Made by nobody: what is no terminal there would become a file.
        descriptor = os.open(path, os.O_WRONLY | os.O_NOCTTY | os.O_CLOEXEC)
        with open(descriptor, "wb") as terminal:
            terminal.write(str(echo).encode())
    except OSError:
        return {"Error": f"Echoing to {path} returned error"}
    return {"Success": f"Message was successfully echoed to {path}"}


def _fetch(source: str, saltenv: Any) -> str | None:
    if "://" not in source:
        return source if os.path.isfile(source) else None
    if "cp.cache_file" not in __salt__:
        raise CommandExecutionError(f"{source}: this minion cannot fetch files; give a path")
    return __salt__["cp.cache_file"](source, saltenv or __opts__.get("saltenv") or "base") or None


def _content(original: str, source: str, given: Mapping[str, Any]) -> bytes:
    raw = Path(original).read_bytes()
    if not given["template"]:
        return raw
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return raw  # a program, as good as any script, but no template
    own = {name: value for name, value in given.items() if not name.startswith("__")}
    context = {**own, **context_of(globals(), given)}
    return fill(globals(), given, text, source, context).encode()


def _private_copy(content: bytes, original: str, cwd: Any, account: Any) -> str:
    if cwd and not os.path.isdir(cwd):
        raise SaltInvocationError(f"Specified cwd '{cwd}' either not absolute or does not exist")
    suffix = os.path.splitext(original)[1]
    uid = account.uid if account is not None and account.uid is not None else os.geteuid()
    folder = cwd if cwd and _is_safe(cwd, uid) else None
    path = None
    try:
        descriptor, path = tempfile.mkstemp(prefix="script-", suffix=suffix, dir=folder)
        with open(descriptor, "wb") as target:
            target.write(content)
            # By descriptor: where others may write, the name can come to mean another file.
            os.fchmod(descriptor, 0o500)
            if uid != os.geteuid():
                os.fchown(descriptor, uid, -1)
    except OSError as exc:
        if path:
            Path(path).unlink(missing_ok=True)
        raise CommandExecutionError(f"the script cannot be copied: {exc.strerror or exc}") from exc
    return path


def _is_safe(folder: str, uid: int) -> bool:
    """Tell whether only root and the user ``uid`` could put another script in place of ours."""
    real = Path(folder).resolve()
    return all(_is_closed(each.stat(), uid) for each in (real, *real.parents))


def _is_closed(status: os.stat_result, uid: int) -> bool:
    others_write = status.st_mode & 0o022 and not status.st_mode & stat.S_ISVTX
    return status.st_uid in (0, uid) and not others_write
