"""Who is there, as a master works it out."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txsalt.protocol.presence import HEARD_STEP, NEWS_SECONDS, Book, Sighting, Standing
from txsalt.protocol.publication import announcement_of, topic_of, topics_of

HERE, THERE = "192.0.2.1", "192.0.2.2"


def number_of(minion_id: str) -> int:
    return 1000 + ord(minion_id[0])


def come(book: Book, minion_id: str, address: str, now: float) -> None:
    book.connected(number_of(minion_id), address)
    for each in topics_of(minion_id, filtered=False):
        book.subscribed(each, number_of(minion_id), now)
    book.subscribed(announcement_of(minion_id), number_of(minion_id), now)


def go(book: Book, minion_id: str, now: float) -> None:
    book.disconnected(number_of(minion_id), now)


class OwnTopicTests(SynchronousTestCase):
    """Minions of ours, which subscribe to a topic of their own."""

    def setUp(self) -> None:
        self.book = Book()

    def one(self) -> Sighting:
        self.book.settle(99)
        [sighting] = self.book.take_changes()
        return sighting

    def test_topic_and_request(self) -> None:
        """
        A minion is there from when it both listens and has proved itself, in either order.
        """
        self.book.heard("a", 1)
        self.assertEqual(self.book.present(), set())
        come(self.book, "a", HERE, 2)
        come(self.book, "b", THERE, 3)
        self.assertEqual(self.book.present(), {"a"})
        self.book.heard("b", 4)
        self.assertEqual(self.book.present(), {"a", "b"})
        changes = {each.id: each for each in self.book.take_changes()}
        self.assertEqual(changes["a"], Sighting(id="a", up=True, since=2, heard=1, address=HERE))
        self.assertEqual(changes["b"], Sighting(id="b", up=True, since=4, heard=4, address=THERE))

    def test_gone_and_back(self) -> None:
        """
        It is known since when a minion is gone, and since when it is back.
        """
        self.book.heard("a", 1)
        come(self.book, "a", HERE, 2)
        go(self.book, "a", 7)
        self.assertEqual(self.one(), Sighting(id="a", up=False, since=7, heard=1, address=HERE))
        come(self.book, "a", THERE, 9)
        self.assertEqual(self.one(), Sighting(id="a", up=True, since=9, heard=1, address=THERE))

    def test_heard_often(self) -> None:
        """
        A busy minion does not make the store busy; its time is right within some seconds.
        """
        self.book.heard("a", 1)
        self.book.take_changes()
        self.book.heard("a", 1 + HEARD_STEP / 2)
        self.assertEqual(self.book.take_changes(), [])
        self.book.heard("a", 1 + HEARD_STEP)
        self.assertEqual(self.one().heard, 1 + HEARD_STEP)

    def test_restart(self) -> None:
        """
        After a restart of the master nobody is there who has not come again.
        """
        self.book.restore([Sighting(id="a", up=True, since=1, heard=2)], now=10)
        self.assertEqual(self.one(), Sighting(id="a", up=False, since=10, heard=2))
        come(self.book, "a", HERE, 11)
        self.assertEqual(self.book.present(), {"a"})

    def test_gone_before_it_was_heard(self) -> None:
        """
        Of a minion that goes before the first news of it are here it is known that it is gone.
        """
        come(self.book, "a", HERE, 1)
        go(self.book, "a", 2)
        self.book.heard("a", 1)
        self.assertTrue(self.one().is_surely_down)
        come(self.book, "b", HERE, 1)
        go(self.book, "b", 2)
        self.book.heard("b", 3)
        self.assertFalse(self.one().is_surely_down)
        for number in range(2000):
            self.book.connected(number, HERE)
            self.book.subscribed(announcement_of(str(number)), number, 3)
            self.book.disconnected(number, 4)
        self.book.heard("0", 3)
        self.assertFalse(self.one().is_surely_down)

    def test_standing(self) -> None:
        """
        Who is surely gone is absent, after a blink; after a restart of the master all have time.
        """
        book = self.book
        self.assertEqual(book.standing("a", 100, waited=0), Standing.THERE)
        self.assertEqual(book.standing("a", 100, waited=NEWS_SECONDS), Standing.ABSENT)
        come(book, "a", HERE, 100)
        self.assertEqual(book.standing("a", 100, waited=9), Standing.THERE)
        book.heard("a", 100)
        go(book, "a", 101)
        self.assertEqual(book.standing("a", 102, waited=9), Standing.COMING)
        self.assertEqual(book.standing("a", 105, waited=0), Standing.ABSENT)
        again = Book()
        again.restore([Sighting(id="a", up=True, since=1, heard=2, address=HERE)], now=200)
        self.assertEqual(again.standing("a", 214, waited=99), Standing.COMING)
        self.assertEqual(again.standing("a", 216, waited=99), Standing.ABSENT)
        come(again, "a", HERE, 214)
        self.assertEqual(again.standing("a", 216, waited=99), Standing.THERE)

    def test_stock_minion_in_its_place(self) -> None:
        """
        Who is heard after its connection went is not taken for absent, whatever is seen.
        """
        self.book.heard("a", 1)
        come(self.book, "a", HERE, 1)
        go(self.book, "a", 2)
        self.assertEqual(self.book.standing("a", 50, waited=9), Standing.ABSENT)
        self.book.heard("a", 40)
        self.assertEqual(self.book.standing("a", 50, waited=9), Standing.THERE)

    def test_standing_of_a_stock_minion(self) -> None:
        """
        Nobody is absent whose connection is not seen exactly.
        """
        self.book.restore([Sighting(id="a", up=False, since=1, heard=2)], now=200)
        self.assertEqual(self.book.standing("a", 999, waited=99), Standing.THERE)

    def test_forgotten(self) -> None:
        """
        A minion whose key is deleted is nobody, even while it still listens.
        """
        self.book.heard("a", 1)
        come(self.book, "a", HERE, 2)
        self.book.forget("a")
        self.assertEqual((self.book.present(), self.book.take_changes()), (set(), []))
        go(self.book, "a", 3)

    def test_names_that_begin_alike(self) -> None:
        """
        Two minions that listen to the same beginning of their topics are told apart.
        """
        first = "a"
        second = next(
            each
            for each in (f"b{number}" for number in range(100_000))
            if topics_of(each, filtered=True) == topics_of(first, filtered=True)
        )
        for each in (first, second):
            self.book.heard(each, 1)
            come(self.book, each, HERE, 2)
        self.assertEqual(self.book.present(), {first, second})
        self.assertEqual(self.book.without_topic, 0)
        go(self.book, first, 3)
        self.assertEqual(self.book.present(), {second})
        self.assertEqual(self.book.standing(first, 99, waited=9), Standing.ABSENT)

    def test_back_before_the_end(self) -> None:
        """
        A minion that is back before its old connection is seen to break stays up.
        """
        self.book.heard("a", 1)
        come(self.book, "a", HERE, 2)
        self.book.connected(7, THERE)
        self.book.subscribed(announcement_of("a"), 7, 3)
        go(self.book, "a", 4)
        self.assertEqual(self.one(), Sighting(id="a", up=True, since=2, heard=1, address=THERE))
        self.assertEqual((self.book.connections, self.book.without_topic), (1, 0))

    def test_whole_topics(self) -> None:
        """
        A stock minion with zmq_filtering is seen as exactly.
        """
        self.book.heard("a", 1)
        self.book.connected(7, THERE)
        self.book.subscribed(b"broadcast", 7, 2)
        self.assertEqual(self.book.without_topic, 1)
        self.book.subscribed(topic_of("a"), 7, 3)
        self.assertEqual(self.one(), Sighting(id="a", up=True, since=3, heard=1, address=THERE))
        self.book.disconnected(7, 4)
        self.assertEqual((self.book.present(), self.book.connections), (set(), 0))

    def test_another_name(self) -> None:
        """
        A connection is that of one minion, the last that it named; of an unknown one nothing is.
        """
        self.book.heard("a", 1)
        self.book.heard("b", 1)
        come(self.book, "a", HERE, 2)
        self.book.subscribed(announcement_of("b"), number_of("a"), 3)
        self.assertEqual(self.book.present(), {"b"})
        go(self.book, "a", 4)
        self.book.subscribed(announcement_of("b"), number_of("a"), 5)
        go(self.book, "a", 6)
        self.assertEqual((self.book.present(), self.book.without_topic), (set(), 0))


class AddressTests(SynchronousTestCase):
    """Other minions, of which only connections are seen."""

    def setUp(self) -> None:
        self.book = Book()
        self.book.heard("stock", 1)
        self.book.addresses_are({"stock": [HERE, "198.51.100.7"]})

    def present(self) -> set[str]:
        self.book.settle(5)
        return self.book.present()

    def test_by_address(self) -> None:
        """
        A minion without a topic is there while a connection comes from one of its addresses.
        """
        self.book.connected(1, THERE)
        self.assertEqual(self.present(), set())
        self.book.connected(2, HERE)
        self.assertEqual(self.present(), {"stock"})
        self.book.disconnected(2, 3)
        self.assertEqual(self.present(), set())

    def test_neighbour_with_a_topic(self) -> None:
        """
        A connection that another minion owns up to says nothing about its neighbours.
        """
        self.book.heard("ours", 1)
        come(self.book, "ours", HERE, 2)
        self.assertEqual(self.present(), {"ours"})
        self.book.connected(2, HERE)
        self.assertEqual(self.present(), {"ours", "stock"})

    def test_unknown_addresses(self) -> None:
        """
        Where no addresses are known, any connection that nobody owns up to may be the minion's.
        """
        self.book.heard("new", 2)
        self.book.connected(1, THERE)
        self.assertEqual(self.present(), {"new"})


class AnyOrderTests(SynchronousTestCase):
    """Whatever is seen, in whatever order."""

    @given(
        st.lists(
            st.tuples(st.sampled_from(["on", "off", "heard", "forget"]), st.sampled_from("abc")),
            max_size=40,
        )
    )
    def test_present_means_listening_and_heard(self, steps: list[tuple[str, str]]) -> None:
        """
        A minion that ever listened under its topic is there exactly while it does.
        """
        book, on, heard = Book(), set(), set()
        for now, (step, name) in enumerate(steps):
            match step:
                case "on" if name not in on:
                    come(book, name, HERE, now)
                    on.add(name)
                case "off" if name in on:
                    go(book, name, now)
                    on.discard(name)
                case "heard":
                    book.heard(name, now)
                    heard.add(name)
                case "forget":
                    book.forget(name)
                    heard.discard(name)
            book.settle(now)
            self.assertEqual(book.present(), on & heard)
            book.take_changes()
