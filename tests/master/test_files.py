"""Tests of the file server, through the commands of minions."""

import gzip
import hashlib
import os
import resource
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.master.place import Place
from txsalt.errors import BadName
from txsalt.master.fileserver.received import store_part
from txsalt.master.fileserver.roots import safe_join
from txsalt.wire import serial

OUTSIDE = (
    "../secret",
    "/etc/passwd",
    "a/../../secret",
    "..\\secret",
    "./../secret",
    "escape",
    "escape_folder/secret",
    "x\0y",
    "x" * 5000,
    "",
    None,
    5,
    ["top.sls"],
    "a",
    "fifo",
)


class FileTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.place = Place(self, file_buffer_size=1024)
        self.minion = self.place.minion("m1")
        self.place.write("secret", "do not read")
        self.place.write("srv/top.sls", "base: {}\n")
        self.place.write("srv/a/b.txt", "b")
        self.place.write("srv/a/big", b"\xff\x00" * 1000)
        self.place.write("srv/empty")
        srv = f"{self.place.folder}/srv"
        os.mkdir(f"{srv}/void")
        os.symlink("a/b.txt", f"{srv}/inside")
        os.symlink("../secret", f"{srv}/escape")
        os.symlink("..", f"{srv}/escape_folder")
        os.symlink(".", f"{srv}/a/loop")
        os.mkfifo(f"{srv}/fifo")

    def ask(self, cmd: str, path: Any = "top.sls", **fields: Any) -> Any:
        return self.minion.ask(cmd, **{"path": path, "saltenv": "base", **fields})

    def test_lists(self) -> None:
        """
        Files, folders, empty folders and links are listed; what leads outside is not.
        """
        self.assertEqual(self.ask("_file_envs"), ["base"])
        files = ["a/b.txt", "a/big", "empty", "inside", "top.sls"]
        self.assertEqual([f for f in self.ask("_file_list") if "loop" not in f], files)
        self.assertEqual(self.ask("_file_list", prefix="a"), ["a/b.txt", "a/big"])
        self.assertEqual(self.ask("_file_list_emptydirs"), ["void"])
        self.assertEqual(self.ask("_dir_list"), [".", "a", "void"])
        self.assertEqual(self.ask("_symlink_list"), {"a/loop": ".", "inside": "a/b.txt"})

    def test_unknown_environment(self) -> None:
        """
        An environment that does not exist is empty.
        """
        for saltenv in ("dev", "None", "../..", "", None, 5):
            self.assertEqual(self.ask("_file_list", saltenv=saltenv), [])
            self.assertEqual(self.ask("_file_hash", saltenv=saltenv), "")
            self.assertEqual(self.ask("_symlink_list", saltenv=saltenv), {})

    def test_hash_and_find(self) -> None:
        """
        A file is found with its hash and what stat says.
        """
        digest = hashlib.sha256(b"base: {}\n").hexdigest()
        hashed = {"hash_type": "sha256", "hsum": digest}
        self.assertEqual(self.ask("_file_hash"), hashed)
        found = self.ask("_file_find")
        path = os.path.realpath(f"{self.place.folder}/srv/top.sls")
        self.assertEqual((found["path"], found["rel"], found["back"]), (path, "top.sls", "roots"))
        self.assertEqual(len(found["stat"]), 10)
        self.assertEqual(found["stat"][0], os.stat(path).st_mode)
        self.assertEqual(self.ask("_file_hash_and_stat"), [hashed, found["stat"]])

    def test_hash_follows_the_file(self) -> None:
        """
        A changed file has another hash at once.
        """
        first = self.ask("_file_hash")["hsum"]
        self.place.write("srv/top.sls", "base: {x: y}\n")
        self.assertNotEqual(self.ask("_file_hash")["hsum"], first)

    def fetch(self, path: str, **fields: Any) -> bytes:
        content = b""
        while True:
            part = self.ask("_serve_file", path, loc=len(content), **fields)
            self.assertEqual(part["dest"], path)
            data = serial.as_bytes(part["data"])
            if not data:
                return content
            content += gzip.decompress(data) if "gzip" in part else data

    def test_fetch(self) -> None:
        """
        A file comes in chunks of the master's size until an empty one, plain or compressed.
        """
        for path in ("top.sls", "a/big", "inside", "empty"):
            with open(f"{self.place.folder}/srv/{path}", "rb") as file:
                content = file.read()
            self.assertEqual(self.fetch(path), content)
            self.assertEqual(self.fetch(path, gzip=5), content)
        self.assertEqual(
            len(serial.as_bytes(self.ask("_serve_file", "a/big", loc=0)["data"])), 1024
        )

    def test_what_is_missing_or_outside(self) -> None:
        """
        Whatever leads out of the root, or is no file, is as if it did not exist.
        """
        for path in OUTSIDE:
            self.assertEqual(self.ask("_file_hash", path), "", path)
            self.assertEqual(self.ask("_file_hash_and_stat", path), ["", None])
            self.assertEqual(self.ask("_file_find", path), {"path": "", "rel": ""})
            self.assertEqual(self.ask("_serve_file", path, loc=0), {"data": "", "dest": ""})
        for prefix in ("..", "../..", "/etc", "escape_folder", "\0", 5):
            self.assertNotIn("secret", repr(self.ask("_file_list", prefix=prefix)))

    def test_odd_offsets(self) -> None:
        """
        Offsets that are none, or behind the end, are harmless.
        """
        for loc in (-1, None, "0", True, 1.5):
            self.assertEqual(self.ask("_serve_file", loc=loc), {"data": "", "dest": ""})
        for loc in (10_000, 2**62, 2**63 + 5):
            self.assertEqual(serial.as_bytes(self.ask("_serve_file", loc=loc)["data"]), b"")

    def test_safe_join(self) -> None:
        """
        The join itself refuses what leaves the root, also by a neighbour with a longer name.
        """
        os.mkdir(f"{self.place.folder}/srv2")
        os.symlink("../srv2", f"{self.place.folder}/srv/two")
        self.assertIsNone(safe_join(f"{self.place.folder}/srv", "two"))
        self.assertRaises(BadName, safe_join, self.place.folder, "..")


class PushTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.place = Place(self, file_recv=True, file_recv_max_size=1)
        self.minion = self.place.minion("m1")
        self.files = f"{self.place.config.cachedir}/minions/m1/files"

    def push(self, path: Any, data: Any = b"x", loc: Any = 0) -> Any:
        return self.minion.ask("_file_recv", path=path, data=data, loc=loc, size=1)

    def test_full_disk(self) -> None:
        """
        A minion learns that its file was not kept, and the operator why.
        """
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        with self.assertLogs("txsalt.master.fileserver", "ERROR") as logged:
            # Files of this process may not grow: an error at the write, as on a full disk.
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
            try:
                kept = store_part(self.place.folder, ["big"], 0, b"x" * 100_000, 1)
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        self.assertIs(kept, False)
        self.assertEqual(len(logged.output), 1)

    def test_in_parts(self) -> None:
        """
        A file arrives part by part, and anew when it begins again.
        """
        self.assertIs(self.push(["etc", "motd"], b"\xffone"), True)
        self.assertIs(self.push(["etc", "motd"], b"two", 4), True)
        with open(f"{self.files}/etc/motd", "rb") as file:
            self.assertEqual(file.read(), b"\xffonetwo")
        self.push(["etc", "motd"], b"")
        self.assertEqual(os.path.getsize(f"{self.files}/etc/motd"), 0)

    def test_hostile(self) -> None:
        """
        No path leads out of the minion's own folder, and sizes are limited.
        """
        self.push(["ok"])
        before = sorted(os.walk(self.place.folder))
        for path in (
            ["..", "x"],
            ["/etc", "x"],
            ["a/b"],
            ["a\0"],
            [""],
            ["."],
            [],
            "ok",
            None,
            ["x"] * 10_000,
            [5],
            ["ok", "below"],
        ):
            self.assertIs(self.push(path), False, path)
        for loc in (-1, 2**63, 5, "0", None, 1_048_576):
            self.assertIs(self.push(["ok"], loc=loc), False, loc)
        self.assertIs(self.push(["ok2"], b"x" * 1_048_577), False)
        self.assertEqual(sorted(os.walk(self.place.folder)), before)

    def test_switched_off(self) -> None:
        """
        Unless the operator allows it, nothing is taken.
        """
        place = Place(self)
        minion = place.minion("m1")
        self.assertIs(minion.ask("_file_recv", path=["x"], data=b"x", loc=0), False)
