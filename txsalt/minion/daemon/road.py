"""
The way to the master: which one of several, at which address, by which sockets.
"""

from collections.abc import Sequence

from twisted.internet.defer import Deferred

from txsalt.minion.daemon.address import MasterName, Resolver, endpoint
from txsalt.minion.daemon.lanes import SIGN_IN, Lanes


class MasterRoad:
    """Follows the sign-in loop: each look after the first is at the next master."""

    def __init__(self, masters: Sequence[MasterName], resolver: Resolver, lanes: Lanes) -> None:
        """``lanes`` are turned to wherever the master is."""
        self._masters = masters
        self._resolver = resolver
        self.lanes = lanes
        self._index = 0
        self._is_looking = False
        self.address = ""

    @property
    def master(self) -> str:
        """The name of the master in use."""
        return str(self._masters[self._index])

    def look(self) -> Deferred[str]:
        """Resolve the name of the master (of the next, if the last look led to nothing)."""
        if self._is_looking:
            self._index = (self._index + 1) % len(self._masters)
        self._is_looking = True
        return Deferred.fromCoroutine(self._look())

    def ask(self, payload: bytes, timeout: float) -> Deferred[bytes]:
        """Send a sign-in request. Fails with RequestTimedOut."""
        return self.lanes.ask(SIGN_IN, payload, timeout)

    def done(self) -> None:
        """Stay at this master, and close the connection that only sign-ins use."""
        self._is_looking = False
        self.lanes.drop(SIGN_IN)

    def close(self) -> None:
        """Close all connections."""
        self.lanes.close()

    async def _look(self) -> str:
        master = self._masters[self._index]
        self.address = await self._resolver.resolve(master.host)
        self.lanes.point_at(endpoint(self.address, master.port))
        return str(master)
