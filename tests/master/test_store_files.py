"""Tests of the master's own key files."""

import os
import stat
import tempfile

from twisted.trial.unittest import SynchronousTestCase

from tests.master.place import key_pair
from txsalt.errors import KeyFileError
from txsalt.master.store import master_key, secrets, user_keys


class FilesCase(SynchronousTestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def mode(self, name: str) -> int:
        return stat.S_IMODE(os.stat(os.path.join(self.folder, name)).st_mode)

    def write(self, name: str, content: bytes) -> None:
        with open(os.path.join(self.folder, name), "wb") as file:
            file.write(content)


class MasterKeyTests(FilesCase):
    def test_made_once(self) -> None:
        """
        The first start makes a key pair that only its owner can read; the next start keeps it.
        """
        self.addCleanup(os.umask, os.umask(0))
        first = master_key.load_or_create(self.folder)
        self.assertEqual((self.mode("master.pem"), self.mode("master.pub")), (0o400, 0o644))
        self.assertEqual(master_key.load_or_create(self.folder).public.pem, first.public.pem)
        self.assertEqual(master_key.exposed(f"{self.folder}/master.pem"), "")

    def test_link_to_another_name(self) -> None:
        """
        A key pair of the newer layout, where master.pem is a link, is used as it is.
        """
        self.write("here.pem", key_pair("master").pem())
        os.symlink("here.pem", f"{self.folder}/master.pem")
        key = master_key.load_or_create(self.folder)
        self.assertEqual(key.public.pem, key_pair("master").public.pem)
        self.assertTrue(os.path.islink(f"{self.folder}/master.pem"))

    def test_readable_by_others(self) -> None:
        """
        A private key that others can read is complained about by name.
        """
        self.write("master.pem", key_pair("master").pem())
        os.chmod(f"{self.folder}/master.pem", 0o644)
        self.assertIn("0644", master_key.exposed(f"{self.folder}/master.pem"))

    def test_rubbish(self) -> None:
        """
        A damaged key file is an error that names it, and is not replaced.
        """
        self.write("master.pem", b"rubbish")
        with self.assertRaises(KeyFileError) as caught:
            master_key.load_or_create(self.folder)
        self.assertIn("master.pem", str(caught.exception))

    def test_dangling_link(self) -> None:
        """
        A link to a missing key is an error, not an invitation to make another key.
        """
        os.symlink("gone.pem", f"{self.folder}/master.pem")
        self.assertRaises(KeyFileError, master_key.load_or_create, self.folder)

    def test_passphrase_needs_a_key(self) -> None:
        """
        No key is made without the protection that was asked for.
        """
        self.assertRaises(KeyFileError, master_key.load_or_create, self.folder, 2048, "secret")


class SecretsTests(FilesCase):
    def test_outlive_a_restart(self) -> None:
        """
        A restarted master has the same secrets, readable by its owner only.
        """
        first = secrets.load_or_create(self.folder)
        self.assertEqual(secrets.load_or_create(self.folder), first)
        self.assertEqual(self.mode(".secrets"), 0o600)
        self.assertEqual(secrets.from_map(first.as_map()), first)

    def test_rotation(self) -> None:
        """
        A rotation changes the shared key only, and is on disk at once.
        """
        first = secrets.load_or_create(self.folder)
        second = secrets.rotate_aes(self.folder, first)
        self.assertNotEqual(first.aes, second.aes)
        self.assertEqual(first.session_secret, second.session_secret)
        self.assertEqual(secrets.load_or_create(self.folder), second)

    def test_damaged(self) -> None:
        """
        Damaged secrets are an error that says what to do.
        """
        for content in (b"", b"rubbish", b"\x80", b"\x82\xa3aes\xa1x\xaesession_secret\xc4\x01x"):
            self.write(".secrets", content)
            error = self.assertRaises(KeyFileError, secrets.load_or_create, self.folder)
            self.assertIn("delete it", str(error))

    def test_not_shown(self) -> None:
        """
        Secrets do not get into a log by accident.
        """
        found = secrets.load_or_create(self.folder)
        self.assertNotIn(found.aes, repr(found))


class SerialTests(FilesCase):
    """Serials of publications over restarts."""

    def test_clock(self) -> None:
        """
        Serials grow over a restart, also when the clock was set back meanwhile, or the file lost.
        """
        first = secrets.first_serial(self.folder, 1_000_000)
        self.assertEqual(first, 1_000_000)
        self.assertEqual(secrets.first_serial(self.folder, 2_000_000), 2_000_000)
        back = secrets.first_serial(self.folder, 500_000)
        self.assertGreater(back, 2_000_000 + 10**9)
        again = secrets.first_serial(self.folder, 600_000)
        self.assertGreater(again, back)
        self.assertEqual(self.mode(".serial"), 0o600)
        self.write(".serial", b"nonsense")
        self.assertEqual(secrets.first_serial(self.folder, 3_000_000), 3_000_000)

    def test_unusable(self) -> None:
        """
        A folder that cannot be written is an error that names the file.
        """
        os.mkdir(f"{self.folder}/.serial")
        error = self.assertRaises(KeyFileError, secrets.first_serial, self.folder, 1)
        self.assertIn(".serial", str(error))


class UserKeyTests(FilesCase):
    def test_kept(self) -> None:
        """
        A user's key file is made once, for its owner only.
        """
        key = user_keys.ensure(self.folder, "root")
        self.assertEqual(len(key), 76)
        self.assertEqual(user_keys.ensure(self.folder, "root"), key)
        self.assertEqual(self.mode(".root_key"), 0o600)

    def test_load_all(self) -> None:
        """
        All users' keys are found; a file with anything else in it is no key.
        """
        root, bob = (user_keys.ensure(self.folder, user) for user in ("root", "bob"))
        self.write(".eve_key", b"")
        self.write(".mallory_key", b"short")
        self.assertEqual(user_keys.load_all(self.folder), {"root": root, "bob": bob})

    def test_hostile_user(self) -> None:
        """
        A user name that is a path makes no file.
        """
        for user in ("../x", "a/b", "", "x" * 100):
            self.assertRaises(KeyFileError, user_keys.ensure, self.folder, user)
