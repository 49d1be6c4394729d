"""
Make ``__opts__``: the options of this minion as modules of people and of Salt know them.

What a file sets and txsalt does not know belongs to modules; here it stands beside the options,
under the name that it has in the file.

Source: Salt 3008.3, config/__init__.py apply_minion_config; minion.py, master_uri.
"""

import os
from collections.abc import Mapping
from typing import Any  # options, grains and pillar hold values of any type

_OF_MODULES = "module_options"

# Salt has no defaults of these, so that config.get finds them in grains and pillar, too.
_ONLY_IF_SET = ("cmd_blacklist_glob", "cmd_whitelist_glob")


def make_opts(
    config: Mapping[str, Any], grains: Mapping[str, Any], pillar: Mapping[str, Any]
) -> dict[str, Any]:
    """Make the map from the options of a minion, with these facts in it."""
    opts: dict[str, Any] = {**config.get(_OF_MODULES, {}), **config}
    opts.pop(_OF_MODULES, None)
    for name in _ONLY_IF_SET:
        if not opts.get(name):
            opts.pop(name, None)
    folder = str(opts.get("config_dir") or "/etc/txsalt")
    opts |= {"__role": "minion", "conf_file": os.path.join(folder, "minion")}
    opts |= {"grains": grains, "pillar": pillar}
    opts.setdefault("master_uri", _uri(opts))
    return opts


def _uri(opts: Mapping[str, Any]) -> str:
    """Name the place of the first master, as the file has it: no job looks up names."""
    masters = opts.get("master") or "salt"
    text = str(masters if isinstance(masters, str) else masters[0]).strip()
    port = opts.get("master_port") or 4506
    if text.startswith("["):
        return f"tcp://{text}" if "]:" in text else f"tcp://{text}:{port}"
    if text.count(":") > 1:
        return f"tcp://[{text}]:{port}"
    return f"tcp://{text}" if ":" in text else f"tcp://{text}:{port}"
