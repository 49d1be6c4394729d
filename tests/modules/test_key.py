"""Fingerprints that a minion shows."""

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.modules.calls import FakeContext, modules
from txsalt.jobs.errors import SaltInvocationError
from txsalt.wire import rsa

PEM = "-----BEGIN PUBLIC KEY-----\nabc\ndef\n-----END PUBLIC KEY-----"


class KeyTests(SynchronousTestCase):
    """The module key."""

    def setUp(self) -> None:
        """Make the folder of a minion that knows its own key, and no master's."""
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        (self.folder / "minion.pub").write_text(f"{PEM}\n")
        self.context = FakeContext({"pki_dir": str(self.folder), "hash_type": "sha256"})
        self.functions = modules(self.context)

    def test_finger(self) -> None:
        """
        The fingerprint of my minion's key is the one that the master shows of it.
        """
        finger = self.functions["key.finger"]
        self.assertEqual(finger(), rsa.fingerprint(PEM))
        self.assertRegex(finger(), "^([0-9a-f]{2}:){31}[0-9a-f]{2}$")
        self.assertEqual(finger("md5"), rsa.fingerprint(PEM, "md5"))
        self.assertEqual(finger(hash_type="sha512"), rsa.fingerprint(PEM, "sha512"))

    def test_master(self) -> None:
        """
        The master's key has one as soon as it is trusted; before there is nothing to show.
        """
        finger = self.functions["key.finger_master"]
        self.assertEqual(finger(), "")
        (self.folder / "minion_master.pub").write_text(PEM)
        self.assertEqual(finger(), rsa.fingerprint(PEM))

    def test_option(self) -> None:
        """
        The option hash_type counts here as it does on the master.
        """
        context = FakeContext({"pki_dir": str(self.folder), "hash_type": "sha384"})
        self.assertEqual(modules(context)["key.finger"](), rsa.fingerprint(PEM, "sha384"))

    def test_no_hash(self) -> None:
        """
        A kind of hash that does not exist is refused with its name.
        """
        for kind in ("sha257", "shake_128", 5):
            error = self.assertRaises(SaltInvocationError, self.functions["key.finger"], kind)
            self.assertIn(repr(kind), str(error))
