"""Modules of one's own, from the master's file roots."""

from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.modules.calls import FakeContext, modules
from txsalt.jobs.errors import CommandExecutionError


class SyncTests(SynchronousTestCase):
    """The sync functions of saltutil, with the files of this machine as the master's."""

    def setUp(self) -> None:
        """Make two environments and a minion."""
        self.folder = Path(self.mktemp()).absolute()
        self.base, self.dev = self.folder / "base", self.folder / "dev"
        self.extmods = self.folder / "cache" / "extmods"
        for name in ("base/_modules/one.py", "base/_modules/pack/__init__.py", "dev/_modules/x.py"):
            self.write(name, "def f():\n    return 1\n")
        self.write("base/_modules/notes.txt", "no module")
        self.write("base/_grains/g.py", "def f():\n    return {}\n")
        config = {
            "file_client": "local",
            "file_roots": {"base": [str(self.base)], "dev": [str(self.dev)]},
            "hash_type": "sha256",
            "saltenv": None,
            "cachedir": str(self.folder / "cache"),
            "extension_modules": str(self.extmods),
        }
        self.context = FakeContext(config)

    def write(self, name: str, text: str) -> None:
        """Write a file of the master's."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Call saltutil.name in a job of its own."""
        return modules(self.context)[f"saltutil.{name}"](*args, **kwargs)

    def synced(self) -> list[str]:
        """List what is synced."""
        files = (path for path in self.extmods.rglob("*") if path.is_file())
        return sorted(path.relative_to(self.extmods).as_posix() for path in files)

    def refreshed(self) -> list[str]:
        """Give, once, what the daemon was asked to refresh."""
        asked, self.context.calls = self.context.calls, []
        return [arguments["what"] for name, arguments in asked if name == "refresh"]

    def test_refreshed_by_default(self) -> None:
        """
        Modules are read anew after a sync, but for the kinds of which Salt does not do so.
        """
        for kind in ("modules", "states", "serializers", "resources", "utils", "returners"):
            self.call(f"sync_{kind}", saltenv="base")
            self.assertEqual(self.refreshed(), ["modules"], kind)
        for kind in ("engines", "matchers", "proxymodules", "thorium"):
            self.call(f"sync_{kind}", saltenv="base")
            self.assertEqual(self.refreshed(), [], kind)

    def test_new_and_changed(self) -> None:
        """
        What is new or changed is told, and can be called by the next job.
        """
        self.assertEqual(self.call("sync_modules"), ["modules.one", "modules.pack.__init__"])
        self.assertEqual(self.synced(), ["modules/one.py", "modules/pack/__init__.py"])
        self.assertEqual(self.refreshed(), ["modules"])
        self.assertEqual(modules(self.context)["one.f"](), 1)
        self.assertEqual(self.call("sync_modules"), [])
        self.write("base/_modules/one.py", "def f():\n    return 2\n")
        self.assertEqual(self.call("sync_modules"), ["modules.one"])
        self.assertEqual((self.extmods / "modules" / "one.py").stat().st_mode & 0o777, 0o600)

    def test_gone(self) -> None:
        """
        What the master has no more goes, unless I keep such modules.
        """
        self.call("sync_modules")
        (self.base / "_modules" / "pack" / "__init__.py").unlink()
        self.context.config["clean_dynamic_modules"] = False
        self.assertEqual(self.call("sync_modules"), [])
        self.assertIn("modules/pack/__init__.py", self.synced())
        self.context.config["clean_dynamic_modules"] = True
        self.assertEqual(self.call("sync_modules"), [])
        self.assertEqual(self.synced(), ["modules/one.py"])
        self.assertFalse((self.extmods / "modules" / "pack").exists())

    def test_environments(self) -> None:
        """
        Modules of several environments come together.
        """
        changed = self.call("sync_modules", saltenv="base,dev", refresh=False)
        self.assertEqual(changed, ["modules.one", "modules.pack.__init__", "modules.x"])
        self.assertEqual(self.refreshed(), [])

    def environments(self, **settings: Any) -> list[str]:
        """Tell of which environments modules are synced when nobody says it."""
        self.context.answer = settings  # what the master answers
        changed = self.call("sync_modules", refresh=False)
        self.call("sync_modules", saltenv="none")  # forget them
        names = {"modules.one": "base", "modules.x": "dev"}
        return [names[each] for each in changed if each in names]

    def test_top_files(self) -> None:
        """
        Without an environment those count in which the top files have something for the minion.
        """
        self.assertEqual(self.environments(), ["base"])
        self.write("base/top.sls", "base:\n  'db*': [x]\ndev:\n  'web*': [x]\n")
        self.assertEqual(self.environments(), ["dev"])
        self.write("base/top.sls", "{% if grains.a is defined %}dev: {'*': [x]}{% endif %}\n")
        self.assertEqual(self.environments(), ["base"])
        self.context.grains = {"a": 1}
        self.assertEqual(self.environments(), ["dev"])
        self.context.config["saltenv"] = "dev"
        self.assertEqual(self.environments(), ["base"])
        self.write("dev/top.sls", "dev: {'a:1': [{match: grain}, x]}\n")
        self.assertEqual(self.environments(), ["dev"])

    def test_top_files_together(self) -> None:
        """
        The master's options say how top files of several environments are merged.
        """
        self.write("base/top.sls", "base:\n  '*': [x]\ndev:\n  'db*': [x]\n")
        self.write("dev/top.sls", "base:\n  '*': [x]\ndev:\n  'N@webs': [x]\n")
        groups = {"nodegroups": {"webs": "E@web-.*"}}
        self.assertEqual(self.environments(**groups), ["base"])
        same = {"top_file_merging_strategy": "same", **groups}
        self.assertEqual(self.environments(**same), ["base", "dev"])
        everything = {"top_file_merging_strategy": "merge_all", **groups}
        self.assertEqual(self.environments(**everything), ["base", "dev"])
        self.assertEqual(self.environments(state_top="other.sls"), ["base"])
        self.write("base/other.sls", "include: [tops.*]\n")
        self.write("base/tops/init.sls", "dev: {'web-*': [x]}\n")
        self.write("base/tops/more.sls", "dev: {'web-*': [x]}\n")
        self.assertEqual(self.environments(state_top="other.sls"), ["dev"])

    def test_bad_top_file(self) -> None:
        """
        A top file that cannot be read is an error that names it.
        """
        for text in ("base: [", "- a", "base: [a]", "{{ nope }}", "#!py\n", "base: {'N@x': [a]}"):
            self.write("base/top.sls", text)
            error = self.assertRaises(CommandExecutionError, self.call, "sync_modules")
            self.assertIn("top", str(error), text)

    def test_chosen(self) -> None:
        """
        Lists in the call or the options say what is wanted.
        """
        self.assertEqual(self.call("sync_modules", extmod_whitelist="one,x"), ["modules.one"])
        self.context.config["extmod_blacklist"] = {"modules": ["one"]}
        self.assertEqual(self.call("sync_modules"), ["modules.pack.__init__"])
        self.assertEqual(self.synced(), ["modules/pack/__init__.py"])

    def test_everything(self) -> None:
        """
        sync_all tells of every kind, in Salt's shape, and refreshes once.
        """
        changed = self.call("sync_all")
        self.assertEqual(changed["grains"], ["grains.g"])
        self.assertEqual(changed["modules"], ["modules.one", "modules.pack.__init__"])
        self.assertLessEqual({"states", "beacons", "utils", "returners"}, set(changed))
        self.assertEqual(self.refreshed(), ["modules", "pillar"])
        listed = {"grains": ["g"], "modules": ["__init__", "one"]}
        self.assertEqual(self.call("list_extmods"), listed)

    def test_grains_are_collected_anew(self) -> None:
        """
        New grains modules do not wait until the kept grains are too old.
        """
        kept = self.folder / "cache" / "grains.cache.json"
        kept.parent.mkdir()
        kept.write_text("{}")
        self.assertEqual(self.call("sync_grains"), ["grains.g"])
        self.assertFalse(kept.exists())
        self.assertEqual(self.refreshed(), ["grains", "pillar"])

    def test_other_kinds(self) -> None:
        """
        Every other kind has a function of its own.
        """
        kinds = "states renderers returners output outputters utils beacons clouds engines"
        more = "executors log_handlers matchers proxymodules resources sdb serializers thorium"
        for kind in [*kinds.split(), *more.split()]:
            self.assertEqual(self.call(f"sync_{kind}"), [], kind)

    def test_clear_cache(self) -> None:
        """
        Clearing the cache keeps returns that are on their way.
        """
        self.call("sync_modules")
        self.write("cache/outbox/1", "return")
        self.assertIs(self.call("clear_cache"), True)
        files = [path for path in (self.folder / "cache").rglob("*") if path.is_file()]
        self.assertEqual(files, [self.folder / "cache" / "outbox" / "1"])
