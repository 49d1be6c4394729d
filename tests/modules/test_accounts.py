"""Tests of users and groups: in a file tree, with fake tools, and for real as root."""

import os
import subprocess
import tempfile
from pathlib import Path
from shutil import rmtree
from unittest import SkipTest

from twisted.trial.unittest import SynchronousTestCase

from tests.modules.tools import FakeTools, load, real
from txsalt.jobs.errors import CommandExecutionError

USER, GROUP = "txsthrowu", "txsthrowg"


class TreeTests(SynchronousTestCase):
    """Accounts of a file tree that is to become another machine."""

    def setUp(self) -> None:
        self.root = tempfile.mkdtemp()
        self.addCleanup(rmtree, self.root)
        Path(self.root, "etc").mkdir()
        Path(self.root, "etc/passwd").write_text("amy:x:7:8:Amy A,1,2,3,4,5:/home/amy:/bin/sh\n")
        Path(self.root, "etc/group").write_text("team:x:8:amy,bob\nodd line\nnone:x:9:\n")

    def test_look(self) -> None:
        """
        Users and groups are those of the tree.
        """
        functions = real()
        amy = functions["user.info"]("amy", root=self.root)
        self.assertEqual((amy["uid"], amy["fullname"], amy["other"]), (7, "Amy A", "4,5"))
        self.assertEqual(functions["user.list_users"](root=self.root), ["amy"])
        self.assertEqual(functions["group.info"]("team", self.root)["members"], ["amy", "bob"])
        self.assertEqual(functions["group.info"]("none", self.root)["members"], [])
        self.assertEqual(functions["group.info"]("nope", self.root), {})

    def test_no_tree(self) -> None:
        """
        A tree without such files is an error that names the file.
        """
        exc = self.assertRaises(CommandExecutionError, real()["user.list_users"], "/nope")
        self.assertIn("/nope/etc/passwd", str(exc))

    def test_groups_of_the_tree(self) -> None:
        """
        The groups of a user are those of the tree, which are changed there, not this machine's.
        """
        Path(self.root, "etc/passwd").write_text("amy:x:7:9::/home/amy:/bin/sh\n+::::::\n")
        Path(self.root, "etc/group").write_text("team:x:8:amy,bob\nnone:x:9:\n+:::\n")
        functions = real()
        self.assertEqual(functions["user.info"]("amy", self.root)["groups"], ["none", "team"])
        tools = FakeTools({"usermod": "", "gpasswd": ""})
        user, group = load("user_change", tools), load("group", tools)
        for module in (user, group):
            self.patch(module, "need", lambda name: None)
        self.assertTrue(user.chgroups("amy", "none,team", root=self.root))
        self.assertEqual(tools.ran, [])
        self.assertTrue(group.deluser("team", "amy", self.root))
        self.assertEqual(tools.ran, [["gpasswd", "--del", "amy", "team", "--root", self.root]])


class ToolTests(SynchronousTestCase):
    """What the tools are asked to do."""

    def test_add(self) -> None:
        """
        Each argument is an option of useradd; False if it refuses.
        """
        tools = FakeTools({"useradd": ""})
        user = load("user", tools)
        self.patch(user, "need", lambda name: None)
        user.add("a", 7, "8", home="/h", shell="/s", unique=False, system=True, createhome=False)
        words = "useradd -s /s -u 7 -g 8 -M -d /h -o -r a"
        self.assertEqual(tools.ran[-1], words.split())
        tools.answers = {"useradd": (9, "", "exists")}
        self.assertFalse(user.add("a", usergroup=False, root="/t"))
        self.assertEqual(tools.ran[-1], ["useradd", "-N", "-m", "-R", "/t", "a"])

    def test_group_of_same_name(self) -> None:
        """
        useradd is given the group of the user's name if he is to be in it: it would not make it.
        """
        tools = FakeTools({"useradd": ""})
        user = load("user", tools, __salt__=tools)
        self.patch(user, "need", lambda name: None)
        self.patch(user, "_makes_user_groups", lambda: True)
        tools["user.chgroups"] = lambda *args, **kwargs: True
        user.add("root", groups="rooted,adm")
        self.assertEqual(tools.ran[-1], ["useradd", "-m", "root"])
        user.add("root", groups="root,adm")
        self.assertEqual(tools.ran[-1], ["useradd", "-g", "0", "-m", "root"])

    def test_delete_without_mail(self) -> None:
        """
        A user without a mail file is deleted all the same.
        """
        tools = FakeTools({"userdel": (12, "", "userdel: a mail spool (/var/mail/a) not found")})
        user = load("user", tools)
        self.assertTrue(user.delete("a", remove=True))
        tools.answers = {"userdel": (12, "", "userdel: can't remove home directory")}
        self.assertFalse(user.delete("a", remove=True))

    def test_directory_user(self) -> None:
        """
        A user that usermod does not know, one of a directory, is put into groups by gpasswd.
        """
        tools = FakeTools({
            "usermod": (6, "", "usermod: user 'a' not found in /etc/passwd"), "gpasswd": ""
        })  # fmt: skip
        user = load("user_change", tools)
        self.patch(user, "need", lambda name: None)
        self.assertTrue(user.chgroups("a", ["x", "y"]))
        self.assertEqual(tools.ran[1:], [["gpasswd", "-a", "a", "x"], ["gpasswd", "-a", "a", "y"]])


class RealAccountTests(SynchronousTestCase):
    """A user and a group come and go on this machine."""

    def setUp(self) -> None:
        if os.geteuid() != 0:
            raise SkipTest("needs root: it makes a user and a group, and deletes them")
        self.addCleanup(subprocess.run, ["groupdel", GROUP], capture_output=True, check=False)
        self.addCleanup(subprocess.run, ["userdel", USER], capture_output=True, check=False)

    def test_life(self) -> None:
        """
        They are made, changed and deleted.
        """
        functions = real()
        user, group = functions.user, functions.group
        self.assertTrue(group.add(GROUP))
        self.assertTrue(user.add(USER, groups=[GROUP], fullname="Throw Away", createhome=False))
        self.assertEqual(user.info(USER)["fullname"], "Throw Away")
        self.assertIn(GROUP, user.list_groups(USER))
        self.assertTrue(user.chshell(USER, "/bin/sh"))
        self.assertTrue(group.deluser(GROUP, USER))
        self.assertEqual(group.info(GROUP)["members"], [])
        self.assertRaises(CommandExecutionError, user.rename, USER, "root")
        self.assertTrue(user.delete(USER))
        self.assertEqual(user.info(USER), {})
        self.assertTrue(group.delete(GROUP))
