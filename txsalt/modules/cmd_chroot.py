"""
Run commands inside another root folder, and list shells: the rest of the cmd module.

Source: Salt 3008.3, modules/cmdmod.py.
"""
# The signatures are those of Salt, packed, since users call these with arguments by position.
# fmt: off

import os
import shlex
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any  # users pass whatever they typed

from txsalt.jobs.errors import CommandExecutionError, SaltInvocationError
from txsalt.modules._command import DEFAULT_SHELL, run_for
from txsalt.modules._template import fill

__virtualname__ = "cmd"

_MOUNTS = (("dev", "devtmpfs"), ("proc", "proc"), ("sys", "sysfs"))
_ENDINGS = (signal.SIGTERM,) * 3 + (signal.SIGKILL,) * 3
_PAUSE = 0.1  # seconds between two of them


def run_chroot(root: str, cmd: Any, cwd: Any = None, stdin: Any = None, runas: str | None = None,
               group: str | None = None, shell: str = DEFAULT_SHELL,
               python_shell: bool | None = True, binds: Any = None, env: Any = None,
               clean_env: bool = False, template: str | None = None, rstrip: bool = True,
               umask: Any = None, output_encoding: str | None = None,
               output_loglevel: str = "quiet", log_callback: Any = None,
               hide_output: bool = False, timeout: Any = None, reset_system_locale: bool = True,
               ignore_retcode: bool = False, saltenv: Any = None, use_vt: bool = False,
               bg: bool = False, success_retcodes: Any = None, success_stdout: Any = None,
               success_stderr: Any = None, **kwargs: Any) -> dict[str, Any]:
    """
    Run a command inside a root folder, with dev, proc and sys mounted there for that time.

    ``binds`` are folders of this machine that are seen inside, too. ``runas`` and ``group`` are
    accounts of the inside. Returns pid, retcode, stdout and stderr. What the command leaves
    running there is ended.

    CLI Example: txsalt-cli '*' cmd.run_chroot /srv/images/web 'apt-get -y upgrade'
    """
    if bg:
        raise SaltInvocationError("in the background nobody would unmount dev, proc and sys")
    place = os.path.realpath(root)
    if not os.path.isdir(place) or place == "/":
        raise SaltInvocationError(f"{root} is no folder that can be a root")
    inner = "/bin/bash" if os.path.isfile(os.path.join(place, "bin/bash")) else "/bin/sh"
    text = " ".join(map(str, cmd)) if isinstance(cmd, list | tuple) else str(cmd)
    options = {**kwargs, "template": template, "saltenv": saltenv}
    text = fill(globals(), options, text, "the command")
    account = [f"--userspec={runas}:{group or ''}"] if runas else []
    argv = ["chroot", *account, place, inner, "-c", text]
    with _mounted(place, list(binds or ())):
        given = {**locals(), "cmd": shlex.join(argv), "bg": False}
        try:
            return run_for(globals(), given, runas=None, group=None, template=None)
        finally:
            _end_all_inside(place)


def shells() -> list[str]:
    """
    List the shells that users may have, as /etc/shells says.

    CLI Example: txsalt-cli '*' cmd.shells
    """
    try:
        lines = Path("/etc/shells").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]


@contextmanager
def _mounted(root: str, binds: list[str]) -> Iterator[None]:
    """Mount what commands need, and unmount that in reverse order, whatever happens between."""
    mounted: list[str] = []
    try:
        for name, kind in _MOUNTS:
            _mount(root, name, kind, kind, "defaults", mounted)
        for each in binds:
            _mount(root, each, each, "", "bind", mounted)
        yield
    finally:
        left = [each for each in reversed(mounted) if __salt__["mount.umount"](each) is not True]
    if left:
        raise CommandExecutionError(f"still mounted: {', '.join(left)}")


def _mount(
    root: str, name: str, device: str, kind: str, opts: str, mounted: list[str]
) -> None:
    place = os.path.join(root, name.strip("/"))
    if os.path.commonpath([root, os.path.realpath(place)]) != root:
        # A link of the image's own would have us mount over a folder of this machine.
        raise CommandExecutionError(f"{place} leads out of {root}")
    if os.path.ismount(place):
        return  # whoever did that will undo it
    told = __salt__["mount.mount"](place, device, fstype=kind, opts=opts)
    if told is not True:
        raise CommandExecutionError(f"{place} cannot be mounted: {told}")
    mounted.append(place)


def _end_all_inside(root: str) -> None:
    """End the processes whose root folder is ``root``, kindly first."""
    for number in _ENDINGS:
        found = list(_inside(root))
        if not found:
            return
        for pid in found:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue
        time.sleep(_PAUSE)


def _inside(root: str) -> Iterator[int]:
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                if os.readlink(f"/proc/{name}/root") == root:
                    yield int(name)
            except OSError:
                continue  # it ended, or is a thread of the kernel
