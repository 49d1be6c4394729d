"""Tests of the cron module with the real crontab, in copies of this machine."""

from typing import Any

from tests.modules.machine_copy import CopyCase, call, need_programs, sh, until

WEEKLY = ("*/5", "*", "*", "*", "1", 'echo "a b" | cat')
TAB = """\
# mine
# Lines below here are managed by Salt, do not edit
MAILTO=""
# why not SALT_CRON_IDENTIFIER:one
*/5 * * * 1 echo "a b" | cat
# SALT_CRON_IDENTIFIER:d
@daily /bin/d"""


class LiveCronTests(CopyCase):
    """Crontabs of root and of another user."""

    def setUp(self) -> None:
        super().setUp()
        need_programs(crontab="cron")

    def life(self, user: str) -> list[tuple[dict[str, Any], Any]]:
        """What happens to the crontab of a user."""
        one = {"comment": "why not", "identifier": "one"}
        return [
            (call("cron.raw_cron", user), ""),
            (sh("echo '# mine' > /tmp/tab; chmod 644 /tmp/tab"), [0, ""]),
            (call("cron.write_cron_file", user, "/tmp/tab"), True),
            (call("cron.set_job", user, *WEEKLY, **one), "new"),
            (call("cron.set_job", user, *WEEKLY, **one), "present"),
            (call("cron.set_job", user, "random", "3:5", "*", "*", "*", "/bin/x"), "new"),
            (call("cron.set_job", user, "random", "3:5", "*", "*", "*", "/bin/x"), "updated"),
            (call("cron.set_job", user, 99, "*", "*", "*", "*", "/bin/bad"),
             lambda told: "bad minute" in told),
            (call("cron.set_special", user, "@daily", "/bin/d", identifier="d"), "new"),
            (call("cron.set_special", user, "@never", "/bin/e"), lambda told: "bad time" in told),
            (call("cron.set_env", user, "MAILTO", "a@example.com"), "new"),
            (call("cron.set_env", user, "MAILTO", ""), "updated"),
            (call("cron.set_env", user, "MAILTO", ""), "present"),
            (call("cron.rm", user, "/bin/x", minute="random"), "removed"),
            (sh(f"crontab -u {user} -l"), [0, TAB]),
            (call("cron.get_entry", user, identifier="d"), lambda entry: entry["cmd"] == "/bin/d"),
            (call("cron.rm_env", user, "MAILTO"), "removed"),
            (call("cron.rm_special", user, "/bin/d", identifier="d"), "removed"),
            (call("cron.rm_job", user, WEEKLY[-1], identifier="one"), "removed"),
            (call("cron.rm_job", user, WEEKLY[-1], identifier="one"), "absent"),
            (call("cron.list_tab", user), lambda tab: tab["pre"] == ["# mine"]
             and not tab["crons"]),
        ]  # fmt: skip

    def test_root(self) -> None:
        """
        Root's jobs, special times and variables come and go; what is wrong is told and not kept.
        """
        self.check(self.life("root"))

    def test_other_user(self) -> None:
        """
        Root keeps the crontab of another user just so, and the file is the user's.
        """
        owner = sh("stat -c %U /var/spool/cron/crontabs/tx-cron")
        self.check([
            (sh("useradd --no-create-home tx-cron"), [0, ""]),
            *self.life("tx-cron"),
            (owner, [0, "tx-cron"]),
        ])  # fmt: skip

    def test_runs(self) -> None:
        """
        What was set is what cron runs.
        """
        self.check([
            (call("cron.set_special", "root", "@reboot", "echo ran > /tmp/ran"), "new"),
            (sh("cron"), [0, ""]),
            (until(sh("cat /tmp/ran"), [0, "ran"]), [0, "ran"]),
        ])  # fmt: skip
