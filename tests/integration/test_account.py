"""A master that root starts for another account: its files, pid file, and root's work on keys."""

import os
import pwd
import signal
import stat

import psutil
from twisted.trial.unittest import SkipTest

from tests.integration.spine import SpineMaster
from tests.integration.test_spine_start import StartCase, _change
from tests.interop import account
from tests.interop.processes import wait_until
from txsalt.protocol.admission import KeyState


class AccountTests(StartCase):
    """The account is the one that all masters of the tests have."""

    def setUp(self) -> None:
        if os.geteuid() != 0 or account.master_user() == "root":
            raise SkipTest("only root can become somebody else")
        super().setUp()
        self.entry = pwd.getpwnam(account.master_user())

    def started(self) -> psutil.Process:
        """The master in the background."""
        answer = self.twistd("txsalt-master", self.master)
        self.assertEqual(answer.returncode, 0, str(answer))
        return self.process(self.master.root / "m.pid")

    def test_pid_file(self) -> None:
        """
        The pid file of a master that is not root is root's, and gone when the master is gone.
        """
        self.master.root.chmod(0o755)
        os.chown(self.master.root, 0, 0)  # as /run is
        for number in (signal.SIGTERM, signal.SIGKILL):
            process = self.started()
            self.assertEqual(process.uids().real, self.entry.pw_uid)
            path = self.master.root / "m.pid"
            self.assertEqual(path.stat().st_uid, 0)
            family = [process, *process.children(recursive=True)]
            process.send_signal(number)
            psutil.wait_procs(family, timeout=15)
            wait_until(lambda: not path.exists(), 10, f"no pid file after {number!r}")  # noqa: B023
            self.assertNotIn("pid file", (self.master.root / "m.log").read_text())

    def test_log_file(self) -> None:
        """
        The log is the account's, so that it can go on with it by itself.
        """
        self.started()
        self.assertEqual((self.master.root / "m.log").stat().st_uid, self.entry.pw_uid)

    def test_closed_socket_folder(self) -> None:
        """
        A folder of sockets that an older run or another user left closed is opened, and told.
        """
        for owner in (self.entry.pw_uid, 1):
            self.master.sock_dir.mkdir(mode=0o700, exist_ok=True)
            self.master.sock_dir.chmod(0o700)
            os.chown(self.master.sock_dir, owner, -1)
            process = self.started()
            status = self.master.sock_dir.stat()
            self.assertEqual((status.st_uid, status.st_mode & 0o777), (self.entry.pw_uid, 0o750))
            self.assertIn("had mode 700: opened", (self.master.root / "m.log").read_text())
            family = [process, *process.children(recursive=True)]
            process.terminate()
            psutil.wait_procs(family, timeout=15)

    def test_folder_of_another(self) -> None:
        """
        A folder with data of another account is left alone: who it belongs to and what to do is
        said in full, on the terminal as well, however long the path.
        """
        folder = self.master.root / ("long-name-" * 8) / "cache"
        folder.mkdir(parents=True)
        folder.chmod(0o700)
        os.chown(folder, pwd.getpwnam("daemon").pw_uid, -1)
        _change(self.master.config_dir / "master", {"cachedir": str(folder)})
        for before in (("--nodaemon",), ()):
            text = self.refused(before=before)
            self.assertIn("belongs to daemon, mode 700", text)
            self.assertIn(f"chown -R {account.master_user()} {folder}", text)

    def test_unreadable_lists(self) -> None:
        """
        What the account may not read is named at the start: lists that would count as empty, and
        passwords of which all would be wrong.
        """
        (self.master.root / "bad").write_text("spook\n")
        (self.master.root / "bad").chmod(0o600)
        _change(
            self.master.config_dir / "master",
            {"autoreject_file": "/bad", "external_auth": {"pam": {"ann": ["test.*"]}}},
        )
        self.started()
        log = (self.master.root / "m.log").read_text()
        self.assertRegex(log, r"autoreject_file: .*/bad cannot be read by")
        self.assertIn("pam cannot check passwords of local accounts", log)

    def test_keys_that_root_lays(self) -> None:
        """
        A key that root makes or accepts stays readable for the master.
        """
        self.started()
        folder = str(self.master.root)
        made = self.master.cli("key", "gen", "made", "--dir", folder, "--accept")
        self.assertEqual(made.returncode, 0, str(made))
        public = (self.master.root / "made.pub").read_bytes()
        laid = self.master.pki_dir / "minions_pre" / "laid"
        laid.write_bytes(public)
        laid.chmod(0o600)
        self.assertEqual(self.master.cli("key", "accept", "laid", "--yes").returncode, 0)
        self.assertEqual(self.master.cli("key", "gen", "gone", "--dir", folder, "--accept")
                         .returncode, 0)  # fmt: skip
        self.assertEqual(self.master.cli("key", "delete", "gone", "--yes").returncode, 0)
        for path in self.master.pki_dir.rglob("*"):
            self.assertEqual(path.stat().st_uid, self.entry.pw_uid, path)
            if path.is_dir():
                self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o700, path)
        for name in ("made", "laid"):
            path = self.master.pki_dir / KeyState.ACCEPTED.value / name
            self.assertEqual(path.stat().st_uid, self.entry.pw_uid)


class HarnessTests(StartCase):
    """What all other tests rest on."""

    def test_no_master_is_root(self) -> None:
        """
        No master of the tests runs as root, nor does a program of it.
        """
        self.master.start()
        self.assertIsInstance(self.master, SpineMaster)
        if account.master_user() == "root":
            raise SkipTest("this machine's interpreter is for root only")
        for each in (*self.master.workers(), self.master.template()):
            self.assertNotEqual(each.uids().real, 0)
