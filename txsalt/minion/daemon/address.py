"""
Where the master is: its names from the configuration, and the address of each, asked for anew.

A name is resolved again before each sign-in, so that a master that moved is found. Of several
masters the next one is asked when one does not answer.
"""

import socket
from collections.abc import Callable, Sequence
from ipaddress import ip_address

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorThreads, IReactorTime
from twisted.internet.threads import deferToThreadPool

from txsalt.errors import ConfigError, MasterUnreachable
from txsalt.light import frozen

_PATIENCE = 30.0  # seconds for one name


@frozen
class MasterName:
    """A master as the configuration names it."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def parse_masters(value: str | Sequence[str], port: int) -> list[MasterName]:
    """
    Read the option ``master``: each is ``host``, ``host:port`` or ``[v6 address]:port``.

    Raises ConfigError for a port that is none.
    """
    texts = [value] if isinstance(value, str) else list(value)
    return [_parse(text.strip(), port) for text in texts]


def endpoint(address: str, port: int) -> str:
    """Return the ZeroMQ endpoint of a numeric address."""
    return f"tcp://[{address}]:{port}" if ":" in address else f"tcp://{address}:{port}"


class Resolver:
    """Finds numeric addresses without holding the reactor up."""

    def __init__(
        self, clock: IReactorTime, lookup: Callable[[str], Deferred[list[str]]], ipv6: bool | None
    ) -> None:
        """``lookup`` gives all addresses of a name; ``ipv6`` True wants only the new kind."""
        self._clock = clock
        self._lookup = lookup
        self._ipv6 = ipv6

    async def resolve(self, host: str) -> str:
        """Return one address of ``host``. Raises MasterUnreachable."""
        if _is_numeric(host):
            return host
        try:
            found = await self._lookup(host).addTimeout(_PATIENCE, self._clock)
        except Exception as exc:
            reason = exc.strerror if isinstance(exc, OSError) else type(exc).__name__
            raise MasterUnreachable(host, f"its name cannot be resolved ({reason})") from exc
        # An IPv4 address first: masters listen there unless they are told otherwise.
        usable = [each for each in found if self._ipv6 is None or (":" in each) == self._ipv6]
        if not usable:
            raise MasterUnreachable(host, "its name has no address of the wanted kind")
        return min(usable, key=lambda each: ":" in each)


def system_lookup(reactor: IReactorThreads) -> Callable[[str], Deferred[list[str]]]:
    """Return a lookup that asks the operating system, in a thread of ``reactor``."""

    def lookup(host: str) -> Deferred[list[str]]:
        return deferToThreadPool(reactor, reactor.getThreadPool(), _addresses, host)

    return lookup


def _addresses(host: str) -> list[str]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


def _parse(text: str, port: int) -> MasterName:
    host, tail = text, ""
    if text.startswith("["):
        host, _, tail = text[1:].partition("]")
    elif text.count(":") == 1:
        host, _, tail = text.partition(":")
        tail = f":{tail}"
    if not tail:
        return MasterName(host, port)
    if not (tail[1:].isdigit() and 0 < int(tail[1:]) < 65536):
        raise ConfigError((f"master: {text!r} ends in something that is no port.",))
    return MasterName(host, int(tail[1:]))


def _is_numeric(host: str) -> bool:
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
