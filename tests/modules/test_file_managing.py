"""Manage files: content, permissions, backups."""

import os
import stat
import tempfile

from tests.modules.calls import modules
from tests.modules.file_case import FileCase
from tests.modules.tools import room_for
from txsalt.jobs.errors import CommandExecutionError


class ManageTests(FileCase):
    """file.manage_file and what belongs to it."""

    def manage(self, path: object, **kwargs: object) -> dict:
        """Call manage_file with the arguments that matter."""
        given = {"source": None, "source_sum": {}, "mode": None, "backup": "", **kwargs}
        return self.call(
            "manage_file", path, "", None, given.pop("source"), given.pop("source_sum"), None, None,
            given.pop("mode"), None, "base", given.pop("backup"), **given,
        )  # fmt: skip

    def test_full_disk(self) -> None:
        """
        A backup that does not fit on the disk is none; the file stays as it is.
        """
        path = self.made("a", b"x" * 20000)
        with room_for(5000):
            told = self.manage(path, contents="new", backup="minion")
        self.assertIs(told["result"], False)
        self.assertEqual(self.call("list_backups", path), {})
        self.assertEqual(path.read_bytes(), b"x" * 20000)

    def test_no_room_for_contents(self) -> None:
        """
        Contents that do not fit on the disk are a failure in words; nothing is left of them.
        """
        path = self.made("a")
        self.patch(tempfile, "tempdir", str(self.here))
        with room_for(5000):
            told = self.manage(path, contents="x" * 20000)
        self.assertIs(told["result"], False)
        self.assertIn("no room", told["comment"])
        self.assertEqual((self.names(), path.read_bytes()), (["a"], b"old\n"))

    def test_template_that_changed(self) -> None:
        """
        With skip_verify, too, a template is that of the master now, not what the cache has of it.
        """
        source = self.made("roots/a", b"1 {{ 1 + 1 }}\n")
        self.context.config["file_roots"] = {"base": [str(self.here / "roots")]}
        self.functions = modules(self.context)
        for content in (b"1 2\n", b"3\n"):
            place, _, problem = self.call(
                "get_managed", "/x", "jinja", "salt://a", None, None, None, None, None, None,
                "base", None, None, skip_verify=True,
            )  # fmt: skip
            self.assertEqual(problem, "")
            self.addCleanup(os.unlink, place)
            with open(place, "rb") as file:
                self.assertEqual(file.read(), content)
            source.write_bytes(b"3\n")

    def test_salt_source(self) -> None:
        """
        A source of the file server is fetched, checked and put in place; the second run is idle.
        """
        self.made("roots/app/conf", b"new\n")
        self.context.config["file_roots"] = {"base": [str(self.here / "roots")]}
        self.functions = modules(self.context)
        path = self.made("a")
        place, known, problem = self.call(
            "get_managed", path, None, "salt://app/conf", None, None, None, None, None, None,
            "base", None, None,
        )  # fmt: skip
        self.assertEqual((place, problem), ("", ""))
        first = self.manage(path, source="salt://app/conf", source_sum=known, mode="0600")
        self.assertEqual(path.read_bytes(), b"new\n")
        self.assertEqual(first["changes"]["mode"], "0600")
        self.assertIn("-old\n+new\n", first["changes"]["diff"])
        second = self.manage(path, source="salt://app/conf", source_sum=known, mode="0600")
        self.assertEqual((second["changes"], second["result"]), ({}, True))

    def test_wrong_checksum(self) -> None:
        """
        A source with another checksum than stated is not taken.
        """
        source, path = self.made("s", b"new\n"), self.made("a")
        stated = {"hash_type": "md5", "hsum": "0" * 32}
        answer = self.manage(path, source=str(source), source_sum=stated)
        self.assertFalse(answer["result"])
        self.assertEqual(path.read_bytes(), b"old\n")

    def test_secrets_are_never_readable_by_others(self) -> None:
        """
        A new file with a mode has no wider one for a moment.
        """
        path = self.here / "secret"
        self.manage(path, contents="x", mode="0600")
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)

    def test_link_is_replaced_if_not_followed(self) -> None:
        """
        With follow_symlinks=False a link becomes a file, and its target stays.
        """
        target = self.made("a")
        (self.here / "l").symlink_to("a")
        answer = self.manage(self.here / "l", contents="new\n", follow_symlinks=False)
        self.assertEqual(answer["changes"]["diff"], "Replace symbolic link with regular file")
        self.assertFalse((self.here / "l").is_symlink())
        self.assertEqual(target.read_bytes(), b"old\n")

    def test_test_mode_changes_nothing(self) -> None:
        """
        With the option test nothing is written, neither file nor folder.
        """
        self.context.config["test"] = True
        self.functions = modules(self.context)
        path = self.made("a")
        self.assertIn("diff", self.manage(path, contents="new\n", mode="0600")["changes"])
        self.manage(self.here / "d" / "n", contents="new\n", makedirs=True)
        self.assertEqual((path.read_bytes(), self.names()), (b"old\n", ["a"]))
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o640)

    def test_folder_in_the_way(self) -> None:
        """
        A folder at the path is a failure that says so, and stays.
        """
        (self.here / "d").mkdir()
        answer = self.manage(self.here / "d", contents="x")
        self.assertFalse(answer["result"])
        self.assertIn("Failed to commit change", answer["comment"])
        self.assertEqual(self.names(), ["d"])

    def test_encodings(self) -> None:
        """
        Contents are written in the encoding that is asked for.
        """
        self.manage(self.here / "a", contents="é", encoding="latin-1")
        self.assertEqual((self.here / "a").read_bytes(), b"\xe9")


