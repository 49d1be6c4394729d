"""``txsalt-cli swarm``: virtual minions, to see what a master can take."""

import json
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path

from attrs import asdict, fields_dict

from txsalt.cli.options import Parser
from txsalt.client.place_of_master import place_of_master
from txsalt.jobs import exit_codes
from txsalt.swarm import plan as plans
from txsalt.swarm.run import Say, run

_WORDS = {
    "host": ("HOST", "the master"),
    "port": ("PORT", "its request port; it tells the port of publications itself"),
    "minions": ("N", "how many virtual minions"),
    "prefix": ("TEXT", "their ids are this and a number"),
    "keys": ("N", "key pairs that they share; 0: one pair for each (50 ms to make, kept)"),
    "key_bits": ("BITS", "size of the keys"),
    "connections": ("N", "connections for requests; one request at a time on each"),
    "window": ("N", "requests under way at most; 0: as many as connections"),
    "timeout": ("SECONDS", "until a request without a reply is given up"),
    "patience": ("SECONDS", "how long those whose keys are pending ask again"),
    "think": ("SECONDS", "mean time between hearing a job and returning, or between requests"),
    "payload": ("BYTES", "size of the text in each return; 0: just true"),
    "silent": ("RATE", "share of answers never given"),
    "late": ("RATE", "share of answers given late"),
    "late_by": ("SECONDS", "how late those are"),
    "wrong": ("RATE", "share of requests sealed with a wrong key, which must be refused"),
    "failed": ("RATE", "share of returns that tell of a failure"),
    "total": ("N", "flood: how many requests; 0: one for each minion"),
    "batch": ("N", "flood of events: how many in each request"),
    "jobs": ("N", "answer: end when so many jobs are answered; 0: when the time is over"),
    "duration": ("SECONDS", "end after this time"),
    "jids": ("JID,…", "flood: return for these jobs; empty: for jobs that nobody published"),
    "seed": ("N", "of the random numbers that choose who fails and how"),
}
_PATHS = {
    "key_dir": "folder that keeps the key pairs (default: in the user's cache folder)",
    "pki_dir": "folder of the master's keys, on this machine: accept the minions first",
    "ready_file": "answer: make this file when all are signed in and subscribed",
}
_SWITCHES = {
    "keep_keys": "leave the keys that --pki-dir accepted",
    "known_master": "ask with a token, as minions do that know the master (needs --pki-dir)",
    "topics": "subscribe as minions of txsalt do, to what is for them",
}
_CHOICES = {
    "kind": (plans.KINDS, "flood: what to send"),
    "subscribe": (plans.SUBSCRIPTIONS, "one subscription for all minions, or a real one for each"),
}
_MODES = """modes:
  sign-in   everybody signs in once, as fast as the master allows
  flood     sign in, then send returns or events that nobody asked for
  answer    sign in, subscribe, and answer the jobs that the master publishes

The report is one JSON document on standard output. The exit code is 0 if every
minion got in and the master answered every request that reached its turn.
Ctrl-C ends a run early, with a report; pressed twice, without one.
"""


def main(argv: list[str]) -> int:
    """Run the swarm and print its report; 0 if all got in and no request stayed unanswered."""
    report = run(plan_of(argv), _progress())
    print(json.dumps(report, indent=1))
    failed = report["not_accepted"] or report["unanswered"]
    return exit_codes.GENERIC if failed else exit_codes.OK


def plan_of(argv: list[str]) -> plans.Plan:
    """Return what a command line asks for; raises ConfigError, or SystemExit with usage."""
    parser = _parser()
    words = vars(parser.parse_args(argv))
    if words["config_dir"] is not None:
        parser.set_defaults(**asdict(place_of_master(words["config_dir"])))
        words = vars(parser.parse_args(argv))
    del words["command"], words["config_dir"]
    return plans.Plan(**words)


def _progress() -> Say:
    if not sys.stderr.isatty():
        return lambda text: None
    return lambda text: print(f"swarm: {text}", file=sys.stderr, flush=True)


def _parser() -> ArgumentParser:
    made = Parser(
        prog="txsalt-cli swarm",
        description="Be many minions at once.",
        epilog=_MODES,
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    defaults = {name: each.default for name, each in fields_dict(plans.Plan).items()}
    made.add_argument(
        "-c",
        "--config-dir",
        metavar="DIR",
        help="folder of the configuration of a master on this machine, which tells --host, --port "
        "and --pki-dir",
    )
    made.add_argument("command", choices=["swarm"], help="this command")
    made.add_argument("mode", choices=plans.MODES, help="what to do, see below")
    for name, (shown, text) in _WORDS.items():
        made.add_argument(
            _dashed(name),
            metavar=shown,
            type=type(defaults[name]),
            default=defaults[name],
            help=f"{text} (default: %(default)s)",
        )
    for name, text in _PATHS.items():
        made.add_argument(_dashed(name), metavar="PATH", type=Path, help=text)
    for name, text in _SWITCHES.items():
        made.add_argument(_dashed(name), action="store_true", help=text)
    for name, (choices, text) in _CHOICES.items():
        made.add_argument(
            _dashed(name), choices=choices, default=defaults[name], help=f"{text}: %(default)s"
        )
    return made


def _dashed(name: str) -> str:
    return "--" + name.replace("_", "-")
