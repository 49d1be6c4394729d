"""
Many subscribers to a master's local event bus in one process; started by the scenario "events".

Prints "ready" when all are connected, then one JSON document when all have every event, or when
nothing came for ten seconds. Our bus is a ZeroMQ publisher; Salt's is a stream socket on which
each subscriber gets every event, so occurrences of the tag are counted in the stream.
"""

import json
import secrets
import selectors
import socket
import sys
import time
from collections.abc import Iterator

import zmq

from txsalt.swarm.flood import EVENT_TAG

_TAG = EVENT_TAG.encode() + b"\n\n"
_SILENCE_SECONDS = 10.0


def main(arguments: list[str]) -> None:
    """``arguments``: "zmq" or "stream", the socket's path, subscribers, events to expect."""
    kind, path, readers, expected = arguments[0], arguments[1], int(arguments[2]), int(arguments[3])
    counts = (_zmq if kind == "zmq" else _stream)(path, readers)
    next(counts)  # all are connected
    print("ready", flush=True)
    wanted, seen, first, last = readers * expected, 0, 0.0, 0.0
    for count in counts:
        if count is None:
            break  # silence
        first = first or time.monotonic()
        last = time.monotonic()
        seen += count
        if seen >= wanted:
            break
    print(json.dumps({"seen": seen, "seconds": last - first}))


def _zmq(path: str, readers: int) -> Iterator[int | None]:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    poller = zmq.Poller()
    waiting = set()
    for _ in range(readers):
        subscriber = context.socket(zmq.SUB)
        subscriber.set(zmq.RCVHWM, 0)
        subscriber.connect(f"ipc://{path}")
        subscriber.subscribe(_TAG)
        # Each asks by a name of its own: a publisher hears of a topic's first subscriber only.
        subscriber.subscribe(b"txsalt/live/" + secrets.token_hex(8).encode())
        poller.register(subscriber, zmq.POLLIN)
        waiting.add(subscriber)
    while waiting:
        for ready, _ in poller.poll(10_000):
            ready.recv()
            waiting.discard(ready)
    yield 0
    while True:
        count = 0
        found = poller.poll(int(_SILENCE_SECONDS * 1000))
        for ready, _ in found:
            while True:
                try:
                    frame = ready.recv(zmq.NOBLOCK)
                except zmq.Again:
                    break
                count += frame.startswith(_TAG)
        yield count if found else None


def _stream(path: str, readers: int) -> Iterator[int | None]:
    selector = selectors.DefaultSelector()
    for _ in range(readers):
        subscriber = socket.socket(socket.AF_UNIX)
        subscriber.connect(path)
        # The tail of what was read may hold the beginning of the next tag.
        selector.register(subscriber, selectors.EVENT_READ, bytearray())
    time.sleep(1)  # nothing tells when the publisher has taken them in
    yield 0
    while True:
        ready = selector.select(_SILENCE_SECONDS)
        yield sum(_count(key.fileobj, key.data) for key, _ in ready) if ready else None


def _count(subscriber: object, kept: bytearray) -> int:
    assert isinstance(subscriber, socket.socket)
    kept += subscriber.recv(1024 * 1024)
    found = kept.count(_TAG)
    del kept[: -len(_TAG) + 1]
    return found


if __name__ == "__main__":
    main(sys.argv[1:])
