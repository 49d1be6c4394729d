"""People's own modules, unchanged."""

import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from txsalt.loader.functions import Function, Functions
from txsalt.loader.scan import folder


class FunctionsTests(SynchronousTestCase):
    """One folder of modules."""

    def setUp(self) -> None:
        """Make an empty folder."""
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.dunders: dict[str, object] = {"__opts__": {"id": "web-01"}, "__context__": {}}

    def write(self, name: str, source: str) -> None:
        """Put a module into the folder."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(source)

    def functions(self) -> Functions:
        """Look through the folder."""
        return Functions([folder(self.folder)], self.dunders, kind=self.id())

    def test_call_by_name(self) -> None:
        """
        A function is called as module.function.
        """
        self.write("greet.py", "def hello(name):\n    return 'hello ' + name\n")
        self.assertEqual(self.functions()["greet.hello"]("you"), "hello you")

    def test_call_by_attribute(self) -> None:
        """
        Templates write salt.greet.hello().
        """
        self.write("greet.py", "def hello():\n    return 'hello'\n")
        functions = self.functions()
        self.assertEqual(functions.greet.hello(), "hello")
        self.assertEqual(functions.greet["hello"](), "hello")
        with self.assertRaises(AttributeError):
            _ = functions.greet.nothing

    def test_only_the_module_asked_for_is_imported(self) -> None:
        """
        Asking for one function does not run the other modules.
        """
        self.write("one.py", "def f():\n    return 1\n")
        self.write("two.py", "import sys\nsys.txsalt_two_ran = True\ndef f():\n    return 2\n")
        self.functions()["one.f"]()
        self.assertFalse(hasattr(sys, "txsalt_two_ran"))

    def test_private_and_imported_are_hidden(self) -> None:
        """
        Private functions, classes and what a module imported are not offered.
        """
        self.write(
            "tidy.py",
            "from os.path import join\nfrom textwrap import dedent\nimport functools\n"
            "class Thing: pass\nVALUE = 1\ndef _secret(): pass\ndef open_(): pass\n"
            "half = functools.partial(open_)\n"
            "__func_alias__ = {'open_': 'open'}\n",
        )
        self.assertEqual(self.functions().names(), ["tidy.half", "tidy.open"])

    def test_load_narrows(self) -> None:
        """
        __load__ names the functions to offer.
        """
        self.write("some.py", "__load__ = ['a']\ndef a(): pass\ndef b(): pass\n")
        self.assertEqual(self.functions().names(), ["some.a"])

    def test_package_with_relative_import(self) -> None:
        """
        A folder is a module too, and its parts may import each other.
        """
        self.write("big/__init__.py", "from .part import inner\ndef outer():\n    return inner()\n")
        self.write("big/part.py", "def inner():\n    return 'inside'\n")
        functions = self.functions()
        self.assertEqual(functions["big.outer"](), "inside")
        self.assertEqual(functions.names(), ["big.inner", "big.outer"])

    def test_dunders(self) -> None:
        """
        Modules see options at import, and call each other through __salt__.
        """
        self.write("me.py", "NAME = __opts__['id']\ndef name():\n    return NAME\n")
        self.write("ask.py", "def who():\n    return __salt__['me.name']()\n")
        self.assertEqual(self.functions()["ask.who"](), "web-01")

    def test_virtual_false_with_reason(self) -> None:
        """
        A module that declines has no functions, and its reason is told.
        """
        self.write("win.py", "def __virtual__():\n    return False, 'not on Linux'\ndef f(): 0\n")
        functions = self.functions()
        self.assertNotIn("win.f", functions)
        self.assertIn("not on Linux", functions.missing_reason("win.f"))

    def test_virtual_false_without_reason(self) -> None:
        """
        A module may decline without saying why.
        """
        self.write("win.py", "def __virtual__():\n    return False\ndef f(): 0\n")
        functions = self.functions()
        self.assertIn("__virtual__ returned False", functions.missing_reason("win.f"))

    def test_virtual_name(self) -> None:
        """
        Several files can serve one name; the one that fits this machine does.
        """
        self.write(
            "aptpkg.py",
            "__virtualname__ = 'pkg'\ndef __virtual__():\n    return __virtualname__\n"
            "def tool():\n    return 'apt'\n",
        )
        self.write(
            "yumpkg.py",
            "__virtualname__ = 'pkg'\ndef __virtual__():\n    return (False, 'no yum')\n"
            "def tool():\n    return 'yum'\n",
        )
        functions = self.functions()
        self.assertEqual(functions["pkg.tool"](), "apt")
        self.assertNotIn("aptpkg.tool", functions)
        self.assertEqual(functions.names(), ["pkg.tool"])

    def test_name_known_only_at_run_time(self) -> None:
        """
        A module may return its name from __virtual__ alone.
        """
        self.write("late.py", "def __virtual__():\n    return 'early'\ndef f():\n    return 1\n")
        self.assertEqual(self.functions()["early.f"](), 1)

    def test_broken_module_disables_itself_only(self) -> None:
        """
        A module that cannot be imported is missing, with file and line; the others work.
        """
        self.write("broken.py", "\nimport txsalt_no_such_thing\ndef f(): 0\n")
        self.write("fine.py", "def f():\n    return 1\n")
        functions = self.functions()
        self.assertNotIn("broken.f", functions)
        reason = functions.missing_reason("broken.f")
        self.assertIn("txsalt_no_such_thing", reason)
        self.assertIn("line 2", reason)
        self.assertEqual(functions["fine.f"](), 1)
        self.assertEqual(list(functions.failed_modules()), ["broken"])

    def test_failed_is_not_who_leaves_it_to_another(self) -> None:
        """
        Of several files for one name those that decline have not failed; a broken one has.
        """
        declines = "def __virtual__():\n    return False, 'not here'\n"
        self.write("pkg_here.py", "__virtualname__ = 'pkg'\ndef f(): return 1\n")
        self.write("pkg_there.py", f"__virtualname__ = 'pkg'\n{declines}")
        self.write("other_there.py", f"__virtualname__ = 'other'\n{declines}")
        functions = self.functions()
        self.assertEqual(functions.names(), ["pkg.f"])
        self.assertEqual(list(functions.failed_modules()), ["other"])
        self.write("pkg_broken.py", "__virtualname__ = 'pkg'\nimport txsalt_no_such_thing\n")
        functions = self.functions()
        self.assertEqual(functions.names(), ["pkg.f"])
        self.assertEqual(sorted(functions.failed_modules()), ["other", "pkg"])

    def test_module_that_needs_salt(self) -> None:
        """
        A module that imports Salt's library says how to get it.
        """
        self.write("needs.py", "import salt.no_such_module_of_salts\n")
        self.assertIn("txsalt[salt]", self.functions().missing_reason("needs.f"))

    def test_whatever_a_module_does(self) -> None:
        """
        Modules that exit, do not parse, or have malformed dunders disable only themselves.

        A malformed __outputter__ is no wish.
        """
        self.write("exits.py", "import sys\nsys.exit(3)\n")
        self.write("syntax.py", "def f(:\n")
        self.write("raises.py", "def __virtual__():\n    return 1 / 0\n")
        self.write("alias.py", "__func_alias__ = 5\ndef f(): 0\n")
        self.write("load.py", "__load__ = 5\n")
        self.write("out.py", "__outputter__ = 5\ndef f(): 0\n")
        functions = self.functions()
        self.assertEqual(functions.names(), ["out.f"])
        expected = ["alias", "exits", "load", "raises", "syntax"]
        self.assertEqual(sorted(functions.failed_modules()), expected)

    def test_missing_function_of_a_module_that_is_there(self) -> None:
        """
        No reason is made up for a function that simply does not exist.
        """
        self.write("one.py", "def f(): 0\n")
        functions = self.functions()
        self.assertEqual(functions.missing_reason("one.g"), "")
        self.assertEqual(functions.missing_reason("nothing.g"), "")
        self.assertRaises(KeyError, functions.__getitem__, "one.g")
        self.assertRaises(KeyError, functions.__getitem__, "nodot")
        self.assertNotIn(5, functions)

    def test_own_module_overrides(self) -> None:
        """
        A module of mine replaces the built-in one of the same name.
        """
        below = Path(self.mktemp())
        below.mkdir()
        (below / "test.py").write_text("def ping():\n    return 'theirs'\ndef more(): 0\n")
        self.write("test.py", "def ping():\n    return 'mine'\n")
        functions = Functions([folder(self.folder), folder(below)], {}, kind=self.id())
        self.assertEqual(functions["test.ping"](), "mine")
        self.assertEqual(functions.names(), ["test.ping"])

    def test_outputter(self) -> None:
        """
        A module can wish how its answer is shown.
        """
        self.write("show.py", "__outputter__ = {'f': 'txt'}\ndef f(): 0\ndef g(): 0\n")
        functions = self.functions()
        self.assertEqual(functions.outputter("show.f"), "txt")
        self.assertIsNone(functions.outputter("show.g"))

    def test_init_gets_the_options(self) -> None:
        """
        A module's __init__ is called once with the options.
        """
        self.write(
            "start.py",
            "SEEN = []\ndef __init__(opts):\n    SEEN.append(opts['id'])\n"
            "def seen():\n    return SEEN\n",
        )
        self.assertEqual(self.functions()["start.seen"](), ["web-01"])

    def test_disabled(self) -> None:
        """
        A disabled module is as if it were not there, by its file or by its name.
        """
        self.write("one.py", "def f(): 0\n")
        self.write("two.py", "__virtualname__ = 'second'\ndef f(): 0\n")
        self.write("three.py", "def f(): 0\n")
        places = [folder(self.folder)]
        functions = Functions(places, {}, kind=self.id(), disabled=["one", "second"])
        self.assertEqual(functions.names(), ["three.f"])

    def test_one_module(self) -> None:
        """
        The functions of one module are listed without loading the others.
        """
        self.write("one.py", "def f(): 0\ndef g(): 0\n")
        self.write("broken.py", "1 / 0\n")
        functions = self.functions()
        self.assertEqual(functions.names_of("one"), ["one.f", "one.g"])
        self.assertEqual(functions.failed_modules(), {})

    def test_guest(self) -> None:
        """
        What is not here is looked for at the guest's, or there first.
        """
        self.write("one.py", "def f():\n    return 'mine'\n")
        places = [folder(self.folder)]
        for preferred, expected in ((False, "mine"), (True, "guest")):
            guest = FakeGuest(preferred)
            functions = Functions(places, {}, kind=self.id(), guest=guest)
            self.assertEqual(functions["one.f"](), expected)
            self.assertEqual(functions["two.g"](), "guest")
            self.assertEqual(functions.outputter("two.g"), "txt")
            self.assertEqual(functions.names(), ["one.f"])
            self.assertEqual(functions.guest_names(), ["one.f", "two.g"])
            self.assertNotIn("two.h", functions)
            self.assertEqual(functions.missing_reason("two.h"), "no h")

    def test_guest_costs_nothing(self) -> None:
        """
        A guest is not asked for functions that are here.
        """
        self.write("one.py", "__outputter__ = {'f': 'raw'}\ndef f(): 0\n")
        guest = FakeGuest(preferred=False)
        functions = Functions([folder(self.folder)], {}, kind=self.id(), guest=guest)
        functions["one.f"]()
        self.assertEqual(functions.outputter("one.f"), "raw")
        self.assertEqual(guest.asked, [])


class FakeGuest:
    """A guest with two functions."""

    def __init__(self, preferred: bool) -> None:
        self.preferred = preferred
        self.asked: list[str] = []

    def get(self, name: str) -> Function | None:
        self.asked.append(name)
        return (lambda: "guest") if name in self.names() else None

    def names(self) -> list[str]:
        return ["two.g", "one.f"]

    def outputter(self, name: str) -> str | None:
        return "txt"

    def missing_reason(self, name: str) -> str:
        return "no h"
