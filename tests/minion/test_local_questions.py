"""Tests of what programs of this machine may ask the daemon on its bus."""

from typing import Any

from twisted.logger import LogLevel, capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from txsalt.errors import BadLoad, LocalError
from txsalt.minion.daemon.local_questions import LocalQuestions, LocalReturns

TOKEN = "ab" * 16


class LocalQuestionsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.questions = LocalQuestions(
            "arguments", self.answer, lambda tag, data: self.told.append((tag, data))
        )

    def answer(self, arguments: dict[str, Any]) -> Any:
        if arguments.get("do") != "list":
            raise LocalError("not that")
        return {"job": {}}

    def test_answered(self) -> None:
        """
        Who asks with a token gets the answer under it, or the reason why not.
        """
        self.questions.from_bus({"arguments": {"do": "list"}, "token": TOKEN})
        self.questions.from_bus({"arguments": {"do": "harm"}, "token": TOKEN})
        tag = f"txsalt/answer/{TOKEN}"
        self.assertEqual(self.told, [(tag, {"answer": {"job": {}}}), (tag, {"error": "not that"})])

    def test_malformed(self) -> None:
        """
        What is no question is dropped with a line in the log.
        """
        wrong: list[dict[str, Any]] = [
            {},
            {"arguments": {}},
            {"arguments": [], "token": TOKEN},
            {"arguments": {}, "token": "../x"},
            {"arguments": {}, "token": 5},
        ]
        for data in wrong:
            with capturedLogs() as events:
                self.questions.from_bus(data)
            self.assertEqual([each["log_level"] for each in events], [LogLevel.warn])
        self.assertEqual(self.told, [])


class LocalReturnsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.kept: list[dict[str, Any]] = []
        self.returns = LocalReturns("web1", self.kept.append)

    def test_kept(self) -> None:
        """
        The return of a call is kept as this minion's, whatever it says.
        """
        load = {"cmd": "_return", "id": "db1", "jid": "req", "fun": "test.ping", "return": True}
        self.assertIs(self.returns(load), True)
        self.assertEqual(self.kept, [{**load, "id": "web1"}])

    def test_of_a_published_job(self) -> None:
        """
        Nobody answers for a job that the master published.
        """
        for jid in ("20260101000000000000", None):
            load = {"jid": jid, "fun": "test.ping", "return": True}
            self.assertRaises(BadLoad, self.returns, load)
        self.assertEqual(self.kept, [])
