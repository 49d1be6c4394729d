"""
The configuration of a minion: ``MinionConfig``, whose field names are Salt's option names.

Source: Salt 3008.3, the options that a minion's file may set, with their types and defaults.
"""

from txsalt.config import kinds
from txsalt.config.minion_link import MinionLinks, MinionSignIn
from txsalt.config.minion_work import (
    MinionFacts,
    MinionFunctions,
    MinionName,
    MinionReturners,
    MinionWork,
)
from txsalt.config.option import Derived, option
from txsalt.config.shared import SharedKeys, SharedLogs, SharedPlaces, SharedStates
from txsalt.light import frozen


@frozen(kw_only=True)
class MinionPlaces(SharedPlaces):
    """Files and folders."""

    pki_dir: str = option(
        Derived(lambda c: f"{c.config_dir}/pki/minion", kinds.text),
        doc="The minion's key and that of its master, in Salt's layout: "
        "the folder pki/minion beside this file.",
    )
    cachedir: str = option("/var/cache/txsalt/minion", doc="Files and facts that are kept.")
    extension_modules: str = option(
        Derived(lambda c: f"{c.cachedir}/extmods", kinds.text),
        doc="Modules that were synced from the master: extmods in cachedir.",
    )
    sock_dir: str = option("/run/txsalt/minion", doc="The sockets that local programs use.")
    pidfile: str = option("/run/txsalt-minion.pid", doc="The file with the process number.")
    log_file: str = option("/var/log/txsalt/minion", doc="The log of a daemon.")
    default_include: str = option(
        "minion.d/*.conf", doc="Files that are read after this one, in the order of their names."
    )
    file_buffer_size: int = option(
        262144, doc="Bytes of a file that are read at once.", check=kinds.integer(1024)
    )
    loop_interval: float = option(
        1, doc="Not needed: the schedule waits for the next job of it.", check=kinds.number(0.1)
    )


# Mixins without an __init__ of their own keep the import quick; mypy compares what they lack.
@frozen(kw_only=True)
class MinionConfig(  # type: ignore[misc]
    MinionName,
    MinionPlaces,
    MinionLinks,
    MinionSignIn,
    SharedKeys,
    MinionFacts,
    MinionWork,
    MinionFunctions,
    MinionReturners,
    SharedStates,
    SharedLogs,
):
    """Everything that a minion's file may set; see ``read.read_minion``."""
