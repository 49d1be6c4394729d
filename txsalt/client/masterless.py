"""
Answer a function's questions for the master on this machine, from local folders.

Interactions: stands where the minion daemon stands for a job: ``call`` answers ``request``,
``fire_event`` and ``refresh``. Files come from ``file_roots`` and pillar from ``pillar_roots`` of
the minion's own configuration, by the same code with which a master serves them.

Source: docs/architecture.md, "Calls a job may make"; PROTOCOL sections 9.2, 9.4.
"""

from typing import Any, cast  # loads and replies are any msgpack value

from attrs import field, frozen

from txsalt.jobs.errors import CommandExecutionError
from txsalt.master.fileserver.roots import Roots

Load = dict[str, Any]

# Command -> the function of the master's file commands.
_FILES = {
    "_file_envs": "file_envs",
    "_file_list": "file_list",
    "_file_list_emptydirs": "empty_folders",
    "_dir_list": "dir_list",
    "_symlink_list": "symlink_list",
    "_file_hash": "file_hash",
    "_file_hash_and_stat": "file_hash_and_stat",
    "_file_find": "file_find",
    "_serve_file": "serve_file",
}
_MASTER_OPTS = (
    "top_file_merging_strategy", "renderer", "failhard", "state_top", "state_top_saltenv",
    "state_auto_order", "state_events", "state_aggregate",
)  # fmt: skip


class _Refusals:
    """Where a master counts what it refuses."""

    def note(self, kind: str, reason: str) -> None:
        """Nobody counts."""


@frozen
class _Options:
    file_buffer_size: int = 1 << 20


@frozen(kw_only=True)
class _Shelf:
    """What the file commands need of a worker's bench."""

    files: Roots
    config: _Options = field(factory=_Options)
    refusals: _Refusals = field(factory=_Refusals)


class Masterless:
    """The answers for one minion; ``config`` is the map of its options."""

    def __init__(self, config: Load) -> None:
        """Open nothing yet."""
        self._config = config
        self._shelf = _Shelf(files=Roots(config["file_roots"], config["hash_type"]))

    def call(self, name: str, arguments: Load) -> object:
        """Answer one question. Raises CommandExecutionError for what needs a master."""
        if name == "request":
            return self.request(arguments["load"])
        # Nobody listens, and nothing is kept that would need to be read anew.
        return True

    def request(self, load: Load) -> Any:
        """Answer a request as a master would."""
        command = load.get("cmd")
        if command in _FILES:
            return self._answer_about_files(_FILES[str(command)], load)
        if command == "_pillar":
            return self.pillar(load)
        if command == "_master_opts":
            return self._options()
        if command == "_master_tops":
            return {}
        raise CommandExecutionError(f"{command} needs a master, and this is a local call")

    def pillar(self, load: Load) -> Load:
        """Compile the pillar from the minion's ``pillar_roots``."""
        # Here, as below: most calls ask for neither, and YAML takes its time.
        from txsalt.master.pillar.compiler import Pillar
        from txsalt.master.pillar.order import PillarOptions, PillarOrder

        config = self._config
        options = PillarOptions(
            pillarenv=config["pillarenv"],
            merge_lists=config["pillar_merge_lists"],
            overwrite=config["pillar_source_merging_strategy"] == "overwrite",
            includes_win=config["pillar_includes_override_sls"],
            hide_errors=False,
        )
        order = PillarOrder(
            minion_id=config["id"],
            grains=load["grains"],
            pillarenv=load.get("pillarenv"),
            override=load.get("pillar_override") or {},
        )
        return Pillar(options, Roots(config["pillar_roots"])).compile(order)

    def _answer_about_files(self, function: str, load: Load) -> Any:
        from txsalt.master.worker.bench import Bench
        from txsalt.master.worker.commands import files
        from txsalt.master.worker.principals import Minion

        # The file commands look at nothing of the sender, and of the bench at what a shelf has.
        return getattr(files, function)(cast(Bench, self._shelf), cast(Minion, None), load)

    def _options(self) -> Load:
        environments: Load = {name: [] for name in self._config["file_roots"]}
        known = {name: self._config[name] for name in _MASTER_OPTS if name in self._config}
        return {"file_roots": environments, "env_order": [], "default_top": "base", **known}
