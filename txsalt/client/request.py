"""
Ask the local master on its request port, in clear text with the secret of this user.

Source: PROTOCOL section 10.
"""

from typing import Any  # loads are maps of any msgpack value

import zmq

from txsalt.errors import MasterUnreachable, RequestRefused
from txsalt.wire import envelope


def ask(
    context: "zmq.Context[zmq.Socket[bytes]]",
    endpoint: str,
    load: dict[str, Any],
    timeout: float,
) -> Any:
    """
    Send one clear request and return the reply's value, or the load of a clear envelope.

    Raises MasterUnreachable without an answer in ``timeout`` seconds, RequestRefused for "bad
    load".
    """
    socket = context.socket(zmq.REQ)
    try:
        socket.set(zmq.LINGER, 0)
        if "[" in endpoint:
            socket.set(zmq.IPV6, 1)
        socket.connect(endpoint)
        socket.send(envelope.write_clear_request(load))
        if not socket.poll(int(timeout * 1000)):
            raise MasterUnreachable(endpoint, f"no answer within {timeout:g} s")
        reply = envelope.read_reply(socket.recv())
    finally:
        socket.close()
    if isinstance(reply, envelope.ClearReply):
        return reply.load
    if isinstance(reply, envelope.BareReply):
        if reply.value == envelope.BAD_LOAD.encode():
            raise RequestRefused(envelope.BAD_LOAD)
        return reply.value
    raise RequestRefused("the answer is not one for local tools")
