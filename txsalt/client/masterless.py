"""
Answer a function's questions for the master on this machine, from local folders.

Interactions: stands where the minion daemon stands for a job: ``call`` answers ``request``,
``fire_event`` and ``refresh``. The pillar comes from ``pillar_roots`` of the minion's own
configuration, by the same code with which a master compiles it. Files are no question: with
``file_client: local`` the cp module reads ``file_roots`` itself.

Source: docs/architecture.md, "Calls a job may make"; PROTOCOL sections 9.2, 9.3.
"""

from typing import Any  # loads and replies are any msgpack value

from txsalt.jobs.errors import CommandExecutionError

Load = dict[str, Any]

_MASTER_OPTS = (
    "top_file_merging_strategy", "renderer", "failhard", "state_top", "state_top_saltenv",
    "state_auto_order", "state_events", "state_aggregate", "nodegroups",
)  # fmt: skip


class Masterless:
    """The answers for one minion; ``config`` is the map of its options."""

    def __init__(self, config: Load) -> None:
        """Open nothing yet."""
        self._config = config

    def call(self, name: str, arguments: Load) -> object:
        """Answer one question. Raises CommandExecutionError for what needs a master."""
        if name == "request":
            return self.request(arguments["load"])
        if name in ("jobs", "schedule"):
            # Here, as few calls ask the daemon.
            from txsalt.client.own_minion import answer_locally

            return answer_locally(self._config, name, arguments)
        # Nobody listens, and nothing is kept that would need to be read anew.
        return True

    def request(self, load: Load) -> Any:
        """Answer a request as a master would."""
        command = load.get("cmd")  # a name of the wire's, and none that an operator types
        if command == "_pillar":
            return self.pillar(load)
        if command == "_master_opts":
            return self._options()
        if command == "_master_tops":
            return {}
        raise CommandExecutionError("a master is needed, and this is a local call (--local)")

    def pillar(self, load: Load) -> Load:
        """Compile the pillar from the minion's ``pillar_roots``."""
        # Here, as most calls need no pillar, and YAML takes its time.
        from txsalt.master.fileserver.roots import Roots
        from txsalt.master.pillar.compiler import Pillar
        from txsalt.master.pillar.order import PillarOptions, PillarOrder
        from txsalt.master.pillar.sources import rules_of

        config = self._config
        options = PillarOptions(
            pillarenv=config["pillarenv"],
            merge_lists=config["pillar_merge_lists"],
            overwrite=config["pillar_source_merging_strategy"] == "overwrite",
            includes_win=config["pillar_includes_override_sls"],
            hide_errors=False,
            rules=rules_of(config),
        )
        order = PillarOrder(
            minion_id=config["id"],
            grains=load["grains"],
            pillarenv=load.get("pillarenv"),
            override=load.get("pillar_override") or {},
        )
        return Pillar(options, Roots(config["pillar_roots"])).compile(order)

    def _options(self) -> Load:
        environments: Load = {name: [] for name in self._config["file_roots"]}
        known = {name: self._config[name] for name in _MASTER_OPTS if name in self._config}
        return {"file_roots": environments, "env_order": [], "default_top": "base", **known}
