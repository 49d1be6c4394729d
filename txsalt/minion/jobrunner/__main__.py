"""
Start the zygote: ``python -P -m txsalt.minion.jobrunner``, by the minion daemon only.
"""

import argparse
import importlib
import logging
import os
import sys

from txsalt.minion.jobrunner.child import Execute
from txsalt.minion.jobrunner.zygote import Zygote

_DEFAULT = "txsalt.minion.jobrunner.execute:run"


def main(arguments: list[str]) -> None:
    """Serve until the daemon is gone."""
    parser = argparse.ArgumentParser(description="fork jobs for the minion daemon")
    parser.add_argument("--execute", default=_DEFAULT, help="module:function that runs a job")
    options = parser.parse_args(arguments)
    # What jobs print goes where our log lines go; the protocol has descriptors of its own.
    os.dup2(2, 1)
    logging.basicConfig(stream=sys.stderr, format="%(message)s", level=logging.INFO)
    Zygote(_load(options.execute), 3, 4).serve()


def _load(name: str) -> Execute:
    """Import what runs a job before the first fork, so that every job has it warm."""
    module_name, _, function = name.partition(":")
    module = importlib.import_module(module_name)
    if hasattr(module, "preload"):
        module.preload()
    return getattr(module, function)


if __name__ == "__main__":
    main(sys.argv[1:])
