"""Folders with modules."""

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from txsalt.loader.places import places_of


class PlacesTests(SynchronousTestCase):
    """Which folders count, and in which order."""

    def test_order(self) -> None:
        """
        My own folders come first, then what was synced, then what is built in.
        """
        top = Path(self.mktemp()).absolute()
        for name in ("grains", "_utils"):
            (top / name).mkdir(parents=True)
        config = {
            "module_dirs": [str(top)],
            "grains_dirs": "/more/grains",
            "extension_modules": "/cache/extmods",
        }

        def directories(kind: str) -> list[str]:
            return [each.directory for each in places_of(config, kind)]

        self.assertEqual(directories("modules"), [str(top), "/cache/extmods/modules"])
        expected = [f"{top}/grains", "/more/grains", "/cache/extmods/grains"]
        self.assertEqual(directories("grains"), expected)
        self.assertEqual(directories("utils"), [f"{top}/_utils", "/cache/extmods/utils"])
        self.assertEqual(places_of({}, "states"), [])
        built_in = places_of(config, "modules", "txsalt.modules")[-1]
        self.assertEqual(built_in.package, "txsalt.modules")
