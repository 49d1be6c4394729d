"""
``txsalt-cli call FUNCTION [ARGUMENTS]``: run a function on this machine, as its minion.

Interactions: with ``--local`` no master is needed, and files and pillar come from folders of this
machine; without, what the function asks of the master is asked with the minion's key, and the
result is returned to the master, too. A minion may run meanwhile or not.

Source: Salt 3008.3, cli/caller.py; PROTOCOL section 12.3 (the jid "req").
"""

import argparse
import logging
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol  # Any: facts and results hold any value

from txsalt.cli import output_options, returner_options
from txsalt.cli.options import (
    Formatter,
    Parser,
    add_reading,
    add_versions,
    arguments,
    parse_with_stdin,
)
from txsalt.cli.output_options import Printer
from txsalt.client.places import DEFAULT_CONFIG_DIR
from txsalt.config.read import read_minion
from txsalt.errors import LocalError, MasterUnreachable, RemoteError
from txsalt.jobs import exit_codes, jid
from txsalt.jobs.errors import CommandExecutionError
from txsalt.jobs.lazy import LazyDict
from txsalt.light import define
from txsalt.minion.jobrunner import execute
from txsalt.outputters.render import NAMES

_LEVELS = ("debug", "info", "warning", "error", "quiet")
_EPILOG = """\
examples:
  txsalt-cli call test.ping
  txsalt-cli call --local grains.get os --out json
  txsalt-cli call --local --file-root ./salt --pillar-root ./pillar pillar.items
"""

Facts = dict[str, Any]


class Daemon(Protocol):
    """What answers the function's questions."""

    def call(self, name: str, arguments: dict[str, Any]) -> object:
        """Answer one of the calls a job may make."""


@define
class Here:
    """The context of the call; see ``minion.jobrunner.context.JobContext``."""

    config: Facts
    grains: Facts
    pillar: Facts
    jid: str
    daemon: Daemon

    def call(self, name: str, arguments: dict[str, Any]) -> object:
        """Answer a question of the function's. Raises CommandExecutionError."""
        try:
            return self.daemon.call(name, arguments)
        except (RemoteError, LocalError) as exc:
            raise CommandExecutionError(str(exc)) from exc


def main(argv: list[str]) -> int:
    """Run one function; return 0, or 1 (with --retcode-passthrough its code) if it failed."""
    made = _parser()
    options = parse_with_stdin(made, argv)
    if not options.words and not options.grains:
        made.error("a function is needed, such as test.ping")
    _log(options.log_level)
    config = _config(options)
    if options.local:
        with output_options.printing(options) as printer:
            return _run(options, config, printer, _masterless(config))
    master = _at_master(config)
    try:
        # First: a function that did its work for nobody to hear of would be run again.
        master.arrive()
        with output_options.printing(options) as printer:
            return _run(options, config, printer, master, master.request)
    finally:
        master.close()


def _run(
    options: argparse.Namespace,
    config: Facts,
    printer: Printer,
    daemon: Daemon,
    tell: Callable[[Facts], object] | None = None,
) -> int:
    grains = LazyDict(lambda: _grains(config))
    number = jid.make(datetime.now(UTC))
    here = Here(config, grains, {}, number, daemon)
    here.pillar = LazyDict(lambda: _pillar(config, grains, here))
    function, *words = ["grains.items"] if options.grains else options.words
    arg = arguments(words, options.no_parse)
    load = {"fun": function, "arg": arg, "jid": number, "pid": os.getpid()}
    load["tgt"] = "salt-call"  # what modules of Salt's users may look for
    result = execute.run(load, here, blackout=False)
    about: Facts = {"jid": number, "fun": function, "fun_args": words, "id": config["id"]}
    code = _exit_code(result["retcode"], options.retcode_passthrough)
    if printer.how in (output_options.LINES, output_options.DOCUMENT):
        # Here, as few calls need it.
        from txsalt.cli import call_json

        call_json.write(printer, {**about, **result}, code)
    else:
        _print(printer, options.metadata, result, about)
    stamp = datetime.now(UTC).isoformat()
    returner_options.deliver(options, here, {**about, **result, "_stamp": stamp})
    if tell is not None:
        shown = {name: value for name, value in result.items() if name != "success"}
        _return(config, tell, {"cmd": "_return", **shown, **about, "jid": "req"})
    return code


def _return(config: Facts, tell: Callable[[Facts], object], load: Facts) -> None:
    """Give the result to the master, or to the minion daemon. Raises MasterUnreachable."""
    try:
        tell(load)
    except MasterUnreachable as exc:
        # Here, as few calls need them.
        from txsalt.client.own_minion import NoMinion, NotGranted, hand_over_return

        try:
            hand_over_return(config, load)
        except (NoMinion, NotGranted) as why:
            print(f"txsalt-cli: the result does not wait for the master: {why}", file=sys.stderr)
            raise exc from why
        print(
            f"txsalt-cli: {exc}; the minion daemon keeps the result until the master takes it",
            file=sys.stderr,
        )


