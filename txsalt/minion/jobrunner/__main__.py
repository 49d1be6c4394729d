"""
Start the zygote: ``python -P -m txsalt.minion.jobrunner [MODULE]``, by the minion daemon only.

``MODULE`` runs the jobs, and is ours if nobody says another one.
"""

import importlib
import logging
import os
import sys
from typing import cast

from txsalt.minion.jobrunner.child import Work
from txsalt.minion.jobrunner.zygote import Zygote

_DEFAULT = "txsalt.minion.jobrunner.execute"


def main(arguments: list[str]) -> None:
    """Serve until the daemon is gone."""
    # What jobs print goes where our log lines go; the protocol has descriptors of its own.
    os.dup2(2, 1)
    logging.basicConfig(stream=sys.stderr, format="%(message)s", level=logging.INFO)
    Zygote(_load(arguments[0] if arguments else _DEFAULT), 3, 4).serve()


def _load(name: str) -> Work:
    """Import what runs a job before the first fork, so that every job has it warm."""
    module = importlib.import_module(name)
    if hasattr(module, "preload"):
        module.preload()
    return cast(Work, module)


if __name__ == "__main__":
    main(sys.argv[1:])
