"""Tests of mounts, disks, fstab and the hosts file."""

import os
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.modules.tools import FakeTools, load, real, room_for
from txsalt.jobs.errors import CommandExecutionError, SaltInvocationError
from txsalt.modules import _fstab

DF = """\
Filesystem     1024-blocks     Used Available Capacity Mounted on
/dev/vda         264212084 23654320  82736592      23% /
none                     0        0         0       - /proc
//nas/my share      400000   100000    300000      25% /mnt/my share
"""
BLKID = """\
/dev/sda1: LABEL="my disk" UUID="6A38EE5" TYPE="ext4" PARTUUID="1-2"
/dev/sr0: TYPE="iso9660"
"""


class FstabTests(SynchronousTestCase):
    """Lines of fstab."""

    @given(st.text())
    def test_garbage(self, text: str) -> None:
        """
        Any line is an entry or none, and an entry is read again as it was.
        """
        entry = _fstab.read_line(text)
        if entry is not None and not entry["device"].startswith("#"):
            self.assertEqual(_fstab.read_line(_fstab.write_line(entry)), entry)

    def test_no_line_feed(self) -> None:
        """
        An entry is not glued to a last line that has no end.
        """
        entry = dict.fromkeys(_fstab.FIELDS, "x")
        result, lines = _fstab.change(["# end"], entry, "auto", False)
        self.assertEqual((result, lines[0]), ("new", "# end\n"))

    def test_blanks(self) -> None:
        """
        Blanks in paths are written as fstab wants them; elsewhere they would break the line.
        """
        path = Path(self.mktemp())
        path.write_text("# mine\n")
        mount = real(test=False).mount
        given = ("/mnt/my share", "//nas/my share", "cifs")
        self.assertEqual(mount.set_fstab(*given, config=str(path)), "new")
        self.assertEqual(mount.set_fstab(*given, config=str(path)), "present")
        line = "//nas/my\\040share\t\t/mnt/my\\040share\tcifs\tdefaults\t0 0\n"
        self.assertEqual(path.read_text(), f"# mine\n{line}")
        for bad in ({"fstype": ""}, {"opts": "ro, noatime"}, {"name": "/a\n/dev/x /"}):
            entry = {"name": "/a", "device": "/dev/a", "fstype": "ext4", **bad}
            self.assertRaises(SaltInvocationError, mount.set_fstab, config=str(path), **entry)
        self.assertTrue(mount.rm_fstab(*given[:2], config=str(path)))
        self.assertEqual(path.read_text(), "# mine\n")


class MountTests(SynchronousTestCase):
    """What mount is asked to do."""

    def test_mounted_with_blanks(self) -> None:
        """
        A place with blanks in its name is known to be mounted.
        """
        mount = load("mount", FakeTools({}))
        line = ["/dev/a", "/mnt/my\\040a", "ext4", "rw", "0", "0"]
        self.patch(mount, "_table", lambda path: [line])
        self.assertTrue(mount.is_mounted("/mnt/my a"))
        self.assertTrue(mount.is_mounted("/mnt/my\\040a"))
        self.assertFalse(mount.is_mounted("/mnt/my"))

    def test_words(self) -> None:
        """
        Options and type come before device and place; a failure is what mount said.
        """
        tools = FakeTools({"mount -o": "", "mount /mnt/b": (32, "", "mount: no such")})
        mount = load("mount", tools)
        self.assertTrue(mount.mount("/mnt/my a", "/dev/a", fstype="ext4", opts=["ro", "noatime"]))
        words = ["mount", "-o", "ro,noatime", "-t", "ext4", "/dev/a", "/mnt/my a"]
        self.assertEqual(tools.ran, [words])
        self.assertEqual(mount.mount("/mnt/b"), "mount: no such")

    def test_remount(self) -> None:
        """
        What is mounted is mounted again with one more option.
        """
        tools = FakeTools({"mount": "", "umount": ""})
        mount = load("mount", tools)
        self.assertTrue(mount.remount("/", "/dev/a", opts="ro"))
        self.assertEqual(tools.ran[-1], ["mount", "-o", "ro,remount", "/dev/a", "/"])
        self.assertTrue(mount.umount("/", lazy=True))
        self.assertEqual(tools.ran[-1], ["umount", "-l", "/"])

    def test_this_machine(self) -> None:
        """
        The root is mounted here, from the same device in all lists.
        """
        functions = real()
        self.assertIn("/", functions["mount.active"]())
        extended = functions["mount.active"](extended=True)["/"]
        self.assertEqual(extended["fstype"], functions["mount.active"]()["/"]["fstype"])
        self.assertTrue(functions["mount.is_mounted"]("/"))


