"""Tests of pillar: compiled from files, sealed for one minion."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.master.full_disk import fill_disk
from tests.master.place import NONCE, Place
from txsalt.wire import serial


class PillarTests(SynchronousTestCase):
    options: dict[str, Any] = {}

    def setUp(self) -> None:
        self.place = Place(self, nodegroups={"webs": "L@m1,m7"}, **self.options)
        self.minion = self.place.minion("m1")

    def files(self, **contents: str) -> None:
        for name, content in contents.items():
            self.place.write(f"pillar/{name.replace('__', '/')}.sls", content)

    def pillar(self, **fields: Any) -> Any:
        load = {"grains": {"os": "Debian", "id": "m9"}, "saltenv": None, "ver": "2", **fields}
        return self.minion.ask("_pillar", **load)

    def test_targets(self) -> None:
        """
        Each kind of target in the top file chooses by the authenticated id and the grains.
        """
        top = """
base:
  '*': [common]
  'm9': [wrong]
  'os:debian': [{match: grain}, deb.init_too]
  'm[0-2]': [{match: pcre}, dir]
  'm1,m5': [{match: list}, a]
  'G@os:Debian and not m2': [{match: compound}, b]
  webs: [{match: nodegroup}, c]
"""
        names = ("common", "wrong", "deb__init_too", "dir__init", "a", "b", "c")
        self.files(top=top, **{name: f"{name}: 1" for name in names})
        self.assertEqual(set(self.pillar()), set(names) - {"wrong"})

    def test_merging_and_include(self) -> None:
        """
        Maps are merged in the order of the top file; a file wins over what it includes.
        """
        self.files(
            top="base: {'*': [one, two]}",
            one="include: [low, {keyed: {key: 'x:y'}}]\nm: {a: 1, b: 1}\nl: [1]",
            low="m: {a: 0, c: 0}",
            keyed="z: 5",
            two="m: {b: 2}\nl: [2]",
        )
        self.assertEqual(
            self.pillar(), {"m": {"a": 1, "c": 0, "b": 2}, "x": {"y": {"z": 5}}, "l": [2]}
        )

    def test_override_and_environment(self) -> None:
        """
        An override is put on top for this call only; an unknown environment has no pillar.
        """
        self.files(top="base: {'*': [one]}", one="m: {a: 1}")
        self.assertEqual(self.pillar(pillar_override={"m": {"b": 2}}), {"m": {"a": 1, "b": 2}})
        facts = self.place.bench.facts.one("m1")
        self.assertEqual(facts and facts.pillar, {"m": {"a": 1}})
        self.assertEqual(self.pillar(pillarenv="dev"), {})
        self.assertEqual(self.pillar(pillarenv="base"), {"m": {"a": 1}})

    def test_facts_and_event(self) -> None:
        """
        Grains and pillar are kept for targets, and the refresh is told.
        """
        self.files(top="base: {'*': [one]}", one="a: 1")
        self.pillar()
        facts = self.place.bench.facts.one("m1")
        self.assertEqual(facts and facts.grains["os"], "Debian")
        self.assertEqual(
            self.place.events,
            [("minion/refresh/m1", {"Minion data cache refresh": "m1"})],
        )

    def test_full_disk(self) -> None:
        """
        A minion gets its pillar also when the master's disk is full; the log says what is missing.
        """
        self.files(top="base: {'*': [one]}", one="a: 1")
        fill_disk(self.place)
        with self.assertLogs("txsalt.master.worker", "ERROR") as logged:
            self.assertEqual(self.pillar(grains={"long": "x" * 100_000}), {"a": 1})
        (line,) = logged.output
        self.assertIn("disk is full", line)

    def test_errors_are_inside(self) -> None:
        """
        What cannot be read is named inside the pillar, without quoting the file; the rest is there.
        """
        self.files(
            top="base: {'*': [good, gone, bad, template, python, ../../secret]}",
            good="a: 1",
            bad="password: [hunter2",
            template="b: {{ grains.os }}",
            python="#!py\ndef run(): return {}",
        )
        pillar = self.pillar()
        self.assertEqual((pillar["a"], pillar["b"]), (1, "Debian"))
        errors = pillar["_errors"]
        self.assertEqual(len(errors), 4)
        self.assertIn("gone", errors[0])
        self.assertNotIn("hunter2", repr(pillar))

    def test_broken_top_file(self) -> None:
        """
        A top file that is no YAML is an error inside the pillar.
        """
        self.files(top="base: [")
        self.assertEqual(list(self.pillar()), ["_errors"])

    def test_include_loop(self) -> None:
        """
        Files that include each other are read once.
        """
        self.files(top="base: {'*': [a]}", a="include: [b]\nx: 1", b="include: [a]\ny: 2")
        self.assertEqual(self.pillar(), {"y": 2, "x": 1})

    def test_a_changed_file(self) -> None:
        """
        A changed file counts at once, and what was merged before is not changed by it.
        """
        self.files(top="base: {'*': [one, two]}", one="m: {a: 1}", two="m: {b: 2}")
        self.pillar()
        self.files(two="m: {ccc: 3}")
        self.assertEqual(self.pillar(), {"m": {"a": 1, "ccc": 3}})

    def test_no_files_at_all(self) -> None:
        """
        A master without pillar gives an empty one.
        """
        self.assertEqual(self.pillar(), {})

    def test_without_grains_or_nonce(self) -> None:
        """
        Without grains the pillar is empty; without a nonce it is not given.
        """
        self.assertEqual(self.minion.ask("_pillar"), {})
        self.assertIsNone(self.place.bench.facts.one("m1"))
        full = self.minion.full({"cmd": "_pillar", "grains": {}})
        del full["nonce"]
        reply = self.place.ask(self.minion.seal_raw(full))
        self.assertEqual(reply, {"error": "Nonce not included in request"})
        self.assertEqual(len(NONCE), 32)

    def test_dates_travel(self) -> None:
        """
        Dates and bytes in a pillar arrive; dates are text, as with Salt.
        """
        self.files(top="base: {'*': [one]}", one="when: 2024-01-02\nraw: !!binary AP8=")
        pillar = self.pillar()
        self.assertEqual(serial.as_bytes(pillar["raw"]), b"\x00\xff")
        self.assertEqual(pillar["when"], "2024-01-02")
