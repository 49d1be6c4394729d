"""
Python's door to a local master: ``from txsalt.client import LocalClient, RunnerClient, events``.

They are loaded when they are asked for: the command line uses none of them.
"""

from typing import Any


def __getattr__(name: str) -> Any:
    if name == "LocalClient":
        from txsalt.client.local_client import LocalClient

        return LocalClient
    if name == "RunnerClient":
        from txsalt.client.runner_client import RunnerClient

        return RunnerClient
    if name == "events":
        import importlib

        return importlib.import_module("txsalt.client.events")
    raise AttributeError(f"module 'txsalt.client' has no attribute {name!r}")
