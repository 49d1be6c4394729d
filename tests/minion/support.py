"""What the tests of the minion daemon share: a master that is asked without sockets."""

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime

from tests.fakes.small_master import SmallMaster, key
from txsalt.errors import MasterUnreachable, RequestTimedOut
from txsalt.minion.daemon.address import MasterName, Resolver
from txsalt.minion.daemon.lanes import Lanes
from txsalt.minion.daemon.link import Link, LinkSettings
from txsalt.minion.daemon.road import MasterRoad
from txsalt.minion.daemon.sign_in_loop import SignInSettings
from txsalt.protocol.sign_in import Identity
from txsalt.wire import rsa


class MemoryKeys:
    """Key files without files."""

    master_path = "/pki/minion_master.pub"

    def __init__(self) -> None:
        self.trusted: rsa.PublicKey | None = None
        self.signing_key: rsa.PublicKey | None = None

    def own(self) -> rsa.PrivateKey:
        return key("minion")

    def master(self) -> rsa.PublicKey | None:
        return self.trusted

    def store_master(self, shown: rsa.PublicKey) -> None:
        self.trusted = shown

    def signing(self) -> rsa.PublicKey:
        assert self.signing_key is not None
        return self.signing_key


class Wire:
    """A request socket whose other end is the master of the endpoint."""

    def __init__(self, master: SmallMaster | None, clock: IReactorTime) -> None:
        self.master = master
        self.clock = clock

    def request(self, payload: bytes, timeout: float) -> Deferred[bytes]:
        reply = self.master.reply(payload) if self.master is not None else None
        if reply is not None:
            return succeed(reply)
        answer: Deferred[bytes] = Deferred()
        call = self.clock.callLater(
            timeout, lambda: answer.called or answer.errback(RequestTimedOut(timeout))
        )

        def answered(result: object) -> object:
            if call.active():
                call.cancel()
            return result

        return answer.addBoth(answered)

    def close(self) -> None:
        """Nothing to let go."""


def identity(**changes: Any) -> Identity:
    """The identity of minion m1."""
    return Identity(minion_id="m1", **{"key": key("minion"), **changes})


def make_link(
    clock: IReactorTime,
    masters: dict[str, SmallMaster | None],
    keys: MemoryKeys | None = None,
    *,
    names: list[str] | None = None,
    lookup: Callable[[str], Deferred[list[str]]] | None = None,
    **changes: Any,
) -> Link:
    """A link to the masters at these addresses; ``changes`` go to the sign-in settings."""
    lanes = Lanes(lambda endpoint: Wire(masters.get(endpoint.split("/")[2][:-5]), clock))
    hosts = names or list(masters)
    road = MasterRoad(
        [MasterName(host, 4506) for host in hosts],
        Resolver(clock, lookup or _unknown, None),
        lanes,
    )
    settings = LinkSettings(
        make_identity=lambda **held: identity(**held),
        with_signing_key=False,
        sign_in=SignInSettings(**changes),
    )
    return Link(clock, road, keys or MemoryKeys(), settings, lambda call, *a: succeed(call(*a)))


def _unknown(host: str) -> Deferred[list[str]]:
    raise MasterUnreachable(host, "no names here")
