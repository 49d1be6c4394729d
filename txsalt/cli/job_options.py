"""The words and options of ``txsalt-cli TARGET FUNCTION [ARGUMENTS]``, and the job they mean."""

import argparse
from typing import Any  # metadata is any map

from txsalt.cli import batch_options, login_options, output_options, returner_options
from txsalt.cli.options import (
    Parser,
    a_map,
    add_reading,
    arguments,
    count,
    did_you_mean,
    parser,
    seconds,
)
from txsalt.client.steps import Job, split_list
from txsalt.errors import LocalError

# Option letters and names are those that Salt's users type; the value is the wire's tgt_type.
_TARGETS = (
    ("-E", "--pcre", "pcre", "TARGET is a regular expression on the id"),
    ("-L", "--list", "list", "TARGET is a list of ids, separated by commas or blanks"),
    ("-G", "--grain", "grain", "TARGET is GRAIN:GLOB"),
    ("-P", "--grain-pcre", "grain_pcre", "TARGET is GRAIN:REGEX"),
    ("-I", "--pillar", "pillar", "TARGET is PILLAR:GLOB"),
    ("-J", "--pillar-pcre", "pillar_pcre", "TARGET is PILLAR:REGEX"),
    ("-C", "--compound", "compound", "TARGET combines several with and, or, not"),
    ("-S", "--ipcidr", "ipcidr", "TARGET is an address or a network"),
    ("-N", "--nodegroup", "nodegroup", "TARGET is the name of a nodegroup"),
    ("-R", "--range", "range", "TARGET is a range that a plug-in of the master knows"),
)
_EPILOG = """\
examples:
  txsalt-cli '*' test.ping
  txsalt-cli -G os:Debian cmd.run 'uptime' --out txt
  txsalt-cli -C 'web* and not G@os:Debian' pkg.version nginx --out json --static
  txsalt-cli '*' test.ping,test.echo , hello
  txsalt-cli '*' --subset 3 --seed 7 --preview-target

other commands (see 'txsalt-cli COMMAND --help'; a minion of such a name: -L NAME):
"""


class UsageError(LocalError):
    """Words that do not go together; the message says what to write."""


def make_parser(commands: dict[str, str]) -> Parser:
    """Return the parser; ``commands`` maps other commands to what they do, for the help."""
    listed = "".join(f"  {name:<11} {text}\n" for name, text in commands.items())
    made = parser(
        "txsalt-cli", "Run a function on the minions that match a target.", _EPILOG + listed
    )
    # All options would fill a screen; the list below has them.
    made.usage = "%(prog)s [OPTION ...] TARGET FUNCTION [ARGUMENT ...]"
    made.unknown_option_hint = (
        "; an argument that begins with '-' goes behind '--', a command with options in quotes"
    )
    made.salt_program = "salt"
    made.add_argument(
        "words", nargs="*", metavar="TARGET FUNCTION [ARGUMENT]", help="what to run where"
    )
    _add_targets(made)
    output_options.add(made)
    batch_options.add(made)
    _add_waiting(made)
    returner_options.add(made)
    made.add_argument(
        "-d", "--doc", "--documentation", action="store_true",
        help="show what functions do: TARGET [FUNCTION …] -d",
    )  # fmt: skip
    made.add_argument(
        "--metadata", type=a_map, metavar="MAP", help="travels with the job and its returns"
    )
    made.add_argument(
        "--args-separator", default=",", metavar="SIGN",
        help="parts the arguments of several functions (default: %(default)s)",
    )  # fmt: skip
    add_reading(made)
    login_options.add(made)
    return made


def _add_waiting(made: Parser) -> None:
    made.add_argument(
        "-t", "--timeout", type=seconds, metavar="SECONDS",
        help="silence before minions are asked whether they still work",
    )  # fmt: skip
    made.add_argument(
        "--deadline", type=seconds, metavar="SECONDS",
        help="wait no longer, whatever minions say; txsalt minions end the job then",
    )  # fmt: skip
    made.add_argument(
        "--async", dest="asynchronous", action="store_true", help="print the jid, do not wait"
    )
    made.add_argument(
        "--stream", action="store_true", help="show what commands write, on stderr, as it comes"
    )


