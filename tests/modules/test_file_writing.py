"""Write to files in one step, and leave everything else of them alone."""

import os
import stat
import threading

from tests.modules.file_case import FileCase
from txsalt.jobs.errors import CommandExecutionError, SaltInvocationError
from txsalt.modules._atomic import replacing


class AtomicTests(FileCase):
    """Readers see the old content or the new one."""

    def test_old_content_until_the_end(self) -> None:
        """
        While a new content is written, the file has the old one; and no other file stays behind.
        """
        path = self.made("a")
        with replacing(str(path)) as file:
            file.write(b"new\n")
            file.flush()
            self.assertEqual(path.read_bytes(), b"old\n")
        self.assertEqual(path.read_bytes(), b"new\n")
        self.assertEqual(self.names(), ["a"])

    def test_failure_changes_nothing(self) -> None:
        """
        When writing fails half-way, the file is as it was.
        """
        path = self.made("a")
        with self.assertRaises(ZeroDivisionError), replacing(str(path)) as file:
            file.write(b"half")
            raise ZeroDivisionError
        self.assertEqual(path.read_bytes(), b"old\n")
        self.assertEqual(self.names(), ["a"])

    def test_mode_and_owner_stay(self) -> None:
        """
        The new content has the mode and owner of the old one, setuid included.
        """
        path = self.made("a", mode=0o4751)
        if os.geteuid() == 0:
            os.chown(path, 1234, 4321)
            path.chmod(0o4751)
        before = path.stat()
        self.call("write", path, "x")
        after = path.stat()
        self.assertEqual(
            (after.st_mode, after.st_uid, after.st_gid),
            (before.st_mode, before.st_uid, before.st_gid),
        )

    def test_extended_attributes_stay(self) -> None:
        """
        Extended attributes, and with them access lists, survive.
        """
        path = self.made("a")
        try:
            os.setxattr(path, "user.note", b"mine")
        except OSError as exc:
            self.skipTest(f"the file system of the temporary folder has none: {exc}")
        self.call("write", path, "x")
        self.assertEqual(os.getxattr(path, "user.note"), b"mine")

    def test_new_file_obeys_the_umask(self) -> None:
        """
        A new file has the mode that the umask leaves.
        """
        mask = os.umask(0o027)
        self.addCleanup(os.umask, mask)
        self.call("write", self.here / "new", "x")
        self.assertEqual(stat.S_IMODE((self.here / "new").stat().st_mode), 0o640)

    def test_links_stay_links(self) -> None:
        """
        Writing through a link changes its target; hard links stay one file.
        """
        path = self.made("a")
        (self.here / "soft").symlink_to("a")
        os.link(path, self.here / "hard")
        self.call("write", self.here / "soft", "x")
        self.assertTrue((self.here / "soft").is_symlink())
        self.assertEqual((self.here / "hard").read_bytes(), b"x\n")
        self.assertEqual(path.stat().st_nlink, 2)

    def test_replace_can_break_hard_links(self) -> None:
        """
        With preserve_inode=False the other names of a file keep its old content.
        """
        path = self.made("a")
        os.link(path, self.here / "hard")
        self.call("replace", path, "old", "new", preserve_inode=False)
        self.assertEqual((self.here / "hard").read_bytes(), b"old\n")
        self.assertEqual(path.read_bytes(), b"new\n")

    def test_pipes_are_written_to(self) -> None:
        """
        A pipe stays a pipe, and its reader gets the lines.
        """
        path = self.here / "pipe"
        os.mkfifo(path)
        got: list[bytes] = []
        reader = threading.Thread(target=lambda: got.append(path.read_bytes()))
        reader.start()
        self.call("write", path, "line")
        reader.join(10)
        self.assertEqual(got, [b"line\n"])
        self.assertTrue(stat.S_ISFIFO(path.stat().st_mode))


class WritingTests(FileCase):
    """Lines, bytes, names."""

    def test_bytes_are_not_lost(self) -> None:
        """
        What is no text stays as it is, around what is added.
        """
        path = self.made("a", b"\xff\x00\r\nend")
        self.call("append", path, "more")
        self.call("prepend", path, "first")
        self.assertEqual(path.read_bytes(), b"first\n\xff\x00\r\nend\nmore\n")
        self.assertEqual(self.call("read", path, binary=True), path.read_bytes())
        self.assertRaises(CommandExecutionError, self.call, "read", path)

    def test_names_in_any_alphabet(self) -> None:
        """
        File names may be long and in any alphabet.
        """
        path = self.here / ("ж" * 127)
        self.call("write", path, "привет")
        self.assertEqual(self.call("read", path), "привет\n")
        self.assertEqual(self.call("find", self.here, type="f"), [str(path)])

    def test_append_does_not_replace(self) -> None:
        """
        Appending keeps the file itself, so that a program with it open still writes to it.
        """
        path = self.made("a")
        with path.open("ab") as other:
            self.call("append", path, "ours")
            other.write(b"theirs\n")
        self.assertEqual(path.read_bytes(), b"old\nours\ntheirs\n")

    def test_misspelt_keywords_are_told(self) -> None:
        """
        A keyword that means nothing is an error, not a file without lines.
        """
        self.assertRaises(SaltInvocationError, self.call, "write", self.here / "a", key="value")
        self.assertEqual(self.call("write", self.here / "a", "x", __pub_jid="1").split()[1], "1")

    def test_errors_say_what_is_wrong(self) -> None:
        """
        A missing folder is named in the error.
        """
        with self.assertRaises(CommandExecutionError) as caught:
            self.call("write", self.here / "none" / "a", "x")
        self.assertIn(str(self.here / "none" / "a"), str(caught.exception))

    def test_pipes(self) -> None:
        """
        A pipe is a pipe, by whatever function it is made.
        """
        self.call("mknod", self.here / "a", "p")
        self.call("mknod_fifo", self.here / "b")
        self.assertTrue(self.call("is_fifo", self.here / "a"))
        self.assertTrue(self.call("is_fifo", self.here / "b"))

    def test_parts_of_files(self) -> None:
        """
        Bytes in the middle can be read and written over.
        """
        path = self.made("a", b"0123456789")
        self.assertEqual(self.call("seek_write", path, "ab", 3), 2)
        self.assertEqual(self.call("seek_read", path, 4, 2), b"2ab5")
        self.call("truncate", path, 4)
        self.assertEqual(path.read_bytes(), b"012a")
