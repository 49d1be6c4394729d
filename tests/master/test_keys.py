"""Tests of the folders with minions' keys."""

import os
import stat
import tempfile

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.master.place import key_pair
from txsalt.errors import BadName
from txsalt.master.store.keys import KeyStore
from txsalt.protocol.admission import KeyState

PEM = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"


class KeyStoreTests(SynchronousTestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.pki = f"{folder.name}/pki"
        self.keys = KeyStore(self.pki)
        self.keys.prepare()

    def test_layout_and_modes(self) -> None:
        """
        A key lies where Salt's tools look for it, and nobody but the owner gets into the folder.
        """
        self.keys.put(KeyState.PENDING, "web-01", PEM)
        path = f"{self.pki}/minions_pre/web-01"
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(os.stat(f"{self.pki}/minions").st_mode), 0o700)
        with open(path) as file:
            self.assertEqual(file.read(), PEM)

    def test_root_beside_another_user(self) -> None:
        """
        Root leaves keys that the master's own user can read, and gives away nothing else.
        """
        if os.geteuid() != 0:
            raise SkipTest("only root has files that others cannot read")
        for place, folders, _ in os.walk(self.pki):
            for name in (place, *(f"{place}/{each}" for each in folders)):
                os.chown(name, 65534, 65534)
        pending, secret = f"{self.pki}/minions_pre", f"{os.path.dirname(self.pki)}/secret"
        good = key_pair("minion").public.pem
        for path, text in ((f"{pending}/web1", good), (secret, "a secret of root's")):
            with open(path, "w") as file:
                file.write(text)
        os.link(secret, f"{pending}/linked")
        self.keys.put(KeyState.PENDING, "made", good)
        for name in ("web1", "linked", "made"):
            self.assertTrue(self.keys.accept(name))
        owners = {name: os.stat(f"{self.pki}/minions/{name}").st_uid for name in os.listdir(
            f"{self.pki}/minions")}  # fmt: skip
        self.assertEqual(owners, {"web1": 65534, "linked": 0, "made": 65534})
        self.assertEqual(os.listdir(pending), [])
        self.assertEqual(self.keys.pem("web1", KeyState.ACCEPTED), good)

    def test_accept_then_reject_then_delete(self) -> None:
        """
        Each change says what was and what is.
        """
        self.keys.put(KeyState.PENDING, "web-01", PEM)
        (accepted,) = self.keys.accept("web-01")
        self.assertEqual((accepted.was, accepted.now), (KeyState.PENDING, KeyState.ACCEPTED))
        self.assertEqual(self.keys.accepted_ids(), ["web-01"])
        (rejected,) = self.keys.reject("web-01")
        self.assertEqual((rejected.was, rejected.now), (KeyState.ACCEPTED, KeyState.REJECTED))
        self.assertEqual(self.keys.accepted_ids(), [])
        (deleted,) = self.keys.delete("web-01")
        self.assertEqual((deleted.was, deleted.now), (KeyState.REJECTED, None))
        self.assertIsNone(self.keys.get("web-01").state)

    def test_folder_that_is_gone(self) -> None:
        """
        A folder that somebody deleted is an empty one; a key that comes to it makes it anew.
        """
        for state in KeyState:
            os.rmdir(f"{self.pki}/{state.value}")
            self.assertEqual(self.keys.listing(state), [])
        self.keys.put(KeyState.PENDING, "web-01", PEM)
        (accepted,) = self.keys.accept("web-01")
        self.assertEqual(accepted.now, KeyState.ACCEPTED)
        self.assertEqual(self.keys.accepted_ids(), ["web-01"])
        self.assertEqual(stat.S_IMODE(os.stat(f"{self.pki}/minions").st_mode), 0o700)

    def test_accept_of_nothing(self) -> None:
        """
        Accepting an id that nobody has changes nothing.
        """
        self.assertEqual(self.keys.accept("ghost"), [])
        self.assertEqual(self.keys.delete("ghost"), [])

    def test_denied_key_lies_beside(self) -> None:
        """
        A denied key does not hide the accepted one, and is not accepted by mistake.
        """
        self.keys.put(KeyState.ACCEPTED, "web-01", PEM)
        self.keys.put(KeyState.DENIED, "web-01", "other")
        self.assertEqual(self.keys.get("web-01").state, KeyState.ACCEPTED)
        self.assertEqual(self.keys.accept("web-01"), [])
        self.keys.accept("web-01", [KeyState.DENIED])
        self.assertEqual(self.keys.get("web-01").pem, "other")

    def test_hostile_names(self) -> None:
        """
        A name that is no id reaches no file.
        """
        for name in ("../x", "a/b", "", ".", "..", "a\0b", "a\nb", "x" * 4096):
            with self.assertRaises(BadName):
                self.keys.get(name)
            with self.assertRaises(BadName):
                self.keys.put(KeyState.ACCEPTED, name, PEM)

    def test_listing_skips_what_is_no_id(self) -> None:
        """
        A half-written or hidden file is not a minion.
        """
        for name in (".new-abc", "web-01"):
            with open(f"{self.pki}/minions/{name}", "w") as file:
                file.write(PEM)
        self.assertEqual(self.keys.listing(KeyState.ACCEPTED), ["web-01"])

    def test_accepted_key_follows_the_file(self) -> None:
        """
        The parsed key is kept while the file is the same, and gone with it.
        """
        self.assertIsNone(self.keys.accepted_key("web-01"))
        self.keys.put(KeyState.ACCEPTED, "web-01", key_pair("minion").public.pem)
        first = self.keys.accepted_key("web-01")
        self.assertIsNotNone(first)
        self.assertIs(self.keys.accepted_key("web-01"), first)
        self.keys.put(KeyState.ACCEPTED, "web-01", key_pair("other").public.pem)
        second = self.keys.accepted_key("web-01")
        self.assertEqual(second and second.pem, key_pair("other").public.pem)
        os.unlink(f"{self.pki}/minions/web-01")
        self.assertIsNone(self.keys.accepted_key("web-01"))

    def test_damaged_key_file_is_no_key(self) -> None:
        """
        A file that holds no key lets nobody in.
        """
        self.keys.put(KeyState.ACCEPTED, "web-01", "rubbish")
        self.assertIsNone(self.keys.accepted_key("web-01"))

    def test_fresh_listing_is_not_trusted(self) -> None:
        """
        Two changes within one tick of the clock are both seen.
        """
        for number in range(50):
            self.keys.put(KeyState.ACCEPTED, f"m{number}", PEM)
            self.assertEqual(len(self.keys.accepted_ids()), number + 1)
