"""
Grains that people write down: the option ``grains`` and the file ``{config_dir}/grains``.
"""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any  # options and grains hold values of any type

log = logging.getLogger(__name__)


def grains_option(config: Mapping[str, Any]) -> dict[str, Any]:
    """Give the map of the option ``grains``."""
    found = config.get("grains")
    return dict(found) if isinstance(found, Mapping) else {}


def grains_file(config: Mapping[str, Any]) -> dict[str, Any]:
    """Give the map in the grains file; {} with a line in the log if it is not YAML or no map."""
    path = Path(str(config.get("config_dir") or "/etc/txsalt"), "grains")
    try:
        text = path.read_text()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as exc:
        log.warning("the static grains in %s are left out: %s", path, exc)
        return {}
    # Only a machine with such a file pays for importing YAML.
    from txsalt.renderers import yaml
    from txsalt.renderers.errors import RenderError

    try:
        found = yaml.load(text, str(path))
    except RenderError as exc:
        log.warning("the static grains in %s are left out: %s", path, exc)
        return {}
    if found is not None and not isinstance(found, dict):
        log.warning("the static grains in %s are left out: not a map", path)
        return {}
    return found or {}
