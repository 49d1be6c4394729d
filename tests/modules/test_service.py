"""Tests of the service modules: recorded output of systemctl, runit by fake folders, sysv links."""

import os
import shutil
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.modules.tools import FakeTools, load
from txsalt.jobs.errors import CommandExecutionError
from txsalt.modules import _init_system, _systemd

# Of systemd 252.
UNITS = """\
  dev-sda1.device    loaded active plugged   /dev/sda1
  ssh.service        loaded active running   OpenBSD Secure Shell server
● bad.service        loaded failed failed    Broken
  dbus.socket        loaded active running   D-Bus System Message Bus Socket
"""
UNIT_FILES = """\
ssh.service          enabled  enabled
cron.service         disabled enabled
dbus.socket          static   -
getty@.service       enabled  enabled
"""
SHOWN = """\
Id=ssh.service
After=network.target auditd.service
ExecStart={ path=/usr/sbin/sshd ; argv[]=/usr/sbin/sshd -D $SSHD_OPTS ; ignore_errors=no }
Description=OpenBSD Secure Shell server
"""
STALE = "Warning: The unit file changed on disk. Run 'systemctl daemon-reload' to reload units."


class SystemdTests(SynchronousTestCase):
    """Services where systemd runs the machine."""

    def use(self, **answers: object) -> FakeTools:
        """Load the modules on a machine whose systemctl answers so."""
        base = {"systemctl status": (0, "", ""), "systemctl --full": UNITS}
        given = {name.replace("_", " "): each for name, each in answers.items()}
        tools = FakeTools({**base, **given})
        self.lists = load("service_systemd_list", tools)
        self.service = load("service_systemd", tools)
        self.patch(self.service, "which", lambda name: None)
        return tools

    def test_lists(self) -> None:
        """
        Services lose their type, other units keep it.
        """
        self.use()
        self.assertEqual(self.lists.get_running(), ["dbus.socket", "ssh"])
        found = dict(_systemd.states(UNIT_FILES))
        self.assertEqual(found["getty@"], "enabled")
        self.assertEqual(found["dbus.socket"], "static")

    def test_show(self) -> None:
        """
        The properties of a unit are text, lists of units, and maps for commands.
        """
        self.use(systemctl_show=SHOWN)
        found = self.lists.show("ssh")
        self.assertEqual(found["After"], ["network.target", "auditd.service"])
        self.assertEqual(found["ExecStart"]["path"], "/usr/sbin/sshd")

    def test_start(self) -> None:
        """
        Starting runs systemctl, and fails with what it said.
        """
        tools = self.use(systemctl_start=(1, "", "Running scope as unit: run-1.scope\nno such"))
        exc = self.assertRaises(CommandExecutionError, self.service.start, "x")
        self.assertEqual(str(exc), "no such")
        self.assertEqual(tools.ran[-1], ["systemctl", "start", "x.service"])
        tools.answers = {**tools.answers, "systemctl start": ""}
        self.assertTrue(self.service.start("x.timer"))
        self.assertEqual(tools.ran[-1], ["systemctl", "start", "x.timer"])

    def test_scope(self) -> None:
        """
        Where systemd-run is, services are started outside of our own service.
        """
        tools = self.use(systemd_run="")
        tools.answers = {**tools.answers, "systemd-run": ""}
        self.patch(self.service, "which", lambda name: name)
        self.service.restart("txsalt-minion")
        words = ["systemd-run", "--scope", "systemctl", "--no-block", "restart"]
        self.assertEqual(tools.ran[-1], [*words, "txsalt-minion.service"])

    def test_changed_unit(self) -> None:
        """
        A unit whose file changed is read again first.
        """
        tools = self.use(systemctl_stop="", systemctl___system="")
        tools.answers = {**tools.answers, "systemctl status": (3, "", STALE)}
        tools.answers["systemctl --system daemon-reload"] = ""
        self.assertTrue(self.service.stop("x"))
        self.assertEqual(tools.ran[1], ["systemctl", "--system", "daemon-reload"])

    def test_enabled(self) -> None:
        """
        An alias is enabled if the unit behind it is.
        """
        tools = self.use()
        tools.answers = {
            **tools.answers,
            "systemctl is-enabled a.service": (0, "alias", ""),
            "systemctl show a.service -P Id": "b.service",
            "systemctl is-enabled b.service": (0, "enabled", ""),
            "systemctl is-enabled c.service": (1, "disabled", ""),
        }
        self.assertTrue(self.service.enabled("a"))
        self.assertTrue(self.service.disabled("c"))

    def test_available(self) -> None:
        """
        A stopped service is available, an unknown one is missing.
        """
        tools = self.use()
        tools.answers = {"systemctl status a.service": (3, "", ""), "systemctl status": (4, "", "")}
        self.assertTrue(self.service.available("a"))
        self.assertTrue(self.service.missing("nope"))

    def test_masked(self) -> None:
        """
        A service is masked if its unit is a link to nowhere.
        """
        self.use()
        root = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, root)
        folder = Path(root, "etc/systemd/system")
        folder.mkdir(parents=True)
        (folder / "a.service").symlink_to("/dev/null")
        self.assertTrue(self.service.masked("a", root=root))
        self.assertFalse(self.service.masked("b", root=root))


