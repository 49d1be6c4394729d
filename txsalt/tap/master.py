"""``twistd txsalt-master``: options and service."""

from typing import Any

from twisted.application.service import IService

from txsalt.tap.launch import Launch
from txsalt.tap.options import Daemon, DaemonOptions


class Options(DaemonOptions):
    """Options of the master."""

    synopsis = "[options]"
    longdesc = "Runs the txsalt master with the file 'master' of the configuration folder."

    def read(self, config_dir: str) -> tuple[Any, list[str]]:
        """Read ``{config_dir}/master``. Raises ConfigError."""
        from txsalt.config.read import read_master

        return read_master(config_dir)


def makeService(options: Options) -> IService:
    """Return the daemon; its sockets are opened when it starts."""
    # The reactor that --reactor chose is installed by now; txZMQ would have installed another.
    from twisted.internet import reactor

    from txsalt.master.daemon.service import make_master
    from txsalt.process.steady import SteadyReactor

    chosen = SteadyReactor(reactor)
    return Daemon(
        chosen,
        lambda failed: make_master(options.config, chosen, failed),
        options.warnings,
        Launch(options.parent),
    )
