"""Maps that are made when somebody looks."""

import copy
import json
from collections.abc import Callable
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from txsalt.jobs.lazy import LazyDict

LOOKS: dict[str, Callable[[LazyDict], Any]] = {
    "item": lambda each: each["a"],
    "get": lambda each: each.get("a"),
    "in": lambda each: "a" in each,
    "iteration": list,
    "length": len,
    "truth": bool,
    "keys": lambda each: list(each.keys()),
    "items": lambda each: dict(each.items()),
    "values": lambda each: list(each.values()),
    "copy": lambda each: each.copy(),
    "copy of copy": copy.copy,
    "deep copy": copy.deepcopy,
    "dict": dict,
    "unpacked": lambda each: {**each},
    "joined": lambda each: each | {"b": 2},
    "joined from right": lambda each: {"b": 2} | each,
    "equal": lambda each: each == {"a": 1},
    "unequal": lambda each: each != {"a": 1},
    "text": repr,
    "json": json.dumps,
    "reversed": lambda each: list(reversed(each)),
    "popped": lambda each: each.pop("a"),
    "default": lambda each: each.setdefault("a", 5),
}


class LazyDictTests(SynchronousTestCase):
    """Facts that cost time to collect."""

    def test_every_look(self) -> None:
        """
        Whatever looks at it sees what a plain dict has.
        """
        for name, look in LOOKS.items():
            plain = look(dict({"a": 1}))  # type: ignore[arg-type]
            self.assertEqual(look(LazyDict(lambda: {"a": 1})), plain, name)

    def test_nobody_looks(self) -> None:
        """
        Without a look nothing is collected; with many, once.
        """
        looks = []

        def load() -> dict[str, Any]:
            looks.append(1)
            return {"a": 1}

        lazy = LazyDict(load)
        holder = {"grains": lazy, **{"other": lazy}}
        self.assertEqual(looks, [])
        self.assertEqual([holder["grains"]["a"], lazy["a"], len(lazy)], [1, 1, 1])
        self.assertEqual(looks, [1])

    def test_failure(self) -> None:
        """
        Facts that could not be collected are no empty map for whoever looks next.
        """
        answers = iter([OSError("no master"), {"a": 1}])

        def load() -> dict[str, Any]:
            answer = next(answers)
            if isinstance(answer, Exception):
                raise answer
            return answer

        lazy = LazyDict(load)
        self.assertRaises(OSError, lazy.get, "a")
        self.assertEqual(lazy, {"a": 1})

    def test_changes(self) -> None:
        """
        What is written is laid over what was collected.
        """
        lazy = LazyDict(lambda: {"a": 1, "b": 2})
        lazy["a"] = 5
        lazy.update(c=3)
        del lazy["b"]
        self.assertEqual(lazy, {"a": 5, "c": 3})
