"""Requests that somebody recorded on the wire and sends again, byte for byte."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.master.place import Place
from txsalt.master.store import database
from txsalt.master.worker.answerer import answer


class ReplayTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.place = Place(self, peer={"m1": ["test.*"]}, publish_session=3600)
        self.minion = self.place.minion("m1")

    def send(self, frame: bytes) -> Any:
        return self.minion.open(answer(self.place.bench, frame))

    def test_no_effect(self) -> None:
        """
        A job that a minion asked for once is published once, whichever worker gets the request.
        """
        load = {"cmd": "minion_pub", "fun": "test.ping", "arg": [], "tgt": "*", "ret": ""}
        frame = self.minion.seal(load)
        self.assertEqual(self.send(frame)["minions"], ["m1"])
        self.assertEqual(self.send(frame), {})
        self.place.bench = self.place.new_worker()
        self.assertEqual(self.send(frame), {})
        self.assertEqual(len(self.place.published), 1)

    def test_values_stay(self) -> None:
        """
        An old value does not come back into the mine, and a key is not revoked once more.
        """
        old = self.minion.seal({"cmd": "_mine", "data": {"ip": "old"}})
        self.send(old)
        self.minion.ask("_mine", data={"ip": "new"})
        self.assertEqual(self.send(old), {})
        self.assertEqual(self.minion.ask("_mine_get", tgt="*", fun="ip"), {"m1": "new"})

    def test_forgotten_with_the_key(self) -> None:
        """
        What no session key opens any more need not be remembered.
        """
        nonces = self.place.bench.nonces
        for number in range(50):
            self.assertTrue(nonces.take("m1", str(number), 1000.0 + number))
            self.assertFalse(nonces.take("m1", str(number), 1000.0 + number))
        self.assertTrue(nonces.take("m2", "1", 1060.0))
        for number in range(50):
            self.assertTrue(nonces.take("m1", f"later {number}", 9000.0))
        connection = database.connect(self.place.store_path)
        self.addCleanup(connection.close)
        rows = connection.execute("SELECT COUNT(*) FROM nonces").fetchone()
        self.assertEqual(rows, (50,))