class InitSystemTests(SynchronousTestCase):
    """Which of the modules serves a machine."""

    def setUp(self) -> None:
        self.root = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)

    def tools(self, *names: str) -> None:
        """Have these tools only."""
        self.patch(_init_system, "which", lambda name: name if name in names else None)

    def test_choice(self) -> None:
        """
        systemd wins; scripts win over a runit that is not process 1; nothing is nothing.
        """
        self.tools("sv", "service")
        self.assertEqual(_init_system.init_system(str(self.root)), "none")
        (self.root / "etc/service").mkdir(parents=True)
        self.assertEqual(_init_system.init_system(str(self.root)), "runit")
        (self.root / "etc/init.d").mkdir()
        script = self.root / "etc/init.d/cron"
        script.write_text("#!/bin/sh\n")
        script.chmod(0o755)
        self.assertEqual(_init_system.init_system(str(self.root)), "sysv")
        (self.root / "proc/1").mkdir(parents=True)
        (self.root / "proc/1/comm").write_text("runit\n")
        self.assertEqual(_init_system.init_system(str(self.root)), "runit")
        (self.root / "run/systemd/system").mkdir(parents=True)
        self.assertEqual(_init_system.init_system(str(self.root)), "systemd")

    def test_none_says_so(self) -> None:
        """
        Without an init system nothing is started, and the error says what was looked for.
        """
        service = load("service_none", FakeTools({}))
        exc = self.assertRaises(CommandExecutionError, service.start, "x")
        self.assertIn("no init system runs this machine", str(exc))
        self.assertFalse(service.status("x"))

    def test_runit(self) -> None:
        """
        Enabling links a service where runit looks, disabling removes the link.
        """
        definitions, supervised = self.root / "sv", self.root / "service"
        (definitions / "web").mkdir(parents=True)
        supervised.mkdir()
        tools = FakeTools({"sv status": "run: web: (pid 7) 5s", "sv start": ""})
        service = load("service_runit", tools)
        self.patch(service, "_DEFINITIONS", str(definitions))
        self.patch(service, "_SCAN", 0)
        self.patch(_init_system, "service_folder", lambda root="/": str(supervised))
        self.assertTrue(service.disabled("web"))
        self.assertTrue(service.enable("web"))
        self.assertEqual(service.get_enabled(), ["web"])
        self.assertTrue(service.status("web"))
        self.assertTrue(service.start("web"))
        self.assertEqual(tools.ran[-1], ["sv", "start", f"{supervised}/web"])
        self.assertTrue(service.disable("web"))
        self.assertFalse(os.path.lexists(supervised / "web"))
        self.assertFalse(service.enable("nope"))

    def test_sysv_links(self) -> None:
        """
        A script is enabled if a link of the runlevel, or of every boot, starts it.
        """
        tools = FakeTools({"runlevel": "N 3", "update-rc.d": "", "service": (1, "", "")})
        rc = load("_rc", tools)
        self.patch(rc, "which", lambda name: name)
        (self.root / "etc/rc3.d").mkdir(parents=True)
        (self.root / "etc/rcS.d").mkdir()
        for name in ("rc3.d/S01x11-common", "rc3.d/K01off", "rcS.d/S02early"):
            (self.root / "etc" / name).touch()
        self.assertEqual(rc.boot_scripts(tools, str(self.root)), {"x11-common"})
        found = rc.boot_scripts(tools, str(self.root), early=True)
        self.assertEqual(found, {"x11-common", "early"})
        self.assertTrue(rc.switch(tools, "web", on=True))
        self.assertEqual(tools.ran[-1], ["update-rc.d", "-f", "web", "defaults", "99"])
        self.assertFalse(load("service_sysv", tools).start("web"))
