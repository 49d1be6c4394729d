"""Tests of the key files."""

import os

from twisted.trial.unittest import SynchronousTestCase

from tests.fakes.small_master import key
from txsalt.errors import KeyFileError
from txsalt.minion.daemon.keys import KeyFiles


class KeyFilesTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = self.mktemp()
        self.files = KeyFiles(pki_dir=self.folder)

    def write(self, name: str, content: bytes) -> str:
        os.makedirs(self.folder, exist_ok=True)
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(content)
        return path

    def test_first_start(self) -> None:
        """
        The first start makes a pair; the second finds the same.
        """
        made = self.files.own()
        self.assertEqual(os.stat(f"{self.folder}/minion.pem").st_mode & 0o777, 0o400)
        self.assertEqual(os.stat(self.folder).st_mode & 0o777, 0o700)
        self.assertEqual(self.files.own().public.pem, made.public.pem)
        with open(f"{self.folder}/minion.pub") as file:
            self.assertEqual(file.read().strip(), made.public.pem)

    def test_killed_while_writing(self) -> None:
        """
        What a killed start left behind does not stop the next.
        """
        os.chmod(self.write("minion.pem.new", b"half"), 0o400)
        self.files.own()
        self.assertFalse(os.path.exists(f"{self.folder}/minion.pem.new"))

    def test_damaged_key(self) -> None:
        """
        A damaged key is an error that names the file; it is never replaced.
        """
        path = self.write("minion.pem", b"damaged")
        self.assertIn(path, str(self.assertRaises(KeyFileError, self.files.own)))
        with open(path) as file:
            self.assertEqual(file.read(), "damaged")

    def test_key_from_elsewhere(self) -> None:
        """
        A pair that an operator brought is used as it is; the public file follows the private one.
        """
        self.write("minion.pem", key("minion").pem())
        self.write("minion.pub", b"old")
        self.assertEqual(self.files.own().public.pem, key("minion").public.pem)
        with open(f"{self.folder}/minion.pub") as file:
            self.assertEqual(file.read().strip(), key("minion").public.pem)

    def test_encrypted_key_is_not_made(self) -> None:
        """
        With key_pass no unprotected key is made behind the operator's back.
        """
        files = KeyFiles(pki_dir=self.folder, passphrase="secret")
        error = self.assertRaises(KeyFileError, files.own)
        self.assertIn("key_pass", str(error))
        self.assertNotIn("secret", str(error) + repr(files))

    def test_master_key(self) -> None:
        """
        The master's key is unknown at first, then what was stored; a damaged one is an error.
        """
        self.assertIsNone(self.files.master())
        os.makedirs(self.folder)
        self.files.store_master(key("master").public)
        self.assertEqual(self.files.master().pem, key("master").public.pem)
        self.write("minion_master.pub", b"damaged")
        self.assertIn("remove it", str(self.assertRaises(KeyFileError, self.files.master)))

    def test_signing_key(self) -> None:
        """
        A missing master_sign.pub is told with its path.
        """
        error = self.assertRaises(KeyFileError, self.files.signing)
        self.assertIn("master_sign.pub", str(error))
        self.write("master_sign.pub", key("master").public.pem.encode())
        self.assertEqual(self.files.signing().pem, key("master").public.pem)
