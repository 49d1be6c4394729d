"""Tests of keys that a swarm puts among those of a master, and takes back."""

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.master.place import key_pair
from txsalt.errors import KeyFileError
from txsalt.swarm import keyring


class AcceptTests(SynchronousTestCase):
    """``--pki-dir``, often used as root."""

    def setUp(self) -> None:
        self.pki = Path(self.mktemp())
        self.key = key_pair("minion").public

    def test_there_and_back(self) -> None:
        """
        Keys are the master's to read, and gone afterwards; a second swarm finds its own there.
        """
        keys = {"swarm-0": self.key, "swarm-1": self.key}
        keyring.accept(self.pki, keys)
        keyring.accept(self.pki, keys)
        path = self.pki / "minions" / "swarm-1"
        self.assertEqual((path.read_text(), path.stat().st_mode & 0o777), (self.key.pem, 0o600))
        keyring.take_back(self.pki, keys)
        self.assertEqual(list((self.pki / "minions").iterdir()), [])

    def test_key_of_another(self) -> None:
        """
        The key of somebody else stays, and is not taken for ours.
        """
        keyring.accept(self.pki, {"swarm-0": key_pair("other").public})
        self.assertRaises(KeyFileError, keyring.accept, self.pki, {"swarm-0": self.key})
        keyring.take_back(self.pki, {"swarm-0": self.key})
        self.assertTrue((self.pki / "minions" / "swarm-0").exists())

    def test_link(self) -> None:
        """
        A link that the master's user laid there makes no file elsewhere.
        """
        elsewhere = self.pki / "elsewhere"
        (self.pki / "minions").mkdir(parents=True)
        (self.pki / "minions" / "swarm-0").symlink_to(elsewhere.absolute())
        self.assertRaises(KeyFileError, keyring.accept, self.pki, {"swarm-0": self.key})
        self.assertFalse(elsewhere.exists())
