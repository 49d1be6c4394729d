"""Tests of the service modules with real init systems, booted in copies of this machine."""

from tests.modules.machine_copy import CopyCase, call, need_copies, need_programs, sh, until

UNIT = """\
[Service]
ExecStart=/bin/sleep 1000
ExecReload=/bin/true
[Install]
WantedBy=multi-user.target
Alias=txalias.service
"""
INSTANCES = "[Service]\nExecStart=/bin/sleep %i\n[Install]\nWantedBy=multi-user.target\n"
SCRIPT = """\
#!/bin/sh
### BEGIN INIT INFO
# Provides: txold
# Required-Start:
# Required-Stop:
# Default-Start: 2 3 4 5
# Default-Stop: 0 1 6
### END INIT INFO
case $1 in
    start|restart|reload|force-reload) echo $1 > /run/txold ;;
    stop) rm /run/txold ;;
    status) test -e /run/txold ;;
esac
"""
PROGRAM = "#!/bin/sh\nexec sleep 1000\n"


def written(path: str, text: str) -> dict[str, str]:
    """A step: write a program or another file."""
    return sh(f"mkdir -p $(dirname {path}); cat > {path} <<'END'\n{text}END\nchmod 755 {path}")


def says(text: str) -> object:
    """A check: the outcome is an error that says so."""
    return lambda outcome: isinstance(outcome, dict) and text in outcome.get("text", "")


class LiveSystemdTests(CopyCase):
    """Services where a real systemd is process 1."""

    def setUp(self) -> None:
        super().setUp()
        need_programs(**{"systemctl": "systemd", "systemd-nspawn": "systemd-container"})
        need_copies("systemd")

    def test_life(self) -> None:
        """
        A service is started, reloaded, restarted with its changed file, and stopped.
        """
        path = "/etc/systemd/system/txweb.service"
        self.check([
            (call("service.missing", "txweb"), True),
            (call("service.start", "txweb"), says("txweb.service not found")),
            (call("service.stop", "txweb"), False),
            (written(path, UNIT), [0, ""]),
            (call("service.available", "txweb"), True),
            (call("service.status", "txweb"), False),
            (call("service.start", "txweb"), True),
            (call("service.status", "txw*"), {"txweb": True}),
            (call("service.reload", "txweb"), True),
            (call("service.force_reload", "txweb"), True),
            (call("service.get_running"), lambda names: "txweb" in names),
            (call("service.show", "txweb"), lambda shown: shown["ActiveState"] == "active"),
            (sh(f"sed -i s/1000/1001/ {path}"), [0, ""]),
            (call("service.restart", "txweb"), True),
            # systemd says that it runs before the program takes the place of its own.
            (until(sh("pgrep --full '^/bin/sleep 1001$' > /dev/null"), [0, ""]), [0, ""]),
            (call("service.stop", "txweb"), True),
            (call("service.status", "txweb"), False),
        ], boot="systemd")  # fmt: skip

    def test_boot(self) -> None:
        """
        Services are enabled, disabled and masked; aliases, instances and old scripts are known.
        """
        self.check([
            (call("service.enable", "nope"), says("does not exist")),
            (written("/lib/systemd/system/txweb.service", UNIT), [0, ""]),
            (call("service.disabled", "txweb"), True),
            (call("service.enable", "txweb"), True),
            (call("service.enabled", "txalias"), True),
            (call("service.get_enabled"), lambda names: "txweb" in names),
            (call("service.disable", "txweb"), True),
            (call("service.get_disabled"), lambda names: "txweb" in names),
            (call("service.mask", "txweb"), True),
            (call("service.start", "txweb"), says("is masked")),
            (call("service.start", "txweb", unmask=True), True),
            (call("service.masked", "txweb"), False),
            (call("service.mask", "txweb", runtime=True), True),
            (call("service.unmask", "txweb", runtime=True), True),
            (call("service.masked", "txweb", runtime=True), False),
            (written("/etc/systemd/system/txone@.service", INSTANCES), [0, ""]),
            (call("service.enabled", "txone@77"), False),
            (call("service.enable", "txone@77"), True),
            (call("service.enabled", "txone@77"), True),
            (written("/etc/init.d/txold", SCRIPT), [0, ""]),
            (call("service.enable", "txold"), True),
            (call("service.enabled", "txold"), True),
            (call("service.start", "txold"), True),
            (call("service.status", "txold"), True),
            (call("service.disable", "txold"), True),
            (call("service.enabled", "txold"), False),
        ], boot="systemd")  # fmt: skip


class LiveRunitTests(CopyCase):
    """Services where a real runit is process 1."""

    def setUp(self) -> None:
        super().setUp()
        need_programs(runit="runit", sv="runit")
        need_copies("runit")

    def test_life(self) -> None:
        """
        A service may be started as soon as it is enabled; disabled it is no longer supervised.
        """
        self.check([
            (call("service.start", "txweb"), False),
            (call("service.enable", "txweb"), False),
            (written("/etc/sv/txweb/run", PROGRAM), [0, ""]),
            (call("service.disabled", "txweb"), True),
            (call("service.enable", "txweb"), True),
            (call("service.start", "txweb"), True),
            (call("service.status", "txw*"), {"txweb": True}),
            (call("service.get_running"), ["txweb"]),
            (call("service.reload", "txweb"), True),
            (call("service.stop", "txweb"), True),
            (call("service.status", "txweb"), False),
            (call("service.restart", "txweb"), True),
            (until(call("service.status", "txweb"), True), True),
            (call("service.disable", "txweb"), True),
            (call("service.enabled", "txweb"), False),
            (until(sh("pgrep --full '^sleep 1000'"), [1, ""]), [1, ""]),
        ], boot="runit")  # fmt: skip


class LiveSysvTests(CopyCase):
    """Services where the scripts of /etc/init.d run the machine."""

    def setUp(self) -> None:
        super().setUp()
        need_programs(service="init-system-helpers", **{"update-rc.d": "init-system-helpers"})

    def test_life(self) -> None:
        """
        A script is run and linked, and an unknown service is a failure.
        """
        self.check([
            (written("/etc/init.d/txold", SCRIPT), [0, ""]),
            (call("service.available", "txold"), True),
            (call("service.missing", "nope"), True),
            (call("service.status", "txold"), False),
            (call("service.start", "txold"), True),
            (call("service.status", "txo*"), {"txold": True}),
            (call("service.get_running"), lambda names: "txold" in names),
            (call("service.restart", "txold"), True),
            (sh("cat /run/txold"), [0, "restart"]),
            (call("service.reload", "txold"), True),
            (call("service.stop", "txold"), True),
            (call("service.stop", "txold"), False),
            (call("service.disabled", "txold"), True),
            (call("service.disable", "txold"), True),
            (call("service.enable", "txold"), True),
            (call("service.enabled", "txold"), True),
            (sh("ls /etc/rc2.d | grep txold"), [0, "S01txold"]),
            (call("service.disable", "txold"), True),
            # As an upgrade of its package does.
            (sh("update-rc.d txold defaults"), [0, ""]),
            (call("service.get_disabled"), lambda names: "txold" in names),
            (call("service.disable", "txold"), True),
            (call("service.enable", "txold"), True),
            (call("service.enabled", "txold"), True),
            (call("service.start", "nope"), False),
            (call("service.enable", "nope"), False),
            (call("service.disable", "nope"), False),
        ])  # fmt: skip
