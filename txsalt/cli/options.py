"""Options that every sub-command has."""

import argparse
import math
from typing import NoReturn

from txsalt import __version__
from txsalt.client.local_client import DEFAULT_CONFIG_DIR
from txsalt.jobs import exit_codes

# Longer than any job; a poll takes milliseconds in 32 bits.
MOST_SECONDS = 2_000_000.0


class Parser(argparse.ArgumentParser):
    """An argument parser that ends with the documented exit code for a wrong command line."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and how to get help."""
        self.exit(exit_codes.USAGE, f"{self.prog}: {message}\nSee '{self.prog} --help'.\n")


def seconds(text: str) -> float:
    """Read an option that is a number of seconds: finite, not negative."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= MOST_SECONDS:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return value


def parser(prog: str, description: str, epilog: str = "") -> Parser:
    """Return a parser with the common options."""
    made = Parser(
        prog=prog,
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    made.add_argument(
        "-c",
        "--config-dir",
        metavar="DIR",
        default=DEFAULT_CONFIG_DIR,
        help="folder of the master's configuration (default: %(default)s)",
    )
    made.add_argument("--version", action="version", version=f"txsalt {__version__}")
    return made
