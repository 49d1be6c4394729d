"""Tests of whom a daemon becomes, and of what it may have then."""

import os
import pwd
import socket
import tempfile

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from txsalt.tap.ownership import (
    Account,
    CannotBeUser,
    FolderOfAnother,
    account_to_become,
    give,
    hand_over,
)


class AccountTests(SynchronousTestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def test_oneself(self) -> None:
        """
        Who is that user already becomes nobody else; a user that is none is refused.
        """
        self.assertIsNone(account_to_become(pwd.getpwuid(os.geteuid()).pw_name))
        self.assertRaises(CannotBeUser, account_to_become, "no-such-user")

    def test_folders(self) -> None:
        """
        Root's folders and files become the account's, whatever root's umask is.
        """
        account = self.account()
        self.addCleanup(os.umask, os.umask(0o077))
        path = f"{self.folder}/a/b"
        os.makedirs(f"{path}/old")
        hand_over(account, {path: 0o700, f"{self.folder}/c/d": 0o750})
        self.assertEqual(os.stat(f"{path}/old").st_uid, account.uid)
        self.assertEqual(os.stat(f"{self.folder}/c").st_mode & 0o777, 0o755)
        made = os.stat(f"{self.folder}/c/d")
        self.assertEqual((made.st_mode & 0o777, made.st_uid), (0o750, account.uid))

    def test_folder_of_another(self) -> None:
        """
        A folder of somebody else is left alone, and named with the owner and what to do.
        """
        account, path = self.account(), f"{self.folder}/theirs"
        os.mkdir(path, 0o700)
        os.chown(path, 54321, 54321)
        error = self.assertRaises(FolderOfAnother, hand_over, account, {path: 0o700})
        self.assertIn("belongs to uid 54321, mode 700", str(error))
        self.assertIn(f"chown -R {account.name} {path}", str(error))
        give(account, path)
        self.assertEqual(os.stat(path).st_uid, 54321)
        give(account, path, of_anybody=True)
        hand_over(account, {path: 0o700})

    def test_links(self) -> None:
        """
        What the account may have linked into its folder stays whose it is.
        """
        account, path = self.account(), f"{self.folder}/run"
        os.mkdir(path)
        secret = f"{self.folder}/secret"
        with open(secret, "w"):
            pass
        os.link(secret, f"{path}/hard")
        os.symlink(secret, f"{path}/soft")
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(f"{path}/socket")
        hand_over(account, {path: 0o700})
        self.assertEqual(os.stat(secret).st_uid, 0)
        self.assertEqual(os.stat(f"{path}/socket").st_uid, account.uid)

    def test_folder_that_lets_in(self) -> None:
        """
        A folder of somebody else that the account may write to will do.
        """
        account, path = self.account(), f"{self.folder}/shared"
        os.mkdir(path)
        os.chown(path, 54321, account.gid)
        os.chmod(path, 0o770)
        hand_over(account, {path: 0o700})
        self.assertEqual(os.stat(path).st_uid, 54321)

    def account(self) -> Account:
        """An account that is not ours."""
        if os.geteuid() != 0:
            raise SkipTest("only root can become somebody else")
        account = account_to_become("nobody")
        assert account is not None
        return account
