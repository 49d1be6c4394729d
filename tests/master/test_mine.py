"""Tests of the mine, through the commands of minions."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.master.place import Place


class MineCommandTests(SynchronousTestCase):
    options: dict[str, Any] = {"nodegroups": {"all": "nobody"}}

    def setUp(self) -> None:
        self.place = Place(self, **self.options)
        self.one, self.two = self.place.minion("m1"), self.place.minion("m2", "other")

    def get(self, fun: Any, tgt: Any = "*", **fields: Any) -> Any:
        return self.two.ask("_mine_get", tgt=tgt, fun=fun, **fields)

    def test_store_and_get(self) -> None:
        """
        What one minion shows, another one reads: by id, or by function and id if it asks for more.
        """
        self.assertIs(self.one.ask("_mine", data={"ip": [1], "os": b"\xff"}, clear=False), True)
        self.assertEqual(self.get("ip"), {"m1": [1]})
        self.assertEqual(self.get("ip, os"), {"ip": {"m1": [1]}, "os": {"m1": b"\xff"}})
        self.assertEqual(self.get(["ip"]), {"ip": {"m1": [1]}})
        self.assertEqual(self.get("nothing"), {})
        self.assertEqual(self.get("ip", "m2"), {})

    def test_guesses(self) -> None:
        """
        No target finds out piece by piece what the pillar of another holds.
        """
        self.one.ask("_mine", data={"ip": 1})
        self.place.bench.facts.save("m1", {}, {"secret": "abc"}, 1)
        for tgt, tgt_type in (
            ("secret:a*", "pillar"), ("J@secret:^a", "compound"), ("secret:^a", "pillar_pcre"),
            ("all or J@secret:^a", "nodegroup"), (["x or J@secret:^a"], "compound"),
        ):  # fmt: skip
            self.assertEqual(self.get("ip", tgt, tgt_type=tgt_type), {}, tgt)
        self.assertEqual(self.get("ip", "secret:abc", tgt_type="pillar"), {"m1": 1})

    def test_clear_delete_flush(self) -> None:
        """
        clear replaces everything; delete and flush take away, from the sender only.
        """
        self.one.ask("_mine", data={"a": 1})
        self.assertIs(self.one.ask("_mine", data={"b": 2}, clear=True), True)
        self.assertEqual((self.get("a"), self.get("b")), ({}, {"m1": 2}))
        self.assertIs(self.two.ask("_mine_delete", fun="b"), False)
        self.assertIs(self.two.ask("_mine_flush"), True)
        self.assertEqual(self.get("b"), {"m1": 2})
        self.assertIs(self.one.ask("_mine_delete", fun="b"), True)
        self.assertEqual(self.get("b"), {})

    def test_access_rules(self) -> None:
        """
        A value with a rule is shown, unwrapped, only to those whom it names.
        """

        def wrapped(target: str, kind: str = "glob") -> dict[str, Any]:
            return {
                "__data__": 7,
                "__saltmine_acl__": 1,
                "allow_tgt": target,
                "allow_tgt_type": kind,
            }

        self.place.bench.facts.save("m2", {"role": "web"}, {}, 1)
        for rule, expected in (
            (wrapped("m2"), {"m1": 7}),
            (wrapped("m3*"), {}),
            (wrapped("role:web", "grain"), {"m1": 7}),
            (wrapped("role:db", "grain"), {}),
            (wrapped(""), {"m1": 7}),
            ({**wrapped("x"), "allow_tgt": 5}, {}),
        ):
            self.one.ask("_mine", data={"x": rule})
            self.assertEqual(self.get("x"), expected)

    def test_pillar_is_matched_exactly(self) -> None:
        """
        Nobody finds out another minion's pillar by patterns.
        """
        self.one.ask("_mine", data={"x": 1})
        for name in ("m1", "m2"):
            self.place.bench.facts.save(name, {}, {"key": f"secret-{name}"}, 1)
        for kind, tgt in (
            ("pillar", "key:s*"),
            ("pillar_pcre", "key:.*"),
            ("compound", "I@key:s*"),
        ):
            self.assertEqual(self.get("x", tgt, tgt_type=kind), {}, kind)
        self.assertEqual(self.get("x", "key:secret-m1", tgt_type="pillar"), {"m1": 1})
        self.assertEqual(self.get("x", "I@key:secret-m1", tgt_type="compound"), {"m1": 1})

    def test_broken(self) -> None:
        """
        Requests without the needed fields are answered with an empty map.
        """
        for fields in ({}, {"fun": "x"}, {"tgt": "*"}, {"fun": 5, "tgt": "*"}):
            self.assertEqual(self.two.ask("_mine_get", **fields), {})
        self.assertEqual(self.one.ask("_mine"), {})
        self.assertEqual(self.one.ask("_mine", data=[1]), {})


class MineOptionTests(MineCommandTests):
    options = {"mine_get": {"m2": ["ip", "x|a|b|os"]}}

    def test_option(self) -> None:
        """
        The option mine_get says which functions an id may read.
        """
        self.one.ask("_mine", data={"secret": 1, "ip": 2})
        self.assertEqual(self.get("secret"), {})
        self.assertEqual(self.one.ask("_mine_get", tgt="*", fun="ip"), {})
        self.assertEqual(self.get("ip"), {"m1": 2})
