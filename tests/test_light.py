"""Tests of the light classes: what they can do, they do as those of attrs."""

import pickle
from types import ModuleType
from typing import Any

import attrs
from twisted.trial.unittest import SynchronousTestCase

from txsalt import light
from txsalt.errors import BadName, TxsaltError


def classes_of(maker: Any) -> dict[str, type]:
    """Return the same classes, made by attrs or by us."""

    @maker.frozen
    class Point:
        x: int
        y: int = 2

    @maker.frozen(kw_only=True)
    class Named(Point):
        name: str = maker.field(default="p", repr=False)
        tags: list[str] = maker.field(factory=list)
        x: int = 7

    @maker.define
    class Counter:
        of: str
        seen: dict[str, int] = maker.field(init=False, factory=dict)
        size: int = maker.field(default=0, init=False)
        double: int = maker.field(
            default=maker.Factory(lambda self: self.size * 2 + 1, takes_self=True)
        )

    @maker.define(eq=False)
    class Clock:
        start: int
        due: int = 0
        hand: int = maker.field(init=False)

        def __attrs_post_init__(self) -> None:
            self.due = self.start + 5

    return {each.__name__: each for each in (Point, Named, Counter, Clock)}


class LikeAttrsTests(SynchronousTestCase):
    def both(self, act: Any) -> None:
        """Assert that ``act``, given a module and its classes, has the same outcome in both."""
        self.assertEqual(self.outcome(light, act), self.outcome(attrs, act))

    @staticmethod
    def outcome(maker: ModuleType, act: Any) -> Any:
        try:
            return act(maker, classes_of(maker))
        except (TypeError, AttributeError) as exc:
            return TypeError if isinstance(exc, TypeError) else AttributeError

    def test_making(self) -> None:
        """
        Instances are made from the same arguments, and refuse the same.
        """
        for name, args, given in (
            ("Point", (1,), {}), ("Point", (1, 3), {}), ("Point", (), {"x": 1}),
            ("Point", (), {}), ("Point", (1, 2, 3), {}), ("Point", (1,), {"z": 1}),
            ("Named", (), {}), ("Named", (1,), {}), ("Named", (), {"name": "q", "y": 5}),
            ("Counter", ("abc",), {}), ("Counter", ("abc", 5), {}), ("Counter", (), {}),
        ):  # fmt: skip
            self.both(lambda _, made: repr(made[name](*args, **given)).rpartition(".")[2])  # noqa: B023

    def test_equality(self) -> None:
        """
        Instances are equal if they are of one class and all fields are.
        """
        self.both(lambda _, made: made["Point"](1) == made["Point"](1, 2))
        self.both(lambda _, made: made["Point"](1) == made["Point"](1, 3))
        self.both(lambda _, made: made["Point"](7) == made["Named"]())
        self.both(lambda _, made: made["Point"](1) == (1, 2))
        self.both(lambda _, made: len({made["Point"](1), made["Point"](1)}))
        self.both(lambda _, made: made["Counter"]("a") == made["Counter"]("a"))
        self.both(lambda _, made: hash(made["Counter"]("a")))

    def test_identity(self) -> None:
        """
        Instances of a class without equality are only equal to themselves.
        """
        self.both(lambda _, made: made["Clock"](1) == made["Clock"](1))
        self.both(lambda _, made: len({made["Clock"](1), made["Clock"](1)}))

    def test_what_is_set_afterwards(self) -> None:
        """
        A class may set fields itself after the others, and leave some to whoever makes instances.
        """
        self.both(lambda _, made: made["Clock"](1).due)
        self.both(lambda _, made: made["Clock"](1, 2).due)
        self.both(lambda _, made: made["Clock"](1).hand)
        self.both(lambda _, made: made["Clock"]())

    def test_change(self) -> None:
        """
        Values stay as they are, others do not; a changed copy is another instance.
        """
        self.both(lambda _, made: setattr(made["Point"](1), "x", 2))
        self.both(lambda _, made: delattr(made["Point"](1), "x"))
        self.both(lambda _, made: setattr(made["Counter"]("a"), "of", "b"))
        self.both(lambda maker, made: maker.evolve(made["Point"](1), y=5).y)
        self.both(lambda maker, made: maker.evolve(made["Point"](1), z=5))
        self.assertEqual(light.evolve(classes_of(attrs)["Point"](1), y=5).y, 5)

    def test_defaults_are_made_anew(self) -> None:
        """
        A list that is a default belongs to one instance.
        """
        self.both(lambda _, made: made["Named"]().tags is made["Named"]().tags)

    def test_patterns(self) -> None:
        """
        ``match`` takes the fields by their places, or by name where they have none.
        """
        for name, args in (("Point", (1,)), ("Named", ()), ("Counter", ("a",))):
            self.both(lambda _, made: made[name](*args).__match_args__)  # noqa: B023

    def test_errors(self) -> None:
        """
        An error has its fields, its text and a place for a traceback, and is equal to itself only.
        """
        error = BadName("id", "empty")
        self.assertEqual((error.kind, error.args), ("id", ("id", "empty")))
        self.assertIn("empty", str(error))
        self.assertNotEqual(error, BadName("id", "empty"))
        again = pickle.loads(pickle.dumps(error))
        self.assertEqual((str(again), again.args), (str(error), error.args))
        with self.assertRaises(BadName) as caught:
            raise error from TxsaltError("why")
        self.assertIsNotNone(caught.exception.__cause__)

    def test_order_of_fields(self) -> None:
        """
        A class that declares a field again moves it to the end.
        """
        self.both(lambda maker, made: fields_of(maker, made["Named"]))


def fields_of(maker: ModuleType, made: type) -> list[str]:
    """Return the names of a class's fields in their order."""
    return list(attrs.fields_dict(made) if maker is attrs else light.fields(made))
