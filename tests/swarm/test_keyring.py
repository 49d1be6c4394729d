"""Tests of keys that a swarm puts among those of a master, and takes back."""

import os
import signal
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.master.place import key_pair
from txsalt.errors import KeyFileError
from txsalt.swarm import keyring
from txsalt.swarm.plan import Plan
from txsalt.swarm.run import run


class AcceptTests(SynchronousTestCase):
    """``--pki-dir``, often used as root."""

    def setUp(self) -> None:
        self.pki = Path(self.mktemp())
        self.pki.mkdir()
        (self.pki / "master.pub").touch()
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
        (self.pki / "minions").mkdir()
        (self.pki / "minions" / "swarm-0").symlink_to(elsewhere.absolute())
        self.assertRaises(KeyFileError, keyring.accept, self.pki, {"swarm-0": self.key})
        self.assertFalse(elsewhere.exists())

    def test_no_masters_folder(self) -> None:
        """
        A mistyped folder is refused, and not made.
        """
        elsewhere = self.pki / "mistyped"
        error = self.assertRaises(KeyFileError, keyring.accept, elsewhere, {"swarm-0": self.key})
        self.assertIn("no master", str(error))
        self.assertFalse(elsewhere.exists())

    def test_one_that_stays(self) -> None:
        """
        A key that cannot be removed is named, and all others are removed.
        """
        keys = {"swarm-0": self.key, "swarm-1": self.key}
        keyring.accept(self.pki, keys)
        stuck = self.pki / "minions" / "swarm-0"

        def unlink(path: Path) -> None:
            if path == stuck:
                raise PermissionError(13, "Permission denied", str(path))
            os.unlink(path)

        self.patch(Path, "unlink", unlink)
        error = self.assertRaises(KeyFileError, keyring.take_back, self.pki, keys)
        self.assertIn(str(stuck), str(error))
        self.assertEqual(list((self.pki / "minions").iterdir()), [stuck])


class RunTests(SynchronousTestCase):
    """A swarm that does not come to its end."""

    def setUp(self) -> None:
        self.pki, self.kept = Path(self.mktemp()), Path(self.mktemp())
        (self.pki / "minions").mkdir(parents=True)
        (self.pki / "master.pub").touch()
        self.kept.mkdir()
        key = key_pair("minion")
        (self.kept / "2048-0.pem").write_bytes(key.pem())

    def plan(self) -> Plan:
        """Return a plan of three, for a port where nobody listens."""
        return Plan(mode="sign-in", minions=3, port=1, pki_dir=self.pki, key_dir=self.kept)

    def left(self) -> list[str]:
        """Return who is accepted."""
        return sorted(path.name for path in (self.pki / "minions").iterdir())

    def test_id_of_another(self) -> None:
        """
        Where one of its ids is taken the swarm does not start, and none of its keys stays accepted.
        """
        (self.pki / "minions" / "swarm-2").write_text(key_pair("other").public.pem)
        error = self.assertRaises(KeyFileError, run, self.plan(), lambda text: None)
        self.assertIn("swarm-2", str(error))
        self.assertEqual(self.left(), ["swarm-2"])

    def test_stopped_twice(self) -> None:
        """
        The second Ctrl-C ends a swarm at once, and its keys are taken back all the same.
        """

        def impatient(text: str) -> None:
            if text.startswith("connecting"):
                self.assertEqual(len(self.left()), 3)
                for _ in range(2):
                    os.kill(os.getpid(), signal.SIGINT)

        before = signal.getsignal(signal.SIGINT)
        self.assertRaises(KeyboardInterrupt, run, self.plan(), impatient)
        self.assertEqual(self.left(), [])
        self.assertEqual(signal.getsignal(signal.SIGINT), before)

    def test_damaged_pair(self) -> None:
        """
        A kept key pair that cannot be read is named, so that it can be removed.
        """
        (self.kept / "2048-0.pem").write_text("junk")
        error = self.assertRaises(KeyFileError, run, self.plan(), lambda text: None)
        self.assertIn("2048-0.pem", str(error))
