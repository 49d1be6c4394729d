"""Folders, links, copies, searches."""

import os

from tests.modules.file_case import FileCase
from txsalt.jobs.errors import CommandExecutionError, SaltInvocationError


class TreeTests(FileCase):
    """Make, copy, move, remove."""

    def test_link_with_a_slash(self) -> None:
        """
        Of a link that is named with a slash at its end the link goes, not what it leads to.
        """
        path = self.made("d/a")
        (self.here / "l").symlink_to("d")
        self.assertIs(self.call("remove", f"{self.here}/l/"), True)
        self.assertEqual((self.names(), path.read_bytes()), (["d"], b"old\n"))

    def test_copy_out_of_what_is_removed(self) -> None:
        """
        What is in the destination cannot be copied there once that is removed: nothing is.
        """
        path = self.made("d/sub/a")
        for source in (path, path.parent, self.here / "d"):
            self.assertRaises(
                CommandExecutionError,
                self.call, "copy", source, self.here / "d", recurse=True, remove_existing=True,
            )  # fmt: skip
            self.assertEqual(path.read_bytes(), b"old\n")

    def test_copied_folder_keeps_modes(self) -> None:
        """
        In a folder that is copied anew secret files are secret and scripts are scripts.
        """
        self.made("src/key", mode=0o600)
        self.made("src/run.sh", mode=0o755)
        self.call("copy", self.here / "src", self.here / "dst", True, remove_existing=True)
        modes = {each.name: each.stat().st_mode & 0o777 for each in (self.here / "dst").iterdir()}
        self.assertEqual(modes, {"key": 0o600, "run.sh": 0o755})

    def test_found_in_any_order(self) -> None:
        """
        Owners with and without names are listed; a command without words is an error in words.
        """
        self.made("a")
        path = self.made("b")
        if os.geteuid() == 0:
            os.chown(path, 0, 123456)
        found = self.call("find", self.here, type="f", print="group")
        self.assertEqual(len(found), 2)
        self.assertIn("error: ", self.call("find", self.here, exec=" "))

    def test_removing_a_link_leaves_its_target(self) -> None:
        """
        Removing a link to a folder, or a folder with such a link, spares what it points to.
        """
        kept = self.made("kept/x")
        (self.here / "l").symlink_to("kept")
        self.made("d/y")
        (self.here / "d" / "l").symlink_to(kept.parent)
        self.assertTrue(self.call("remove", self.here / "l"))
        self.assertTrue(self.call("remove", self.here / "d"))
        self.assertEqual(self.names(), ["kept"])
        self.assertTrue(kept.exists())

    def test_root_is_not_removed(self) -> None:
        """
        The root folder is refused, however it is written.
        """
        for path in ("/", "//", "/tmp/..", "/."):
            self.assertRaises(SaltInvocationError, self.call, "remove", path)

    def test_copy_keeps_links_to_folders(self) -> None:
        """
        Copying a folder keeps links to folders and links to nothing as links.
        """
        self.made("d/sub/x")
        (self.here / "d" / "l").symlink_to("sub")
        (self.here / "d" / "gone").symlink_to("nowhere")
        self.call("copy", self.here / "d", self.here / "e", recurse=True)
        self.assertEqual(os.readlink(self.here / "e" / "l"), "sub")
        self.assertEqual(os.readlink(self.here / "e" / "gone"), "nowhere")
        self.assertEqual((self.here / "e" / "sub" / "x").read_bytes(), b"old\n")

    def test_copy_into_itself(self) -> None:
        """
        A folder is not copied into itself, for ever.
        """
        self.made("d/x")
        for existing in (False, True):
            with self.assertRaises(CommandExecutionError):
                self.call("copy", self.here / "d", self.here / "d/e", recurse=True,
                          remove_existing=existing)  # fmt: skip
        self.assertTrue((self.here / "d" / "x").exists())

    def test_file_is_not_copied_over_a_folder(self) -> None:
        """
        A folder does not become a file, nor get the mode of one, by chance.
        """
        self.made("f")
        (self.here / "d").mkdir(mode=0o755)
        with self.assertRaises(CommandExecutionError):
            self.call("copy", self.here / "f", self.here / "d", recurse=True)
        self.assertEqual((self.here / "d").stat().st_mode & 0o777, 0o755)

    def test_pipes_do_not_stall_a_copy(self) -> None:
        """
        A pipe in a folder is an error, not an endless wait.
        """
        self.made("d/x")
        os.mkfifo(self.here / "d" / "pipe")
        with self.assertRaises(CommandExecutionError):
            self.call("copy", self.here / "d", self.here / "e", recurse=True)

    def test_hard_links_count_once(self) -> None:
        """
        The disk usage of a file with two names is that of one file.
        """
        path = self.made("d/x", b"12345")
        os.link(path, self.here / "d" / "y")
        self.assertEqual(self.call("diskusage", self.here / "d"), 5)
        self.assertTrue(self.call("is_hardlink", path))

    def test_find_runs_commands_without_a_shell(self) -> None:
        """
        A command of file.find gets the path as one word, whatever is in it.
        """
        path = self.made("a b; echo no")
        told = self.call("find", self.here, type="f", exec="echo <{}>")
        self.assertEqual(told, [f"echo <{path}>:\n<{path}>\n\n"])

    def test_atomic_link_leaves_nothing_behind(self) -> None:
        """
        Replacing a link in one step leaves nothing else in the folder.
        """
        (self.here / "l").symlink_to("one")
        self.call("symlink", "two", self.here / "l", atomic=True)
        self.assertEqual(os.readlink(self.here / "l"), "two")
        self.assertEqual(self.names(), ["l"])

    def test_patch(self) -> None:
        """
        A patch is applied to a file; a dry run changes nothing.
        """
        path = self.made("a")
        change = self.made("p", b"--- a\n+++ a\n@@ -1 +1 @@\n-old\n+new\n")
        self.call("patch", path, str(change), dry_run=True)
        self.assertEqual(path.read_bytes(), b"old\n")
        answer = self.call("patch", path, str(change))
        self.assertEqual((answer["retcode"], path.read_bytes()), (0, b"new\n"))
