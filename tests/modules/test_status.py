"""How this machine is doing."""

import os
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.modules.calls import FakeContext, modules
from txsalt.jobs.errors import CommandExecutionError


class StatusTests(SynchronousTestCase):
    """The status module, on the machine that runs the test."""

    def call(self, name: str, *args: Any) -> Any:
        """Call status.name."""
        return modules(FakeContext())[f"status.{name}"](*args)

    def test_uptime_and_load(self) -> None:
        """
        Up time and load have Salt's fields.
        """
        fields = {"seconds", "since_iso", "since_t", "days", "time", "users"}
        self.assertEqual(set(self.call("uptime")), fields)
        self.assertEqual(set(self.call("loadavg")), {"1-min", "5-min", "15-min"})
        self.assertGreaterEqual(self.call("nproc"), 1)

    def test_memory_and_processors(self) -> None:
        """
        Figures of /proc come with value and unit.
        """
        self.assertEqual(self.call("meminfo")["MemTotal"]["unit"], "kB")
        self.assertIn("cpu", self.call("cpustats"))
        self.assertIsInstance(self.call("cpuinfo").get("flags", []), list)
        self.assertIn("pgfault", self.call("vmstats"))
        self.assertIn("Linux", self.call("version"))

    def test_disks(self) -> None:
        """
        File systems are named by mount point, pattern or type.
        """
        self.assertGreater(self.call("diskusage", "/")["/"]["total"], 0)
        self.assertIn("/proc", self.call("diskusage", "proc"))
        self.assertEqual(self.call("diskusage", "/no/such/*"), {})

    def test_processes(self) -> None:
        """
        Processes are listed, and found by their command line.
        """
        self.assertIn(str(os.getpid()), self.call("procs"))
        self.assertEqual(self.call("pid", "^txsalt no such command line$"), "")
        self.assertRaises(CommandExecutionError, self.call, "pid", "(")

    def test_all(self) -> None:
        """
        All figures come in one map.
        """
        self.assertIn("loadavg", self.call("all_status"))
        self.assertTrue(self.call("time", "%Y").isdigit())
