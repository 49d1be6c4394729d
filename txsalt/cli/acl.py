"""``txsalt-cli acl explain``: say whether a user may run a function, and which rule decides."""

import argparse
from typing import Any  # arguments are what words stand for

from txsalt.cli.options import Parser, parser
from txsalt.client.session import Session
from txsalt.jobs import exit_codes
from txsalt.jobs.arguments import parse_words

_EPILOG = """\
examples:
  txsalt-cli acl explain bob 'web*' test.ping
  txsalt-cli acl explain alice 'G@os:Debian' state.apply nginx --type compound -a pam
  txsalt-cli acl explain alice - jobs.list_jobs --runner -a pam

The exit code is 0 if it is allowed, 1 if not.
"""


def main(argv: list[str]) -> int:
    """Explain one decision; return 0 if it is a yes."""
    options = _parser().parse_intermixed_args(argv)
    arguments: dict[str, Any] = {
        "user": options.user,
        "tgt": options.target.split(",") if options.tgt_type == "list" else options.target,
        "tgt_type": options.tgt_type,
        "function": options.function,
        "words": parse_words(options.words),
        "form": options.form,
        "eauth": options.eauth,
    }
    if options.group:
        arguments["groups"] = options.group
    session = Session(options.config_dir)
    try:
        told = session.runner("acl.explain", **arguments)
    finally:
        session.close()
    if options.output != "text":
        from txsalt.outputters.render import render

        print(render(told, options.output))
    else:
        _say(told, options)
    return exit_codes.OK if told["allowed"] else exit_codes.GENERIC


def _say(told: dict[str, Any], options: argparse.Namespace) -> None:
    word = "may" if told["allowed"] else "may not"
    print(f"{options.user} {word} run {options.function}")
    if told["rule"]:
        print(f"rule:     {told['rule']}")
    if told["reason"]:
        print(f"reason:   {told['reason']}")
    if options.form == "job":
        minions = told["minions"]
        more = f" and {len(minions) - 10} more" if len(minions) > 10 else ""
        print(f"minions:  {', '.join(minions[:10]) or 'none'}{more}")
    if not told["allowed"]:
        for rule in told["rules"] or ["none is meant for this user"]:
            print(f"of rules: {rule}")


def _parser() -> Parser:
    made = parser("txsalt-cli acl", "Say who may do what, and why.", _EPILOG)
    made.unknown_option_hint = "; --type says what TARGET is: list, grain, compound, …"
    made.add_argument("command", choices=["acl"], help=argparse.SUPPRESS)
    made.add_argument("action", choices=["explain"], help="what to do")
    made.add_argument("user", metavar="USER", help="a user; sudo_NAME for NAME through sudo")
    made.add_argument("target", metavar="TARGET", help="whom it is about ('-' for --runner)")
    made.add_argument("function", metavar="FUNCTION", help="what is to be run")
    made.add_argument("words", nargs="*", metavar="ARGUMENT", help="its arguments")
    made.add_argument(
        "-a", "--auth", "--eauth", dest="eauth", default="", metavar="EAUTH",
        help="by external_auth (pam, file) instead of publisher_acl",
    )  # fmt: skip
    made.add_argument(
        "--group", action="append", metavar="NAME", help="as a member of this group (with -a)"
    )
    made.add_argument(
        "--type", dest="tgt_type", default="glob", metavar="TYPE",
        help="what TARGET is: glob, list, pcre, grain, compound, … (glob)",
    )  # fmt: skip
    form = made.add_mutually_exclusive_group()
    for name in ("runner", "wheel"):
        form.add_argument(
            f"--{name}", dest="form", action="store_const", const=name, default="job",
            help=f"FUNCTION is a {name} function of the master",
        )  # fmt: skip
    made.add_argument("--out", dest="output", choices=["text", "json", "yaml"], default="text")
    return made
