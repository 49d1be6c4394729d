"""Tests of the system, ps and status modules. Nothing here stops the machine or sets its clock."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

from twisted.trial.unittest import SynchronousTestCase

from tests.modules.tools import FakeTools, load, real
from txsalt.jobs.errors import CommandExecutionError, SaltInvocationError


class StopTests(SynchronousTestCase):
    """What is run to stop the machine, with tools that do not."""

    def test_words(self) -> None:
        """
        Each function runs its tool, at once unless a time is given.
        """
        tools = FakeTools(dict.fromkeys(["halt", "poweroff", "init", "shutdown"], "going down"))
        system = load("system", tools)
        self.assertEqual(system.halt(), "going down")
        system.poweroff()
        system.init(3)
        system.reboot()
        system.reboot(5)
        system.shutdown("23:00")
        self.assertEqual(
            [" ".join(each) for each in tools.ran],
            ["halt", "poweroff", "init 3", "shutdown -r now", "shutdown -r 5", "shutdown -h 23:00"],
        )


class ClockTests(SynchronousTestCase):
    """What is run to set the clock, with tools that do not."""

    def setUp(self) -> None:
        self.tools = FakeTools({"date": "", "hwclock": ""})
        self.clock = load("system_clock", self.tools)
        self.patch(self.clock, "which", lambda name: None)

    def test_set(self) -> None:
        """
        A time in another zone is set in UTC.
        """
        self.assertTrue(self.clock.set_system_date_time(2026, 5, 12, 23, 37, 53, "-0500"))
        self.assertEqual(self.tools.ran, [["date", "-u", "051304372026.53"]])
        self.assertTrue(self.clock.set_system_date_time(2026, 5, 12, 1, 2, 3))
        self.assertEqual(self.tools.ran[-1], ["date", "051201022026.03"])

    def test_forms(self) -> None:
        """
        Dates and times come in several forms; others are refused.
        """
        self.assertTrue(self.clock.set_system_date("03/28/26"))
        self.assertTrue(self.tools.ran[-1][-1].startswith("0328"))
        self.assertTrue(self.clock.set_system_time("03:12 PM"))
        self.assertTrue(self.tools.ran[-1][-1][4:].startswith("1512"))
        self.assertFalse(self.clock.set_system_time("noon"))
        self.assertRaises(SaltInvocationError, self.clock.set_system_date, "today")
        self.assertRaises(SaltInvocationError, self.clock.get_system_time, "UTC")
        self.assertRaises(SaltInvocationError, self.clock.set_system_date_time, months=13)

    def test_refusal(self) -> None:
        """
        A clock that may not be set is an error with what date said.
        """
        self.tools.answers = {"date": (1, "", "date: cannot set date: Operation not permitted")}
        exc = self.assertRaises(CommandExecutionError, self.clock.set_system_time, "10:00")
        self.assertIn("not permitted", str(exc))

    def test_now(self) -> None:
        """
        The time is told in the zone that was asked for.
        """
        text = self.clock.get_system_date_time("+0000")
        told = datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
        self.assertLess(abs(datetime.now(UTC) - told), timedelta(minutes=1))


class ProcessTests(SynchronousTestCase):
    """Processes of this machine."""

    def setUp(self) -> None:
        self.ps = real().ps
        # Other runs of these tests have processes like this one.
        self.mark = f"txsalt-mark-of-{os.getpid()}-"
        script = "import sys; print(flush=True); sys.stdin.read()"
        self.child = subprocess.Popen(
            [sys.executable, "-c", script, self.mark],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.addCleanup(self.child.communicate)
        self.addCleanup(self.child.kill)
        assert self.child.stdout is not None
        self.child.stdout.readline()

    def test_found_and_killed(self) -> None:
        """
        A process is found by its command line, told of, and killed.
        """
        pid = self.child.pid
        self.assertEqual(self.ps.pgrep(self.mark, full=True), [pid])
        found = self.ps.pgrep(self.mark.replace("mark", "m.*k"), full=True, pattern_is_regex=True)
        self.assertEqual(found, [pid])
        self.assertIsNone(self.ps.pgrep(self.mark))
        self.assertEqual(self.ps.proc_info(pid, ["pid", "ppid"])["ppid"], os.getpid())
        self.assertEqual(self.ps.psaux(self.mark)[2], "1 occurrence(s).")
        self.assertEqual(self.ps.pkill(self.mark, full=True), {"killed": [pid]})
        self.assertEqual(self.child.wait(10), -15)

    def test_top(self) -> None:
        """
        As many processes are listed as were asked for.
        """
        found = self.ps.top(2, 0.01)
        self.assertEqual(len(found), 2)
        self.assertEqual(
            sorted(found[0]), ["cmd", "cpu", "create_time", "mem", "pid", "status", "user"]
        )


class StatusTests(SynchronousTestCase):
    """Figures of this machine."""

    def test_networks(self) -> None:
        """
        Each interface has its counters.
        """
        found = real()["status.netdev"]()["lo"]
        self.assertEqual(found["iface"], "lo")
        self.assertEqual(found["rx_bytes"], found["tx_bytes"])
        self.assertIsInstance(real()["status.netstats"]()["IpExt"]["InOctets"], int)

    def test_who(self) -> None:
        """
        What a user does may be several words.
        """
        text = "amy      pts/0     09:12    1:02   0.10s  0.02s vi my file\n"
        status = load("status_io", FakeTools({"w -fh": text}))
        self.assertEqual(status.w()[0]["what"], "vi my file")

    def test_unknown_master(self) -> None:
        """
        Nothing is said of a master without a name.
        """
        self.assertIsNone(real()["status.master"]())
