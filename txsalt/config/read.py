"""
Read the configuration of a master or a minion from its folder.

Everything that is wrong is found in one go and told together: an operator mends a file once.
"""

import os
import pwd
from typing import TYPE_CHECKING, Any, TypeVar

from txsalt.config.check import check_settings
from txsalt.config.files import Findings, read_settings
from txsalt.config.option import options_of
from txsalt.config.paths import placed, socket_problem
from txsalt.errors import ConfigError
from txsalt.light import evolve

if TYPE_CHECKING:
    from txsalt.config.master import MasterConfig
    from txsalt.config.minion import MinionConfig

_C = TypeVar("_C", "MasterConfig", "MinionConfig")

_USUAL_DIR = "/etc/txsalt"

# The longest names of sockets in sock_dir.
_MASTER_SOCKET = "master_event_pull.ipc"
_MINION_SOCKET = "minion_event_0123456789_pull.ipc"


def read_master(config_dir: str) -> "tuple[MasterConfig, list[str]]":
    """
    Read ``{config_dir}/master`` and the files it includes; return it and warnings.

    A missing file means defaults and a warning.  Raises ConfigError with all problems.
    """
    # Here, as below: a program pays 10 ms for the hundred options of a class, so only for its own.
    from txsalt.config.master import MasterConfig

    findings = Findings()
    config = _read(MasterConfig, "master", config_dir, findings)
    _check_sockets(config.sock_dir, _MASTER_SOCKET, findings)
    return _finished(config, findings)


def read_minion(config_dir: str) -> "tuple[MinionConfig, list[str]]":
    """
    Read ``{config_dir}/minion`` and the files it includes; return it and warnings.

    The ``id`` is filled in; one that was found is kept in ``{config_dir}/minion_id``.  A missing
    file means defaults and a warning.  Raises ConfigError with all problems.
    """
    from txsalt.config.minion import MinionConfig
    from txsalt.config.minion_id import find_id

    findings = Findings()
    config = _read(MinionConfig, "minion", config_dir, findings)
    _check_sockets(config.sock_dir, _MINION_SOCKET, findings)
    if not findings.problems:  # A name found with half the options would be kept for good.
        config = evolve(config, id=find_id(config, findings))
    return _finished(config, findings)


def _read(config_class: type[_C], name: str, config_dir: str, findings: Findings) -> _C:
    config_dir = os.path.abspath(config_dir)
    if config_dir != _USUAL_DIR and not os.path.isdir(config_dir):
        # A slip of the hand, which would else start a daemon on the folders of another.
        findings.problems.append(f"There is no folder {config_dir} (--config-dir).")
    known = options_of(config_class)
    defaults = {each.name: each.default for each in known.values()}
    pattern = str(defaults["default_include"])
    settings = read_settings(os.path.join(config_dir, name), pattern, findings)
    values: dict[str, Any] = placed(check_settings(settings, known, findings), defaults)
    return config_class(config_dir=config_dir, **values)


def _check_sockets(sock_dir: str, longest_name: str, findings: Findings) -> None:
    if problem := socket_problem(sock_dir, longest_name):
        findings.problems.append(problem)


def _finished(config: _C, findings: Findings) -> tuple[_C, list[str]]:
    if findings.problems:
        raise ConfigError(tuple(findings.problems))
    return (config if config.user else evolve(config, user=_own_name())), findings.warnings


def _own_name() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())  # a container may run as a number that nobody named
