"""Grains of one's own, and grains that are kept."""

import json
import os
import time
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.modules.calls import FakeContext, modules
from txsalt.minion.grains import cache
from txsalt.minion.grains.collect import Source, collect

OWN = """
HELD = __grains__["base"]

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
            path = self.folder / "extmods" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.config: dict[str, Any] = {
            "id": "web-01",
            "config_dir": str(self.folder),
            "cachedir": str(self.folder),
            "extension_modules": f"{self.folder}/extmods",
        }
        self.collected = 0

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
                "own": 1,
                "minion": "web-01",
                "seen": ["base", "deep"],
                "util": 5,
            },
        )

    def test_deep_merge(self) -> None:
        """
        With grains_deep_merge, maps are joined.
        """
        self.config["grains_deep_merge"] = True
        self.assertEqual(self.collect()["deep"], {"a": 1, "b": 2})

    def test_hanging_module(self) -> None:
        """
        A function that hangs is left out in time.
        """
        (self.folder / "extmods/grains/slow.py").write_text(
            "import threading\ndef slow():\n    threading.Event().wait()\n"
        )
        self.assertEqual(collect(self.config, {"b": lambda _: {"base": 1}}, 0.2)["own"], 1)

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
