"""Tests of crontabs as text, and of the cron module with a fake crontab."""

from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.modules.tools import FakeTools, load, room_for
from txsalt.jobs.errors import CommandExecutionError
from txsalt.modules import _crontab

# Written by Salt 3008.3.
BY_SALT = """# mine
1 2 3 4 5 own
# Lines below here are managed by Salt, do not edit
MAILTO=a@example.com
EMPTY=""
# two
# lines SALT_CRON_IDENTIFIER:X
#DISABLED#5 4 * * 1 /bin/y with  blanks
# SALT_CRON_IDENTIFIER:D
@hourly /bin/d
"""


class TextTests(SynchronousTestCase):
    """A crontab that Salt wrote is read, and written back as it was."""

    def test_round_trip(self) -> None:
        """
        Lines of mine, variables, identifiers, comments and switched-off jobs survive.
        """
        tab = _crontab.parse(BY_SALT)
        self.assertEqual(tab["pre"], ["# mine", "1 2 3 4 5 own"])
        job = tab["crons"][0]
        self.assertEqual((job["identifier"], job["comment"]), ("X", "two\nlines"))
        self.assertTrue(job["commented"])
        self.assertEqual(job["cmd"], "/bin/y with  blanks")
        self.assertEqual(tab["special"][0]["spec"], "@hourly")
        self.assertEqual(_crontab.render(tab), BY_SALT)

    def test_no_marker(self) -> None:
        """
        In a crontab of mine nothing is managed, and all of it is kept.
        """
        tab = _crontab.parse("A=b\n* * * * * mine\n")
        self.assertEqual(tab["crons"], [])
        self.assertTrue(_crontab.render(tab).startswith("A=b\n* * * * * mine\n# Lines below"))

    def test_as_people_write(self) -> None:
        """
        Below the marker, too, people write tabulators, several blanks, and blanks around "=".
        """
        text = f"{_crontab.MARKER}\nA = b c\n5\t4  *\t*\t*\techo 'a  b'\n@daily  echo 'a  b'\n"
        tab = _crontab.parse(text)
        self.assertEqual(tab["env"], [{"name": "A", "value": "b c"}])
        self.assertEqual([each["cmd"] for each in tab["crons"]], ["echo 'a  b'"])
        self.assertEqual([tab["crons"][0][each] for each in _crontab.TIMES], ["5", "4", *"***"])
        self.assertEqual([each["cmd"] for each in tab["special"]], ["echo 'a  b'"])

    @given(st.text())
    def test_garbage(self, text: str) -> None:
        """
        Any text is read, and reading what was written changes nothing more.
        """
        once = _crontab.render(_crontab.parse(text))
        self.assertEqual(_crontab.render(_crontab.parse(once)), once)

    def test_random_times(self) -> None:
        """
        A random time is within its limits, also in a short month.
        """
        times = dict.fromkeys(_crontab.TIMES, "random") | {"hour": "7:3"}
        for _ in range(200):
            chosen = {name: int(each) for name, each in _crontab.choose_times(times).items()}
            self.assertIn(chosen["hour"], range(3, 8))
            self.assertIn(chosen["daymonth"], range(1, 32))
        february = _crontab.choose_times({**times, "month": "2"})
        self.assertLessEqual(int(february["daymonth"]), 28)


class FakeCrontab(FakeTools):
    """Keeps the crontab of root."""

    def __init__(self, text: str = "") -> None:
        super().__init__({})
        self.raw = text.encode()
        self.refusal = ""
        self.unread = ""

    @property
    def text(self) -> str:
        """The crontab as text."""
        return self.raw.decode()

    def run(self, cmd: list[str], **options: Any) -> dict[str, Any]:
        """Do as crontab does."""
        if cmd[-1] == "-l":
            found = self.raw.decode(options.get("output_encoding") or "utf-8", "replace")
            return {"retcode": int(bool(self.unread)), "stdout": found, "stderr": self.unread}
        if not self.refusal:
            self.raw = Path(cmd[-1]).read_bytes()
        return {"retcode": 1 if self.refusal else 0, "stdout": "", "stderr": self.refusal}


class CronTests(SynchronousTestCase):
    """Jobs are found again by identifier or command."""

    def setUp(self) -> None:
        self.tools = FakeCrontab("# mine\n")
        self.cron = load("cron", self.tools)

    def test_life_of_a_job(self) -> None:
        """
        A job is new, present, updated, and removed; what is mine stays.
        """
        job = ("root", 5, "*", "*", "*", "*", "/bin/a")
        self.assertEqual(self.cron.set_job(*job), "new")
        self.assertEqual(self.cron.set_job(*job), "present")
        self.assertEqual(self.cron.set_job(*job, comment="why"), "updated")
        self.assertIn("# why\n5 * * * * /bin/a\n", self.tools.text)
        self.assertEqual(self.cron.rm_job("root", "/bin/a", minute=6), "absent")
        self.assertEqual(self.cron.rm_job("root", "/bin/a"), "removed")
        self.assertEqual(self.tools.text, f"# mine\n{_crontab.MARKER}\n")

    def test_random_stays(self) -> None:
        """
        A time that was chosen at random does not change at the next call.
        """
        job = ("root", "random", "random", "*", "*", "*", "/bin/a")
        self.cron.set_job(*job, identifier="a")
        before = self.tools.text
        self.assertEqual(self.cron.set_job(*job, identifier="a"), "present")
        self.assertEqual(self.tools.text, before)

    def test_unreadable(self) -> None:
        """
        A crontab that cannot be read is an error: it is not taken for empty and overwritten.
        """
        self.tools.unread = "crontab: error reading /var/spool/cron/root: Input/output error"
        for call in (
            lambda: self.cron.set_job("root", 5, "*", "*", "*", "*", "/bin/a"),
            lambda: self.cron.rm_env("root", "A"),
            lambda: self.cron.list_tab("root"),
        ):
            exc = self.assertRaises(CommandExecutionError, call)
            self.assertIn("Input/output error", str(exc))
        self.assertEqual(self.tools.text, "# mine\n")

    def test_full_disk(self) -> None:
        """
        Without room for the new crontab the old one stays.
        """
        with room_for(5):
            self.assertRaises(CommandExecutionError, self.cron.set_env, "root", "A", "b")
        self.assertEqual(self.tools.text, "# mine\n")

    def test_none(self) -> None:
        """
        A user without a crontab gets one with the first job.
        """
        self.tools.raw, self.tools.unread = b"", "no crontab for root"
        self.assertEqual(self.cron.raw_cron("root"), "")
        self.assertEqual(self.cron.set_env("root", "A", "b"), "new")
        self.assertEqual(self.tools.text, f"{_crontab.MARKER}\nA=b\n")

    def test_any_bytes(self) -> None:
        """
        Lines of mine in another encoding than UTF-8, or with odd characters, stay as they are.
        """
        mine = b"# caf\xe9 \xe2\x80\xa8 \x0c \xc3\xa9\n"
        self.tools.raw = mine
        self.assertEqual(self.cron.set_env("root", "A", "\u20ac"), "new")
        self.assertTrue(self.tools.raw.startswith(mine), self.tools.raw)
        self.assertTrue(self.tools.raw.endswith("A=\u20ac\n".encode()))
        self.assertIn("caf\ufffd", self.cron.raw_cron("root"))

    def test_complaint(self) -> None:
        """
        What crontab complains of is what the function returns.
        """
        self.tools.refusal = "bad minute"
        self.assertEqual(self.cron.set_special("root", "@daily", "/bin/a"), "bad minute")
