"""
Run the tools of the operating system for modules: argv only, in plain English, never for ever.

Tools are run by ``cmd.run_all`` of the functions given, which a test replaces by its own. Their
exit code becomes the job's, unless it is ignored: as in Salt, a module that answers False because
its tool failed also fails the job.
"""

import os
import shlex
import shutil
from collections.abc import Iterable, Mapping, Sequence
from typing import Any  # functions of modules take and return whatever they like

from attrs import frozen

from txsalt.jobs.errors import CommandExecutionError, SaltInvocationError

TIMEOUT = 60.0  # seconds; tools that only look answer within one

# Where tools of the administrator live; PATH of a service often lacks them.
_SBIN = ("/usr/local/sbin", "/usr/sbin", "/sbin")

# Tool → the packages that have it, in Debian's words and in Red Hat's.
_PACKAGES = {
    "apt-cache": ("apt", ""),
    "apt-get": ("apt", ""),
    "arp": ("net-tools", "net-tools"),
    "blkid": ("util-linux", "util-linux"),
    "blockdev": ("util-linux", "util-linux"),
    "chkconfig": ("", "chkconfig"),
    "crontab": ("cron", "cronie"),
    "date": ("coreutils", "coreutils"),
    "df": ("coreutils", "coreutils"),
    "dig": ("bind9-dnsutils", "bind-utils"),
    "dnf": ("", "dnf"),
    "dpkg": ("dpkg", ""),
    "dpkg-query": ("dpkg", ""),
    "ethtool": ("ethtool", "ethtool"),
    "gpasswd": ("passwd", "shadow-utils"),
    "groupadd": ("passwd", "shadow-utils"),
    "groupdel": ("passwd", "shadow-utils"),
    "groupmod": ("passwd", "shadow-utils"),
    "halt": ("systemd-sysv", "systemd"),
    "hostnamectl": ("systemd", "systemd"),
    "hwclock": ("util-linux-extra", "util-linux"),
    "init": ("systemd-sysv", "systemd"),
    "ip": ("iproute2", "iproute"),
    "ldd": ("libc-bin", "glibc-common"),
    "lgroupadd": ("libuser", "libuser"),
    "lgroupdel": ("libuser", "libuser"),
    "lsblk": ("util-linux", "util-linux"),
    "lsof": ("lsof", "lsof"),
    "luseradd": ("libuser", "libuser"),
    "luserdel": ("libuser", "libuser"),
    "mount": ("mount", "util-linux"),
    "netstat": ("net-tools", "net-tools"),
    "ping": ("iputils-ping", "iputils"),
    "poweroff": ("systemd-sysv", "systemd"),
    "resize2fs": ("e2fsprogs", "e2fsprogs"),
    "rpm": ("", "rpm"),
    "service": ("init-system-helpers", "initscripts"),
    "shutdown": ("systemd-sysv", "systemd"),
    "ss": ("iproute2", "iproute"),
    "sv": ("runit", "runit"),
    "swapoff": ("mount", "util-linux"),
    "swapon": ("mount", "util-linux"),
    "systemctl": ("systemd", "systemd"),
    "traceroute": ("traceroute", "traceroute"),
    "umount": ("mount", "util-linux"),
    "update-rc.d": ("init-system-helpers", ""),
    "useradd": ("passwd", "shadow-utils"),
    "userdel": ("passwd", "shadow-utils"),
    "usermod": ("passwd", "shadow-utils"),
    "w": ("procps", "procps-ng"),
    "wipefs": ("util-linux", "util-linux"),
}


@frozen(kw_only=True)
class Done:
    """How a tool ended; the texts have no white space at their ends."""

    retcode: int
    stdout: str
    stderr: str

    @property
    def complaint(self) -> str:
        """What it said of its failure."""
        return self.stderr or self.stdout or f"exit code {self.retcode}"


def run_tool(
    functions: Mapping[str, Any],
    argv: Sequence[object],
    *,
    timeout: float = TIMEOUT,
    ignore_retcode: bool = False,
    runas: str | None = None,
    **options: Any,
) -> Done:
    """
    Run a tool to its end; ``options`` are those of ``cmd.run_all`` (stdin, env, rstrip …).

    Raises CommandExecutionError if the tool is missing, naming the package that has it.
    """
    words = [str(word) for word in argv]
    environment = {"LC_ALL": "C", "PATH": search_path(), **(options.pop("env", None) or {})}
    try:
        answer = functions["cmd.run_all"](
            words,
            python_shell=False,
            timeout=timeout,
            ignore_retcode=ignore_retcode,
            runas=runas,
            env=environment,
            output_loglevel="quiet",
            **options,
        )
    except CommandExecutionError as exc:
        if which(words[0]) is None:
            raise CommandExecutionError(_missing(words[0])) from exc
        raise
    return Done(retcode=answer["retcode"], stdout=answer["stdout"], stderr=answer["stderr"])


def split_words(text: str) -> list[str]:
    """Split a text as a shell does; raises SaltInvocationError for a quote without its end."""
    try:
        return shlex.split(text)
    except ValueError as exc:
        raise SaltInvocationError(f"{text!r} cannot be split into words: {exc}") from exc


def operand(value: object) -> str:
    """
    Give a value as a tool may take it where no option is meant. Raises SaltInvocationError.

    Tools take what begins with a dash for an option, and some options run commands: whoever may
    look up a package may not, for that, do everything.
    """
    text = str(value)
    if text.startswith("-"):
        raise SaltInvocationError(f"{text!r} begins with a dash, as options do")
    return text


def operands(values: Iterable[object]) -> list[str]:
    """Give values as tools may take them, see ``operand``."""
    return [operand(each) for each in values]


def check_tool(functions: Mapping[str, Any], argv: Sequence[object], **options: Any) -> str:
    """Run a tool that must succeed and return what it wrote; raises CommandExecutionError."""
    done = run_tool(functions, argv, **options)
    if done.retcode:
        raise CommandExecutionError(f"{argv[0]} failed: {done.complaint}")
    return done.stdout


def which(name: str) -> str | None:
    """Find a tool, also in the folders of the administrator."""
    return shutil.which(name, path=search_path())


def need(name: str) -> None:
    """Raise CommandExecutionError, naming the package, if a tool is missing."""
    if which(name) is None:
        raise CommandExecutionError(_missing(name))


def search_path() -> str:
    """Give PATH with the folders of the administrator at its end."""
    folders = os.environ.get("PATH", os.defpath).split(":")
    return ":".join([*folders, *(each for each in _SBIN if each not in folders)])


def _missing(name: str) -> str:
    packages = sorted({each for each in _PACKAGES.get(os.path.basename(name), ()) if each})
    hint = f"; install the package {' or '.join(packages)}" if packages else ""
    return f"Command '{name}' cannot be found{hint}"
