"""Tests of requests that a worker gets together."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.master.place import Place
from txsalt.master.worker.answerer import BATCH, REFUSAL, answers
from txsalt.master.worker.last_return import LastReturn
from txsalt.wire import envelope

JID = "20240101000000000001"


class TogetherTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.place = Place(self)
        self.minions = [self.place.minion(f"m{number}") for number in range(BATCH)]

    def returned(self, number: int, **changes: Any) -> bytes:
        load = {"cmd": "_return", "jid": JID, "fun": "x", "return": number, "_stamp": "s"}
        return self.minions[number].seal({**load, **changes})

    def replies(self, *payloads: bytes) -> list[list[bytes]]:
        return list(answers(self.place.bench, payloads))

    def test_returns(self) -> None:
        """
        Returns that come together are stored, told and acknowledged, each to its own minion.
        """
        payloads = [self.returned(number) for number in range(BATCH)]
        (replies,) = self.replies(*payloads)
        for minion, reply in zip(self.minions, replies, strict=True):
            self.assertIsNone(minion.open(reply))
        self.assertEqual(
            self.place.tags, [f"salt/job/{JID}/ret/{minion.id}" for minion in self.minions]
        )
        self.assertEqual(len(self.place.bench.jobs.returns(JID)), BATCH)

    def test_between_others(self) -> None:
        """
        Replies keep the order of the requests, whatever lies between the returns.
        """
        ping = envelope.write_clear_request({"cmd": "ping"})
        found = self.replies(
            self.returned(0), b"garbage", self.returned(1), ping, self.returned(1), self.returned(2)
        )
        self.assertEqual([len(each) for each in found], [3, 1, 2])
        first, garbage, second, pong, again, third = (reply for each in found for reply in each)
        self.assertEqual(garbage, REFUSAL)
        self.assertNotEqual(pong, REFUSAL)
        for number, reply in ((0, first), (1, second), (1, again), (2, third)):
            self.assertIsNone(self.minions[number].open(reply))
        self.assertEqual(len(self.place.events), 3)

    def test_one_that_cannot_be_kept(self) -> None:
        """
        One return that the disk has no room for does not cost the others.
        """
        connection = self.place.bench._connection
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 2}")
        big = self.returned(1, **{"return": "y" * 100_000})
        with self.assertLogs("txsalt.master.worker", "ERROR"):
            ((first, second, third),) = self.replies(self.returned(0), big, self.returned(2))
        self.assertIsNone(self.minions[0].open(first))
        self.assertEqual(second, REFUSAL)
        self.assertIsNone(self.minions[2].open(third))
        self.assertEqual(self.place.bench.jobs.returned_ids(JID), {"m0", "m2"})
        self.assertEqual(len(self.place.events), 2)
        self.assertFalse(connection.in_transaction)

    def test_killed(self) -> None:
        """
        All returns that a killed worker was at are known to the next one.
        """
        path = f"{self.place.folder}/note"
        self.place.bench.last_return = LastReturn(path)
        self.replies(self.returned(0), self.returned(1, jid="../x"), self.returned(2))
        self.assertEqual(LastReturn(path).leftover(), [(JID, "m0"), (JID, "m2")])
