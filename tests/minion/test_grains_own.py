"""Grains of one's own, and grains that are kept."""

import json
import os
import time
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.modules.calls import FakeContext, modules
from txsalt.config.read import read_minion
from txsalt.minion.grains import cache, netlink, read
from txsalt.minion.grains.collect import Source, collect
from txsalt.minion.grains.machine import graphics
from txsalt.minion.grains.names import reverse_names

OWN = """
HELD = __grains__["role"]

def own():
    return {"own": HELD, "minion": __opts__["id"], "deep": {"b": 2}}

def with_grains(grains):
    return {"seen": sorted(grains)}

def with_utils():
    return {"util": __utils__["tool.five"]()}

def nothing():
    return None

def wrong():
    return 5

def fails():
    raise SystemExit(1)

def _private():
    return {"private": True}
"""


class OwnGrainsTests(SynchronousTestCase):
    """Modules in _grains, and the cache."""

    def setUp(self) -> None:
        """Make folders as saltutil.sync_all leaves them."""
        self.folder = Path(self.mktemp()).absolute()
        for name, text in (
            ("grains/own.py", OWN),
            ("grains/broken.py", "1 / 0\n"),
            ("utils/tool.py", "def five():\n    return 5\n"),
        ):
            self.write(name, text)
        self.write("../minion", "id: web-01\ngrains: {role: web}\n")
        self.collected = 0

    def write(self, name: str, text: str) -> None:
        """Write a file of the synced ones, or the minion's file, which is read anew."""
        path = self.folder / "extmods" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        if name == "../minion":
            options, _ = read_minion(str(self.folder))
            extmods = f"{self.folder}/extmods"
            self.config = {
                **options.as_map(), "cachedir": str(self.folder), "extension_modules": extmods,
            }  # fmt: skip

    def collect(self) -> dict[str, Any]:
        """Collect with one source of ours."""

        def base(config: Any) -> dict[str, Any]:
            self.collected += 1
            return {"base": 1, "deep": {"a": 1}}

        sources: dict[str, Source] = {"base": base}
        return collect(self.config, sources)

    def test_modules(self) -> None:
        """
        Functions of my modules give grains; those that fail harm nobody.
        """
        self.assertEqual(
            self.collect(),
            {
                "base": 1,
                "deep": {"b": 2},
                "own": "web",
                "minion": "web-01",
                "seen": ["base", "deep", "minion", "own", "util"],
                "util": 5,
                "role": "web",
            },
        )

    def test_options(self) -> None:
        """
        My modules find what the minion's file sets, and of the grains those that I wrote down.
        """
        (self.folder / "grains").write_text("rack: 7\nrole: file\n")
        self.write("../minion", "id: web-01\ngrains: {role: web}\nsite: north\nmysql.host: db1\n")
        self.write(
            "grains/told.py",
            "def told():\n"
            "    names = ('site', 'mysql.host', '__role', 'enable_lspci')\n"
            "    seen = {'grains': dict(__grains__), 'opts': dict(__opts__['grains'])}\n"
            "    return {'told': [__opts__[each] for each in names], **seen}\n",
        )
        grains = self.collect()
        self.assertEqual(grains["told"], ["north", "db1", "minion", True])
        self.assertEqual(grains["grains"], {"rack": 7, "role": "web"})
        self.assertEqual(grains["opts"], {"rack": 7, "role": "web"})

    def test_what_is_not_collected(self) -> None:
        """
        The minion's file turns grains off that take time, or on.
        """
        sources: dict[str, Source] = {"gpus": graphics, "fqdns": reverse_names}
        self.patch(netlink, "addresses", list)
        asked: list[str] = []
        self.patch(read, "output", lambda *argv: asked.append(argv[0]))
        for text, gpus in (
            ("", 0),
            ("enable_gpu_grains: false\n", None),
            ("enable_lspci: no\n", None),
        ):
            self.write("../minion", f"id: web-01\ngrains: {{role: web}}\n{text}")
            grains = collect(self.config, sources)
            self.assertEqual((grains.get("num_gpus"), grains["fqdns"]), (gpus, []))
        self.assertEqual(asked, ["lspci"])
        self.patch(netlink, "addresses", lambda: 1 / 0)
        self.assertEqual(collect(self.config, sources)["fqdns"], [])  # without a look at them
        self.write("../minion", "id: web-01\nenable_fqdns_grains: true\n")
        self.assertNotIn("fqdns", collect(self.config, sources))

    def test_deep_merge(self) -> None:
        """
        With grains_deep_merge, maps are joined: those of modules, and of the file grains.
        """
        (self.folder / "grains").write_text("deep: {c: 3}\n")
        self.assertEqual(self.collect()["deep"], {"c": 3})
        self.config["grains_deep_merge"] = True
        self.assertEqual(self.collect()["deep"], {"a": 1, "b": 2, "c": 3})

    def collect_with_hanging(self) -> tuple[dict[str, Any], list[str]]:
        """Collect in a time that a hanging module uses up; give grains and log."""
        with self.assertLogs("txsalt.minion.grains", "WARNING") as logs:
            grains = collect(self.config, {"b": lambda _: {"base": 1}}, 0.5)
        return grains, [line for line in logs.output if "took over" in line]

    def test_hanging_function(self) -> None:
        """
        A function that hangs is named and left out in time; those beside it stand.
        """
        self.write(
            "grains/slow.py",
            "import threading\ndef slow():\n    threading.Event().wait()\n"
            "def quick():\n    return {'quick': 1}\n",
        )
        grains, told = self.collect_with_hanging()
        self.assertEqual((grains["own"], grains["quick"]), ("web", 1))
        self.assertIn("grains: slow.slow took over 0.5 s and is left out", told[0])

    def test_hanging_import(self) -> None:
        """
        A module that hangs while it is imported is named and left out; the other modules stand.
        """
        self.write("grains/a_slow.py", "import threading\nthreading.Event().wait()\n")
        grains, told = self.collect_with_hanging()
        self.assertEqual((grains["own"], grains["util"]), ("web", 5))
        self.assertEqual(len(told), 1)
        self.assertIn("grains: the module a_slow took over 0.5 s and is left out", told[0])

    def test_functions_that_wish_to_know(self) -> None:
        """
        Functions that take grains get those of the functions before them; one that hangs is named.
        """
        for name, body in (
            ("a", "return {'a': grains['own']}"),
            ("b", "import threading; threading.Event().wait()"),
            ("c", "return {'c': grains['a'], 'base': grains.clear()}"),
        ):
            self.write(f"grains/{name}.py", f"def {name}(grains):\n    {body}\n")
        grains, told = self.collect_with_hanging()
        self.assertEqual((grains["a"], grains["c"], grains["util"]), ("web", "web", 5))
        self.assertEqual(len(told), 1)
        self.assertIn("grains: b.b took over", told[0])

    def test_written_down_wins(self) -> None:
        """
        What I wrote down wins over what modules found; options over the file.
        """
        (self.folder / "grains").write_text("own: file\nbase: file\n")
        self.config["grains"] = {"base": "option"}
        grains = self.collect()
        self.assertEqual((grains["own"], grains["base"]), ("file", "option"))

    def test_kept(self) -> None:
        """
        With grains_cache they are collected once, until they are too old; my file counts at once.
        """
        self.config |= {"grains_cache": True, "grains_cache_expiration": 60}
        first = self.collect()
        (self.folder / "grains").write_text("more: 1\n")
        self.assertEqual(self.collect(), {**first, "more": 1})
        self.assertEqual(self.collected, 1)
        kept = self.folder / cache.NAME
        self.assertEqual(kept.stat().st_mode & 0o777, 0o600)
        old = time.time() - 61
        os.utime(kept, (old, old))
        self.collect()
        self.assertEqual(self.collected, 2)
        kept.write_text("no json")
        self.collect()
        self.assertEqual(self.collected, 3)

    def test_not_kept(self) -> None:
        """
        Without grains_cache nothing is written.
        """
        self.collect()
        self.assertFalse((self.folder / cache.NAME).exists())

    def test_folder_that_cannot_be_written(self) -> None:
        """
        Grains that cannot be kept are still given.
        """
        (self.folder / "file").write_text("")
        self.config |= {"grains_cache": True, "cachedir": f"{self.folder}/file"}
        self.assertEqual(self.collect()["base"], 1)

    def test_set(self) -> None:
        """
        A grain that I set is in the file, in this job, and in the next collection.
        """
        context = FakeContext(self.config, {"os": "x"})
        functions = modules(context)
        self.assertTrue(functions["grains.set"]("apps:web:port", 80)["result"])
        functions["grains.append"]("roles", "web")
        self.assertEqual(functions["grains.get"]("apps:web:port"), 80)
        grains = self.collect()
        self.assertEqual((grains["apps"], grains["roles"]), ({"web": {"port": 80}}, ["web"]))
        asked = [arguments["what"] for _, arguments in context.calls]
        self.assertEqual(asked, ["grains", "pillar"] * 2)
        self.assertEqual(json.loads(json.dumps(context.grains))["roles"], ["web"])
