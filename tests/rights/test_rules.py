"""Tests of finding the rules that are meant for somebody."""

from twisted.trial.unittest import SynchronousTestCase

from txsalt.rights import rules


class PublisherTests(SynchronousTestCase):
    ACL = {"bob": ["test.*"], "op-.*": ["pkg.*"], "ad*": "cmd.run", "*x": None}

    def entries(self, user: str) -> list[object]:
        return [each.entry for each in rules.of_publisher(self.ACL, user)]

    def test_by_name_glob_and_regex(self) -> None:
        """
        Users are named, or meant by a glob or a regular expression.
        """
        self.assertEqual(self.entries("bob"), ["test.*"])
        self.assertEqual(self.entries("op-1"), ["pkg.*"])
        self.assertEqual(self.entries("adam"), ["cmd.run"])
        for user in ("", "bobby", "root", "xop-1"):
            self.assertEqual(self.entries(user), [], user)

    def test_place(self) -> None:
        """
        A rule says where it is written.
        """
        (rule,) = rules.of_publisher({"bob": [{"web*": ["test.*"]}]}, "bob")
        self.assertEqual(str(rule), "publisher_acl: bob: {web*: [test.*]}")


class ExternalTests(SynchronousTestCase):
    EXTERNAL = {
        "pam": {"alice": ["test.*"], "admins%": ["pkg.*"], "*": ["test.ping"], "^service": "x"},
        "file": None,
    }

    def entries(self, user: str, *groups: str, eauth: str = "pam") -> list[object]:
        found = rules.of_external(self.EXTERNAL, eauth, user, groups)
        return [each.entry for each in found]

    def test_user_and_groups(self) -> None:
        """
        A user has the own rules and those of the groups; the star is for those not named.
        """
        self.assertEqual(self.entries("alice", "admins"), ["test.*", "pkg.*"])
        self.assertEqual(self.entries("carol", "admins"), ["pkg.*", "test.ping"])
        self.assertEqual(self.entries("carol"), ["test.ping"])

    def test_group_is_no_user(self) -> None:
        """
        A user who is called like a group has no more for it.
        """
        self.assertEqual(self.entries("admins"), ["test.ping"])
        self.assertEqual(self.entries("admins%"), ["test.ping"])

    def test_unknown_back_end(self) -> None:
        """
        Without a section there are no rules.
        """
        self.assertEqual(self.entries("alice", eauth="ldap"), [])
        self.assertEqual(self.entries("alice", eauth="file"), [])


class BlacklistTests(SynchronousTestCase):
    def test_users_and_modules(self) -> None:
        """
        Users and functions are forbidden by name, glob or regular expression.
        """
        black = {"users": ["eve", "^(?!sudo_).*$"], "modules": ["cmd.*", "test.exception"]}
        self.assertIn("users", rules.blacklisted(black, "eve", ["test.ping"]))
        self.assertIn("users", rules.blacklisted(black, "root", ["test.ping"]))
        self.assertEqual(rules.blacklisted(black, "sudo_ann", ["test.ping"]), "")
        self.assertIn(
            "modules: cmd.*", rules.blacklisted(black, "sudo_a", ["test.ping", "cmd.run"])
        )
        self.assertEqual(rules.blacklisted({}, "eve", ["cmd.run"]), "")

    def test_unsure_forbids(self) -> None:
        """
        A pattern that cannot be judged forbids rather than allows.
        """
        self.assertNotEqual(rules.blacklisted({"users": ["(a+)+$"]}, "a" * 50, []), "")
        self.assertNotEqual(rules.blacklisted({"modules": [["x"]]}, "bob", ["test.ping"]), "")
