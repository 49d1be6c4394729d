"""The built-in modules with a fake daemon behind them."""

from typing import Any

from txsalt.loader.functions import Functions
from txsalt.minion.jobrunner.execute import functions_for


class FakeContext:
    """Stands for a job's context; remembers what modules asked of the daemon."""

    def __init__(
        self,
        config: dict[str, Any] | None = None,
        grains: dict[str, Any] | None = None,
        pillar: dict[str, Any] | None = None,
    ) -> None:
        """All facts default to next to nothing."""
        self.config = {"id": "web-01", "master": "master-1", **(config or {})}
        self.grains = grains or {}
        self.pillar = pillar or {}
        self.jid = "20260101000000000000"
        self.calls: list[tuple[str, dict]] = []
        self.answer: Any = True

    def call(self, name: str, arguments: dict) -> object:
        """Remember, and answer ``self.answer`` or raise it."""
        self.calls.append((name, arguments))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def modules(context: FakeContext) -> Functions:
    """Give all functions as a job with this context has them."""
    return functions_for(context)[0]


def modules_and_shared(context: FakeContext) -> tuple[Functions, dict[str, Any]]:
    """Give the functions and their __context__."""
    return functions_for(context)
