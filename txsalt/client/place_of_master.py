"""Where the master of this machine is, for programs that speak to it as minions do."""

from pathlib import Path

from attrs import frozen

from txsalt.config.read import read_master
from txsalt.wire import endpoint


@frozen
class PlaceOfMaster:
    """The address of its request port, and the folder of its keys."""

    host: str
    port: int
    pki_dir: Path


def place_of_master(config_dir: str) -> PlaceOfMaster:
    """Return what a master's configuration says; raises ConfigError."""
    config, _ = read_master(config_dir)
    host = endpoint.local_host(config.interface)
    return PlaceOfMaster(host, config.ret_port, Path(config.pki_dir))
