"""
Say which ZeroMQ options a socket gets, before it is bound or connected (later they have no effect).

Source: libzmq's zmq_setsockopt; PROTOCOL.md 2.1 for heartbeats and backlog.
"""

import zmq

from txsalt.light import frozen

UNLIMITED = -1

_HEARTBEAT_MS = 10_000
_HEARTBEAT_TIMEOUT_MS = 30_000
_KEEPALIVE_IDLE = 300  # seconds; below the idle limit of common firewalls
_BACKLOG = 1000  # a whole fleet reconnects at once


@frozen(kw_only=True)
class Tuning:
    """
    What may differ between sockets. High-water marks count messages of one peer; 0 is no bound.
    """

    send_hwm: int = 1000
    receive_hwm: int = 1000
    max_message: int = UNLIMITED  # bytes of one frame; a peer that exceeds it is disconnected
    linger_ms: int = 0  # how long a closed socket may still deliver
    reconnect_ms: int = 100
    reconnect_max_ms: int = 0  # doubled up to here; 0: no doubling
    # Whether ZeroMQ asks a peer that is silent. A socket with thousands of peers leaves that to the
    # kernel: libzmq looks through all its timers at each answer, and at each new connection.
    heartbeat: bool = True
    mode: int = 0o600  # of the file of an ipc endpoint that is bound


def options(endpoint: str, tuning: Tuning) -> list[tuple[int, int]]:
    """List (option, value) for one endpoint, in the order to set them."""
    chosen: list[tuple[int, int]] = [
        (zmq.SNDHWM, tuning.send_hwm),
        (zmq.RCVHWM, tuning.receive_hwm),
        (zmq.MAXMSGSIZE, tuning.max_message),
        (zmq.LINGER, tuning.linger_ms),
        (zmq.RECONNECT_IVL, tuning.reconnect_ms),
        (zmq.RECONNECT_IVL_MAX, tuning.reconnect_max_ms),
        (zmq.BACKLOG, _BACKLOG),
    ]
    if endpoint.startswith("tcp://"):
        chosen += _HEARTBEAT if tuning.heartbeat else _WATCHED_BY_KERNEL
        if endpoint.startswith("tcp://["):
            chosen.append((zmq.IPV6, 1))
    return chosen


# All four of keepalive, always: with 0 in the other three a connection never comes up, without an
# error.
_HEARTBEAT = [
    (zmq.HEARTBEAT_IVL, _HEARTBEAT_MS),
    (zmq.HEARTBEAT_TIMEOUT, _HEARTBEAT_TIMEOUT_MS),
    (zmq.TCP_KEEPALIVE, 1),
    (zmq.TCP_KEEPALIVE_CNT, -1),
    (zmq.TCP_KEEPALIVE_IDLE, _KEEPALIVE_IDLE),
    (zmq.TCP_KEEPALIVE_INTVL, -1),
]
# A peer that vanished is noticed within half a minute, also while data are on their way to it.
_WATCHED_BY_KERNEL = [
    (zmq.TCP_KEEPALIVE, 1),
    (zmq.TCP_KEEPALIVE_CNT, 3),
    (zmq.TCP_KEEPALIVE_IDLE, 15),
    (zmq.TCP_KEEPALIVE_INTVL, 5),
    (zmq.TCP_MAXRT, 30_000),
]
