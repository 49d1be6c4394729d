"""A small program on descriptors 3 and 4: does what the tests ask it. Run with ``-m``."""

import os
import signal
import sys
import time

from txsalt.wire.pipe import Decoder, encode


def say(message: dict) -> None:
    data = memoryview(encode(message))
    while data:
        data = data[os.write(4, data) :]


def obey(message: dict) -> None:
    kind = message["kind"]
    if kind == "hello":
        say({"kind": "ready", "hello": message, "arguments": sys.argv[1:], "pid": os.getpid()})
    elif kind == "echo":
        say(message)
    elif kind == "print":
        print(message["text"])
        sys.stdout.flush()
        os.write(2, b"and to stderr\n")
        say({"kind": "printed"})
    elif kind == "stdin":
        say({"kind": "stdin", "data": os.read(0, 10), "fds": sorted(os.listdir("/proc/self/fd"))})
    elif kind == "exit":
        os._exit(message["code"])
    elif kind == "kill":
        os.kill(os.getpid(), message["signal"])
    elif kind == "nonsense":
        os.write(4, b"\xff" * 100)
        time.sleep(100)
    elif kind == "leave_child":
        if os.fork() == 0:
            time.sleep(5)
        os._exit(7)
    elif kind == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        say({"kind": "stubborn"})
        while True:
            time.sleep(100)
    elif kind == "drain":
        os._exit(0)


def main() -> None:
    decoder = Decoder()
    while data := os.read(3, 65536):
        for message in decoder.feed(data):
            obey(message)


if __name__ == "__main__":
    main()
