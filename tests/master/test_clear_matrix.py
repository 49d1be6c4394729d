"""Every clear command, asked for by everybody who might: only who may gets anything done."""

import os
from collections.abc import Callable
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.master.place import Place
from txsalt.master.store import user_keys
from txsalt.master.worker.dispatch import COMMANDS, Who

DONE, REFUSED = "done", "refused"
Proof = dict[str, Any]

# What each command is asked with; ``{}`` where any fields do.
LOADS: dict[str, Proof] = {
    "publish": {"tgt": "*", "fun": "test.ping", "arg": []},
    "runner": {"fun": "jobs.list_jobs"},
    "wheel": {"fun": "key.list_all"},
    "mk_token": {},
    "get_token": {},
}
# Who → what they get done. ``ping`` answers everybody, ``_auth`` is the minions' affair.
EXPECTED: dict[str, set[str]] = {
    "nobody": set(),
    "empty key": set(),
    "wrong key": set(),
    "wrong key as root": set(),
    "key of another as root": set(),
    "key of another as sudo": set(),
    "wrong token": set(),
    "expired token": set(),
    "token and root's name": set(),
    "wrong password": set(),
    "unknown back end": set(),
    "password without rights": {"mk_token"},
    "token without rights": {"get_token"},
    "password": {"publish", "mk_token"},
    "token": {"publish", "get_token"},
    "another user's token": {"runner", "wheel", "get_token"},
    "user of publisher_acl": {"publish"},
    "user who has no rule": set(),
    "root": {"publish", "runner", "wheel"},
    "root by sudo": {"publish", "runner", "wheel"},
}


class MatrixTests(SynchronousTestCase):
    def setUp(self) -> None:
        path = os.path.abspath(self.mktemp())
        with open(path, "w") as file:
            file.write("ann:secret\nbob:other\nzed:third\n")
        rules = {"ann": ["test.*"], "bob": ["@runner", "@wheel"]}
        self.place = Place(
            self,
            publisher_acl={"acl": ["test.ping"]},
            external_auth={"file": {"^filename": path, **rules}},
        )
        self.place.minion("m1")
        keys = {
            user: user_keys.ensure(self.place.config.cachedir, user) for user in ("acl", "plain")
        }
        self.place.bench = self.place.new_worker()
        short = self.made("ann", "secret", token_expire=10)
        self.place.clock.now += 20
        ann = {"eauth": "file", "username": "ann", "password": "secret"}
        root = self.place.root_key
        self.proofs: dict[str, Proof] = {
            "nobody": {},
            "empty key": {"key": "", "user": "root"},
            "wrong key": {"key": "x" * 76, "user": "acl"},
            "wrong key as root": {"key": "x" * 76, "user": "root"},
            "key of another as root": {"key": keys["acl"], "user": "root"},
            "key of another as sudo": {"key": keys["acl"], "user": "sudo_root"},
            "wrong token": {"token": "0" * 64},
            "expired token": {"token": short},
            # What is shown first counts: a bad token is not mended by a name.
            "token and root's name": {"token": "0" * 64, "key": "", "user": "root"},
            "wrong password": {**ann, "password": "x"},
            "unknown back end": {**ann, "eauth": "auto"},
            "password without rights": {**ann, "username": "zed", "password": "third"},
            "token without rights": {"token": self.made("zed", "third")},
            "password": ann,
            "token": {"token": self.made("ann", "secret")},
            "another user's token": {"token": self.made("bob", "other"), "user": "ann"},
            "user of publisher_acl": {"key": keys["acl"], "user": "acl"},
            "user who has no rule": {"key": keys["plain"], "user": "plain"},
            "root": {"key": root, "user": "root"},
            "root by sudo": {"key": root, "user": "sudo_ann"},
        }

    def made(self, user: str, password: str, **more: Any) -> str:
        proof = {"eauth": "file", "username": user, "password": password}
        return str(self.place.say({"cmd": "mk_token", **proof, **more})["token"])

    def outcome(self, cmd: str, proof: Proof) -> str:
        """Ask, and say what came of it; whatever leaves the master counts as done."""
        if cmd == "publish":
            reply = self.place.say(
                {"cmd": cmd, **LOADS[cmd], **_only(proof, "key", "user"),
                 "kwargs": _without(proof, "key", "user")}
            )  # fmt: skip
            return REFUSED if "error" in reply else DONE
        reply = self.place.say({"cmd": cmd, **LOADS[cmd], **proof})
        if cmd in ("mk_token", "get_token"):
            return DONE if reply else REFUSED
        return REFUSED if "error" in reply else DONE

    def test_every_clear_command_is_here(self) -> None:
        """
        A clear command that is not judged here does not exist.
        """
        clear = {name for name, command in COMMANDS.items() if command.who is Who.CLEAR}
        self.assertEqual(clear - set(LOADS), {"ping", "_auth"})
        self.assertEqual(set(self.proofs), set(EXPECTED))

    def test_matrix(self) -> None:
        """
        Each gets done what the rules grant, and from the others nothing leaves the master.
        """
        for who, expected in EXPECTED.items():
            for cmd in LOADS:
                frames = self.place.event_frames, self.place.publication_frames
                before = [len(each) for each in frames]
                outcome = self.outcome(cmd, self.proofs[who])
                self.assertEqual(outcome, DONE if cmd in expected else REFUSED, (who, cmd))
                if outcome == REFUSED:
                    self.assertEqual([len(each) for each in frames], before, (who, cmd))

    def test_refusals_by_kind(self) -> None:
        """
        A refusal says which kind of proof failed, as stock tools expect it.
        """
        for who, name in (
            ("nobody", "UserAuthenticationError"),
            ("wrong token", "TokenAuthenticationError"),
            ("wrong password", "EauthAuthenticationError"),
        ):
            for cmd in ("runner", "wheel"):
                reply = self.place.say({"cmd": cmd, **LOADS[cmd], **self.proofs[who]})
                self.assertEqual(reply["error"]["name"], name)

    def test_ping(self) -> None:
        """
        Everybody may ping, and gets back what was sent.
        """
        load = {"cmd": "ping", "x": 1}
        self.assertEqual(self.place.say(load), load)


