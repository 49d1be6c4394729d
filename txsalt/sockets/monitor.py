"""
Watch whether a socket has a peer.

libzmq reports through a PAIR socket within the process, and it blocks the threads of the whole
context
if nobody reads there: so the reader is connected at once, takes any number of reports, is known to
the factory, and reporting ends before the reader closes, in whatever order the sockets are closed.
"""

import itertools
from collections.abc import Callable

import zmq
from zmq.utils.monitor import parse_monitor_message

from txsalt.sockets.connection import Connection
from txsalt.sockets.context import SocketContext
from txsalt.sockets.tuning import Tuning

CONNECTED = "connected"
DISCONNECTED = "disconnected"

_STATES = {
    int(zmq.EVENT_HANDSHAKE_SUCCEEDED): CONNECTED,
    int(zmq.EVENT_DISCONNECTED): DISCONNECTED,
}
_numbers = itertools.count(1)


class Monitor(Connection):
    """The reader of one watched socket's reports."""

    socketType = zmq.PAIR

    def __init__(
        self, context: SocketContext, watched: Connection, on_state: Callable[[str], None]
    ) -> None:
        """Call before ``watched`` gets its endpoint; ``on_state`` hears of changes only."""
        self._watched = watched.socket
        self._on_state = on_state
        self._state = DISCONNECTED
        super().__init__(context, self._reported, Tuning(receive_hwm=0, send_hwm=0))
        address = f"inproc://monitor-{next(_numbers)}"
        self._watched.monitor(address, sum(_STATES))
        self.connect(address)

    def shutdown(self) -> None:
        """End the reports, then close."""
        if not self.closed and not self._watched.closed:
            self._watched.disable_monitor()
        super().shutdown()

    def _reported(self, parts: list[bytes]) -> None:
        state = _STATES.get(int(parse_monitor_message(parts)["event"]))
        if state is not None and state != self._state:
            self._state = state
            self._on_state(state)
