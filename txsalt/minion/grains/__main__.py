"""
Collect grains in a process of its own: ``python -P -m txsalt.minion.grains``.

By hand it prints JSON. With ``--pipe``, as the minion daemon runs it, it reads one frame
``{kind: hello, config}`` on descriptor 3, writes one frame ``{kind: grains, grains}`` on
descriptor 4, and ends.
"""

import argparse
import json
import logging
import os
import sys
from typing import Any  # options and grains hold values of any type

from txsalt.jobs.plain import plain
from txsalt.minion.grains.collect import collect
from txsalt.wire.pipe import Decoder, encode


def main(arguments: list[str]) -> int:
    """Collect and tell; 1 if there was no hello."""
    parser = argparse.ArgumentParser(description="collect the grains of this machine")
    parser.add_argument("--pipe", action="store_true", help="talk on descriptors 3 and 4")
    parser.add_argument("--config-dir", default="", help="where a file named grains may be")
    options = parser.parse_args(arguments)
    logging.basicConfig(stream=sys.stderr, format="%(message)s", level=logging.INFO)
    if not options.pipe:
        grains = collect({"config_dir": options.config_dir})
        print(json.dumps(plain(grains), indent=4, ensure_ascii=False, default=repr))
        return 0
    config = _read_config()
    if config is None:
        return 1
    # The process that users know as the minion is our parent.
    grains = {**collect(config), "pid": os.getppid()}
    _write(encode({"kind": "grains", "grains": plain(grains)}))
    return 0


def _read_config() -> dict[str, Any] | None:
    decoder = Decoder()
    while data := os.read(3, 1 << 16):
        for message in decoder.feed(data):
            if message["kind"] == "hello":
                return message["config"]
    return None


def _write(frame: bytes) -> None:
    left = memoryview(frame)
    while left:
        left = left[os.write(4, left) :]


if __name__ == "__main__":
    status = main(sys.argv[1:])
    sys.stdout.flush()
    # Not sys.exit: a source that hangs in a thread must not keep the process.
    os._exit(status)
