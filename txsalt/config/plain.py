"""
A configuration as a plain map and back: what the hello frame carries to programs.
"""

from collections.abc import Mapping
from typing import Any, Self

from txsalt.config.option import options_of
from txsalt.errors import ConfigError
from txsalt.light import fields, frozen


@frozen(kw_only=True)
class Plain:
    """What every configuration class can do."""

    def as_map(self) -> dict[str, Any]:
        """
        Return all options as a map of plain values, which msgpack can pack.

        It holds secrets, and shares lists and maps with the configuration: do not change it.
        """
        return {name: getattr(self, name) for name in fields(type(self))}

    @classmethod
    def from_map(cls, options: Mapping[str, object]) -> Self:
        """
        Make a configuration from ``options``; those that are missing have their defaults.

        Raises ConfigError, with all problems, for an unknown name or a value of the wrong kind.
        """
        known = options_of(cls)
        values: dict[str, object] = {}
        problems: list[str] = []
        for name, value in options.items():
            if name not in known:
                problems.append(f"{name!r} is not an option.")
                continue
            try:
                values[name] = known[name].kind.read(value)
            except (ValueError, OverflowError):
                problems.append(f"{name} is not {known[name].kind.expects}.")
        if problems:
            raise ConfigError(tuple(problems))
        return cls(**values)
