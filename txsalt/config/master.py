"""
The configuration of a master: ``MasterConfig``, whose field names are Salt's option names.

Source: Salt 3008.3, the options that a master's file may set, with their types and defaults.
"""

from typing import Any

from txsalt.config import kinds
from txsalt.config.master_jobs import MasterAccess, MasterJobs
from txsalt.config.master_keys import MasterKeys
from txsalt.config.option import Derived, option
from txsalt.config.shared import SharedKeys, SharedLinks, SharedLogs, SharedPlaces, SharedStates
from txsalt.light import frozen

_COUNT = kinds.integer(0)


@frozen(kw_only=True)
class MasterPlaces(SharedPlaces):
    """Files and folders."""

    pki_dir: str = option(
        Derived(lambda c: f"{c.config_dir}/pki/master", kinds.text),
        doc="The master's keys and those of its minions, in Salt's layout: "
        "the folder pki/master beside this file.",
    )
    cachedir: str = option("/var/cache/txsalt/master", doc="Jobs, returns and cached facts.")
    extension_modules: str = option(
        Derived(lambda c: f"{c.cachedir}/extmods", kinds.text),
        doc="Modules of your own that were synced: extmods in cachedir.",
    )
    sock_dir: str = option("/run/txsalt/master", doc="The sockets that local programs use.")
    pidfile: str = option("/run/txsalt-master.pid", doc="The file with the process number.")
    log_file: str = option("/var/log/txsalt/master", doc="The log of a daemon.")
    default_include: str = option(
        "master.d/*.conf", doc="Files that are read after this one, in the order of their names."
    )
    file_buffer_size: int = option(
        1048576, doc="Bytes of a file in one reply.", check=kinds.integer(1024)
    )


@frozen(kw_only=True)
class MasterLinks(SharedLinks):
    """Ports and processes."""

    interface: str = option(
        "0.0.0.0",  # noqa: S104 - Salt's default; operators narrow it
        doc="The address that the master binds its ports to.",
        check=kinds.filled_text,
    )
    publish_port: int = option(
        4505, doc="The port on which the master publishes jobs.", check=kinds.port
    )
    ret_port: int = option(4506, doc="The port for requests and returns.", check=kinds.port)
    worker_threads: int = option(
        5, doc="How many worker programs handle requests.", check=kinds.integer(1, 1000)
    )
    worker_time_max: float = option(
        180,
        doc="Seconds after which a worker that does not answer a request is ended and replaced, "
        "and the request refused; 0: never.",
        check=kinds.number(0),
        ours=True,
    )
    pub_hwm: int = option(
        1000, doc="Publications that wait for a slow minion; 0 for no limit.", check=_COUNT
    )
    salt_event_pub_hwm: int = option(
        20000, doc="Events that wait for a slow local subscriber; 0 for no limit.", check=_COUNT
    )
    zmq_backlog: int = option(
        1000, doc="Connections that wait to be accepted.", check=kinds.integer(1)
    )
    max_open_files: int = option(
        100000, doc="The limit of open files that the master asks for.", check=kinds.integer(256)
    )
    loop_interval: float = option(
        60, doc="Seconds between two rounds of housekeeping.", check=kinds.number(0.1)
    )


@frozen(kw_only=True)
class MasterStates(SharedStates):
    """Files, pillar and states."""

    file_recv: bool = option(False, doc="Let minions send files to the master (cp.push).")
    file_recv_max_size: int = option(
        100, doc="The largest file that a minion may send, in megabytes.", check=_COUNT
    )
    jinja_env: dict[str, Any] = option({}, doc="Settings of Jinja for templates of files.")
    jinja_sls_env: dict[str, Any] = option({}, doc="Settings of Jinja for sls files.")
    jinja_lstrip_blocks: bool = option(False, doc="Strip blanks before a Jinja block.")
    jinja_trim_blocks: bool = option(False, doc="Strip the line feed after a Jinja block.")
    pillar_opts: bool = option(False, doc="Put the master's options into every pillar.")
    pillar_safe_render_error: bool = option(
        True, doc="Tell minions only that a pillar file failed, not why."
    )


# Mixins without an __init__ of their own keep the import quick; mypy compares what they lack.
@frozen(kw_only=True)
class MasterConfig(  # type: ignore[misc]
    MasterPlaces,
    MasterLinks,
    MasterKeys,
    SharedKeys,
    MasterJobs,
    MasterAccess,
    MasterStates,
    SharedLogs,
):
    """Everything that a master's file may set; see ``read.read_master``."""
