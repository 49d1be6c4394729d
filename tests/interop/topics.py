"""
What minions answer under a master with ``zmq_filtering``, told once for each pair of houses.

Some of the minions have the option too (``…-on``), some do not (``…-off``). Subclasses name the
line of Salt.
"""

from itertools import count
from typing import ClassVar

from tests.interop.cases import FleetCase
from tests.interop.complaints import complaints
from tests.interop.harness import (
    START_SECONDS,
    Fleet,
    StockMaster,
    StockMinion,
    TxMaster,
    TxMinion,
)
from tests.interop.processes import wait_until
from tests.interop.stories import wait_pings
from txsalt.client.session import Session
from txsalt.protocol.publication import topics_of

OURS = "ours-on"
# Its topic begins as that of OURS, so each of them receives what is for the other.
NEIGHBOUR = next(
    name
    for name in (f"ours-{number}-off" for number in count())
    if topics_of(name, filtered=True) == topics_of(OURS, filtered=True)
)
STOCK = ("stock-off", "stock-on")
# In what a 3008 minion writes for each topic that it receives, which it reads as a publication.
# Its own master's topics are no other (StockMasterStory).
OF_A_TOPIC = "unpack(b) received extra data"


class TopicStory(FleetCase):
    """Minions with and without the option."""

    everyone: ClassVar[frozenset[str]]

    def test_targets(self) -> None:
        """
        Whatever a target looks like, those whom it means answer, and nobody else.
        """
        wait_pings(self.fleet, set(self.everyone))
        one, *others = sorted(self.everyone)
        switched_on = {each for each in self.everyone if each.endswith("-on")}
        for target, options, expected in (
            ("*", (), self.everyone),
            ("*-on", (), switched_on),
            (one, (), {one}),
            (",".join(others), ("-L",), set(others)),
            ("role:web", ("-G",), self.everyone),
        ):
            answer = self.fleet.master.say(target, "test.ping", options=options)
            self.assertEqual(answer.data, dict.fromkeys(expected, True), f"{target}: {answer}")
            self.assertEqual(answer.returncode, 0, target)

    def complaints_of(self, minion_id: str) -> list[str]:
        """What a stock minion complains of, once it has answered a job of its own."""
        self.assertEqual(
            self.fleet.master.say(minion_id, "test.ping").data, {minion_id: True}, minion_id
        )
        return complaints(self.fleet.minions[minion_id].log_file.read_text())


class StockMasterStory(TopicStory):
    """Two minions of ours and a stock one at a stock master."""

    everyone = frozenset((OURS, NEIGHBOUR, "stock-on"))

    def make_fleet(self) -> Fleet:
        (line,) = self.lines
        fleet = Fleet(StockMaster(line, zmq_filtering=True))
        fleet.add(TxMinion(fleet.master, OURS, zmq_filtering=True))
        fleet.add(TxMinion(fleet.master, NEIGHBOUR))
        fleet.add(StockMinion(line, fleet.master, "stock-on", zmq_filtering=True))
        return fleet

    def test_topic_of_another(self) -> None:
        """
        What is for a minion whose topic begins alike goes by without a word.
        """
        wait_pings(self.fleet, {OURS, NEIGHBOUR})
        for minion_id in (OURS, NEIGHBOUR, OURS):
            answer = self.fleet.master.say(minion_id, "test.ping")
            self.assertEqual(answer.data, {minion_id: True})
        for minion_id in (OURS, NEIGHBOUR):
            self.assertNotIn("dropped", self.fleet.minions[minion_id].log())

    def test_complaints(self) -> None:
        """
        A stock minion complains here of topics if it is of the 3008 line, and of nothing else.
        """
        wait_pings(self.fleet, {"stock-on"})
        found = self.complaints_of("stock-on")
        self.assertEqual([each for each in found if OF_A_TOPIC not in each], [])
        self.assertEqual(bool(found), self.lines == ("3008",))


class StockMinionsStory(TopicStory):
    """Two stock minions and one of ours at our master."""

    everyone = frozenset(("ours-on", *STOCK))

    def make_fleet(self) -> Fleet:
        (line,) = self.lines
        fleet = Fleet(TxMaster(zmq_filtering=True))
        fleet.add(TxMinion(fleet.master, "ours-on", zmq_filtering=True))
        fleet.add(StockMinion(line, fleet.master, "stock-on", zmq_filtering=True))
        fleet.add(StockMinion(line, fleet.master, "stock-off"))
        return fleet

    def test_complaints(self) -> None:
        """
        Stock minions complain of nothing but, in the 3008 line, topics, as at their own master.
        """
        wait_pings(self.fleet, set(STOCK))
        for minion_id in STOCK:
            found = self.complaints_of(minion_id)
            if self.lines == ("3008",):
                found = [each for each in found if OF_A_TOPIC not in each]
            self.assertEqual(found, [], minion_id)

    def test_presence(self) -> None:
        """
        All are up; each one that ends is down, and up when it is there again.
        """
        session = Session(str(self.fleet.master.config_dir))
        self.addCleanup(session.close)
        up = set(self.everyone)

        def is_known() -> bool:
            status = session.runner("manage.status")
            return set(status["up"]) == up and set(status["down"]) == self.everyone - up

        wait_until(is_known, START_SECONDS, "all are up")
        try:
            for minion_id in sorted(self.everyone):
                # By a signal that it may tidy up after: a stock one would find itself running.
                self.fleet.minions[minion_id].stop()
                up.discard(minion_id)
                wait_until(is_known, 10, f"{sorted(self.everyone - up)} are down, {sorted(up)} up")
        finally:
            for minion_id in self.everyone - up:
                self.fleet.minions[minion_id].start()
        up |= self.everyone
        wait_until(is_known, START_SECONDS, "all are up again")
