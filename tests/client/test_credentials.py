"""Tests of what a program shows to the master, and where it finds it."""

import os
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from txsalt.client import credentials
from txsalt.client.credentials import Credentials, Password, Token
from txsalt.errors import KeyFileError, MasterUnreachable

PUBLISH = {"cmd": "publish", "fun": "x", "key": "", "user": "me", "kwargs": {"delimiter": ":"}}


class ProofTests(SynchronousTestCase):
    def test_places(self) -> None:
        """
        A proof is where stock masters look for it: inside kwargs of publish, on top elsewhere.
        """
        wheel = {"cmd": "wheel", "fun": "x"}
        token = Token("T")
        self.assertEqual(token.on(wheel), {**wheel, "token": "T"})
        sent = token.on(PUBLISH)
        self.assertEqual(sent["kwargs"], {"delimiter": ":", "token": "T"})
        self.assertFalse({"key", "user"} & set(sent))
        password = Password("pam", "ann", "secret")
        self.assertEqual(password.on(wheel)["username"], "ann")
        self.assertEqual(Credentials("bob", "K").on(PUBLISH)["key"], "K")

    def test_not_shown(self) -> None:
        """
        No secret is in what a traceback or a log would show.
        """
        shown = repr(
            (Token("SECRET"), Password("pam", "ann", "SECRET"), Credentials("b", "SECRET"))
        )
        self.assertNotIn("SECRET", shown)


class FindTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.home = os.path.abspath(self.mktemp())
        os.makedirs(self.home)
        self.patch(os, "environ", {**os.environ, "HOME": self.home})
        for name in ("SUDO_USER", credentials.TOKEN_VARIABLE):
            os.environ.pop(name, None)

    def test_order(self) -> None:
        """
        A token in the environment comes before the key file, a kept one after it.
        """
        self.assertRaises(MasterUnreachable, credentials.find, self.home, "")
        credentials.store_token("kept")
        self.assertEqual(credentials.find(self.home, ""), Token("kept"))
        user = credentials._user_name()
        with open(os.path.join(self.home, f".{user}_key"), "w") as file:
            file.write("K" * 76)
        self.assertEqual(credentials.find(self.home, ""), Credentials(user, "K" * 76))
        os.environ[credentials.TOKEN_VARIABLE] = "given"
        self.assertEqual(credentials.find(self.home, ""), Token("given"))

    def test_no_key_file(self) -> None:
        """
        Who has no key file is told who gets one; or that no master has been started yet.
        """
        for name in ("root", "eve"):
            self.patch(credentials, "_user_name", lambda name=name: name)
            failure = self.assertRaises(MasterUnreachable, credentials.find, self.home, "")
            self.assertIn("has the master been started", str(failure))
        Path(self.home, ".root_key").touch()
        refusal = self.assertRaises(KeyFileError, credentials.find, self.home, "")
        self.assertIn("for each user of publisher_acl", str(refusal))

    def test_closed_folder(self) -> None:
        """
        A folder that cannot be looked into may have any key file.
        """
        self.patch(credentials, "_user_name", lambda: "eve")
        where = Path(self.home, "file", "below")
        where.parent.touch()
        self.assertRaises(KeyFileError, credentials.find, str(where), "")

    def test_kept_token_of_others(self) -> None:
        """
        A kept token that others could have read or written does not count.
        """
        path = credentials.store_token("kept")
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        os.chmod(path, 0o644)
        self.assertIsNone(credentials.stored_token())
        # Keeping another one closes it again.
        credentials.store_token("other")
        self.assertEqual(credentials.stored_token(), Token("other"))
