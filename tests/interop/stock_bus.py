"""
Print each event of a stock master's bus as one line of JSON: [tag, data]. First line: "ready".

Runs on the Python of a Salt environment, with Salt's own library; it imports nothing of txsalt.
Argument: the folder with the master's configuration.
"""

import json
import sys

import salt.config
import salt.utils.event


def main() -> None:
    """Follow the bus until killed."""
    options = salt.config.master_config(sys.argv[1] + "/master")
    bus = salt.utils.event.get_event(
        "master", sock_dir=options["sock_dir"], opts=options, listen=True
    )
    if not bus.connect_pub(timeout=20):
        sys.exit("the master's bus does not answer")
    print(json.dumps("ready"), flush=True)
    while True:
        event = bus.get_event(wait=5, full=True, auto_reconnect=True)
        if event:
            print(json.dumps([event["tag"], event["data"]], default=repr), flush=True)


if __name__ == "__main__":
    main()
