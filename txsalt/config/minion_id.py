"""
Find the name of a minion that its file does not name.

The kept name wins, since a machine whose host name changes must stay the same minion; then the
machine's names, then an address of its own; never a name that every machine has.

Source: Salt 3008.3, how a minion without ``id`` finds one.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator

from txsalt.config.files import Findings
from txsalt.config.minion import MinionConfig
from txsalt.errors import BadName
from txsalt.light import frozen
from txsalt.wire import names

_EVERYWHERE = re.compile(
    r"localhost|ip6-|ipv6-|127\.\d|0\.0\.0\.0|::1|fe0[02]::|1\.0\.0.*ip6\.arpa",
    re.IGNORECASE,
)


@frozen
class FoundId:
    """A name, and whether it is an address, to which no domain is appended."""

    id: str
    is_address: bool = False


def find_id(
    config: MinionConfig,
    findings: Findings,
    candidates: Callable[[], Iterable[str]] | None = None,
) -> str:
    """
    Return the id of the minion, and keep it in ``{config_dir}/minion_id`` where it was found.

    ``candidates`` yields names of this machine, best first.  No usable name is a problem, a file
    that cannot be written a warning; both go to ``findings``.
    """
    if config.id:
        return _checked(_with_domain(config, FoundId(config.id)), findings)
    keeper = os.path.join(config.config_dir, "minion_id")
    kept = _kept(keeper, findings) if config.minion_id_caching else None
    found = FoundId(kept) if kept else _found(config, (candidates or machine_names)())
    if found is None:
        findings.problems.append(
            "This machine has no name of its own; set the option id in the minion's file."
        )
        return ""
    if config.minion_id_caching and not kept:
        _keep(keeper, found.id, findings)
    return _checked(_with_domain(config, found), findings)


def machine_names() -> Iterator[str]:
    """Yield the names and addresses of this machine, best first."""
    # Here, as below: most minions have a name already, and calls on this machine start quicker.
    import socket

    name = socket.gethostname()
    yield socket.getfqdn(name)
    yield name
    for path in ("/etc/hostname", "/etc/hosts"):
        yield from _names_in(path)
    yield from _own_addresses()


def _found(config: MinionConfig, candidates: Iterable[str]) -> FoundId | None:
    for name in candidates:
        if not name or _EVERYWHERE.match(name):
            continue
        if _is_address(name):
            return FoundId(name, is_address=True)
        return FoundId(_shaped(config, name))
    return None


def _shaped(config: MinionConfig, name: str) -> str:
    if config.minion_id_lowercase:
        name = name.lower()
    remove = config.minion_id_remove_domain
    if remove is True:
        return name.partition(".")[0]
    if remove and name.lower().endswith(f".{remove.lower()}"):
        return name[: -len(remove) - 1]
    return name


def _with_domain(config: MinionConfig, found: FoundId) -> str:
    domain = config.append_domain
    if not domain or found.is_address or found.id.endswith((domain, ".")):
        return found.id
    return f"{found.id}.{domain}"


def _checked(name: str, findings: Findings) -> str:
    try:
        return names.minion_id(name)
    except BadName as exc:
        findings.problems.append(f"The id {name!r} cannot be used: {exc.reason}.")
        return ""


def _kept(path: str, findings: Findings) -> str | None:
    try:
        with open(path, encoding="utf-8-sig") as file:
            name = file.readline().strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as exc:
        findings.warnings.append(f"{path} cannot be read: {exc}.")
        return None
    return name if name and name != "localhost" else None


def _keep(path: str, name: str, findings: Findings) -> None:
    # Beside it first: a name that was half written would be a new minion.
    beside = f"{path}.new"
    try:
        with open(beside, "w", encoding="utf-8") as file:
            file.write(name)
        os.replace(beside, path)
    except OSError as exc:
        findings.warnings.append(
            f"The id {name} cannot be kept in {path}: {exc.strerror or exc}; "
            "it may change with the name of the machine."
        )


def _names_in(path: str) -> Iterator[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = file.read(65536).splitlines()
    except OSError:
        return
    for line in lines:
        words = line.partition("#")[0].split()
        # Names of other machines are in /etc/hosts, too; ours stand at loopback addresses.
        if words and (len(words) == 1 or words[0].startswith(("127.", "::1"))):
            yield from words


def _own_addresses() -> Iterator[str]:
    # Late: only a machine without any name gets here.
    import socket

    import psutil

    for addresses in psutil.net_if_addrs().values():
        for each in addresses:
            if each.family == socket.AF_INET:
                yield each.address


def _is_address(name: str) -> bool:
    from ipaddress import ip_address

    try:
        ip_address(name)
    except ValueError:
        return False
    return True
