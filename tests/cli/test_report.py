"""Tests of what the command line prints of a job, and when."""

import io
import json
import time
from contextlib import redirect_stderr
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.pace import least_seconds
from txsalt.cli.progress import ProgressLine
from txsalt.cli.report import Report, Style
from txsalt.client.steps import Job, Published, Returned, Waiting
from txsalt.jobs import exit_codes
from txsalt.jobs.reasons import Reason

JID = "20260101000000000000"


def returned(minion: str, value: Any, **fields: Any) -> Returned:
    return Returned(minion=minion, load={"jid": JID, "return": value, "retcode": 0, **fields})


class ReportTests(SynchronousTestCase):
    def report(self, **style: Any) -> Report:
        self.out = io.StringIO()
        made = Report(Style(**style), Job(tgt="*", fun="test.ping"), self.out)
        made.published(Published(jid=JID, minions=["a", "b"], missing=[]))
        return made

    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.getvalue().splitlines()]

    def test_returns_are_printed_as_they_come(self) -> None:
        """
        One sees a return when it arrives, not when the last one does.
        """
        report = self.report()
        report.returned(returned("b", True))
        self.assertEqual(self.out.getvalue(), "b:\n    True\n")

    def test_json_lines(self) -> None:
        """
        Programs get one document a line: what was asked, each return, and the end.
        """
        report = self.report(how="jsonl", static=True)
        report.returned(returned("a", {"x": "grüße ☃"}))
        self.assertEqual([line["kind"] for line in self.lines()], ["published", "return"])
        report.returned(returned("b", b"\xff", retcode=3))
        report.ended({})
        first, one, two, last = self.lines()
        self.assertEqual(first["expected"], ["a", "b"])
        self.assertEqual((one["outcome"], one["return"]), ("succeeded", {"x": "grüße ☃"}))
        self.assertEqual((two["outcome"], two["retcode"]), ("failed", 3))
        self.assertEqual((last["returned"], last["failed"], last["missing"]), (2, 1, 0))
        self.assertEqual(last["exit_code"], exit_codes.GENERIC)
        self.assertEqual({line["schema"] for line in self.lines()}, {"txsalt.job/1"})

    def test_json_streams(self) -> None:
        """
        JSON that streams is a line for each minion; who wants it indented gets it indented.
        """
        report = self.report(how="json")
        report.returned(returned("b", {"x": "two\nlines"}))
        report.returned(returned("a", 1))
        report.ended({})
        self.assertEqual(self.lines(), [{"b": {"x": "two\nlines"}}, {"a": 1}])
        report = self.report(how="json", indent=2)
        report.returned(returned("a", 1))
        self.assertEqual(self.out.getvalue(), '{\n  "a": 1\n}\n')
        report = self.report(how="yaml", indent=-1)
        report.returned(returned("a", {"x": [1]}))
        self.assertEqual(self.out.getvalue(), "{a: {x: [1]}}\n")

    def test_one_versioned_document(self) -> None:
        """
        Programs that want one document get it at the end, with everyone in it.
        """
        report = self.report(how="json-v1")
        report.returned(returned("a", 1))
        self.assertEqual(self.out.getvalue(), "")
        report.ended({})
        found = json.loads(self.out.getvalue())
        self.assertEqual(found["schema"], "txsalt.job/1")
        self.assertEqual(found["minions"]["a"]["return"], 1)

    def test_static_documents(self) -> None:
        """
        With --static there is one document of all returns, sorted by minion.
        """
        report = self.report(how="json", static=True)
        report.returned(returned("b", 2))
        report.returned(returned("a", 1))
        report.ended({})
        self.assertEqual(self.out.getvalue(), '{\n    "a": 1,\n    "b": 2\n}\n')

    def test_guesses(self) -> None:
        """
        That minions were expected by a guess is told once, and not where nobody is to be named.
        """
        guess = Reason(word="silent", text="silent", by_facts=True)
        for named in (True, False):
            said = io.StringIO()
            with redirect_stderr(said):
                self.report(how="json", name_missing=named).ended({"a": guess, "b": guess})
            told = said.getvalue().splitlines()
            self.assertEqual(len(told), 3 if named else 0, told)
            self.assertTrue(not told or "of 2 that" in told[-1])
            self.assertEqual(self.out.getvalue(), "")

    def test_failures_are_named(self) -> None:
        """
        Who failed is named on stderr: a command that fails may write nothing.
        """
        report = self.report()
        report.returned(returned("b", "", retcode=3))
        report.returned(returned("a", "ok"))
        said = io.StringIO()
        with redirect_stderr(said):
            report.ended({})
        self.assertEqual(said.getvalue(), "txsalt-cli: failed on b\n")

    def test_quiet(self) -> None:
        """
        Quiet prints nothing, and still tells by its exit code.
        """
        report = self.report(how="quiet")
        report.returned(returned("a", 1, success=False))
        report.ended({})
        self.assertEqual((self.out.getvalue(), report.exit_code), ("", exit_codes.GENERIC))

    def test_large_fleets_and_large_returns(self) -> None:
        """
        Ten thousand returns print one after the other, and ten megabytes at once, without delay.
        """
        for how in ("nested", "jsonl"):

            def print_all(how: str = how) -> None:
                report = self.report(how=how)
                for number in range(10_000):
                    report.returned(returned(f"m{number}", True))
                report.returned(returned("big", "line of text\n" * 800_000))
                report.ended({})

            # Generous: what is quadratic takes minutes.
            self.assertLess(least_seconds(print_all, 20), 20, how)
            self.assertGreater(len(self.out.getvalue()), 10_000_000)


