"""Options that name returners, and how the result of ``txsalt-cli call`` gets to them."""

import argparse
import sys
from typing import Any  # results and options of returners hold any value

from txsalt.cli.options import a_map


def add(made: argparse._ActionsContainer) -> None:
    """Add the options."""
    made.add_argument(
        "--return", dest="ret", default="", metavar="RETURNER", help="also return to; a,b for two"
    )
    made.add_argument(
        "--return-config", "--return_config", metavar="PREFIX",
        help="the returner's options are those that begin with PREFIX.",
    )  # fmt: skip
    made.add_argument(
        "--return-kwargs", "--return_kwargs", type=a_map, metavar="MAP",
        help="options of the returner for this job",
    )  # fmt: skip


def chosen(options: argparse.Namespace) -> dict[str, Any]:
    """Give what is said of how to return, as fields of a job."""
    known = {"ret_config": options.return_config, "ret_kwargs": options.return_kwargs}
    return {name: value for name, value in known.items() if value}


def deliver(options: argparse.Namespace, context: Any, ret: dict[str, Any]) -> None:
    """
    Give ``ret`` to the returners of the command line and of the minion's file.

    Each is tried once; one that does not take it is told of on standard error, and changes neither
    the exit code nor what the master gets. ``context`` is that of the job.
    """
    of_minion = context.config.get("returners")
    if not (options.ret or of_minion):
        return  # as most calls do, which need not load what follows
    from txsalt.jobs.returner_names import names_in

    for name in dict.fromkeys([*names_in(options.ret), *names_in(of_minion)]):
        from txsalt.minion.jobrunner import deliver as delivery

        load = {"returner": name, "rets": [{**ret, **chosen(options)}]}
        (outcome,) = delivery.run(load, context)["return"]
        if outcome is not None:
            reason = outcome.get("refused") or outcome.get("failed")
            print(f"txsalt-cli: {name} did not take the result: {reason}", file=sys.stderr)
