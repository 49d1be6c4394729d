"""``txsalt-cli token``: make, list and revoke tokens, which let programs do some things."""

import argparse
import re
import sys
from datetime import UTC, datetime
from typing import Any  # what the master tells of a token

from txsalt.cli import login_options
from txsalt.cli.options import Parser, parser
from txsalt.client.session import Session
from txsalt.errors import RequestRefused
from txsalt.jobs import exit_codes
from txsalt.outputters.text import printable

_EPILOG = """\
examples:
  txsalt-cli token create --user deploy --function 'state.apply' --target 'web*' --expire 90d
  txsalt-cli token create -a pam --function 'test.*' --expire 1h
  txsalt-cli token list
  txsalt-cli token revoke 1f2e3d4c5b6a

A token is printed once, when it is made, and kept nowhere. Use it with TXSALT_TOKEN.
Functions are regular expressions that fit whole names; @runner, @wheel, @jobs mean the master's.
"""
_SPAN = re.compile(r"([0-9]{1,12})([smhd])")
_LONGEST = 36525 * 86400  # seconds
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def main(argv: list[str]) -> int:
    """Run one token command."""
    made = _parser()
    options = made.parse_intermixed_args(argv)
    if "" in (*options.function, *options.target):
        made.error("an empty --function or --target would make a token that allows nothing")
    if options.action == "create" and options.eauth:
        return _create_own(options)
    session = login_options.session(options)
    try:
        if options.action == "create":
            return _create(session, options, made)
        if options.action == "list":
            return _list(session, options)
        if not options.ids:
            made.error("name the tokens to revoke by their ids; 'txsalt-cli token list' shows them")
        return _revoke(session, options.ids)
    finally:
        session.close()


def _create(session: Session, options: argparse.Namespace, made: Parser) -> int:
    if not options.user or not options.function:
        made.error("a token is for somebody (--user), and allows something (--function)")
    _show(
        session.runner(
            "token.create",
            user=options.user,
            scope=_scope(options),
            seconds=options.expire or _UNITS["d"],
            note=options.note,
        ),
        options.output,
    )
    return exit_codes.OK


def _create_own(options: argparse.Namespace) -> int:
    session = Session(options.config_dir, proof=login_options.password_of(options))
    try:
        load: dict[str, Any] = {"cmd": "mk_token", "note": options.note}
        if options.function:
            load["scope"] = _scope(options)
        if options.expire:
            load["token_expire"] = options.expire
        token = session.ask(load)
    finally:
        session.close()
    if not isinstance(token, dict):
        raise RequestRefused("it made no token; is the password right?")
    _show(token, options.output)
    return exit_codes.OK


def _scope(options: argparse.Namespace) -> list[Any]:
    own = [each for each in options.function if each.startswith("@")]
    others = [each for each in options.function if not each.startswith("@")]
    if not options.target:
        return own + others
    return own + ([{target: others} for target in options.target] if others else [])


def _list(session: Session, options: argparse.Namespace) -> int:
    found = session.runner("token.list")
    if options.output != "text":
        _write({"tokens": found}, options.output)
        return exit_codes.OK
    for each in found:
        ends = _ends(each)
        scope = "" if each["scope"] is None else f"  {_as_rule(each['scope'])}"
        note = f"  # {each['note']}" if each["note"] else ""
        # Whoever may log in chooses the note and the scope.
        about = printable(f"{each['name']} ({each['eauth']})  until {ends}{scope}{note}")
        print(f"{each['id']}  {about}".replace("\n", " "))
    return exit_codes.OK


def _as_rule(value: Any) -> str:
    """Write rules as they stand in a configuration file, on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {_as_rule(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_as_rule, value)) + "]"
    return str(value)


def _revoke(session: Session, ids: list[str]) -> int:
    unknown = [each for each in ids if not session.runner("token.revoke", id=each)]
    for each in unknown:
        print(f"txsalt-cli: there is no token {each}", file=sys.stderr)
    return exit_codes.GENERIC if unknown else exit_codes.OK


def _show(token: dict[str, Any], how: str) -> None:
    if how != "text":
        _write(token, how)
        return
    print(token["token"], flush=True)
    print(f"txsalt-cli: a token of {token['name']}, until {_ends(token)}", file=sys.stderr)


def _ends(token: dict[str, Any]) -> str:
    try:
        return datetime.fromtimestamp(token["expire"], UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return "the end of time"  # no calendar has that year


def _write(value: dict[str, Any], how: str) -> None:
    from txsalt.outputters.render import render

    print(render(value, how))


def _span(text: str) -> int:
    match = _SPAN.fullmatch(text)
    span = int(match[1]) * _UNITS[match[2]] if match is not None else 0
    if not 0 < span <= _LONGEST:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no span of time up to a century: say 30m, 12h, 90d"
        )
    return span


def _parser() -> Parser:
    made = parser("txsalt-cli token", "Make, list and revoke tokens.", _EPILOG)
    made.add_argument("command", choices=["token"], help=argparse.SUPPRESS)
    made.add_argument("action", choices=["create", "list", "revoke"], help="what to do")
    made.add_argument("ids", nargs="*", metavar="ID", help="revoke: which")
    made.add_argument("--user", metavar="NAME", help="create: whom the token stands for")
    made.add_argument(
        "--function", action="append", default=[], metavar="REGEX", help="create: what it allows"
    )
    made.add_argument(
        "--target", action="append", default=[], metavar="TARGET",
        help="create: on which minions (a compound target; default: all)",
    )  # fmt: skip
    made.add_argument("--expire", type=_span, metavar="SPAN", help="create: such as 12h (1d)")
    made.add_argument("--note", default="", metavar="TEXT", help="create: what it is for")
    made.add_argument("--out", dest="output", choices=["text", "json", "yaml"], default="text")
    login_options.add(made)
    return made
