"""``twistd txsalt-minion``: options and service."""

from typing import Any

from twisted.application.service import IService

from txsalt.tap.launch import Launch
from txsalt.tap.options import Daemon, DaemonOptions


class Options(DaemonOptions):
    """Options of the minion."""

    synopsis = "[options]"
    longdesc = "Runs the txsalt minion with the file 'minion' of the configuration folder."

    def read(self, config_dir: str) -> tuple[Any, list[str]]:
        """Read ``{config_dir}/minion``. Raises ConfigError."""
        from txsalt.config.read import read_minion

        return read_minion(config_dir)


def makeService(options: Options) -> IService:
    """Return the daemon; its sockets are opened when it starts."""
    # The reactor that --reactor chose is installed by now; txZMQ would have installed another.
    from twisted.internet import reactor

    from txsalt.errors import LocalError
    from txsalt.minion.daemon.service import make_minion
    from txsalt.process.steady import SteadyReactor

    # Any: no type of Twisted's says all that a reactor provides.
    chosen: Any = SteadyReactor(reactor)
    try:
        return Daemon(
            chosen,
            lambda failed: make_minion(options.config, chosen, failed),
            options.warnings,
            Launch(options.parent),
        )
    except LocalError as exc:
        raise SystemExit(str(exc)) from None