class BackupTests(FileCase):
    """Old contents that were kept."""

    def test_restored_secret(self) -> None:
        """
        A file that is gone comes back with the mode that it had.
        """
        path = self.made("a", mode=0o600)
        self.call("manage_file", path, "", None, None, {}, None, None, None, None, "base", "minion",
                  contents="new\n")  # fmt: skip
        path.unlink()
        self.assertIs(self.call("restore_backup", path, 0)["result"], True)
        self.assertEqual(path.read_bytes(), b"old\n")
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)

    def test_keep_list_restore_delete(self) -> None:
        """
        What is managed with backup=minion can be listed, brought back and thrown away.
        """
        path = self.made("etc/my_app.conf", b"one\n")
        for content in ("two\n", "three\n"):
            self.call(
                "manage_file", path, "", None, None, {}, None, None, None, None, "base", "minion",
                contents=content,
            )  # fmt: skip
        listed = self.call("list_backups", path)
        self.assertEqual([each["Size"] for each in listed.values()], [4, 4])
        where = f"{self.cachedir}/file_backup{path.parent}/my_app.conf_"
        self.assertTrue(listed[0]["Location"].startswith(where), listed)
        self.assertEqual(list(self.call("list_backups", path, 1)), [0])
        self.assertEqual(list(self.call("list_backups_dir", f"{path.parent}/")), ["my_app.conf"])
        self.assertTrue(self.call("restore_backup", path, 1)["result"])
        self.assertEqual(path.read_bytes(), b"one\n")
        self.assertEqual(len(self.call("list_backups", path)), 3)
        self.assertTrue(self.call("delete_backup", path, "0")["result"])
        self.assertEqual(len(self.call("list_backups", path)), 2)

    def test_copies_keep_their_mode(self) -> None:
        """
        The copy of a secret file is secret.
        """
        path = self.made("a", mode=0o600)
        self.call(
            "manage_file", path, "", None, None, {}, None, None, None, None, "base", "minion",
            contents="new",
        )  # fmt: skip
        place = self.call("list_backups", path)[0]["Location"]
        self.assertEqual(stat.S_IMODE(os.stat(place).st_mode), 0o600)


class HashTests(FileCase):
    """Checksums."""

    def test_unknown_kind(self) -> None:
        """
        A checksum that nobody knows is an error, not an answer.
        """
        path = self.made("a")
        self.assertRaises(Exception, self.call, "get_hash", path, "md7")
        self.assertRaises(CommandExecutionError, self.call, "get_hash", self.here / "none")

    def test_sums_of_several_kinds_in_one_file(self) -> None:
        """
        The sum of the kind and the name is picked from a list of many.
        """
        sums = self.made("SUMS", b"a" * 64 + b"  x.tar\n" + b"b" * 32 + b"  x.tar\n")
        found = self.call("extract_hash", sums, "md5", "/tmp/x.tar")
        self.assertEqual(found, {"hsum": "b" * 32, "hash_type": "md5"})
