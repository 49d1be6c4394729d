"""
The worker program of a master: ``python -P -m txsalt.master.worker``, descriptors 3 and 4 open.

Interactions: the daemon says hello with configuration and secrets; requests come one at a time
over a REP socket, and each is answered before the next is taken. ``drain``, SIGTERM and the end of
descriptor 3 end the program between two requests.

Source: docs/architecture.md, "Frames on descriptors 3 and 4".
"""

import logging
import os
import signal
import sys

from txsalt.errors import LocalError, RemoteError
from txsalt.master.worker import logs

READ_FD, WRITE_FD = 3, 4


def main() -> int:
    """Serve until told to stop; return the exit code."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the daemon's to handle
    logs.start()
    from txsalt.master.worker.loop import WorkerLoop

    try:
        return WorkerLoop(READ_FD, WRITE_FD).run()
    except (LocalError, RemoteError) as exc:
        logging.getLogger(__package__).error("%s", exc)
        return 1


if __name__ == "__main__":
    code = main()
    logging.shutdown()
    # Nothing is left to tear down: sockets are closed, the store commits each statement.
    sys.stderr.flush()
    os._exit(code)
