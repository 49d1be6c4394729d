"""Edit text files: lines, blocks, comments, regular expressions."""

import os

from tests.modules.calls import modules
from tests.modules.file_case import FileCase
from txsalt.jobs.errors import CommandExecutionError, SaltInvocationError


class LineTests(FileCase):
    """file.line."""

    def test_line_ends_stay(self) -> None:
        """
        A file with line ends of Windows keeps them, in the new line too.
        """
        path = self.made("a", b"one\r\nthree\r\n")
        self.call("line", path, "two", mode="insert", after="one")
        self.assertEqual(path.read_bytes(), b"one\r\ntwo\r\nthree\r\n")

    def test_other_bytes_stay(self) -> None:
        """
        Lines that are no UTF-8 stay as they are.
        """
        path = self.made("a", b"caf\xe9 \x0c page\none\n")
        self.call("line", path, "two", mode="replace", match="one")
        self.assertEqual(path.read_bytes(), b"caf\xe9 \x0c page\ntwo\n")

    def test_test_mode_changes_nothing(self) -> None:
        """
        With the option test the difference is told and the file left alone.
        """
        self.context.config["test"] = True
        self.functions = modules(self.context)
        path = self.made("a")
        told = self.call("line", path, "new", mode="replace", match="old", backup=True)
        self.assertIn("+new", told)
        self.assertEqual(path.read_bytes(), b"old\n")
        self.assertEqual(self.names(), ["a"])

    def test_backup_has_the_time_in_its_name(self) -> None:
        """
        The old file is kept beside the new one.
        """
        path = self.made("a")
        self.call("line", path, "new", mode="replace", match="old", backup=True)
        copy = next(name for name in self.names() if name.startswith("a."))
        self.assertEqual((self.here / copy).read_bytes(), b"old\n")

    def test_backup_does_not_follow_links(self) -> None:
        """
        A link that another user put where the backup goes is replaced; what it led to is safe.
        """
        secret = self.made("secret", b"precious\n")
        path = self.made("a", mode=0o600)
        os.utime(path, (1, 2))
        backup = self.here / "a.bak"
        calls = (
            ("replace", ["old", "new"], {}),
            ("blockreplace", ["<", ">", "x"], {"append_if_not_found": True}),
            ("comment", ["old"], {}),
        )
        for name, args, keywords in calls:
            backup.unlink(missing_ok=True)
            backup.symlink_to(secret)
            path.write_bytes(b"old\n")
            self.call(name, path, *args, **keywords)
            self.assertEqual(secret.read_bytes(), b"precious\n", name)
            self.assertFalse(backup.is_symlink(), name)
            self.assertEqual(backup.read_bytes(), b"old\n", name)
            self.assertEqual(backup.stat().st_mode & 0o777, 0o600, name)
        self.assertEqual(self.names(), ["a", "a.bak", "secret"])

    def test_backup_has_owner_and_times(self) -> None:
        """
        A backup is its owner's as the file is, and as old.
        """
        path = self.made("a")
        if os.geteuid() == 0:
            os.chown(path, 12345, 12346)
        os.utime(path, (1, 2))
        before = path.stat()
        self.call("replace", path, "old", "new")
        after = (self.here / "a.bak").stat()
        self.assertEqual((after.st_uid, after.st_gid), (before.st_uid, before.st_gid))
        self.assertEqual((after.st_mode, after.st_mtime), (before.st_mode, 2))

    def test_ambiguous_place(self) -> None:
        """
        A place that two lines match is refused, and nothing is changed.
        """
        path = self.made("a", b"x\nx\n")
        self.assertRaises(
            CommandExecutionError, self.call, "line", path, "new", mode="insert", after="x"
        )
        self.assertEqual(path.read_bytes(), b"x\nx\n")


class ReplaceTests(FileCase):
    """file.replace, search, comment, blockreplace."""

    def test_bytes_around_stay(self) -> None:
        """
        Only what matches changes, whatever else is in the file.
        """
        path = self.made("a", b"x=1 # caf\xe9\r\ny=2\r\n")
        self.call("replace", path, r"^x=\d", "x=5", backup=False)
        self.assertEqual(path.read_bytes(), b"x=5 # caf\xe9\r\ny=2\r\n")

    def test_other_encodings(self) -> None:
        """
        With an encoding, characters are matched, and written back in it.
        """
        path = self.made("a", "größe=1\n".encode("utf-16"))
        self.call("replace", path, "ö", "oe", encoding="utf-16", backup=False)
        self.assertEqual(path.read_bytes().decode("utf-16"), "groeße=1\n")

    def test_characters_are_not_cut(self) -> None:
        """
        An expression that takes any character takes a whole one, in any alphabet.
        """
        path = self.made("a", "жщк\n".encode())
        self.call("replace", path, "^.", "l", backup=False)
        self.assertEqual(path.read_bytes().decode(), "lщк\n")

    def test_backup_of_a_link(self) -> None:
        """
        Beside a link to the file comes a link to its backup.
        """
        path = self.made("a")
        (self.here / "l").symlink_to("a")
        self.call("replace", self.here / "l", "old", "new")
        self.assertEqual(os.readlink(self.here / "l.bak"), "a.bak")
        self.assertEqual((self.here / "l.bak").read_bytes(), b"old\n")
        self.assertEqual(path.read_bytes(), b"new\n")

    def test_bad_expression(self) -> None:
        """
        A regular expression that is none is my mistake, told as such.
        """
        path = self.made("a")
        for name, args in (("replace", ["(", "x"]), ("search", ["("]), ("comment", ["("])):
            self.assertRaises(SaltInvocationError, self.call, name, path, *args)

    def test_nothing_to_do_leaves_no_backup(self) -> None:
        """
        Without a match there is no change and no backup.
        """
        path = self.made("a")
        self.assertEqual(self.call("replace", path, "nowhere", "x"), "")
        self.assertIs(self.call("comment", path, "nowhere"), False)
        self.assertEqual(self.names(), ["a"])

    def test_comment_and_back(self) -> None:
        """
        A line that was commented out comes back as it was.
        """
        path = self.made("a", b"one\n  two\n")
        self.call("comment", path, "one")
        self.assertEqual(path.read_bytes(), b"#one\n  two\n")
        self.call("uncomment", path, "one")
        self.assertEqual(path.read_bytes(), b"one\n  two\n")

    def test_block_in_wide_characters(self) -> None:
        """
        A block is managed in a file of two bytes a character, too.
        """
        path = self.made("a", "\ufeffone\n".encode("utf-16-le"))
        self.call("blockreplace", path, "<", ">", "new\n", append_if_not_found=True, backup=False)
        self.assertEqual(path.read_bytes().decode("utf-16"), "one\n<\nnew\n>\n")

    def test_block_without_end(self) -> None:
        """
        A block that never ends is refused.
        """
        path = self.made("a", b"<\nx\n")
        self.assertRaises(CommandExecutionError, self.call, "blockreplace", path, "<", ">", "new")
        self.assertEqual(path.read_bytes(), b"<\nx\n")

    def test_large_files_are_searched_in_pieces(self) -> None:
        """
        A text that lies across two pieces of a large file is found.
        """
        path = self.made("a", b"x" * (256 * 1024 - 3) + b"needle" + b"y" * 400_000)
        self.assertTrue(self.call("contains", path, "needle"))
        self.assertTrue(self.call("contains_glob", path, "*needle*"))
        self.assertFalse(self.call("contains", path, "pin"))
