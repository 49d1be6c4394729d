"""
``_master_opts`` and its small neighbours: what a state run wants to know of its master.

Source: PROTOCOL sections 9.1, 9.3, 9.9.
"""

from typing import Any  # options are any msgpack value

from txsalt.master.worker.bench import Bench
from txsalt.master.worker.principals import Minion

_ENVIRONMENT = ("top_file_merging_strategy", "env_order", "default_top")
_STATES = (
    "renderer",
    "failhard",
    "state_top",
    "state_top_saltenv",
    "nodegroups",
    "state_auto_order",
    "state_events",
    "state_aggregate",
    "jinja_env",
    "jinja_sls_env",
    "jinja_lstrip_blocks",
    "jinja_trim_blocks",
)


def master_opts(bench: Bench, minion: Minion, load: dict[str, Any]) -> dict[str, Any]:
    """Return the options that minions read when they compile states; folders stay secret."""
    config = bench.config
    opts: dict[str, Any] = {"file_roots": {env: [] for env in config.file_roots}}
    opts.update((name, getattr(config, name)) for name in _ENVIRONMENT)
    if not load.get("env_only"):
        opts.update((name, getattr(config, name)) for name in _STATES)
    return opts


def master_tops(bench: Bench, minion: Minion, load: dict[str, Any]) -> dict[str, Any]:
    """Return no tops: there is no service behind yet that has any."""
    return {}


def register_resources(bench: Bench, minion: Minion, load: dict[str, Any]) -> bool:
    """Take note that a minion is there; it has no resources in the ordinary case."""
    return True
