"""Functions to try the minion with."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.modules.calls import FakeContext, modules_and_shared
from txsalt import __version__
from txsalt.jobs.errors import CommandExecutionError, SaltInvocationError


class TestModuleTests(SynchronousTestCase):
    """The test module."""

    def setUp(self) -> None:
        """Load the modules."""
        self.functions, self.shared = modules_and_shared(FakeContext({"test.foo": 5}))

    def call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Call test.name."""
        return self.functions[f"test.{name}"](*args, **kwargs)

    def test_answers(self) -> None:
        """
        The minion answers, and gives back what it is given.
        """
        self.assertIs(self.call("ping"), True)
        self.assertIs(self.call("true"), True)
        self.assertIs(self.call("false"), False)
        self.assertEqual(self.call("echo", {"ü": [1]}), {"ü": [1]})
        self.assertEqual(self.call("arg", 1, a=2), {"args": [1], "kwargs": {"a": 2}})
        self.assertEqual(self.call("kwarg", a=2), {"a": 2})
        self.assertEqual(self.call("arg_repr", 1), {"args": "(1,)", "kwargs": "{}"})
        types = {"args": ["<class 'int'>"], "kwargs": {"a": "<class 'str'>"}}
        self.assertEqual(self.call("arg_type", 1, a="x"), types)
        clean = self.call("arg_clean", 1, a=2, __pub_jid="1")
        self.assertEqual(clean, {"args": [1], "kwargs": {"a": 2}})

    def test_version(self) -> None:
        """
        The version is that of txsalt, everywhere.
        """
        self.assertEqual(self.call("version"), __version__)
        self.assertIn(__version__, self.call("versions_report"))
        self.assertEqual(self.call("versions"), self.call("versions_information"))

    def test_failing(self) -> None:
        """
        The functions that fail do so in the way asked for.
        """
        self.assertRaises(Exception, self.call, "exception", "oh")
        self.assertRaises(AssertionError, self.call, "assertion", 0)
        self.assertIsNone(self.call("assertion", 1))
        self.assertRaises(TypeError, self.call, "raise_exception", "TypeError", "oh")
        name = "salt.exceptions.CommandExecutionError"
        self.assertRaises(CommandExecutionError, self.call, "raise_exception", name, "oh")
        self.assertIs(self.call("raise_exception", "print"), False)
        self.assertIs(self.call("raise_exception", "SystemExit"), False)
        self.assertIs(self.call("retcode", 7), True)
        self.assertEqual(self.shared["retcode"], 7)

    def test_calling_others(self) -> None:
        """
        Functions reach each other and the options.
        """
        self.assertEqual(self.call("cross_test", "test.echo", ["x"]), "x")
        self.assertEqual(self.call("try", "test.echo", text="x"), "x")
        self.assertIsNone(self.call("try", "test.exception"))
        said = self.call("try", "test.exception", return_try_exception=True)
        self.assertEqual(said, "Test Exception")
        self.assertEqual(self.call("conf_test"), 5)
        self.assertEqual(self.call("get_opts")["id"], "web-01")
        self.assertEqual(self.call("opts_pkg")["grains"], {})

    def test_numbers(self) -> None:
        """
        The little computations are right.
        """
        self.assertEqual(self.call("fib", 10)[0], 55)
        self.assertRaises(ValueError, self.call, "fib", -1)
        self.assertEqual(self.call("collatz", 3)[0], [3, 10, 5, 16, 8, 4, 2])
        self.assertRaises(SaltInvocationError, self.call, "collatz", 0)
        self.assertIs(self.call("sleep", 0), True)
        self.assertIs(self.call("rand_sleep", 0), True)
        self.assertEqual(len(self.call("random_hash", hash_type="md5")), 32)
        self.assertEqual(len(self.call("rand_str")), 64)

    def test_modules(self) -> None:
        """
        It is told which file offers which module.
        """
        self.assertEqual(self.call("provider", "grains"), "grains")
        self.assertEqual(self.call("provider", "nothing"), "")
        self.assertEqual(self.call("providers")["test"], "test")
        self.assertNotIn("test", self.call("not_loaded"))
        self.assertIn("test.ping", self.call("module_report")["functions"])
        self.assertIn("test_modules", self.call("stack"))
