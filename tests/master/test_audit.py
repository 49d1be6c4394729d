"""Tests of the audit log: one line for each change of a key or token."""

import json
import os
import stat
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.master.place import Place, key_pair
from txsalt.master.store import audit
from txsalt.master.store.audit import Entry
from txsalt.protocol.admission import KeyState
from txsalt.wire import envelope
from txsalt.wire.auth_loads import AuthRequest


class LogTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = os.path.abspath(self.mktemp())
        os.makedirs(self.folder)
        self.path = os.path.join(self.folder, audit.NAME)
        for number in range(3):
            entry = Entry(act="accepted", id=f"m{number}", by="root", note="näher 'so'")
            audit.append(self.folder, [entry, entry], 1_800_000_000.5)

    def test_lines(self) -> None:
        """
        Each change is one line with who, when and why, which only the owner can read.
        """
        lines = list(audit.read(self.folder))
        self.assertEqual([each["id"] for each in lines], ["m0", "m0", "m1", "m1", "m2", "m2"])
        self.assertEqual(lines[0]["time"], "2027-01-15T08:00:00.500+00:00")
        self.assertEqual((lines[0]["by"], lines[0]["note"]), ("root", "näher 'so'"))
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o600)
        self.assertEqual(audit.verify(self.folder), 0)

    def test_tampering(self) -> None:
        """
        A line that was changed, or taken out, shows.
        """
        with open(self.path) as file:
            lines = file.read().splitlines()
        changed = json.dumps({**json.loads(lines[2]), "by": "eve"})
        for content, number in (
            ([*lines[:2], changed, *lines[3:]], 3),
            ([*lines[:3], *lines[4:]], 4),
            ([*lines[1:]], 1),
            ([*lines[:4], "{torn", *lines[4:]], 5),
        ):
            with open(self.path, "w") as file:
                file.write("\n".join(content) + "\n")
            self.assertEqual(audit.verify(self.folder), number)

    def test_long_and_odd(self) -> None:
        """
        Notes are cut, and cannot forge a second line.
        """
        entry = Entry(act="deleted", id="x", by="y", note='a\n{"act": "forged"}' + "z" * 9999)
        audit.append(self.folder, [entry], 1.0)
        lines = list(audit.read(self.folder))
        self.assertEqual((len(lines), audit.verify(self.folder)), (7, 0))
        self.assertEqual(len(lines[-1]["note"]), 500)

    def test_none(self) -> None:
        """
        Before the first change there is nothing to read.
        """
        os.unlink(self.path)
        self.assertEqual((list(audit.read(self.folder)), audit.verify(self.folder)), ([], 0))


class ChangeTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.place = Place(self, autosign_grains_dir=os.path.abspath(self.mktemp()))
        os.makedirs(str(self.place.config.autosign_grains_dir))
        path = os.path.join(str(self.place.config.autosign_grains_dir), "rack")
        with open(path, "w") as file:
            file.write("r7\n")
        os.chmod(path, 0o600)

    def lines(self) -> list[tuple[str, str, str]]:
        found = audit.read(self.place.config.pki_dir)
        return [(each["act"], each["id"], each["by"]) for each in found]

    def sign_in(self, minion_id: str, key: str = "minion", **grains: Any) -> None:
        request = AuthRequest(
            minion_id=minion_id,
            pub=key_pair(key).public.pem,
            nonce="n" * 32,
            autosign_grains=grains or None,
        )
        self.place.ask(envelope.write_clear_request(request.load()))

    def test_sign_in(self) -> None:
        """
        New keys, those accepted by a grain, and denied ones are noted once, not at each try.
        """
        for _ in range(3):
            self.sign_in("m1")
            self.sign_in("m2", rack="r7")
            self.sign_in("m2", "other")
        self.assertEqual(
            self.lines(),
            [("pending", "m1", "sign-in"), ("accepted", "m2", "autosign"),
             ("denied", "m2", "sign-in")],
        )  # fmt: skip
        self.assertEqual(self.place.bench.keys.listing(KeyState.DENIED), ["m2"])

    def test_wheel(self) -> None:
        """
        Changes through the network are noted with the user who asked, and the reason given.
        """
        self.sign_in("m1")
        self.place.as_root("wheel", fun="key.accept", match="m1", note="ticket 1", user="sudo_ann")
        self.place.as_root("wheel", fun="key.delete", match="m1")
        self.assertEqual(
            self.lines()[1:], [("accepted", "m1", "sudo_ann"), ("deleted", "m1", "root")]
        )
        self.assertEqual(list(audit.read(self.place.config.pki_dir))[1]["note"], "ticket 1")

    def test_given_back(self) -> None:
        """
        A minion that gives its key back is noted as the one who did it.
        """
        self.place.minion("m1").ask("revoke_auth")
        self.assertEqual(self.lines(), [("deleted", "m1", "minion m1")])

    def test_tokens(self) -> None:
        """
        Tokens that the operator makes and revokes are noted, without the token.
        """
        arguments = {"user": "deploy", "scope": ["test.*"], "seconds": 60, "note": "for ci"}
        made = self.place.as_root("runner", fun="token.create", direct=True, kwarg=arguments)
        token = made["data"]["return"]
        self.place.as_root("runner", fun="token.revoke", direct=True, kwarg={"id": token["id"]})
        self.assertEqual(
            self.lines(),
            [("token created", token["id"], "root"), ("token revoked", token["id"], "root")],
        )
        with open(os.path.join(self.place.config.pki_dir, audit.NAME)) as file:
            self.assertNotIn(token["token"], file.read())

    def test_cannot_be_written(self) -> None:
        """
        A log that cannot be written is an error for the operator; the change is made and told.
        """
        os.mkdir(os.path.join(self.place.config.pki_dir, audit.NAME))
        self.sign_in("m1")
        with self.assertLogs("txsalt.master.worker", "ERROR") as logs:
            self.place.as_root("wheel", fun="key.accept", match="m1")
        self.assertIn("was not logged", logs.output[0])
        self.assertEqual(self.place.bench.keys.accepted_ids(), ["m1"])
