"""
The txsalt-cli command: pick the sub-command, run it, turn what it raises into words and an exit
code.

stdout is data, stderr is talk. A user's mistake never shows a traceback.
"""

import gc
import importlib
import io
import os
import sys
from contextlib import suppress

from txsalt import __version__

# A first word that is one of these is a sub-command; a minion of that name is reached with -L NAME.
# Each has a file of its own with ``main(argv)``; a line here is all that it needs. Without a text
# it is for programs, and no help names it.
COMMANDS = {
    "job": ("txsalt.cli.job", "list, show, wait for, kill, repeat and export jobs"),
    "key": ("txsalt.cli.key", "list, accept, reject, delete and show keys of minions"),
    "token": ("txsalt.cli.token", "make, list and revoke tokens"),
    "acl": ("txsalt.cli.acl", "say who may do what, and which rule decides"),
    "event": ("txsalt.cli.event", "watch the event bus, fire events"),
    "call": ("txsalt.cli.call", "run a function on this machine, as its minion"),
    "swarm": ("txsalt.cli.swarm", "be many minions at once, to see what a master can take"),
    "status": ("txsalt.cli.status", "show which minions are up, and since when"),
    "why": ("txsalt.cli.why", "say why minions have not answered a job"),
    "run": ("txsalt.cli.run", "run Salt's runners jobs.* and manage.* by name"),
    "completion": ("txsalt.cli.completion", "print the completion script of a shell"),
    "__complete": ("txsalt.cli.complete", ""),
}
RUN = "txsalt.cli.run_job"

# Imports make a hundred thousand objects that stay; to look for garbage among them takes 10 ms.
_GARBAGE_THRESHOLD = 100_000


def commands() -> dict[str, str]:
    """Return every command for people, and what it does."""
    return {name: text for name, (_, text) in COMMANDS.items() if text}


def main(argv: list[str]) -> int:
    """Run the command line ``argv`` (without the program's name) and return the exit code."""
    if argv == ["--version"]:
        print(f"txsalt {__version__}")  # what the parsers say, without the time to make one
        return 0
    # Not above: the threshold of ``run`` is to count for them, too.
    from txsalt.errors import LocalError, RemoteError
    from txsalt.jobs import exit_codes

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that cannot show a sign gets its number, and the user the rest.
            stream.reconfigure(errors="backslashreplace")
    try:
        code = int(importlib.import_module(_module_for(argv)).main(argv))
        sys.stdout.flush()
        return code
    except (LocalError, RemoteError) as exc:
        from txsalt.outputters.text import printable

        _say(printable(str(exc)))
        return exit_codes.of_error(exc)
    except KeyboardInterrupt:
        _say("interrupted")
        return exit_codes.INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away: nothing is left to say, and nobody to say it to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exit_codes.BROKEN_PIPE
    except OSError as exc:
        # Such as a full disk below our output; what is ours to open has errors of its own.
        where = f"{exc.filename}: " if exc.filename else ""
        _say(f"cannot go on: {where}{exc.strerror or exc}")
        return exit_codes.of_error(exc)


def run() -> None:
    """Entry point of the console script."""
    gc.set_threshold(_GARBAGE_THRESHOLD)
    _open_missing_streams()
    try:
        code = main(sys.argv[1:])
    except Exception:
        code = _bug()
    with suppress(OSError):
        sys.stderr.flush()
    # Nothing is left to clean up, and an orderly shutdown of the interpreter takes 10 ms.
    os._exit(code)


def _say(text: str) -> None:
    # Nobody may be there to read it, and the exit code still counts.
    with suppress(OSError):
        print(f"txsalt-cli: {text}", file=sys.stderr)


def _bug() -> int:
    """Show what only a mistake of ours can have raised, for whoever reports it."""
    import traceback

    from txsalt.jobs import exit_codes

    with suppress(OSError):
        traceback.print_exc()
    _say("that is a bug in txsalt; please report it with the lines above")
    return exit_codes.SOFTWARE


def _open_missing_streams() -> None:
    """Write into nothing, and read nothing, where the caller closed a stream (``>&-``)."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            # In this order they get the numbers that are theirs, which no socket must have.
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115 - as long as we live


def _module_for(argv: list[str]) -> str:
    words = iter(argv)
    for word in words:
        if word in ("-c", "--config-dir"):
            next(words, None)
        elif word.startswith("-"):
            # Options of a job come first: it is no sub-command.
            if not word.startswith(("-c", "--config-dir=")):
                return RUN
        else:
            return COMMANDS[word][0] if word in COMMANDS else RUN
    return RUN
