"""The options that say who asks, shared by commands that ask the master."""

import argparse
import sys
from typing import TYPE_CHECKING

from txsalt.cli.options import Parser

if TYPE_CHECKING:
    from txsalt.client.credentials import Proof
    from txsalt.client.session import Session


# The process ends them, which is quicker than to take their sockets down one by one.
_opened: "list[Session]" = []


def add(made: Parser) -> None:
    """Add the options."""
    made.set_defaults(complain=made.error)
    login = made.add_argument_group("who asks (default: the user who runs this)")
    login.add_argument(
        "-a", "--auth", "--eauth", "--external-auth", dest="eauth", metavar="EAUTH",
        help="log in with a password that EAUTH knows: pam or file (see external_auth)",
    )  # fmt: skip
    login.add_argument("--username", metavar="NAME", help="log in as NAME (default: this user)")
    login.add_argument(
        "--password", metavar="TEXT", help="others on this machine can see it; better be asked"
    )
    login.add_argument(
        "-T", "--make-token", action="store_true",
        help="with -a: log in once, and keep a token in ~/.txsalt_token for the next time",
    )  # fmt: skip
    login.add_argument(
        "--token",
        metavar="TOKEN",
        help="better in the environment, TXSALT_TOKEN, which others do not see",
    )


def session(options: argparse.Namespace) -> "Session":
    """
    Open a session as who the options say.

    Ends the program for options that do not go together. Raises as ``Session.ask``.
    """
    from txsalt.client.session import Session

    session = Session(options.config_dir, proof=proof(options))
    _opened.append(session)
    return session


def proof(options: argparse.Namespace) -> "Proof | None":
    """
    Return what the user logs in with, None for what there is without options.

    Ends the program for options that do not go together. Raises as ``Session.ask``.
    """
    if not (options.eauth or options.token or options.make_token):
        for name in ("username", "password"):
            if getattr(options, name) is not None:
                # Else root, who asks what bob may do, does it as root.
                options.complain(f"--{name} is part of a login: add -a pam, or -a file")
        return None
    from txsalt.client import credentials

    if options.token:
        return credentials.Token(options.token)
    if not options.eauth:
        options.complain("--make-token needs to know who you are: add -a pam, or -a file")
    if options.make_token:
        return _kept_token(options)
    return _password(options)


def password_of(options: argparse.Namespace) -> "Proof":
    """Return user and password of ``-a``; the password is asked for if it is not given."""
    return _password(options)


def _password(options: argparse.Namespace) -> "Proof":
    import getpass

    from txsalt.client.credentials import Password

    try:
        user = options.username or getpass.getuser()
    except (KeyError, OSError):
        options.complain("nobody knows the name of this user: say it with --username")
    password = options.password
    try:
        if password is None and sys.stdin.isatty():
            password = getpass.getpass(f"password of {user}: ")
        elif password is None:
            password = sys.stdin.readline().rstrip("\n")
    except EOFError:
        options.complain("no password was given")
    except UnicodeDecodeError:
        options.complain("the password is no text in UTF-8")
    return Password(options.eauth, user, password)


def _kept_token(options: argparse.Namespace) -> "Proof":
    from txsalt.client import credentials
    from txsalt.client.session import Session
    from txsalt.errors import RequestRefused

    kept = credentials.stored_token()
    if kept is not None:
        session = Session(options.config_dir, proof=kept)
        known = session.ask({"cmd": "get_token"})
        session.close()
        wanted = options.username
        if known and known.get("eauth") == options.eauth and wanted in (None, known.get("name")):
            return kept
    session = Session(options.config_dir, proof=_password(options))
    made = session.ask({"cmd": "mk_token"})
    session.close()
    if not isinstance(made, dict) or not isinstance(made.get("token"), str):
        raise RequestRefused("it made no token; is the password right?")
    path = credentials.store_token(made["token"])
    print(f"txsalt-cli: the token is kept in {path}", file=sys.stderr)
    return credentials.Token(made["token"])
