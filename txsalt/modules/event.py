"""
Fire events: on the master's bus or on the minion's own.

Source: Salt 3008.3, modules/event.py.
"""

import os
from collections.abc import Mapping
from typing import Any  # events carry whatever they are given


def send(
    tag: str,
    data: Any = None,
    preload: Any = None,
    with_env: Any = False,
    with_grains: Any = False,
    with_pillar: Any = False,
    with_env_opts: bool = False,
    **kwargs: Any,
) -> bool:
    """
    Send an event to the master.

    The data are the keyword arguments and the map ``data``, which wins; with_env, with_grains and
    with_pillar add the environment, grains or pillar, all of it (True) or a list of names.

    CLI Example: txsalt-cli '*' event.send my/tag '{"key": "value"}' with_grains='[os]'
    """
    body: dict[str, Any] = {}
    if with_env:
        body["environ"] = _chosen(with_env, os.environ)
    if with_grains:
        body["grains"] = _chosen(with_grains, __grains__)
    if with_pillar:
        body["pillar"] = _chosen(with_pillar, __pillar__)
    if with_env_opts:
        body["saltenv"] = __opts__.get("saltenv") or "base"
        body["pillarenv"] = __opts__.get("pillarenv")
    body.update(kwargs)
    if isinstance(data, Mapping):
        body.update(data)
    return fire_master(body, tag, preload)


def fire_master(data: Any, tag: str, preload: Any = None) -> bool:
    """
    Send an event with exactly these data to the master.

    CLI Example: txsalt-cli '*' event.fire_master '{"data": "my event data"}' my/tag
    """
    __daemon__.call("fire_event", {"tag": tag, "data": data, "local": False})
    return True


def fire(data: Any, tag: str) -> bool:
    """
    Put an event on the minion's own bus.

    CLI Example: txsalt-cli '*' event.fire '{"data": "my event data"}' my/tag
    """
    __daemon__.call("fire_event", {"tag": tag, "data": data, "local": True})
    return True


def _chosen(wanted: Any, source: Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(wanted, list):
        return {name: source[name] for name in wanted if name in source}
    return dict(source)
