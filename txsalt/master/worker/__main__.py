"""
The worker program of a master: ``python -P -m txsalt.master.worker``, descriptors 3 and 4 open.

Interactions: it imports what workers need and forks one for each that the daemon asks for. The
daemon says hello to each with configuration and secrets; requests come one at a time over a REP
socket, and each is answered before the next is taken. ``drain``, SIGTERM and the end of its
descriptor end a worker between two requests.

Source: docs/architecture.md, "Frames on descriptors 3 and 4".
"""

import logging
import os
import sys

from txsalt.errors import LocalError, RemoteError
from txsalt.master.worker import logs
from txsalt.master.worker.loop import WorkerLoop
from txsalt.master.worker.nursery import Nursery

READ_FD, WRITE_FD = 3, 4


def work(read_fd: int, write_fd: int) -> int:
    """Be one worker until told to stop; return the exit code."""
    try:
        return WorkerLoop(read_fd, write_fd).run()
    except (LocalError, RemoteError) as exc:
        logging.getLogger(__package__).error("%s", exc)
        return 1
    except Exception:
        logging.getLogger(__package__).exception("a bug ended a worker")
        return 1
    finally:
        logging.shutdown()


def main() -> None:
    """Fork workers until the daemon is gone."""
    logs.start()
    Nursery(work, READ_FD, WRITE_FD).serve()
    logging.shutdown()
    # Nothing is left to tear down here.
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