def read_job(options: argparse.Namespace, commands: dict[str, str]) -> Job:
    """Return the job that is meant. Raises UsageError."""
    if options.doc and options.words:
        return _doc_job(options)
    if len(options.words) < (1 if options.preview_target else 2):
        raise UsageError("a target and a function are needed" + _hint(options.words, commands))
    target, function, *words = [*options.words, "test.ping"][: max(2, len(options.words))]
    tgt_type = options.tgt_type or "glob"
    functions = [each for each in function.split(",") if each]
    if not functions:
        raise UsageError("a function is needed, such as test.ping")
    for each in functions:
        if "." not in each.strip("."):
            raise UsageError(
                f"{each!r} is no function: those have a dot, as in test.ping"
                + _hint(options.words, commands)
            )
    if wrong := batch_options.mistake(options):
        raise UsageError(wrong)
    several = len(functions) > 1
    arg = (
        [
            arguments(part, options.no_parse)
            for part in _split(words, len(functions), options.args_separator)
        ]
        if several
        else arguments(words, options.no_parse)
    )
    return Job(
        tgt=_target(target, tgt_type),
        tgt_type=tgt_type,
        fun=functions if several else functions[0],
        arg=arg,
        delimiter=options.delimiter,
        timeout=options.timeout,
        deadline=options.deadline,
        ret=options.ret,
        extra=_extra(options),
    )


def _extra(options: argparse.Namespace) -> dict[str, Any]:
    extra = {"metadata": options.metadata} if options.metadata else {}
    extra |= returner_options.chosen(options)
    return extra | {"stream": True} if options.stream else extra


def _doc_job(options: argparse.Namespace) -> Job:
    target, *functions = options.words
    tgt_type = options.tgt_type or "glob"
    return Job(
        tgt=_target(target, tgt_type),
        tgt_type=tgt_type,
        fun="sys.doc",
        arg=functions,
        delimiter=options.delimiter,
        timeout=options.timeout,
        deadline=options.deadline,
    )


def _target(text: str, tgt_type: str) -> str | list[str]:
    return split_list(text) if tgt_type == "list" else text


def _hint(words: list[str], commands: dict[str, str]) -> str:
    return did_you_mean(words[0], commands) if words else ""


def _split(words: list[str], functions: int, sign: str = ",") -> list[list[str]]:
    """
    Share the words out among several functions, at commas.

    Commas that are words of their own count if there are enough of them; otherwise commas inside
    words part them too, as Salt has it. ``sign`` may be something else than a comma.
    """
    if not words:
        return [[] for _ in range(functions)]
    inside = words.count(sign) != functions - 1
    parts: list[list[str]] = [[]]
    for word in words:
        first, *others = word.split(sign) if inside else ["", ""] if word == sign else [word]
        parts[-1] += [first] if first else []
        for other in others:
            parts.append([other] if other else [])
    if len(parts) != functions:
        raise UsageError(
            f"the arguments of {functions} functions are parted by commas that stand alone"
            f" ({functions - 1} here), as in: test.ping,test.echo , hello"
        )
    return parts


def _add_targets(made: Parser) -> None:
    targets = made.add_argument_group("what TARGET is (default: a glob on the id)")
    kinds = targets.add_mutually_exclusive_group()
    for short, long, kind, text in _TARGETS:
        kinds.add_argument(
            short, long, dest="tgt_type", action="store_const", const=kind, help=text
        )
    targets.add_argument(
        "--delimiter", default=":", help="parts the levels of -G, -P, -I, -J (default: %(default)s)"
    )
    targets.add_argument(
        "--subset", type=count, metavar="N", help="only N of them, picked by chance"
    )
    targets.add_argument(
        "--seed", type=int, metavar="N", help="of the chance: the same N picks the same minions"
    )
    targets.add_argument(
        "--preview-target", action="store_true", help="only show who is meant, and run nothing"
    )