class CanaryTests(SynchronousTestCase):
    """Secrets that are shown to the master come out nowhere but where they are asked for."""

    def test_nowhere(self) -> None:
        """
        Passwords, tokens, keys and pillar are in no log, event, publication or refusal.
        """
        path = os.path.abspath(self.mktemp())
        with open(path, "w") as file:
            file.write("ann:CANARY-password\n")
        rules = {"^filename": path, "ann": ["test.*", "@runner", "@wheel"]}
        place = Place(self, external_auth={"file": rules})
        place.minion("m1")
        place.bench.facts.save("m1", {"os": "x"}, {"p": "CANARY-pillar"}, 1)
        good = {"eauth": "file", "username": "ann", "password": "CANARY-password"}
        bad = {**good, "password": "CANARY-wrong"}
        with self.assertLogs(level="DEBUG") as logs:
            token = str(place.say({"cmd": "mk_token", **good})["token"])
            place.say({"cmd": "mk_token", **bad})
            said = [
                self.ask(place, cmd, proof)
                for proof in (good, bad, {"token": token}, {"token": token[::-1]},
                              {"key": place.root_key, "user": "root"},
                              {"key": place.root_key[::-1], "user": "root"})
                for cmd in ("publish", "runner", "wheel")
            ]  # fmt: skip
            said.append(
                place.as_root("publish", tgt="p:CANARY*", tgt_type="pillar", fun="test.ping")
            )
            said.append(place.as_root("runner", fun="token.list", direct=True))
        out = repr((said, logs.output, place.events, place.published, place.told_daemon))
        target = "p:CANARY*"  # what the user typed is shown
        for secret in ("CANARY-p", "CANARY-w", token, token[::-1], place.root_key,
                       place.root_key[::-1], place.secrets.aes):  # fmt: skip
            self.assertNotIn(secret, out.replace(target, ""))
        self.assertNotIn("CANARY", repr((place.bench.config, place.bench.gatekeeper)))

    @staticmethod
    def ask(place: Place, cmd: str, proof: Proof) -> Any:
        fields: dict[str, Callable[[], Proof]] = {
            "publish": lambda: {
                "tgt": "*", "fun": "test.ping", "arg": [], **_only(proof, "key", "user"),
                "kwargs": _without(proof, "key", "user"),
            },
            "runner": lambda: {"fun": "jobs.list_jobs", **proof},
            "wheel": lambda: {"fun": "key.finger", "match": "*", **proof},
        }  # fmt: skip
        return place.say({"cmd": cmd, **fields[cmd]()})


def _only(proof: Proof, *names: str) -> Proof:
    return {name: value for name, value in proof.items() if name in names}


def _without(proof: Proof, *names: str) -> Proof:
    return {name: value for name, value in proof.items() if name not in names}
