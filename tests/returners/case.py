"""A returner with the functions and options that a job would give it."""

from collections.abc import Callable
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.modules.calls import FakeContext
from txsalt.loader.functions import Functions
from txsalt.loader.places import places_of
from txsalt.minion.jobrunner.deliver import BUILT_IN
from txsalt.minion.jobrunner.execute import loaded


def returners(options: dict[str, Any], pillar: dict[str, Any] | None = None) -> Functions:
    """All returners, for a minion with these options of modules."""
    context = FakeContext({"module_options": options}, pillar=pillar)
    return Functions(
        places_of(context.config, "returners", BUILT_IN), loaded(context)[1], kind="returners"
    )


def ret(jid: str = "20261123120000000000", value: Any = True, **more: Any) -> dict[str, Any]:
    """A return as a returner gets it."""
    return {
        "id": "m1", "jid": jid, "fun": "test.echo", "fun_args": ["a"], "return": value,
        "retcode": 0, "success": True, "_stamp": "2026-11-23T12:00:00+00:00", **more,
    }  # fmt: skip


class ReturnerCase(SynchronousTestCase):
    name = ""
    functions: Functions

    def use(self, **options: Any) -> None:
        """Set options of the returner."""
        self.functions = returners({f"returner.{self.name}.{k}": v for k, v in options.items()})

    def call(self, function: str) -> Callable[..., Any]:
        return self.functions[f"{self.name}.{function}"]


class TableTests:
    """What every returner with tables does; a mixin for ReturnerCase."""

    def test_stored(self) -> None:
        """
        A return is found by its job, by its function and by its minion.
        """
        self.call("returner")(ret())
        self.call("returner")(ret(id="m2", value=b"\xff"))
        found = self.call("get_jid")("20261123120000000000")
        self.assertEqual(sorted(found), ["m1", "m2"])
        self.assertEqual((found["m1"]["return"], found["m1"]["fun_args"]), (True, ["a"]))
        self.assertEqual(sorted(self.call("get_fun")("test.echo")), ["m1", "m2"])
        self.assertEqual(self.call("get_minions")(), ["m1", "m2"])

    def test_twice(self) -> None:
        """
        A return that comes a second time replaces the first.
        """
        self.call("returner")(ret(value=1))
        self.call("returner")(ret(value=2))
        self.call("returner")(ret(jid="20261123120000000001", value=3))
        self.assertEqual(self.call("get_jid")("20261123120000000000")["m1"]["return"], 2)
        self.assertEqual(self.call("get_fun")("test.echo")["m1"]["return"], 3)

    def test_loads(self) -> None:
        """
        What a job was is kept, too.
        """
        jid = self.call("prep_jid")()
        self.assertEqual(len(jid), 20)
        self.assertEqual(self.call("get_load")(jid), {})
        self.call("save_load")(jid, {"fun": "test.ping"})
        self.call("save_load")(jid, {"fun": "test.echo"})
        self.assertEqual(self.call("get_load")(jid), {"fun": "test.echo"})
        self.assertEqual(self.call("get_jids")(), {jid: {"fun": "test.echo"}})

    def test_quotes(self) -> None:
        """
        No value ends a statement, and several functions are one return.
        """
        odd = "'; DROP TABLE jids; --"
        self.call("returner")(ret(id=odd, fun=["test.ping", "test.echo"], value=odd))
        self.assertEqual(self.call("get_minions")(), [odd])
        self.assertEqual(self.call("get_fun")("test.ping,test.echo")[odd]["return"], odd)
