"""Tests of virtual minions: their facts, whom a publication is for, their keys."""

import os
import tempfile
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from txsalt.errors import KeyFileError
from txsalt.swarm import keyring, minions
from txsalt.wire.job_loads import Publication


def ids(tgt: str | list[str], tgt_type: str, fleet: list[minions.Minion]) -> list[str]:
    """Return who is chosen."""
    load: dict[str, Any] = {}
    publication = Publication(
        jid="1", tgt=tgt, tgt_type=tgt_type, fun="test.ping", arg=[], load=load
    )
    return [minion.facts.id for minion in minions.chosen(publication, fleet)]


class FleetTests(SynchronousTestCase):
    """Twelve minions with one key pair."""

    def setUp(self) -> None:
        """Make them."""
        self.folder = Path(tempfile.mkdtemp(dir=self.mktemp_folder()))
        self.pairs = keyring.pairs(self.folder, 1, 2048)
        self.fleet = minions.make("v-", 12, self.pairs)

    def mktemp_folder(self) -> str:
        """Return a folder of this test."""
        folder = Path(self.mktemp())
        folder.mkdir(parents=True)
        return str(folder)

    def test_names_sort(self) -> None:
        """
        The numbers of ids have the same width.
        """
        self.assertEqual(self.fleet[0].facts.id, "v-00")
        self.assertEqual(self.fleet[11].facts.id, "v-11")

    def test_targets(self) -> None:
        """
        Every kind of target chooses as a real minion would; what makes no sense, nobody.
        """
        everybody = [minion.facts.id for minion in self.fleet]
        cases = [
            ("*", "glob", everybody),
            ("v-0[12]", "glob", ["v-01", "v-02"]),
            ("v-1.", "pcre", ["v-10", "v-11"]),
            (["v-03", "other"], "list", ["v-03"]),
            ("v-03,v-04", "list", ["v-03", "v-04"]),
            ("os:Rocky", "grain", ["v-01", "v-05", "v-09"]),
            ("swarm:number:7", "grain", ["v-07"]),
            ("G@role:db and v-0*", "compound", ["v-01", "v-03", "v-05", "v-07", "v-09"]),
            ("G@role:db and (", "compound", []),
            ("*", "unheard of", []),
        ]
        for tgt, kind, expected in cases:
            with self.subTest(f"{kind} {tgt}"):
                self.assertEqual(ids(tgt, kind, self.fleet), expected)

    def test_pairs_are_kept(self) -> None:
        """
        The second run finds the key pair of the first, readable by its owner only.
        """
        again = keyring.pairs(self.folder, 1, 2048)
        self.assertEqual(again[0].tok, self.pairs[0].tok)
        [file] = self.folder.iterdir()
        self.assertEqual(file.stat().st_mode & 0o777, 0o600)

    def test_accepted_and_taken_back(self) -> None:
        """
        Keys are put among the accepted ones and taken away again; others' are left alone.
        """
        pki = Path(self.mktemp_folder())
        keys = {minion.facts.id: minion.pair.key.public for minion in self.fleet[:3]}
        (pki / "master.pub").touch()
        keyring.accept(pki, keys)
        self.assertEqual(len(list((pki / "minions").iterdir())), 3)
        (pki / "minions" / "v-01").write_text("somebody else's")
        self.assertRaises(KeyFileError, keyring.accept, pki, keys)
        keyring.take_back(pki, keys)
        self.assertEqual([path.name for path in (pki / "minions").iterdir()], ["v-01"])

    def test_keys_at_a_master_of_another_account(self) -> None:
        """
        Keys that root accepts belong to whom the folder of keys belongs.
        """
        if os.geteuid() != 0:
            raise SkipTest("only root can give files away")
        folder = self.folder / "pki" / "minions"
        folder.mkdir(parents=True)
        os.chown(folder, 12345, 12346)
        (folder.parent / "master.pub").touch()
        keyring.accept(folder.parent, {"m1": self.pairs[0].key.public})
        status = (folder / "m1").stat()
        self.assertEqual(
            (status.st_uid, status.st_gid, status.st_mode & 0o777), (12345, 12346, 0o600)
        )
