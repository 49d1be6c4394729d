"""
Modules with a fake machine behind them: tools that answer what a test wrote down.
"""

import contextlib
import resource
from collections.abc import Iterator, Mapping
from typing import Any

from txsalt.jobs.errors import CommandExecutionError
from txsalt.loader.functions import Functions
from txsalt.loader.scan import package


class FakeTools(dict):
    """
    Stands for ``__salt__``: ``cmd.run_all`` answers by the first words of what is run.

    ``answers`` maps the beginning of a command to its output, or to (exit code, output, error).
    A command that is not in it fails as one that is not installed. ``ran`` are all commands.
    """

    def __init__(self, answers: Mapping[str, Any], **functions: Any) -> None:
        super().__init__({name.replace("__", "."): each for name, each in functions.items()})
        self.answers = answers
        self.ran: list[list[str]] = []
        self.inputs: list[str | None] = []
        self["cmd.run_all"] = self.run
        self.setdefault("config.get", lambda name, default=None: default)

    def run(self, cmd: list[str], **options: Any) -> dict[str, Any]:
        """Answer as ``cmd.run_all``; every tool must be run by argv, in English, for a time."""
        assert options["python_shell"] is False
        assert options["env"]["LC_ALL"] == "C"
        assert options["timeout"] > 0
        self.ran.append(cmd)
        self.inputs.append(options.get("stdin"))
        text = " ".join(cmd)
        found = [each for each in self.answers if text.startswith(each)]
        if not found:
            raise CommandExecutionError(f"Unable to run command '{cmd}'")
        answer = self.answers[max(found, key=len)]
        code, out, err = answer if isinstance(answer, tuple) else (0, answer, "")
        return {"pid": 1, "retcode": code, "stdout": out, "stderr": err}


def load(name: str, tools: FakeTools, **dunders: Any) -> Any:
    """
    Give the module of a file of ours with these tools, whatever its ``__virtual__`` says.

    Its functions are looked for in ``tools`` by their public names as well.
    """
    import importlib

    module = importlib.import_module(f"txsalt.modules.{name}")
    context: dict[str, Any] = {}
    vars(module).update({
        "__salt__": tools, "__context__": context, "__opts__": {}, "__grains__": {}, **dunders
    })  # fmt: skip
    virtual = getattr(module, "__virtualname__", name)
    alias = getattr(module, "__func_alias__", {})
    for attribute, value in vars(module).items():
        if callable(value) and not attribute.startswith("_"):
            tools.setdefault(f"{virtual}.{alias.get(attribute, attribute)}", value)
    return module


def real(**opts: Any) -> Functions:
    """Give all functions on this machine."""
    dunders = {"__opts__": {"id": "one", **opts}, "__grains__": {}, "__pillar__": {}}
    return Functions([package("txsalt.modules")], {**dunders, "__context__": {}})


@contextlib.contextmanager
def room_for(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond ``size`` bytes, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
