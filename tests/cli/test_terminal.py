"""Tests of what others wrote on an operator's terminal: it is shown, and steers nothing."""

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from txsalt.cli import event, main, run, status, why
from txsalt.cli.live_text import LiveText
from txsalt.cli.output_options import Printer
from txsalt.cli.report import Report, Style
from txsalt.client.events import Event
from txsalt.client.session import Session
from txsalt.client.steps import Published
from txsalt.errors import RequestRefused
from txsalt.events import tags
from txsalt.jobs.reasons import Reason

# Clear the screen, in both ways of writing it; the title of the window; a line of its own.
EVIL = "\x1b[2J\x9b2J\x1b]0;x\x07"
SHOWN = r"\x1b[2J\x9b2J\x1b]0;x\x07"
REFUSED = Reason(word="return_refused", text=f"its return is refused: {EVIL}")


class TerminalTests(SynchronousTestCase):
    """Each place at which a text of a minion, or of another user, is shown."""

    def setUp(self) -> None:
        self.out, self.err = io.StringIO(), io.StringIO()

    def answers(self, *answers: Any) -> None:
        """Let the master answer so, one question after the other."""
        left = iter(answers)

        def runner(session: Session, fun: str, *_: Any, **__: Any) -> Any:
            answer = next(left)
            if isinstance(answer, Exception):
                raise answer
            return answer

        self.patch(Session, "runner", runner)
        self.patch(Session, "call_runner", runner)

    def cli(self, *words: str) -> str:
        """Run a command and return what it prints; errors are kept."""
        folder = Path(self.mktemp())
        folder.mkdir(parents=True)
        (folder / "master").write_text("{}")
        with redirect_stdout(self.out), redirect_stderr(self.err):
            main.main([words[0], "-c", str(folder), *words[1:]])
        return self.out.getvalue()

    def test_output_of_commands(self) -> None:
        """
        What a command of a job writes, as it writes it.
        """
        live = LiveText(self.out)
        live.told("web1", {"number": 0, "text": f"{EVIL}\n", "channel": "x", "left_out": EVIL})
        self.assertEqual(self.out.getvalue(), f"web1 | [{SHOWN} bytes more]\nweb1 | {SHOWN}\n")

    def test_reasons(self) -> None:
        """
        Why a minion did not answer, in its own words.
        """
        report = Report(Style(), None, self.out)
        report.published(Published(jid="20260101000000000000", minions=["web1"], missing=[]))
        with redirect_stderr(self.err):
            report.ended({"web1": REFUSED})
        self.assertIn(f"its return is refused: {SHOWN}\n", self.err.getvalue())
        record = {"minions": ["web1"], "outcomes": {}, "missing": []}
        self.answers(record, {"plan": {}})
        self.patch(why.batch_view, "why", lambda *_: {"web1": REFUSED})
        self.assertIn(SHOWN, self.cli("why", "20260101000000000000"))
        said = []
        for words in (("--json",), ("--out", "json")):
            self.out.truncate(self.out.seek(0))
            self.answers(record, {"plan": {}})
            said.append(json.loads(self.cli("why", "20260101000000000000", *words)))
        self.assertEqual(said[0], said[1])
        self.assertEqual(said[0]["web1"]["reason"], REFUSED.word)

    def test_tags_of_events(self) -> None:
        """
        The tag of an event; the master takes no such tag from a minion to begin with.
        """
        shown = event._shown(Event(EVIL, {"a": EVIL}), as_json=False)
        self.assertTrue(shown.startswith(f"{SHOWN}\t"))
        self.assertNotIn("\x1b", shown)
        self.assertFalse(tags.minion_may_fire("web1", "my/\x9b2J"))

    def test_versions(self) -> None:
        """
        The version that a minion says it has, which is a grain.
        """
        about = {"state": "up", "software": "salt", "version": f"3006\n{EVIL}"}
        self.assertTrue(status._table({"web1": about}, 0.0)[1].endswith(f"salt 3006 {SHOWN}"))

    def test_tokens(self) -> None:
        """
        The note of a token, and what it allows: whoever may log in makes one.
        """
        made = {"id": "1f", "name": "bob", "eauth": "file", "expire": 0.0, "note": f"a\n{EVIL}"}
        self.answers([{**made, "scope": [EVIL]}])
        self.assertIn(f"  [{SHOWN}]  # a {SHOWN}\n", self.cli("token", "list"))

    def test_token_for_ever(self) -> None:
        """
        A token that ends in a year that no calendar has does not keep the others off the list.
        """
        made = {"id": "1f", "name": "bob", "eauth": "file", "note": "", "scope": None}
        self.answers([{**made, "expire": 1e13}, {**made, "expire": 0.0}])
        shown = self.cli("token", "list").splitlines()
        self.assertEqual(shown[0], "1f  bob (file)  until the end of time")
        self.assertIn("until 1970-01-01", shown[1])

    def test_runners(self) -> None:
        """
        What a runner answers, and with what words the master refuses.
        """
        printer = Printer(how="txt", colour=False, indent=None, out=self.out)
        self.assertEqual(run._plain([EVIL], printer), SHOWN)
        self.assertEqual(run._plain(EVIL, printer), SHOWN)
        self.answers(RequestRefused(EVIL))
        self.cli("run", "jobs.active")
        self.assertIn(f"refused the request: {SHOWN}\n", self.err.getvalue())
