"""A nursery whose children echo: the template program of tests/process/test_nursery."""

import os
import sys

from txsalt.master.worker.nursery import Nursery
from txsalt.wire.pipe import Decoder, encode


def echo(read_fd: int, write_fd: int) -> int:
    """Answer each frame with itself; a frame ``exit`` ends with its code."""
    decoder = Decoder()
    while data := os.read(read_fd, 65536):
        for frame in decoder.feed(data):
            if frame["kind"] == "exit":
                return int(frame["code"])
            if frame["kind"] == "print":
                print(frame["text"], file=sys.stderr, flush=True)
            os.write(write_fd, encode({**frame, "pid": os.getpid(), "fds": open_descriptors()}))
    return 0


def open_descriptors() -> int:
    """How many descriptors this process has open."""
    return len(os.listdir("/proc/self/fd"))


if __name__ == "__main__":
    Nursery(echo, 3, 4).serve()
