"""
Start and stop services, where systemd runs the machine.

A name without a type means a service. Units whose files changed on disk are read again first.
``no_block`` does not wait for the service; ``unmask`` and ``unmask_runtime`` take a mask off first.

Source: Salt 3008.3, modules/systemd_service.py.
"""

import os
import re
from fnmatch import filter as matching
from typing import Any  # users pass text or booleans

from txsalt.jobs.errors import CommandExecutionError
from txsalt.modules import _init_system, _rc, _systemd
from txsalt.modules._tool import Done, run_tool, which

__virtualname__ = "service"

# Stopping these ends the job that asked for it: nobody would be left to wait.
_OURSELVES = ("salt-minion.service", "txsalt-minion.service")


def __virtual__() -> bool | tuple[bool, str]:
    if _init_system.init_system() != _init_system.SYSTEMD:
        return False, "systemd does not run this machine"
    return True


def start(
    name: str, no_block: bool = False, unmask: bool = False, unmask_runtime: bool = False
) -> bool:
    """
    Start a service; True, or an error with what systemctl said.

    CLI Example: txsalt-cli '*' service.start nginx
    """
    return _act("start", name, no_block, unmask, unmask_runtime)


def stop(name: str, no_block: bool | None = None) -> bool:
    """
    Stop a service; False if that fails.

    CLI Example: txsalt-cli '*' service.stop nginx
    """
    _read_again(name)
    return _systemctl("stop", name, no_block=_no_block(name, no_block)).retcode == 0


def restart(
    name: str,
    no_block: bool | None = None,
    unmask: bool = False,
    unmask_runtime: bool = False,
) -> bool:
    """
    Stop and start a service.

    CLI Example: txsalt-cli '*' service.restart nginx
    """
    return _act("restart", name, _no_block(name, no_block), unmask, unmask_runtime)


def reload_(
    name: str, no_block: bool = False, unmask: bool = False, unmask_runtime: bool = False
) -> bool:
    """
    Make a service read its configuration.

    CLI Example: txsalt-cli '*' service.reload nginx
    """
    return _act("reload", name, no_block, unmask, unmask_runtime)


def force_reload(
    name: str, no_block: bool = True, unmask: bool = False, unmask_runtime: bool = False
) -> bool:
    """
    Make a service read its configuration, or restart it if it cannot.

    CLI Example: txsalt-cli '*' service.force_reload nginx
    """
    return _act("force-reload", name, no_block, unmask, unmask_runtime)


def status(name: str, sig: Any = None) -> bool | dict[str, bool]:
    """
    Tell whether a service runs; for a pattern, a map of all services that match.

    CLI Example: txsalt-cli '*' service.status 'ssh*'
    """
    if re.search(r"[*?]|\[.+\]", name):
        every = __salt__["service.get_all"]()
        return {each: _is_active(each) for each in matching(every, name)}
    return _is_active(name)


def enable(
    name: str,
    no_block: bool = False,
    unmask: bool = False,
    unmask_runtime: bool = False,
    root: str | None = None,
    **kwargs: Any,
) -> bool:
    """
    Start a service at boot.

    CLI Example: txsalt-cli '*' service.enable nginx
    """
    _read_again(name)
    _take_masks_off(name, unmask, unmask_runtime, root)
    if name in _scripts(root):
        return _rc.switch(__salt__, name, on=True)
    done = _systemctl("enable", name, no_block=no_block, root=root, ignore_retcode=True)
    return _accept(done)


def disable(name: str, no_block: bool = False, root: str | None = None, **kwargs: Any) -> bool:
    """
    Do not start a service at boot.

    CLI Example: txsalt-cli '*' service.disable nginx
    """
    _read_again(name)
    if name in _scripts(root):
        return _rc.switch(__salt__, name, on=False)
    done = _systemctl("disable", name, no_block=no_block, root=root, ignore_retcode=True)
    return done.retcode == 0


def enabled(name: str, root: str | None = None, **kwargs: Any) -> bool:
    """
    Tell whether a service is started at boot.

    CLI Example: txsalt-cli '*' service.enabled nginx
    """
    done = _ask("is-enabled", name, root=root)
    if done.stdout == "alias":
        real = _ask("show", name, "-P", "Id", root=root).stdout
        return _ask("is-enabled", real, root=root).retcode == 0
    if done.retcode == 0:
        return True
    if "@" in name:
        return _linked(name, root)
    return name in _scripts(root) and name in _rc.boot_scripts(__salt__, root)


def disabled(name: str, root: str | None = None) -> bool:
    """
    Tell whether a service is not started at boot.

    CLI Example: txsalt-cli '*' service.disabled nginx
    """
    return not enabled(name, root=root)


def available(name: str) -> bool:
    """
    Tell whether there is a service.

    CLI Example: txsalt-cli '*' service.available sshd
    """
    _read_again(name)
    return _is_there(name)


