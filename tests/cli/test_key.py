"""Tests of ``txsalt-cli key`` on a master's folders, without a master."""

import contextlib
import errno
import io
import json
import os
import shutil
import stat
import sys
import tempfile
import time
from functools import partial
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.master.place import key_pair
from tests.pace import least_seconds
from txsalt.cli import main as program
from txsalt.jobs import exit_codes
from txsalt.master.store import database, drop_file, identities
from txsalt.master.store.keys import KeyStore
from txsalt.protocol.admission import KeyState

MANY = 10_000
SECONDS = 3.0  # it takes 0.1; machines that run tests are busy


class KeyCase(SynchronousTestCase):
    def setUp(self) -> None:
        # Not below the test's own folder: the paths of sockets have an end.
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.folder = place.name
        options = {
            "root_dir": self.folder,
            "pki_dir": "/pki",
            "cachedir": "/cache",
            "sock_dir": "/s",
        }
        with open(os.path.join(self.folder, "master"), "w") as file:
            json.dump(options, file)
        self.keys = KeyStore(os.path.join(self.folder, "pki"))
        self.keys.prepare()
        self.pem = key_pair("minion").public.pem
        for name in ("web1", "web2", "db1"):
            self.keys.put(KeyState.PENDING, name, self.pem)

    def run_key(self, *words: str, code: int = 0) -> str:
        """Run one command and return what it prints on stdout; stderr is kept in ``said``."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            self.assertEqual(program.main(["-c", self.folder, "key", *words]), code, err.getvalue())
        self.said = err.getvalue()
        return out.getvalue()

    def data(self, *words: str) -> Any:
        return json.loads(self.run_key(*words, "--out", "json"))


class ListTests(KeyCase):
    def test_no_rights(self) -> None:
        """
        A user who may not read the keys, or not even enter the folders above, is told so.
        """

        def refuse(path: str) -> None:
            raise PermissionError(errno.EACCES, "Permission denied", path)

        self.patch(os, "scandir", refuse)
        self.run_key("list", code=exit_codes.NO_PERMISSION)
        self.assertIn("this user may not read it", self.said)

    def test_long(self) -> None:
        """
        The long list shows how old each key is, and its fingerprint as the minion shows it.
        """
        path = os.path.join(self.folder, "pki", "minions_pre", "web1")
        before = time.time() - 2 * 86400 - 5
        os.utime(path, (before, before))
        finger = key_pair("minion").public.fingerprint()
        line = next(each for each in self.run_key("list", "-l").splitlines() if "web1" in each)
        self.assertEqual(line.split(), ["web1", "2d", finger])
        about = self.data("list", "pre", "--long")["minions_pre"]["web1"]
        self.assertEqual(about["fingerprint"], finger)
        self.assertGreater(about["age"], 2 * 86400)

    def test_ten_thousand(self) -> None:
        """
        Ten thousand keys are listed while one waits, and fingerprints too.
        """
        folder = os.path.join(self.folder, "pki", "minions")
        for number in range(MANY):
            with open(os.path.join(folder, f"m{number:05d}"), "w") as file:
                file.write(self.pem)
        for words, lines, most in (
            (("list", "acc"), MANY + 1, SECONDS),
            (("list", "acc", "m0000*"), 11, SECONDS),
            (("list", "acc", "--long"), MANY + 1, 4 * SECONDS),
        ):
            self.assertEqual(self.run_key(*words).count("\n"), lines)
            self.assertLess(least_seconds(partial(self.run_key, *words), most), most)


class ChangeTests(KeyCase):
    def test_dry_run(self) -> None:
        """
        A dry run names the keys with their fingerprints and changes nothing.
        """
        out = self.run_key("accept", "web*", "--dry-run")
        self.assertIn(
            f"would be accepted: web1  (minions_pre)  {key_pair('minion').public.fingerprint()}",
            out,
        )
        self.assertEqual(self.keys.listing(KeyState.ACCEPTED), [])
        self.assertEqual(self.run_key("log"), "")

    def test_commas(self) -> None:
        """
        Ids and globs may be parted by commas, as with salt-key.
        """
        out = self.run_key("accept", "web1,db*", "--yes")
        self.assertEqual(out, "accepted: db1\naccepted: web1\n")
        self.assertEqual(self.data("list", "acc", "web1,web2"), {"minions": ["web1"]})
        self.assertEqual(set(self.data("finger", "web2,db1")), {"minions", "minions_pre"})
        self.assertEqual(self.run_key("delete", "web1,,web2", "db1", "-y").count("deleted: "), 3)
        out = io.StringIO()
        with contextlib.redirect_stderr(out):
            for action in ("delete", "accept", "reject"):
                ended = self.assertRaises(SystemExit, self.run_key, action, ",", "--yes")
                self.assertEqual(ended.code, exit_codes.USAGE)

    def test_quiet(self) -> None:
        """
        Quiet prints nothing but what is wrong, and the exit code tells.
        """
        self.assertEqual(self.run_key("accept", "web1", "--yes", "-q"), "")
        self.assertEqual(self.said, "")
        self.assertEqual(self.run_key("list", "--quiet"), "")
        self.assertEqual(self.run_key("accept", "web1", "--yes", "-q", code=1), "")
        self.assertIn("no key matches", self.said)

    def test_files(self) -> None:
        """
        What is told goes to a file, if one is named; if it cannot, no key is changed.
        """
        path = os.path.join(self.folder, "told")
        self.assertEqual(self.run_key("accept", "web1", "--yes", "--out-file", path), "")
        words = ("list", "acc", "--out", "json", "--out-indent=-1", "--out-file", path)
        self.run_key(*words, "--out-file-append")
        with open(path) as file:
            self.assertEqual(file.read(), 'accepted: web1\n{"minions": ["web1"]}\n')
        self.run_key("accept", "web2", "--yes", "--out-file", "/nowhere/x", code=73)
        self.assertEqual(self.keys.listing(KeyState.ACCEPTED), ["web1"])

    def test_data(self) -> None:
        """
        Programs read what was changed, and what would be.
        """
        words = ("accept", "web*", "--yes")
        (would,) = self.data(*words, "--dry-run").items()
        self.assertEqual((would[0], len(would[1])), ("would be accepted", 2))
        self.assertEqual(self.data(*words), {"accepted": ["web1", "web2"]})
        made = self.data("gen", "new1", "--dir", self.folder)["files"]
        self.assertEqual([os.path.basename(each) for each in made], ["new1.pem", "new1.pub"])
        self.assertEqual(
            self.run_key("list", "acc", "--out", "raw"), "{'minions': ['web1', 'web2']}\n"
        )

    def answer(self, text: str, *words: str, code: int = 0, meanwhile: Any = None) -> str:
        """Run a command whose question is answered with ``text``."""

        class Terminal(io.StringIO):
            def isatty(self) -> bool:
                return True

            def readline(self, *_: Any) -> str:
                if meanwhile is not None:
                    meanwhile()
                return super().readline()

        self.patch(sys, "stdin", Terminal(text))
        return self.run_key(*words, code=code)

    def test_question(self) -> None:
        """
        Enter and yes are a yes; no, anything else and the end of input (Ctrl-D) are not.
        """
        for text in ("n\n", "x\n", ""):
            self.answer(text, "accept", "web1", code=1)
            self.assertIn("nothing was changed", self.said)
        self.assertEqual(self.keys.listing(KeyState.ACCEPTED), [])
        self.assertEqual(self.answer("\n", "accept", "web1"), "accepted: web1\n")
        self.assertEqual(self.answer("Yes\n", "accept", "web2"), "accepted: web2\n")

    def test_keys_in_other_states(self) -> None:
        """
        Who is not changed without a further option is named, with the option.
        """
        self.keys.put(KeyState.ACCEPTED, "old1", self.pem)
        self.keys.put(KeyState.DENIED, "old1", self.pem)
        self.run_key("reject", "old*", "--yes", code=1)
        self.assertIn("old1: accepted, see --include-accepted", self.said)
        self.assertIn("old1: denied, see --include-denied", self.said)
        self.run_key("accept", "nobody", "--yes", code=1)
        self.assertEqual(self.said, "txsalt-cli: no key matches\n")
        self.run_key("accept", "old1", "--yes", code=1)
        self.assertIn("no key matches; old1: accepted already; old1: denied, see", self.said)

    def test_ids_that_are_not_there(self) -> None:
        """
        Of several ids the one that was mistyped is named, and the exit code tells; one that is
        accepted already is named, too, and is no mistake.
        """
        out = self.run_key("accept", "web1,wbe2", "--yes", code=1)
        self.assertEqual(out, "accepted: web1\n")
        self.assertEqual(self.said, "txsalt-cli: no key of wbe2 to accept\n")
        out = self.run_key("accept", "web1,web2,x*", "--yes")
        self.assertEqual(out, "accepted: web2\n")
        self.assertEqual(
            self.said, "txsalt-cli: no key of web1 to accept; web1: accepted already\n"
        )
        self.run_key("delete", "web1,wbe2", "--dry-run", code=1)
        self.assertEqual(self.said, "txsalt-cli: no key of wbe2 to delete\n")

    def test_changed_meanwhile(self) -> None:
        """
        A key that is another one than was shown, when the question is answered, is left alone.
        """

        def change() -> None:
            self.keys.put(KeyState.PENDING, "web1", key_pair("other").public.pem)

        self.assertEqual(self.answer("y\n", "accept", "web*", meanwhile=change), "accepted: web2\n")
        self.assertIn("the key of web1 was changed; it was left alone", self.said)
        self.assertEqual(self.keys.listing(KeyState.ACCEPTED), ["web2"])

    def test_history(self) -> None:
        """
        Each change is kept with who made it and why.
        """
        self.run_key("accept", "web*", "--yes", "--note", "ticket 7")
        self.run_key("delete", "web1", "--yes")
        lines = self.data("log")["changes"]
        told = [(each["act"], each["id"]) for each in lines]
        self.assertEqual(told, [("accepted", "web1"), ("accepted", "web2"), ("deleted", "web1")])
        self.assertEqual(lines[0]["note"], "ticket 7")
        self.assertTrue(lines[0]["by"])
        self.assertEqual(self.data("log", "web2")["changes"], lines[1:2])
        self.assertIn("# ticket 7", self.run_key("log", "web2"))

    def test_history_was_changed(self) -> None:
        """
        A log that somebody has edited is shown, and said to be so.
        """
        self.run_key("accept", "--all", "--yes")
        path = os.path.join(self.folder, "pki", "audit.log")
        with open(path) as file:
            lines = file.read().splitlines()
        with open(path, "w") as file:
            file.write("\n".join(lines[1:]) + "\n")
        self.run_key("log", code=1)
        self.assertIn("line 1", self.said)

    def test_store_is_locked(self) -> None:
        """
        A deleted minion is kept out, and it is logged, also where its facts cannot be forgotten.
        """
        cache = os.path.join(self.folder, "cache")
        os.makedirs(cache)
        path = database.path_in(cache)
        database.prepare(path)

        def forget(*_: object) -> None:
            raise database.Failure("database is locked")

        self.patch(identities, "forget", forget)
        self.run_key("delete", "web1", "--yes", code=1)
        self.assertIn("the key of web1 is deleted", self.said)
        self.assertIn("database is locked", self.said)
        self.assertTrue(os.path.exists(os.path.join(cache, drop_file.NAME)))
        self.assertEqual([each["act"] for each in self.data("log")["changes"]], ["deleted"])

    def test_denied(self) -> None:
        """
        Denied keys are listed, and accepting one replaces the accepted key.
        """
        other = key_pair("other").public.pem
        self.run_key("accept", "web1", "--yes")
        self.keys.put(KeyState.DENIED, "web1", other)
        self.assertIn("Denied Keys:\nweb1", self.run_key("list"))
        self.run_key("accept", "web1", "--yes", code=1)
        self.run_key("accept", "web1", "--yes", "--include-denied")
        self.assertEqual(self.keys.pem("web1", KeyState.ACCEPTED), other)
        self.assertEqual(self.keys.listing(KeyState.DENIED), [])


class MakeTests(KeyCase):
    def test_gen(self) -> None:
        """
        A key pair is made for a minion to come, and may be accepted already; none is overwritten.
        """
        place = os.path.join(self.folder, "new")
        os.makedirs(place)
        private, public = self.run_key("gen", "web9", "--dir", place, "--accept").splitlines()
        self.assertEqual(stat.S_IMODE(os.stat(private).st_mode), 0o400)
        with open(public) as file:
            self.assertEqual(file.read().strip(), self.keys.pem("web9", KeyState.ACCEPTED))
        self.assertEqual(self.data("log")["changes"][0]["id"], "web9")
        self.run_key("gen", "web9", "--dir", place, code=exit_codes.CANNOT_CREATE)
        self.run_key("gen", "web8", "--dir", place + "/x", code=exit_codes.CANNOT_CREATE)
        self.assertIn("cannot write", self.said)
        self.run_key("gen", "web1", "--dir", place, "--accept", code=77)
        self.run_key("gen", "../evil", "--dir", place, code=1)
        self.assertEqual(sorted(os.listdir(place)), ["web9.pem", "web9.pub"])

    def test_before_the_first_start(self) -> None:
        """
        A key may be accepted before the master was ever started.
        """
        shutil.rmtree(os.path.join(self.folder, "pki"))
        self.run_key("gen", "web9", "--dir", self.folder, "--accept")
        self.assertEqual(self.data("list", "acc"), {"minions": ["web9"]})

    def test_damaged(self) -> None:
        """
        A file in the place of the master's key that holds none is told.
        """
        with open(os.path.join(self.folder, "pki", "master.pub"), "wb") as file:
            file.write(b"\xff")
        self.run_key("finger", code=exit_codes.NO_PERMISSION)
        self.assertIn("master.pub: it holds no key", self.said)

    def test_print(self) -> None:
        """
        A key is shown as it is stored.
        """
        self.assertEqual(self.data("print", "web1"), {"minions_pre": {"web1": self.pem}})
        self.assertIn(self.pem, self.run_key("print", "web1"))
        self.run_key("print", "nobody", code=1)
