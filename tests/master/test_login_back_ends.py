"""Tests of the back ends of log-ins: password files and PAM."""

import hashlib
import os
from typing import Any

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.master.place import Place
from txsalt.master.worker.logins import hashes, pam
from txsalt.master.worker.logins.ask_pam import Pam
from txsalt.master.worker.logins.password_file import PasswordFile


class HashTests(SynchronousTestCase):
    def test_htpasswd(self) -> None:
        """
        Every form that the htpasswd program writes is understood.
        """
        for kept in (
            "$apr1$TqI9WECO$LHZB2DqRlk9nObiB6vJG9.",
            "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=",
        ):
            self.assertTrue(hashes.htpasswd_fits(kept, "secret"), kept)
            self.assertFalse(hashes.htpasswd_fits(kept, "Secret"), kept)

    def test_crypt_of_the_system(self) -> None:
        """
        Hashes that the system knows are checked by it, those that it does not know fit nothing.
        """
        kept = "$5$saltsalt$0IyaXrmV7.sGNS6tirgqHLqX/G.FBvgkYA.lpPdS5sA"
        if hashes._library() is None:
            raise SkipTest("no crypt library")
        self.assertTrue(hashes.htpasswd_fits(kept, "secret"))
        self.assertFalse(hashes.htpasswd_fits(kept, "other"))
        for kept in ("", "*", "!", "*0", "x", "$9$x$y", "secret"):
            self.assertFalse(hashes.htpasswd_fits(kept, "secret"), kept)

    def test_text(self) -> None:
        """
        A text file holds passwords, or their hex digests.
        """
        self.assertTrue(hashes.text_fits("secret", "secret", "plaintext"))
        digest = hashlib.sha256(b"secret").hexdigest()
        self.assertTrue(hashes.text_fits(digest.upper(), "secret", "sha256"))
        self.assertFalse(hashes.text_fits("secret", "secret", "sha256"))


class PasswordFileTests(SynchronousTestCase):
    def file(self, content: str, **options: Any) -> PasswordFile:
        path = self.mktemp()
        with open(path, "w") as file:
            file.write(content)
        return PasswordFile.of({"^filename": path, **{f"^{k}": v for k, v in options.items()}})

    def test_columns(self) -> None:
        """
        Old files with other separators and columns are read as the options say.
        """
        content = f"# users\n46|ann|{hashlib.md5(b'secret').hexdigest()}\n\nshort\n"
        found = self.file(
            content, hashtype="md5", username_field=2, password_field=3, field_separator="|"
        )
        self.assertTrue(found.vouches("ann", "secret"))
        self.assertTrue(found.is_in_use("ann"))
        for user, password in (("ann", "Secret"), ("bob", "secret"), ("", ""), ("46", "ann")):
            self.assertFalse(found.vouches(user, password), user)

    def test_htdigest(self) -> None:
        """
        A digest file counts for its realm.
        """
        digest = hashlib.md5(b"ann:here:secret").hexdigest()
        content = f"ann:there:{digest}\nann:here:{digest}\n"
        self.assertTrue(
            self.file(content, filetype="htdigest", realm="here").vouches("ann", "secret")
        )
        self.assertFalse(
            self.file(content, filetype="htdigest", realm="x").vouches("ann", "secret")
        )
        self.assertFalse(self.file(content, filetype="htdigest").vouches("ann", "secret"))

    def test_unusable(self) -> None:
        """
        A missing file, one that everybody can write, and unknown types let nobody in.
        """
        open_file = self.file("ann:secret\n")
        os.chmod(open_file.path, 0o666)
        self.assertFalse(open_file.vouches("ann", "secret"))
        self.assertFalse(PasswordFile(path="/nonexistent").vouches("ann", "secret"))
        self.assertFalse(self.file("ann:secret", hashtype="x").vouches("ann", "secret"))
        self.assertFalse(self.file("ann:secret", filetype="x").vouches("ann", "secret"))
        self.assertFalse(self.file("ann:\n").vouches("ann", ""))


class PamCase(SynchronousTestCase):
    def folder(self, auth: str, account: str) -> str:
        folder = os.path.abspath(self.mktemp())
        os.makedirs(folder)
        with open(os.path.join(folder, "txsalt-test"), "w") as file:
            file.write(f"auth required {auth}.so\naccount required {account}.so\n")
        return folder

    def asked(self, auth: str, account: str) -> Pam:
        try:
            pam._libraries()
        except (OSError, AttributeError):
            raise SkipTest("no PAM library") from None
        return Pam.of({"^service": "txsalt-test", "^confdir": self.folder(auth, account)})


class PamTests(PamCase):
    def test_answers(self) -> None:
        """
        A log-in needs the password and an account in use; a locked one is refused.
        """
        yes, no = "pam_permit", "pam_deny"
        self.assertTrue(self.asked(yes, yes).vouches("root", "x"))
        self.assertFalse(self.asked(no, yes).vouches("root", "x"))
        self.assertFalse(self.asked(yes, no).vouches("root", "x"))
        self.assertTrue(self.asked(no, yes).is_in_use("root"))
        self.assertFalse(self.asked(yes, no).is_in_use("root"))
        self.assertFalse(self.asked(yes, yes).is_in_use("no-such-user-here"))

    def test_no_service(self) -> None:
        """
        A service without a file lets nobody in.
        """
        asked = self.asked("pam_permit", "pam_permit")
        self.assertFalse(Pam(service="other-x", confdir=asked.confdir).vouches("root", "x"))

    def test_password_reaches_pam(self) -> None:
        """
        PAM's modules are told the password, and nobody else sees it.
        """
        folder = self.folder("pam_permit", "pam_permit")
        told = os.path.join(folder, "told")
        script = os.path.join(folder, "listen")
        with open(script, "w") as file:
            file.write(f"#!/bin/sh\ncat > {told}\n")
        os.chmod(script, 0o755)
        with open(os.path.join(folder, "txsalt-test"), "w") as file:
            file.write(f"auth required pam_exec.so expose_authtok {script}\n")
            file.write("account required pam_permit.so\n")
        asked = Pam(service="txsalt-test", confdir=folder)
        self.assertTrue(asked.vouches("root", "s e c r e t"))
        with open(told) as file:
            self.assertEqual(file.read().rstrip("\0"), "s e c r e t")


class LockedTests(PamCase):
    def test_token_of_a_locked_account(self) -> None:
        """
        A token that was made before the account was locked does nothing afterwards.
        """
        folder = self.asked("pam_permit", "pam_permit").confdir
        section = {"^service": "txsalt-test", "^confdir": folder, "daemon": ["test.*"]}
        place = Place(self, external_auth={"pam": section})
        place.minion("m1")
        login = {"eauth": "pam", "username": "daemon", "password": "x"}
        proof = {"token": place.say({"cmd": "mk_token", **login})["token"]}
        load = {"cmd": "publish", "tgt": "*", "fun": "test.ping", "arg": [], "kwargs": proof}
        self.assertNotIn("error", place.say(load))
        with open(f"{folder}/txsalt-test", "w") as file:
            file.write("auth required pam_permit.so\naccount required pam_deny.so\n")
        place.clock.now += 11
        self.assertEqual(place.say(load)["error"]["name"], "AuthenticationError")
        self.assertEqual(place.say({"cmd": "mk_token", **login}), "")
