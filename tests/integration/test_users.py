"""A master that is not root, and users who may do some things: the whole way, as real accounts."""

import json
import os
import pwd
import subprocess
from typing import Any, ClassVar

from twisted.trial.unittest import SkipTest

from tests.integration.spine import CLI, SpineCase, SpineMaster, leader
from tests.interop.harness import Fleet, TxMinion
from tests.interop.processes import Answer, run

MASTER, LIMITED, STRANGER = "nobody", "daemon", "bin"
PASSWORD = "correct horse"
REFUSED, NO_PERMISSION = 1, 77


class UserTests(SpineCase):
    """The master runs as one account, its users as others; root only starts it."""

    ids: ClassVar[tuple[str, ...]] = ("web1", "db1")

    def setUp(self) -> None:
        if os.geteuid() != 0:
            raise SkipTest("only root can become other accounts")
        try:
            for user in (MASTER, LIMITED, STRANGER):
                pwd.getpwnam(user)
        except KeyError as exc:
            raise SkipTest(str(exc)) from None
        super().setUp()

    def make_fleet(self) -> Fleet:
        # Accounts that are not root have to reach the folders below.
        run().folder.chmod(0o711)
        passwords = run().folder / "passwords"
        passwords.write_text(f"ann:{PASSWORD}\n")
        passwords.chmod(0o644)
        master = SpineMaster(
            user=MASTER,
            publisher_acl={LIMITED: ["test.ping", {"web*": ["test.echo"]}]},
            external_auth={
                "file": {"^filename": str(passwords), "ann": [{"db*": ["test.*"]}, "@jobs"]}
            },
        )
        master.root.chmod(0o755)
        fleet = Fleet(master)
        for minion_id in self.ids:
            fleet.add(TxMinion(master, minion_id))
        return fleet

    def cli_as(self, user: str, *words: str, **environment: str) -> Answer:
        """Run the command line as another account, without a terminal."""
        account = pwd.getpwnam(user)
        done = subprocess.run(
            [CLI, "--config-dir", str(self.master.config_dir), *words],
            user=account.pw_uid, group=account.pw_gid, extra_groups=[],
            env={**run().environment, "HOME": "/nonexistent", **environment},
            cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
            check=False,
        )  # fmt: skip
        self.assertNotIn("Traceback", done.stderr)
        return Answer(done.returncode, done.stdout, done.stderr, None)

    def test_not_root(self) -> None:
        """
        The master runs as its user, with all its workers, and so are its files; root commands it.
        """
        daemon, uid = leader(self.master), pwd.getpwnam(MASTER).pw_uid
        for process in (daemon, *daemon.children(recursive=True)):
            self.assertEqual({*process.uids()}, {uid}, process.cmdline())
        answer = self.master.say("*", "test.ping")
        self.assertEqual(answer.returncode, 0, str(answer))
        for folder, _, names in os.walk(self.master.pki_dir):
            for name in names:
                self.assertEqual(os.stat(os.path.join(folder, name)).st_uid, uid, name)

    def test_root_works_on_keys(self) -> None:
        """
        Root may change keys of a master that is not root, which can go on writing its log.
        """
        for word in ("delete", "accept"):
            self.assertEqual(self.master.cli("key", "reject", "web1", "--include-accepted",
                                             "--yes").returncode, 0, word)  # fmt: skip
            answer = self.master.cli("key", "accept", "web1", "--include-rejected", "--yes")
            self.assertEqual(answer.returncode, 0, str(answer))
        self.answers("web1")
        answer = self.master.cli("key", "log")
        self.assertEqual(answer.returncode, 0, str(answer))
        self.assertIn("sign-in", answer.stdout)
        self.assertIn("root", answer.stdout)

    def test_limited_user(self) -> None:
        """
        A user of publisher_acl runs what the rules grant, without the event bus or root's files.
        """
        answer = self.cli_as(LIMITED, "*", "test.ping", "--out", "json", "--static")
        self.assertEqual(answer.returncode, 0, str(answer))
        self.assertIn('"web1": true', answer.stdout)
        answer = self.cli_as(LIMITED, "web1", "test.echo", "x" * 100_000, "--out", "txt")
        self.assertEqual(
            (answer.returncode, len(answer.stdout) > 100_000), (0, True), answer.stderr
        )
        for words in (("*", "test.echo", "x"), ("web1", "cmd.run", "id")):
            answer = self.cli_as(LIMITED, *words)
            self.assertEqual(answer.returncode, REFUSED, str(answer))
            self.assertIn("Authorization error", answer.stderr)
        answer = self.cli_as(LIMITED, "-L", "web1,ghost", "test.ping", "-t", "1")
        self.assertNotEqual(answer.returncode, 0, str(answer))
        self.assertRegex(answer.stderr, "ghost .*no.* key")
        self.assertEqual(self.cli_as(LIMITED, "event", "watch").returncode, NO_PERMISSION)
        self.assertEqual(self.cli_as(LIMITED, "key", "list").returncode, NO_PERMISSION)

    def test_limited_user_in_batches(self) -> None:
        """
        A user without the event bus runs a batch, watches it to its end, and looks at it later.
        """
        answer = self.cli_as(LIMITED, "*", "test.ping", "-b", "1", "--out", "jsonl")
        self.assertEqual(answer.returncode, 0, str(answer))
        lines = [json.loads(line) for line in answer.stdout.splitlines()]
        self.assertEqual(
            [line["kind"] for line in lines], ["published", "return", "return", "ended"]
        )
        answer = self.cli_as(LIMITED, "job", "attach", lines[0]["jid"], "--out", "json", "-s")
        self.assertEqual(json.loads(answer.stdout), {"db1": True, "web1": True})

    def test_stranger(self) -> None:
        """
        Who is in no rule has no key file, and is told so.
        """
        answer = self.cli_as(STRANGER, "*", "test.ping")
        self.assertEqual(answer.returncode, NO_PERMISSION, str(answer))
        self.assertIn(f"user {STRANGER} may not command this master", answer.stderr)

    def test_password(self) -> None:
        """
        Anybody with a password has the rights that go with it.
        """
        login = ("-a", "file", "--username", "ann", "--password", PASSWORD)
        answer = self.cli_as(STRANGER, "db1", "test.ping", "--out", "txt", *login)
        self.assertEqual((answer.returncode, answer.stdout), (0, "db1: True\n"), answer.stderr)
        self.assertEqual(self.cli_as(STRANGER, "*", "test.ping", *login).returncode, REFUSED)
        for words in (("job", "list"), ("job", "list", "--out", "json"), ("status",)):
            answer = self.cli_as(STRANGER, *words, *login)
            # The rule @jobs is about jobs, and about nothing else.
            self.assertEqual(answer.returncode == 0, words[0] == "job", str(answer))
        jid = next(iter(json.loads(self.cli_as(STRANGER, "job", "list", "--out", "json",
                                               *login).stdout)))  # fmt: skip
        answer = self.cli_as(STRANGER, "job", "show", jid, *login)
        self.assertEqual(answer.returncode, 0, str(answer))
        wrong = (*login[:-1], "wrong")
        answer = self.cli_as(STRANGER, "db1", "test.ping", *wrong)
        self.assertIn("Authentication error", answer.stderr)
        self.assertNotIn(PASSWORD, self.master.log())

    def test_kept_token(self) -> None:
        """
        With --make-token the password is needed once.
        """
        home = str(run().scratch("home"))
        os.chown(home, pwd.getpwnam(STRANGER).pw_uid, -1)
        login = ("db1", "test.ping", "-a", "file", "--username", "ann", "-T")
        answer = self.cli_as(STRANGER, *login, "--password", PASSWORD, HOME=home)
        self.assertEqual(answer.returncode, 0, str(answer))
        for words in (login, ("db1", "test.ping")):
            answer = self.cli_as(STRANGER, *words, HOME=home)
            self.assertEqual(answer.returncode, 0, str(answer))
        self.assertEqual(os.stat(f"{home}/.txsalt_token").st_mode & 0o777, 0o600)

    def test_token_of_the_operator(self) -> None:
        """
        A token for a program does what it is for, is listed without itself, and can be revoked.
        """
        words = ("token", "create", "--user", "ci", "--function", "test.ping", "--target", "web*")
        token = self.master.cli(*words, "--note", "for ci").stdout.strip()

        def use(target: str) -> Answer:
            return self.cli_as(STRANGER, target, "test.ping", TXSALT_TOKEN=token)

        self.assertEqual(use("web1").returncode, 0)
        self.assertEqual(use("db1").returncode, REFUSED)
        listed = self.master.cli("token", "list").stdout
        self.assertIn("# for ci", listed)
        self.assertNotIn(token, listed + self.master.log())
        mine = next(line for line in listed.splitlines() if "# for ci" in line)
        self.assertEqual(self.master.cli("token", "revoke", mine.split()[0]).returncode, 0)
        self.assertEqual(use("web1").returncode, REFUSED)
        self.assertEqual(self.cli_as(STRANGER, "token", "list").returncode, NO_PERMISSION)

    def test_explain(self) -> None:
        """
        The operator asks which rule decides.
        """
        answer = self.explained(LIMITED, "web1", "test.echo")
        self.assertEqual(answer.returncode, 0, str(answer))
        self.assertIn(f"publisher_acl: {LIMITED}: {{web*: [test.echo]}}", answer.stdout)
        answer = self.explained(LIMITED, "*", "test.echo", "--out", "json")
        self.assertEqual((answer.returncode, answer.data["allowed"]), (REFUSED, False))
        self.assertIn("db1", answer.data["reason"])
        self.assertEqual(self.explained("ann", "db1", "test.ping", "-a", "file").returncode, 0)
        self.assertEqual(
            self.explained("ann", "-", "jobs.list_jobs", "--runner", "-a", "file").returncode, 0
        )

    def explained(self, *words: str) -> Any:
        """What ``acl explain`` says."""
        return self.master.cli("acl", "explain", *words)
