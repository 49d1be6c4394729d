"""Tests of the memory of the event bus."""

from twisted.trial.unittest import SynchronousTestCase

from txsalt.events import tags
from txsalt.master.daemon.event_journal import PAGE_EVENTS, EventJournal


class EventJournalTests(SynchronousTestCase):
    def read(self, journal: EventJournal, since: float = 0, prefix: bytes = b"") -> list[bytes]:
        number, found, last = 0, [], False
        while not last:
            page = journal.page(number, since, prefix)
            found += page.events
            number, last = page.next, page.last
        return found

    def test_since_and_prefix(self) -> None:
        """
        One asks for what happened since a time, under a tag.
        """
        journal = EventJournal()
        for second, frame in enumerate((b"a/1", b"b/1", b"a/2", b"a/3")):
            journal.add(second, frame)
        self.assertEqual(self.read(journal, 1, b"a/"), [b"a/2", b"a/3"])
        self.assertEqual(self.read(journal), [b"a/1", b"b/1", b"a/2", b"a/3"])
        self.assertEqual(self.read(journal, 9), [])

    def test_the_oldest_are_forgotten(self) -> None:
        """
        The memory is bounded in number and in bytes.
        """
        journal = EventJournal(max_events=3, max_bytes=10)
        for number in range(5):
            journal.add(number, b"%d" % number)
        self.assertEqual(self.read(journal), [b"2", b"3", b"4"])
        journal.add(9, b"x" * 9)
        self.assertEqual(self.read(journal), [b"4", b"x" * 9])
        journal.add(9, b"y" * 99)
        self.assertEqual(self.read(journal), [])

    def test_pages(self) -> None:
        """
        Many events come in several pages, none twice; those that come meanwhile are in the last.
        """
        journal = EventJournal()
        total = 2 * PAGE_EVENTS + 5
        for number in range(total):
            journal.add(0, b"%d" % number)
        first = journal.page(0, 0, b"")
        self.assertEqual((len(first.events), first.last), (PAGE_EVENTS, False))
        journal.add(0, b"news")
        second = journal.page(first.next, 0, b"")
        third = journal.page(second.next, 0, b"")
        self.assertTrue(third.last)
        together = [*first.events, *second.events, *third.events]
        self.assertEqual(together, [*(b"%d" % number for number in range(total)), b"news"])

    def test_large_events_make_small_pages(self) -> None:
        """
        A page with large events is short, and still holds one that is larger than a page.
        """
        journal = EventJournal()
        for _ in range(3):
            journal.add(0, b"x" * 2_000_000)
        self.assertEqual(len(journal.page(0, 0, b"").events), 1)
        self.assertEqual(len(self.read(journal)), 3)

    def test_tags(self) -> None:
        """
        The tag that asks is read as it was written; another one is not taken for it.
        """
        tag = tags.replay("0123456789abcdef", 7, 1.5, "salt/job/")
        self.assertEqual(tags.parse_replay(tag), tags.Replay(7, 1.5, "salt/job/"))
        for wrong in ("txsalt/replay/", "txsalt/replay/x/1/1.000000/", "salt/job/1"):
            self.assertIsNone(tags.parse_replay(wrong))
        self.assertFalse(tags.minion_may_fire("m1", tag))
