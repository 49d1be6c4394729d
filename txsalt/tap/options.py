"""
Command line options that both daemons share, and how they fit into twistd's own.

Interactions: twistd parses our options before it sets up logging, the pid file and the daemon; so
the configuration is read here, what is wrong with it is said on the terminal, and twistd is told
about the log file and the pid file that the configuration names, unless its own options name
others.
"""

import os
import sys
from collections.abc import Callable
from typing import Any, Protocol  # twistd's options are a dict of any values

from twisted.application.service import Service
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.logger import Logger
from twisted.python import usage
from twisted.python.failure import Failure

from txsalt import __version__
from txsalt.tap import logs, ownership, pid_file
from txsalt.tap.launch import Launch

_TWISTD_PIDFILE = "twistd.pid"


class Config(Protocol):
    """The options of a configuration that matter here."""

    user: str
    pki_dir: str
    cachedir: str
    sock_dir: str
    log_file: str
    log_level: str
    log_level_logfile: str | None
    log_granular_levels: dict[str, str]
    pidfile: str


class DaemonOptions(usage.Options):
    """A subclass says how its configuration is read; ``config`` and ``warnings`` are the result."""

    optParameters = [
        ["config-dir", "c", "/etc/txsalt", "The folder of the configuration."],
        ["log-level", "l", None, "The least level that is logged, instead of the configured one."],
    ]

    config: Any
    warnings: list[str]
    _account: ownership.Account | None = None  # whom we are about to become

    def opt_version(self) -> None:
        """Print the version of txsalt and exit."""
        print(f"txsalt {__version__}")
        raise SystemExit(0)

    def read(self, config_dir: str) -> tuple[Any, list[str]]:
        """Read the configuration. Raises ConfigError."""
        raise NotImplementedError

    def postOptions(self) -> None:
        """Read the configuration and tell twistd; what is wrong ends the program with a message."""
        from txsalt.errors import LocalError
        from txsalt.process.folder_lock import check_free

        _leave_tls_out()
        level = self["log-level"]
        if level is not None and not logs.is_level(level):
            raise SystemExit(f"{level!r} is no log level")
        try:
            self.config, self.warnings = self.read(self["config-dir"])
            check_free(self.config.cachedir)
            self._become(self.config)
            self._tell_twistd(self.config)
            self._warn()
        except LocalError as exc:
            raise SystemExit(str(exc)) from None
        except OSError as exc:
            raise SystemExit(f"{exc.filename}: {exc.strerror}") from None

    def _warn(self) -> None:
        if self.parent is not None and not self.parent.get("nodaemon"):
            # The log has them, too, but who starts a daemon in the background reads the terminal.
            for each in self.warnings:
                print(each, file=sys.stderr)

    def _become(self, config: Config) -> None:
        if self.parent is None or self.parent.get("uid") is not None:
            return  # twistd was told whom to become
        account = ownership.account_to_become(config.user)
        if account is None:
            return
        if os.path.isdir(config.sock_dir):
            # Nothing but sockets lies there, which are made anew.
            ownership.give(account, config.sock_dir, of_anybody=True)
        ownership.hand_over(
            account, {config.pki_dir: 0o700, config.cachedir: 0o750, config.sock_dir: 0o750}
        )
        self._account = account
        self.parent["uid"], self.parent["gid"] = account.uid, account.gid

    def _tell_twistd(self, config: Config) -> None:
        parent = self.parent
        if parent is None:
            return
        self._choose_log(parent, config)
        if parent.get("pidfile") == _TWISTD_PIDFILE:
            # In the foreground nobody needs one; the lock in cachedir keeps a second daemon out.
            parent["pidfile"] = "" if parent.get("nodaemon") else config.pidfile
            if parent["pidfile"]:
                _make_room(parent["pidfile"])

    def _choose_log(self, parent: usage.Options, config: Config) -> None:
        if parent.get("logger") or parent.get("syslog"):
            return
        path = parent.get("logfile")
        if not path and not parent.get("nodaemon"):
            path = config.log_file
        if path == "-":
            path = None
        level = config.log_level if path is None else config.log_level_logfile
        chosen = self["log-level"] or level or config.log_level
        logs.choose(
            logs.LogSettings(level=chosen, path=path or None, parts=config.log_granular_levels)
        )
        if path:
            logs.check_writable(path)
            if self._account is not None:
                # So that the account can go on with it when it starts the daemon itself.
                ownership.give(self._account, path)
        parent["logger"] = logs.OBSERVER


def _leave_tls_out() -> None:
    """
    Keep the reactor from loading TLS, which neither daemon speaks: 3 MiB and 60 ms each.

    Twisted takes a missing pyOpenSSL for a reason to go without. Nothing has imported the
    reactor yet.
    """
    sys.modules.setdefault("OpenSSL", None)  # type: ignore[arg-type]


def _make_room(pidfile: str) -> None:
    """Remove what a killed daemon left, since its number may be another process's by now."""
    import contextlib

    os.makedirs(os.path.dirname(pidfile) or ".", exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(pidfile)


def _exit_code_one() -> None:
    """Let the program end with 1: twistd knows no other way once the reactor runs."""
    import atexit

    def leave() -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(1)

    # Runs last of all that twistd does, so that the pid file is gone by then.
    atexit.register(leave)


class Daemon(Service):
    """The whole tree as one service of twistd, which ends the program when it cannot start."""

    log = Logger()

    def __init__(
        self,
        reactor: Any,
        make: Callable[[Callable[[Failure], None]], Any],
        warnings: list[str],
        launch: Launch,
    ) -> None:
        """``make(on_start_failure)`` returns the tree; ``launch`` hears how its start went."""
        self._reactor = reactor
        self._tree = make(self._cannot_start)
        self._warnings = warnings
        self._launch = launch

    def privilegedStartService(self) -> None:
        """See to the pid file, as long as we are root."""
        super().privilegedStartService()
        pid_file.leave_to_root(self._launch.twistd)

    def startService(self) -> None:
        """Start the tree; what keeps it from starting is logged, and ends the program."""
        super().startService()
        for line in self._warnings:
            self.log.warn("{line}", line=line)
        self._launch.begin()
        maybeDeferred(self._tree.startService).addCallbacks(self._started, self._cannot_start)

    def stopService(self) -> Deferred[None]:
        """Stop the tree; fires when nothing is left."""
        super().stopService()
        self._launch.failed("it was stopped while it started")
        return self._tree.stopService()

    def _started(self, _: object) -> None:
        if self.running:
            self._launch.succeeded()

    def _cannot_start(self, failure: Failure) -> None:
        from txsalt.errors import TxsaltError

        if failure.check(TxsaltError, OSError):
            self.log.critical("cannot start: {reason}", reason=failure.value)
        else:
            self.log.failure("cannot start", failure=failure)
        self._launch.failed(str(failure.value))
        _exit_code_one()
        # At once, or as soon as it runs: twistd removes the pid file only after a run.
        self._reactor.callWhenRunning(self._reactor.stop)