def _print(printer: Printer, metadata: bool, result: Facts, about: Facts) -> None:
    if metadata:
        about = {name: value for name, value in about.items() if name != "id"}
        printer.show({"local": {**about, **result}})
        return
    wished = result.get("out")
    printer.show({"local": result["return"]}, wished if wished in NAMES else "nested")


def _exit_code(retcode: object, passthrough: bool) -> int:
    if passthrough and isinstance(retcode, int):
        return retcode & 0xFF
    return exit_codes.GENERIC if retcode else exit_codes.OK


def _config(options: argparse.Namespace) -> Facts:
    read, warnings = read_minion(options.config_dir)
    for warning in [] if options.local else warnings:
        print(f"txsalt-cli: {warning}", file=sys.stderr)
    config = read.as_map()
    if options.id:
        config["id"] = options.id
    if options.module_dirs:
        config["module_dirs"] = [*options.module_dirs, *config["module_dirs"]]
    for name, folders in (("file_roots", options.file_root), ("pillar_roots", options.pillar_root)):
        if folders:
            config[name] = {**config[name], "base": [os.path.realpath(each) for each in folders]}
    if options.local:
        config["file_client"] = "local"
    return config


def _masterless(config: Facts) -> Daemon:
    from txsalt.client.masterless import Masterless

    return Masterless(config)


def _at_master(config: Facts) -> Any:
    from txsalt.client.at_master import AtMaster
    from txsalt.minion.daemon.keys import KeyFiles
    from txsalt.minion.daemon.patience import tell

    keys = KeyFiles(
        pki_dir=config["pki_dir"],
        keysize=config["keysize"],
        passphrase=config["key_pass"],
        group_may_read=config["permissive_pki_access"],
        signing_key_name=os.path.basename(config["master_sign_key_name"]),
    )

    def explain(outcome: Any, master: str, finger: str) -> str:
        return tell(outcome, master=master, finger=finger, master_path=keys.master_path).text

    return AtMaster(config, keys, explain)


def _grains(config: Facts) -> Facts:
    from txsalt.minion.grains.collect import collect

    return collect(config)


def _pillar(config: Facts, grains: Facts, daemon: Here) -> Facts:
    load = {
        "cmd": "_pillar",
        "grains": dict(grains),
        "saltenv": config["saltenv"],
        "pillarenv": config["pillarenv"],
        "pillar_override": {},
        "extra_minion_data": {},
        "ver": "2",
    }
    found = daemon.call("request", {"load": load})
    if not isinstance(found, dict):
        raise CommandExecutionError("the master sent something that is no pillar")
    return found


def _log(level: str) -> None:
    if level == "quiet":
        logging.disable(logging.CRITICAL)
        level = "critical"
    logging.basicConfig(stream=sys.stderr, format="%(message)s", level=level.upper())


def _parser() -> Parser:
    made = Parser(
        prog="txsalt-cli call",
        description="Run a function on this machine, as its minion.",
        epilog=_EPILOG,
        formatter_class=Formatter,
        allow_abbrev=False,
    )
    add_versions(made)
    made.salt_program = "salt-call"
    made.add_argument("command", choices=["call"], help=argparse.SUPPRESS)
    made.add_argument(
        "words", nargs="*", metavar="FUNCTION [ARGUMENT]", help="what to run, with what"
    )
    made.add_argument(
        "-c",
        "--config-dir",
        metavar="DIR",
        default=DEFAULT_CONFIG_DIR,
        help="folder of the minion's configuration (default: %(default)s)",
    )
    made.add_argument("--local", action="store_true", help="ask no master, tell no master")
    made.add_argument("--id", default="", help="be the minion of this name")
    made.add_argument("-g", "--grains", action="store_true", help="print the grains")
    for name, what in (("file", "files (salt://)"), ("pillar", "pillar")):
        made.add_argument(
            f"--{name}-root", action="append", metavar="DIR", help=f"--local: {what} from here"
        )
    made.add_argument(
        "-m", "--module-dirs", action="append", metavar="DIR", help="more folders with modules"
    )
    made.add_argument(
        "-l", "--log-level", choices=_LEVELS, default="warning", help="what is told on stderr"
    )
    made.add_argument(
        "--retcode-passthrough", action="store_true", help="exit with the function's own code"
    )
    add_reading(made)
    returner_options.add(made)
    output = output_options.add_writing(made, output_options.FORMS)
    output.add_argument("--metadata", action="store_true", help="print retcode and the like, too")
    return made