class DiskTests(SynchronousTestCase):
    """What df and blkid write is read."""

    def test_usage(self) -> None:
        """
        Names and places with blanks are whole; what has no size has no percentage.
        """
        tools = FakeTools({"df -P": DF})
        disk = load("disk", tools)
        found = disk.usage()
        self.assertEqual(found["/mnt/my share"]["filesystem"], "//nas/my share")
        self.assertEqual(found["/"]["capacity"], "23%")
        self.assertEqual(disk.percent("/proc"), "-")
        self.assertEqual(disk.percent("/nope"), {})
        self.assertRaises(CommandExecutionError, disk.usage, "h; rm")
        disk.usage("h")
        self.assertEqual(tools.ran[-1], ["df", "-P", "-h"])

    def test_blkid(self) -> None:
        """
        Attributes may have blanks.
        """
        disk = load("disk", FakeTools({"blkid": BLKID}))
        self.patch(disk, "need", lambda name: None)
        self.assertEqual(disk.blkid()["/dev/sda1"]["LABEL"], "my disk")
        self.assertEqual(disk.blkid("/dev/sr0")["/dev/sr0"], {"TYPE": "iso9660"})

    def test_format(self) -> None:
        """
        Options of mkfs depend on the file system.
        """
        tools = FakeTools({"mkfs": "", "sync": ""})
        disk = load("disk", tools)
        self.patch(disk, "need", lambda name: None)
        self.assertTrue(disk.format_("/dev/x", "xfs", inode_size=512, force=True))
        self.assertEqual(tools.ran[0], ["mkfs", "-t", "xfs", "-i", "size=512", "-f", "/dev/x"])


class HostsTests(SynchronousTestCase):
    """The hosts file is kept."""

    def setUp(self) -> None:
        handle, path = tempfile.mkstemp()
        os.close(handle)
        self.path = Path(path)
        self.addCleanup(self.path.unlink, missing_ok=True)
        self.hosts = real(**{"hosts.file": path}).hosts

    def test_comments_stay(self) -> None:
        """
        Lines of mine stay when names come and go.
        """
        self.path.write_text("# mine\n127.0.0.1 localhost # home\n")
        self.assertTrue(self.hosts.add_host("10.0.0.1", "db"))
        self.assertTrue(self.hosts.set_comment("10.0.0.1", "the database"))
        self.assertTrue(self.hosts.has_pair("10.0.0.1", "db"))
        self.assertTrue(self.hosts.rm_host("127.0.0.1", "localhost"))
        self.assertEqual(self.path.read_text(), "# mine\n10.0.0.1\t\tdb\t\t# the database\n")

    def test_bytes_stay(self) -> None:
        """
        Lines that end as on Windows, and bytes of another encoding, stay as they are.
        """
        mine = b"# caf\xe9 \xc2\x85\r\n127.0.0.1 localhost\r\n"
        self.path.write_bytes(mine)
        self.assertTrue(self.hosts.set_host("10.0.0.1", "db"))
        self.assertEqual(self.path.read_bytes(), mine + b"10.0.0.1\t\tdb\n")

    def test_full_disk(self) -> None:
        """
        Where there is no room for the new file, the old one stays, and so with fstab.
        """
        self.path.write_text("127.0.0.1 localhost\n/dev/a /a ext4 defaults 0 0\n")
        before = self.path.read_text()
        mount = real(test=False).mount
        for call in (
            lambda: self.hosts.set_host("10.0.0.1", "db"),
            lambda: mount.set_fstab("/b", "/dev/b", "ext4", config=str(self.path)),
            lambda: mount.rm_fstab("/a", None, config=str(self.path)),
        ):
            with room_for(5):
                exc = self.assertRaises(CommandExecutionError, call)
            self.assertIn("cannot be written", str(exc))
            self.assertEqual(self.path.read_text(), before)

    def test_no_file(self) -> None:
        """
        A file that is not there has no names, and is made when one comes.
        """
        self.path.unlink()
        self.assertEqual(self.hosts.list_hosts(), {})
        self.assertTrue(self.hosts.set_host("10.0.0.1", "a b"))
        self.assertEqual(self.hosts.get_alias("10.0.0.1"), ["a", "b"])
