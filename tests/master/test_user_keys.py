"""Tests of the key files of users who may do some things."""

import os
import pwd
import stat

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from txsalt.master.store import access, user_keys

USER = "daemon"


class LimitedUserTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = os.path.abspath(self.mktemp())
        os.makedirs(self.folder, mode=0o750)
        os.chmod(self.folder, 0o750)
        try:
            self.uid = pwd.getpwnam(USER).pw_uid
        except KeyError:
            raise SkipTest(f"no user {USER}") from None

    def test_who(self) -> None:
        """
        Names count if there is such an account; patterns if accounts are to be looked through.
        """
        acl = [USER, "no-such-user-here", "roo."]
        self.assertEqual(user_keys.limited_users(acl, every_account=False), [USER])
        self.assertEqual(user_keys.limited_users(acl, every_account=True), [USER, "root"])

    def test_readable_by_the_user_alone(self) -> None:
        """
        The file is the user's, and the folder can be passed but not listed.
        """
        warnings = user_keys.open_to(self.folder, [USER])
        path = user_keys.path_of(self.folder, USER)
        if os.geteuid() == 0:
            status = os.stat(path)
            self.assertEqual((warnings, status.st_uid), ([], self.uid))
            self.assertEqual(stat.S_IMODE(status.st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(os.stat(self.folder).st_mode), 0o751)
        self.assertEqual(len(user_keys.load_all(self.folder)[USER]), 76)

    def test_again(self) -> None:
        """
        A second start keeps the key.
        """
        user_keys.open_to(self.folder, [USER])
        before = user_keys.load_all(self.folder)
        self.assertEqual(user_keys.open_to(self.folder, [USER]), [])
        self.assertEqual(user_keys.load_all(self.folder), before)

    def test_list_of_one_more_reader(self) -> None:
        """
        One more user may read; the group and all others may not.
        """
        path = os.path.join(self.folder, "file")
        with open(path, "w") as file:
            file.write("x")
        try:
            access.let_read(path, self.uid)
        except OSError:
            raise SkipTest("the file system has no access control lists") from None
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o640)
        found = os.getxattr(path, "system.posix_acl_access")
        group = found[4 + 2 * 8 : 4 + 3 * 8]
        self.assertEqual((group[0], group[2]), (0x04, 0))

    def test_cannot_be_read(self) -> None:
        """
        A key file that the master cannot read is a warning that says what to do.
        """
        os.mkdir(user_keys.path_of(self.folder, USER))
        (warning,) = user_keys.open_to(self.folder, [USER])
        self.assertIn(f"user {USER}", warning)
        self.assertEqual(user_keys.load_all(self.folder), {})
