"""Commands inside another root folder, in a copy of this machine."""

from typing import Any

from tests.modules.machine_copy import CopyCase, call, need_programs, sh

ROOT = "/srv/root"
MOUNTS = f"grep -c ' {ROOT}/' /proc/mounts"


class ChrootTests(CopyCase):
    """cmd.run_chroot."""

    def setUp(self) -> None:
        super().setUp()
        need_programs(chroot="coreutils")

    def test_commands(self) -> None:
        """
        A command sees the other root with dev, proc and sys; after it nothing is mounted there.
        """

        def gives(text: str, code: int = 0) -> Any:
            return lambda found: (found["stdout"], found["retcode"]) == (text, code)

        make = f"mkdir -p {ROOT}/srv /opt/seen; mount --bind / {ROOT}; echo seen > /opt/seen/x; "
        inside = "readlink /proc/self/root; test -c /dev/null && test -d /sys/class && pwd"
        leave = "sleep 300 >/dev/null 2>&1 & echo $!"
        table: list[tuple[dict[str, Any], Any]] = [
            (sh(make + "echo inside > /srv/which"), [0, ""]),
            (call("cmd.run_chroot", ROOT, inside), gives("/\n/")),
            (call("cmd.run_chroot", ROOT, ["cat", "/srv/which"]), gives("inside")),
            (call("cmd.run_chroot", ROOT, "exit 3"), gives("", 3)),
            (call("cmd.run_chroot", ROOT, "id -un; id -gn", runas="daemon", group="nogroup"),
             gives("daemon\nnogroup")),
            (call("cmd.run_chroot", ROOT, "echo {{ grains['os'] }}", template="jinja"),
             gives("Debian")),
            (call("cmd.run_chroot", ROOT, "echo x", hide_output=True), gives("")),
            (call("cmd.run_chroot", ROOT, "cat /opt/seen/x", binds=["/opt/seen"]), gives("seen")),
            (call("cmd.run_chroot", ROOT, leave), lambda found: found["retcode"] == 0),
            (sh("pgrep -fc '^sleep 300$'"), [1, "0"]),
            (sh(MOUNTS), [1, "0"]),
            (call("cmd.run_chroot", "/none", "true"), lambda found: "error" in found),
            (call("cmd.run_chroot", "/", "true"), lambda found: "error" in found),
        ]  # fmt: skip
        self.check(table, grains={"os": "Debian"})