class ProgressTests(SynchronousTestCase):
    def test_the_line_goes_before_results_come(self) -> None:
        """
        On a terminal a line tells how it goes; results never stand behind it.
        """
        terminal, out = io.StringIO(), io.StringIO()
        progress = ProgressLine(terminal, after=0)
        report = Report(Style(), Job(tgt="*", fun="test.ping"), out, progress)
        report.published(Published(jid=JID, minions=["a", "b"], missing=[]))
        report.waiting(Waiting(running=1))
        shown = terminal.getvalue()
        self.assertIn("sent to 2, received 0, running 1", shown)
        report.returned(returned("a", 1, retcode=1))
        self.assertTrue(terminal.getvalue()[len(shown) :].startswith("\r\x1b[K"))
        self.assertIn("failed 1, slowest a", progress.text(time.monotonic()))
        report.ended({})
        self.assertTrue(terminal.getvalue().endswith("\x1b[K"))

    def test_who_returned_does_not_run(self) -> None:
        """
        The number of those at work shrinks with each return, before anybody is asked again.
        """
        progress = ProgressLine(io.StringIO(), expected=2)
        progress.show(Waiting(running=2))
        progress.returned("a", succeeded=True)
        self.assertIn("received 1, running 1", progress.text(time.monotonic()))
        progress.returned("b", succeeded=True)
        self.assertNotIn("running", progress.text(time.monotonic()))

    def test_batch(self) -> None:
        """
        Of a batch the line tells to how many it was sent, and how many wait for their turn.
        """
        progress = ProgressLine(io.StringIO(), expected=1000)
        progress.show(Waiting(running=10, sent=30, queued=969))
        for number in range(20):
            progress.returned(f"m{number}", succeeded=True)
        text = progress.text(time.monotonic())
        self.assertIn("sent to 30 of 1000, received 20, running 10, waiting 969, succ", text)
        progress.show(Waiting(running=0, sent=1000, queued=0))
        self.assertIn("sent to 1000, received 20, succeeded", progress.text(time.monotonic()))

    def test_without_a_terminal_there_is_none(self) -> None:
        """
        Without the line nothing needs to happen between returns.
        """
        self.assertIsNone(Report(Style()).tick)
