"""Tests of how a job ended."""

import signal
from collections import OrderedDict
from datetime import date

from twisted.trial.unittest import SynchronousTestCase

from txsalt.jobs import exit_codes, verdict
from txsalt.jobs.errors import (
    CommandExecutionError,
    FunctionUnavailable,
    InvalidArguments,
    SaltInvocationError,
)
from txsalt.jobs.plain import plain


class OfValueTests(SynchronousTestCase):
    def test_table_of_the_wire(self) -> None:
        """
        What a function gave, and the code it set, decide on success.
        """
        for value, set_code, retcode in [
            (True, 0, 0),
            (False, 0, 0),
            (None, 0, 0),
            ("text", 3, 3),
            ({"a": 1}, 0, 0),
            ({"result": False}, 0, 1),
            ({"result": None}, 0, 1),
            ({"success": 0}, 0, 1),
            ({"result": True, "success": True}, 0, 0),
            ({"result": False}, 2, 2),
            ({}, 2, 2),
        ]:
            expected = {"return": value, "retcode": retcode, "success": retcode == 0}
            self.assertEqual(verdict.of_value(value, set_code), expected)

    def test_generators(self) -> None:
        """
        Maps are merged, other items listed.
        """
        self.assertEqual(verdict.of_items([{"a": 1}, {"b": 2}])["return"], {"a": 1, "b": 2})
        self.assertEqual(verdict.of_items([1, {"b": 2}])["return"], [1, {"b": 2}])
        self.assertEqual(verdict.of_items([])["return"], [])


class OfExceptionTests(SynchronousTestCase):
    def test_expected_failures(self) -> None:
        """
        Each kind of failure has its own sentence, code 1, and is shown nested.
        """
        for exc, text in [
            (FunctionUnavailable("x.y"), "'x.y' is not available."),
            (
                FunctionUnavailable("x.y", "no lib"),
                "'x.y' is not available. Possible reasons: 'no lib'",
            ),
            (CommandExecutionError("no disk"), "ERROR: no disk"),
            (SaltInvocationError("no name"), "ERROR executing 'x.y': no name"),
            (
                InvalidArguments("missing 'a'"),
                "Passed invalid arguments to x.y: missing 'a'\nDocs.",
            ),
        ]:
            self.assertEqual(
                verdict.of_exception("x.y", exc, "Docs."),
                {"return": text, "retcode": 1, "success": False, "out": "nested"},
            )
            self.assertFalse(verdict.is_unexpected(exc))

    def test_unexpected_failures_show_where(self) -> None:
        """
        Any other exception is returned with its traceback, a TypeError inside the function too.
        """
        try:
            len(5)  # type: ignore[arg-type]
        except TypeError as exc:
            result = verdict.of_exception("x.y", exc)
            self.assertTrue(verdict.is_unexpected(exc))
        self.assertTrue(
            result["return"].startswith("The minion function caused an exception: Traceback")
        )
        self.assertIn("TypeError", result["return"])
        self.assertEqual(
            (result["retcode"], result["success"], result["out"]), (1, False, "nested")
        )


class OfDeathTests(SynchronousTestCase):
    def test_jobs_without_a_result(self) -> None:
        """
        A job that died, took too long or was killed says so.
        """
        for result, word in [
            (verdict.of_death(signal.SIGSEGV), "SIGSEGV"),
            (verdict.of_death(99), "signal 99"),
            (verdict.of_death(None, 3), "exit code 3"),
            (verdict.of_timeout(2.5), "2.5 seconds"),
            (verdict.of_kill(signal.SIGTERM), "SIGTERM"),
        ]:
            self.assertIn(word, result["return"])
            self.assertEqual((result["retcode"], result["success"]), (1, False))


class OfSeveralTests(SynchronousTestCase):
    def test_maps_and_lists(self) -> None:
        """
        Several functions give maps by name, or lists; one that failed has no code.
        """
        results = [
            ("a", verdict.of_value(1)),
            ("b", verdict.of_exception("b", CommandExecutionError("x"))),
            ("c", verdict.of_value("t", 4)),
        ]
        self.assertEqual(
            verdict.of_several(results),
            {
                "return": {"a": 1, "b": "ERROR: x", "c": "t"},
                "retcode": {"a": 0, "c": 4},
                "success": {"a": True, "b": False, "c": False},
            },
        )
        self.assertEqual(
            verdict.of_several(results, ordered=True),
            {
                "return": [1, "ERROR: x", "t"],
                "retcode": [0, None, 4],
                "success": [True, False, False],
            },
        )


class PlainTests(SynchronousTestCase):
    def test_values_msgpack_cannot_hold(self) -> None:
        """
        Any value a function gives can be sent; what has no form on the wire becomes text.
        """

        class Rude:
            def __str__(self) -> str:
                raise RuntimeError

        for value, expected in [
            (
                {
                    1,
                },
                [1],
            ),
            ((1, b"x"), [1, b"x"]),
            (OrderedDict(a=1), {"a": 1}),
            (2**70, str(2**70)),
            (date(2026, 1, 2), "2026-01-02"),
            (KeyError("x"), "'x'"),
            ({(1, 2): 3}, {"(1, 2)": 3}),
            (Rude(), "(Rude that cannot be written: RuntimeError)"),
            (10**5000, hex(10**5000)),
            (bytearray(b"a"), b"a"),
            (None, None),
            (True, True),
        ]:
            self.assertEqual(plain(value), expected)
            self.assertIs(type(plain(value)), type(expected))
        endless: list[object] = []
        endless.append(endless)
        self.assertIn("nested too deep", str(plain(endless)))


class ExitCodeTests(SynchronousTestCase):
    def test_succeeded(self) -> None:
        """
        A return is a success only if each of its functions says so.
        """
        good = [{"retcode": 0, "success": True}, {"return": 1}, {"retcode": {"a": 0, "b": 0}}]
        self.assertTrue(all(map(exit_codes.succeeded, good)))
        for bad in [
            {"retcode": 3},
            {"success": False},
            {"retcode": {"a": 2}},
            {"success": [True, False]},
        ]:
            self.assertFalse(exit_codes.succeeded(bad))
