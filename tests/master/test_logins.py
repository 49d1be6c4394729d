"""Tests of logging in: passwords, tokens, and what happens to who guesses."""

import os
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.master.place import Place
from txsalt.master.store.tokens import LONGEST_LIFE, MOST_OF_A_USER
from txsalt.master.worker.logins.limit import MOST_FAILURES, WINDOW, FailureLimit


class LimitTests(SynchronousTestCase):
    def test_time_of_the_worker(self) -> None:
        """
        Guesses under many names cannot take all the time of a worker.
        """
        limit = FailureLimit()
        for number in range(3):
            self.assertTrue(limit.allows(number, number))
            limit.failed(number, number, 2.0)
        self.assertFalse(limit.allows("another", 5))
        self.assertTrue(limit.allows("another", 5 + WINDOW))


class LoginCase(SynchronousTestCase):
    def setUp(self) -> None:
        path = os.path.abspath(self.mktemp())
        with open(path, "w") as file:
            file.write("ann:secret\nbob:other\ncarol:third\n")
        self.file = path
        self.place = Place(
            self,
            external_auth={
                "file": {"^filename": path, "ann": ["test.*"], "bob": [{"web*": ["cmd.run"]}]}
            },
        )
        for name in ("web-1", "db-1"):
            self.place.minion(name)

    def login(self, user: str = "ann", password: str = "secret", **more: Any) -> dict[str, Any]:
        return {"eauth": "file", "username": user, "password": password, **more}

    def token(self, user: str = "ann", password: str = "secret", **more: Any) -> str:
        made = self.place.say({"cmd": "mk_token", **self.login(user, password, **more)})
        self.assertIsInstance(made, dict)
        return made["token"]

    def publish(self, fun: str, tgt: str = "*", **proof: Any) -> Any:
        load = {"cmd": "publish", "tgt": tgt, "fun": fun, "arg": [], "kwargs": proof}
        reply = self.place.say(load)
        return reply["error"]["name"] if "error" in reply else reply["load"]["minions"]


class PasswordTests(LoginCase):
    def test_rights(self) -> None:
        """
        Who shows a password has the rights of that name.
        """
        self.assertEqual(self.publish("test.ping", **self.login()), ["db-1", "web-1"])
        self.assertEqual(self.place.published[0]["load"]["user"], "ann")
        self.assertEqual(self.publish("cmd.run", **self.login()), "AuthorizationError")
        bob = self.login("bob", "other")
        self.assertEqual(self.publish("cmd.run", "web-1", **bob), ["web-1"])
        self.assertEqual(self.publish("cmd.run", "*", **bob), "AuthorizationError")

    def test_refused(self) -> None:
        """
        Wrong passwords, names and back ends are refused, all in the same words.
        """
        for proof in (
            self.login(password="x"), self.login("nobody"), self.login(password=""),
            self.login(password="secret\0"), self.login("ann\n"), self.login(password="7\0"),
            {**self.login(), "eauth": "ldap"}, {**self.login(), "eauth": ["file"]},
            {"eauth": "file"},
        ):  # fmt: skip
            self.assertEqual(self.publish("test.ping", **proof), "AuthenticationError", proof)

    def test_options_of_the_caller(self) -> None:
        """
        The caller chooses neither the file nor PAM's service.
        """
        proof = self.login("eve", "x", filename="/dev/null", service="other", **{"^filename": "/"})
        self.assertEqual(self.publish("test.ping", **proof), "AuthenticationError")

    def test_guessing(self) -> None:
        """
        After some failures a name has to wait, even with the right password; others need not.
        """
        for _ in range(MOST_FAILURES):
            self.publish("test.ping", **self.login(password="x"))
        self.assertEqual(self.publish("test.ping", **self.login()), "AuthenticationError")
        self.assertIsInstance(self.publish("cmd.run", "web-1", **self.login("bob", "other")), list)
        self.place.clock.now += WINDOW + 1
        self.assertIsInstance(self.publish("test.ping", **self.login()), list)
        self.assertEqual(self.place.bench.refusals.counts["log-in"], MOST_FAILURES + 1)