def missing(name: str) -> bool:
    """
    Tell whether there is no such service.

    CLI Example: txsalt-cli '*' service.missing sshd
    """
    return not available(name)


def mask(name: str, runtime: bool = False, root: str | None = None) -> bool:
    """
    Forbid a service to be started; with ``runtime`` until the next boot.

    CLI Example: txsalt-cli '*' service.mask foo
    """
    _read_again(name)
    option = ["--runtime"] if runtime else []
    if _systemctl("mask", name, *option, root=root).retcode:
        raise CommandExecutionError(f"Failed to mask service '{name}'")
    return True


def unmask_(name: str, runtime: bool = False, root: str | None = None) -> bool:
    """
    Take back what mask did.

    CLI Example: txsalt-cli '*' service.unmask foo
    """
    if not masked(name, runtime, root):
        return True
    option = ["--runtime"] if runtime else []
    if _systemctl("unmask", name, *option, root=root).retcode:
        raise CommandExecutionError(f"Failed to unmask service '{name}'")
    return True


def masked(name: str, runtime: bool = False, root: str | None = None) -> bool:
    """
    Tell whether a service is masked.

    CLI Example: txsalt-cli '*' service.masked foo
    """
    _read_again(name)
    folder = "/run/systemd/system" if runtime else "/etc/systemd/system"
    path = os.path.join(_systemd.below(folder, root), _systemd.unit_name(name))
    return os.path.islink(path) and os.readlink(path) == "/dev/null"


def systemctl_reload() -> bool:
    """
    Make systemd read all units again.

    CLI Example: txsalt-cli '*' service.systemctl_reload
    """
    done = run_tool(__salt__, ["systemctl", "--system", "daemon-reload"], redirect_stderr=True)
    if done.retcode:
        raise CommandExecutionError(f"Problem performing systemctl daemon-reload: {done.stdout}")
    return True


__func_alias__ = {"reload_": "reload", "unmask_": "unmask"}


def _act(
    action: str, name: str, no_block: bool, unmask: bool = False, unmask_runtime: bool = False
) -> bool:
    _read_again(name)
    _take_masks_off(name, unmask, unmask_runtime, None)
    return _accept(_systemctl(action, name, no_block=no_block))


def _accept(done: Done) -> bool:
    if done.retcode:
        raise CommandExecutionError(_systemd.without_scope(done.stderr) or done.complaint)
    return True


def _systemctl(
    action: str,
    name: str,
    *options: str,
    no_block: bool = False,
    root: str | None = None,
    ignore_retcode: bool = False,
) -> Done:
    argv = [*_scope(), "systemctl", *(["--no-block"] if no_block else [])]
    argv += [*(["--root", root] if root else []), action, *options, _systemd.unit_name(name)]
    # A service may take long to start: systemd itself gives up on it in time.
    return run_tool(__salt__, argv, timeout=900, ignore_retcode=ignore_retcode)


def _scope() -> list[str]:
    """Give the words that run a command in a scope of its own, which outlives our service."""
    wished = __salt__["config.get"]("systemd.scope", True)
    return ["systemd-run", "--scope"] if wished and which("systemd-run") else []


def _ask(action: str, name: str, *options: str, root: str | None = None) -> Done:
    where = ["--root", root] if root else []
    argv = ["systemctl", *where, action, _systemd.unit_name(name), *options]
    return run_tool(__salt__, argv, ignore_retcode=True)


def _is_active(name: str) -> bool:
    _read_again(name)
    return _ask("is-active", name).retcode == 0


def _is_there(name: str) -> bool:
    # 0 is running, 1 to 3 are ways of not running; 4 is no such unit.
    return 0 <= _ask("status", name, "-n", "0").retcode < 4


def _read_again(name: str) -> None:
    """Reload systemd if the file of a unit is new or changed."""
    done = _ask("status", name, "-n", "0")
    own = os.path.join("/etc/systemd/system", _systemd.unit_name(name))
    unseen = os.access(own, os.R_OK) and done.retcode >= 4
    if unseen or "systemctl daemon-reload" in f"{done.stdout}{done.stderr}":
        systemctl_reload()


def _take_masks_off(name: str, unmask: bool, unmask_runtime: bool, root: str | None) -> None:
    if unmask:
        unmask_(name, runtime=False, root=root)
    if unmask_runtime:
        unmask_(name, runtime=True, root=root)


def _no_block(name: str, no_block: bool | None) -> bool:
    return _systemd.unit_name(name) in _OURSELVES if no_block is None else no_block


def _scripts(root: str | None) -> list[str]:
    return _systemd.scripts(root, _systemd.unit_files(root))


def _linked(name: str, root: str | None) -> bool:
    """Tell whether an instance of a template is wanted by any unit."""
    unit = _systemd.unit_name(name)
    walk = os.walk(_systemd.below("/etc/systemd/system", root))
    return any(
        unit in files and os.path.islink(os.path.join(folder, unit)) for folder, _, files in walk
    )
