"""
One function for each kind of target: does this pattern match that minion?

Each raises BadTarget for a pattern that is malformed, too long or too costly to match; that is not
False, since ``not`` before it would then choose everybody.

Source: PROTOCOL.md 11.4.
"""

import ipaddress
import re
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase, translate
from functools import lru_cache
from socket import AF_INET, AF_INET6, inet_pton
from typing import Any

from txsalt.errors import BadTarget
from txsalt.targeting.bounded_regex import MAX_PATTERN, bounded_regex
from txsalt.targeting.facts import Facts
from txsalt.targeting.paths import path_matches

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_GLOB_SIGNS = frozenset("*?[")


def glob(pattern: str, id: str) -> bool:
    """Match a shell pattern against the whole id, case-sensitive."""
    if len(pattern) > MAX_PATTERN:
        raise BadTarget(f"pattern longer than {MAX_PATTERN} characters")
    return fnmatchcase(id, pattern)


def listed(names: str | Sequence[str], id: str) -> bool:
    """Tell whether the id is in a list, or in a text separated by commas without blanks."""
    return id in (names.split(",") if isinstance(names, str) else names)


def pcre(pattern: str, id: str) -> bool:
    """Match a regular expression at the start of the id."""
    return bounded_regex(pattern).matches_start(id)


def id_matcher(engine: str, pattern: str) -> Callable[[str], bool]:
    """
    Return ``glob``, ``listed`` or ``pcre`` for one pattern and many ids, with the same answers.

    Raises BadTarget for a malformed pattern, what it returns for an id on which it is too costly.
    """
    if engine == "list":
        return frozenset(pattern.split(",")).__contains__
    if engine == "pcre":
        return bounded_regex(pattern).matches_start
    if len(pattern) > MAX_PATTERN:
        raise BadTarget(f"pattern longer than {MAX_PATTERN} characters")
    if not _GLOB_SIGNS.intersection(pattern):
        return frozenset((pattern,)).__contains__
    match = re.compile(translate(pattern)).match
    return lambda id: match(id) is not None


def grain(pattern: str, facts: Facts, delimiter: str = ":") -> bool:
    """Match ``path:glob`` against the grains."""
    return path_matches(facts.grains, pattern, "glob", delimiter)


def grain_pcre(pattern: str, facts: Facts, delimiter: str = ":") -> bool:
    """Match ``path:regex`` against the grains."""
    return path_matches(facts.grains, pattern, "pcre", delimiter)


def pillar(pattern: str, facts: Facts, delimiter: str = ":") -> bool:
    """Match ``path:glob`` against the pillar."""
    return path_matches(facts.pillar, pattern, "glob", delimiter)


def pillar_pcre(pattern: str, facts: Facts, delimiter: str = ":") -> bool:
    """Match ``path:regex`` against the pillar."""
    return path_matches(facts.pillar, pattern, "pcre", delimiter)


def pillar_exact(pattern: str, facts: Facts, delimiter: str = ":") -> bool:
    """Compare ``path:value`` with the pillar, letter case apart."""
    return path_matches(facts.pillar, pattern, "exact", delimiter)


def ipcidr(pattern: str, facts: Facts) -> bool:
    """Match one address, or a network without host bits, against grains ``ipv4`` and ``ipv6``."""
    return ipcidr_matcher(pattern)(facts.grains)


def ipcidr_matcher(pattern: str) -> Callable[[dict[Any, Any]], bool]:
    """Return ``ipcidr`` for one pattern and the grains of many minions; raises BadTarget."""
    network = network_of(pattern)
    name = address_grain(pattern)
    is_inside = _is_inside_v4(network) if network.version == 4 else _is_inside_v6(network)

    def match(grains: dict[Any, Any]) -> bool:
        own = grains.get(name)
        return any(map(is_inside, own if isinstance(own, list | tuple) else [own]))

    return match


def address_grain(pattern: str) -> str:
    """Return the grain that a target by network looks at; raises BadTarget."""
    return f"ipv{network_of(pattern).version}"


def network_of(pattern: str) -> Network:
    """Read an address or a network; an address is a network of one.  Raises BadTarget."""
    try:
        return _network(pattern)
    except ValueError as exc:
        raise BadTarget(str(exc)) from None


@lru_cache(maxsize=16)
def _network(pattern: str) -> Network:
    return ipaddress.ip_network(pattern)


def _is_inside_v4(network: Network) -> Callable[[Any], bool]:  # Any: a grain may hold anything
    first, mask = int(network.network_address), int(network.netmask)
    # There is one way to write an IPv4 address, so whole octets can be compared as text.
    octets = network.prefixlen // 8
    prefix = ".".join([*str(network.network_address).split(".")[:octets], ""][:4])

    def is_inside(address: Any) -> bool:
        if type(address) is not str or not address.startswith(prefix):
            return False
        try:
            # An eighth of the time that an IPv4Address takes, with the same answers.
            return int.from_bytes(inet_pton(AF_INET, address), "big") & mask == first
        except (OSError, ValueError):
            return False

    return is_inside


def _is_inside_v6(network: Network) -> Callable[[Any], bool]:
    first, mask = int(network.network_address), int(network.netmask)

    def is_inside(address: Any) -> bool:
        try:
            if "%" in address:  # the zone of an address, which says nothing about the network
                return ipaddress.IPv6Address(address) in network
            return int.from_bytes(inet_pton(AF_INET6, address), "big") & mask == first
        except (OSError, ValueError, TypeError):  # of a wrong type, or no address
            return False

    return is_inside