class TokenTests(LoginCase):
    def test_instead_of_a_password(self) -> None:
        """
        A token has the rights of who made it, until it is over; then it is gone at first use.
        """
        token = self.token()
        self.assertRegex(token, r"\A[0-9a-f]{64}\Z")
        self.assertIsInstance(self.publish("test.ping", token=token), list)
        self.assertEqual(self.publish("cmd.run", token=token), "AuthorizationError")
        known = self.place.say({"cmd": "get_token", "token": token})
        self.assertEqual((known["name"], known["eauth"], known["token"]), ("ann", "file", token))
        self.assertEqual(known["expire"] - known["start"], 43200)
        self.place.clock.now += 43200
        self.assertEqual(self.publish("test.ping", token=token), "AuthenticationError")
        self.assertEqual(os.listdir(f"{self.place.config.cachedir}/tokens"), [])

    def test_not_on_disk(self) -> None:
        """
        The files of tokens hold none, and only their owner can read them.
        """
        token = self.token()
        folder = f"{self.place.config.cachedir}/tokens"
        (name,) = os.listdir(folder)
        self.assertNotIn(token, name)
        with open(f"{folder}/{name}", "rb") as file:
            self.assertNotIn(token.encode(), file.read())
        self.assertEqual(os.stat(f"{folder}/{name}").st_mode & 0o777, 0o600)
        self.assertEqual(os.stat(folder).st_mode & 0o777, 0o700)
        # Nor is a file's name a token.
        self.assertEqual(self.place.say({"cmd": "get_token", "token": name}), {})

    def test_hostile(self) -> None:
        """
        What is no token is refused, a path above all.
        """
        for token in ("", "x", "../../../etc/passwd", "0" * 64, "A" * 64, b"\xff", 7, None, ["x"]):
            self.assertEqual(self.place.say({"cmd": "get_token", "token": token}), {}, token)
            self.assertEqual(self.publish("test.ping", token=token), "AuthenticationError")

    def test_scope(self) -> None:
        """
        A token may allow less than its user may, never more.
        """
        token = self.token(scope=[{"web*": ["test.ping", "cmd.run"]}])
        self.assertEqual(self.publish("test.ping", "web-1", token=token), ["web-1"])
        for fun, tgt in (("test.ping", "*"), ("test.echo", "web-1"), ("cmd.run", "web-1")):
            self.assertEqual(self.publish(fun, tgt, token=token), "AuthorizationError")

    def test_user_is_gone(self) -> None:
        """
        A token dies with its user's account.
        """
        token = self.token()
        with open(self.file, "w") as file:
            file.write("bob:other\n")
        self.assertEqual(self.publish("test.ping", token=token), "AuthenticationError")

    def test_expire(self) -> None:
        """
        Everybody may ask for a shorter life, nobody for a longer one unless the options say so.
        """
        for wanted, seconds in ((60, 60), (10**9, 43200), (-1, 43200), (True, 43200)):
            token = self.token(token_expire=wanted)
            known = self.place.say({"cmd": "get_token", "token": token})
            self.assertEqual(known["expire"] - known["start"], seconds)

    def test_none_made(self) -> None:
        """
        Without the password there is no token.
        """
        self.assertEqual(self.place.say({"cmd": "mk_token", **self.login(password="x")}), "")
        self.assertEqual(self.place.say({"cmd": "mk_token", "token": self.token()}), "")
        for scope in ("test.*", {"a": 1}, ["x" * 70_000]):
            load = {"cmd": "mk_token", **self.login(scope=scope)}
            self.assertEqual(self.place.say(load), "")

    def test_no_place_for_it(self) -> None:
        """
        A token that cannot be stored is not made, and one user cannot have them without end.
        """
        folder = f"{self.place.config.cachedir}/tokens"
        with open(folder, "w"):
            pass
        self.assertEqual(self.place.say({"cmd": "mk_token", **self.login()}), "")
        os.unlink(folder)
        for _ in range(MOST_OF_A_USER):
            self.token()
        self.assertEqual(self.place.say({"cmd": "mk_token", **self.login()}), "")
        self.assertIsInstance(self.token("carol", "third"), str)

    def test_revoked_by_its_user(self) -> None:
        """
        Who has a token can revoke it, and nobody else's.
        """
        made = [
            self.place.as_root(
                "runner", fun="token.create", direct=True,
                kwarg={"user": user, "scope": ["test.*"], "seconds": 60},
            )["data"]["return"]
            for user in ("deploy", "backup")
        ]  # fmt: skip

        def revoke(id: str) -> Any:
            load = {"cmd": "runner", "fun": "token.revoke", "direct": True, "kwarg": {"id": id}}
            return self.place.say({**load, "token": made[0]["token"]})

        self.assertIs(revoke(made[1]["id"])["data"]["return"], False)
        self.assertEqual(self.publish("test.ping", "web-1", token=made[1]["token"]), ["web-1"])
        self.assertIs(revoke(made[0]["id"])["data"]["return"], True)
        self.assertIn("error", revoke(made[0]["id"]))

    def test_of_the_operator(self) -> None:
        """
        The operator makes tokens for programs, sees them listed, and revokes them.
        """
        made = self.place.as_root(
            "runner", fun="token.create", direct=True,
            kwarg={"user": "deploy", "scope": [{"web*": ["state.apply"]}], "seconds": 60},
        )["data"]["return"]  # fmt: skip
        self.assertEqual(self.publish("state.apply", "web-1", token=made["token"]), ["web-1"])
        self.assertEqual(
            self.publish("state.apply", "*", token=made["token"]), "AuthorizationError"
        )
        listed = self.place.as_root("runner", fun="token.list", direct=True)["data"]["return"]
        self.assertEqual([each["id"] for each in listed], [made["id"]])
        for user in ("root", "sudo_x"):
            kwarg = {"user": user, "scope": [".*"], "seconds": 60}
            reply = self.place.as_root("runner", fun="token.create", direct=True, kwarg=kwarg)
            self.assertIs(reply["data"]["success"], False)
        self.assertNotIn(made["token"], repr(listed))
        gone = self.place.as_root(
            "runner", fun="token.revoke", direct=True, kwarg={"id": made["id"]}
        )
        self.assertIs(gone["data"]["return"], True)
        self.assertEqual(
            self.publish("state.apply", "web-1", token=made["token"]), "AuthenticationError"
        )

    def test_what_the_scope_lacks(self) -> None:
        """
        A token that is right, but not for this function, is not called a wrong one.
        """
        made = self.place.as_root(
            "runner", fun="token.create", direct=True,
            kwarg={"user": "deploy", "scope": ["test.*"], "seconds": 60},
        )["data"]["return"]  # fmt: skip
        for cmd, fun in (("runner", "manage.status"), ("wheel", "key.list_all")):
            reply = self.place.say({"cmd": cmd, "fun": fun, "token": made["token"]})
            self.assertEqual(reply["error"]["name"], "AuthorizationError")
            reply = self.place.say({"cmd": cmd, "fun": fun, "token": "0" * 64})
            self.assertEqual(reply["error"]["name"], "TokenAuthenticationError")

    def test_no_longer_than_a_century(self) -> None:
        """
        No token is for ever, whatever asks for it.
        """
        for seconds in (float("inf"), float("nan"), 2**64 - 1, LONGEST_LIFE * 2, 0, True, "9"):
            kwarg = {"user": "deploy", "scope": ["test.*"], "seconds": seconds}
            reply = self.place.as_root("runner", fun="token.create", direct=True, kwarg=kwarg)
            self.assertIs(reply["data"]["success"], False, seconds)
        self.assertEqual(self.place.bench.tokens.listing(), [])

    def test_never_in_an_event(self) -> None:
        """
        A token is made only where no event carries the result.
        """
        reply = self.place.as_root("runner", fun="token.create", kwarg={"user": "x", "seconds": 1})
        self.assertIn("tag", reply)
        self.assertEqual(self.place.events[-1][1]["success"], False)


class ExplainTests(LoginCase):
    def explain(self, **arguments: Any) -> Any:
        reply = self.place.as_root("runner", fun="acl.explain", direct=True, kwarg=arguments)
        self.assertTrue(reply["data"]["success"], reply)
        return reply["data"]["return"]

    def test_explain(self) -> None:
        """
        The operator learns which rule decides, and whom the target means.
        """
        told = self.explain(user="bob", eauth="file", tgt="web*", function="cmd.run", words=["id"])
        self.assertTrue(told["allowed"])
        self.assertEqual(told["rule"], "external_auth: file: bob: {web*: [cmd.run]}")
        self.assertEqual(told["minions"], ["web-1"])
        told = self.explain(user="bob", eauth="file", tgt="*", function="cmd.run")
        self.assertFalse(told["allowed"])
        self.assertIn("db-1", told["reason"])
        self.assertTrue(self.explain(user="root", tgt="*", function="cmd.run")["allowed"])
        self.assertFalse(self.explain(user="zed", tgt="*", function="cmd.run")["allowed"])
        told = self.explain(user="ann", eauth="file", function="jobs.list_jobs", form="runner")
        self.assertFalse(told["allowed"])
