"""What this minion can do."""

from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.modules.calls import FakeContext, modules


class SysTests(SynchronousTestCase):
    """The sys module."""

    def setUp(self) -> None:
        """Load the modules, with a broken one of the user's."""
        own = Path(self.mktemp()).absolute()
        own.mkdir()
        (own / "broken.py").write_text("import txsalt_no_such_thing\n")
        (own / "_states").mkdir()
        (own / "_states" / "site.py").write_text("def up(name):\n    return {}\n")
        self.functions = modules(FakeContext({"module_dirs": [str(own)]}))

    def call(self, name: str, *args: Any) -> Any:
        """Call sys.name."""
        return self.functions[f"sys.{name}"](*args)

    def test_lists(self) -> None:
        """
        Modules and functions are listed, by name or pattern.
        """
        expected = {"cmd", "config", "event", "grains", "mine", "pillar", "saltutil", "status"}
        self.assertLessEqual(expected | {"sys", "test"}, set(self.call("list_modules")))
        self.assertEqual(self.call("list_modules", "te*t"), ["test"])
        self.assertIn("test.ping", self.call("list_functions"))
        self.assertEqual(self.call("list_functions", "test.pi*"), ["test.ping"])
        self.assertIn("sys.doc", self.call("list_functions", "sys"))

    def test_returners(self) -> None:
        """
        Returners are listed, documented and described like execution modules.
        """
        self.assertLessEqual({"http", "sqlite3", "syslog"}, set(self.call("list_returners")))
        self.assertEqual(self.call("list_returners", "ht*"), ["http"])
        self.assertIn("http.returner", self.call("list_returner_functions", "http"))
        self.assertTrue(self.call("returner_doc", "http")["http.returner"].strip())
        self.assertEqual(self.call("returner_argspec", "http")["http.returner"]["args"], ["ret"])

    def test_states(self) -> None:
        """
        State modules of my own are listed; without any the lists are empty.
        """
        self.assertEqual(self.call("list_state_modules"), ["site"])
        self.assertEqual(self.call("list_state_modules", "x*"), [])
        self.assertEqual(self.call("list_state_functions", "site"), ["site.up"])
        bare = modules(FakeContext())
        self.assertEqual(bare["sys.list_state_modules"](), [])
        self.assertEqual(bare["sys.list_state_functions"](), [])

    def test_documents_of_others(self) -> None:
        """
        State modules of my own and renderers are documented; there are no runners here.
        """
        self.assertEqual(self.call("state_doc"), {"site.up": ""})
        self.assertEqual(self.call("state_argspec", "site")["site.up"]["args"], ["name"])
        self.assertEqual(list(self.call("renderer_doc", "ya*")), ["yaml"])
        self.assertEqual((self.call("runner_doc"), self.call("runner_argspec")), ({}, {}))

    def test_renderers_and_runners(self) -> None:
        """
        The forms of text are listed; runners are none, as they are the master's.
        """
        self.assertEqual(self.call("list_renderers"), ["jinja", "json", "yaml"])
        self.assertEqual(self.call("list_renderers", "y*"), ["yaml"])
        for name in ("list_runners", "list_runner_functions"):
            self.assertEqual(self.call(name), [])
            self.assertEqual(self.call(name, "j*"), [])

    def test_every_function_is_documented(self) -> None:
        """
        Each function says what it is for.
        """
        silent = [name for name, text in self.call("doc").items() if not text.strip()]
        self.assertEqual(silent, [])

    def test_argspec(self) -> None:
        """
        Arguments are told.
        """
        found = self.call("argspec", "test.sleep")
        self.assertEqual(found["test.sleep"]["args"], ["length"])
        self.assertIs(self.call("argspec", "cmd")["cmd.run"]["kwargs"], True)

    def test_signatures_begin_as_in_salt(self) -> None:
        """
        Arguments by position mean what they mean in Salt.
        """
        args = self.call("argspec", "cmd.run")["cmd.run"]["args"]
        first = ["cmd", "cwd", "stdin", "runas", "group", "shell", "python_shell", "env"]
        self.assertEqual(args[: len(first)], first)

    def test_failed_modules(self) -> None:
        """
        A module that did not load is listed with the reason.
        """
        self.assertIn("txsalt_no_such_thing", self.call("failed_modules")["broken"])
