"""Functions that need something."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from txsalt.loader.functions import Functions
from txsalt.loader.scan import folder

OWN = """
from txsalt.loader.depends import depends

import json
MISSING = None

def instead():
    return "instead"

@depends("json")
def has_json():
    return 1

@depends("MISSING", "json")
def has_nothing():
    return 1

@depends("MISSING", fallback_function=instead)
def has_fallback():
    return 1

@depends(True)
def is_true():
    return 1

@depends(False)
def is_false():
    return 1

@depends("true", retcode=0)
def command_works():
    return 1

@depends("false", retcode=0)
def command_fails():
    return 1

@depends("false", nonzero_retcode=True)
def command_should_fail():
    return 1

@depends("/no/such/program 'unclosed", retcode=0)
def no_command():
    return 1
"""

SALTS = """
from salt.utils.decorators import depends

@depends("nothing")
def gone():
    return 1

def stays():
    return 1
"""


class SaltsDepends:
    """Stands for Salt's decorator, which registers by the names of modules."""

    known: list[tuple[str, str]] = []

    def __init__(self, dependency: str) -> None:
        self.dependency = dependency

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        self.known.append((function.__module__, function.__name__))
        return function

    @classmethod
    def enforce_dependencies(cls, functions: dict[str, Any], kind: str, module: str) -> None:
        for place, name in cls.known:
            if place.rsplit(".", 2)[1:] == [kind, module]:
                del functions[f"{module}.{name}"]


class DependsTests(SynchronousTestCase):
    """The decorator in modules of a user's."""

    def functions(self, text: str) -> Functions:
        """Load one module."""
        place = Path(self.mktemp()).absolute()
        place.mkdir()
        (place / "own.py").write_text(text)
        return Functions([folder(place)], {})

    def test_needs(self) -> None:
        """
        A function whose needs are not met is not there, or is its fallback.
        """
        functions = self.functions(OWN)
        self.assertEqual(
            functions.names(),
            [
                "own.command_should_fail",
                "own.command_works",
                "own.has_fallback",
                "own.has_json",
                "own.instead",
                "own.is_true",
            ],
        )
        self.assertEqual(functions["own.has_fallback"](), "instead")

    def test_salts_decorator(self) -> None:
        """
        A module that imports Salt's own decorator works where Salt is installed.
        """
        fake = SimpleNamespace(depends=SaltsDepends, Depends=SaltsDepends)
        for name in ("salt", "salt.utils", "salt.utils.decorators"):
            self.addCleanup(sys.modules.pop, name, None)
            sys.modules[name] = fake  # type: ignore[assignment]
        self.assertEqual(self.functions(SALTS).names(), ["own.stays"])
