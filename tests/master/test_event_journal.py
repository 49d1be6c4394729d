"""Tests of the memory of the event bus."""

import os
import random
import tracemalloc
from collections import deque
from tempfile import TemporaryDirectory

from twisted.trial.unittest import SynchronousTestCase

from txsalt.events import tags
from txsalt.master.daemon.event_journal import PAGE_EVENTS, EventJournal


class EventJournalTests(SynchronousTestCase):
    def journal(self, **bounds: int) -> EventJournal:
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        journal = EventJournal(folder.name, **bounds)
        self.addCleanup(journal.close)
        self.folder = folder.name
        return journal

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
        journal = self.journal()
        for second, frame in enumerate((b"a/1", b"b/1", b"a/2", b"a/3")):
            journal.add(second, [frame])
        self.assertEqual(self.read(journal, 1, b"a/"), [b"a/2", b"a/3"])
        self.assertEqual(self.read(journal), [b"a/1", b"b/1", b"a/2", b"a/3"])
        self.assertEqual(self.read(journal, 9), [])

    def test_the_oldest_are_forgotten(self) -> None:
        """
        The memory is bounded in number and in bytes.
        """
        journal = self.journal(max_events=3, max_bytes=10)
        for number in range(5):
            journal.add(number, [b"%d" % number])
        self.assertEqual(self.read(journal), [b"2", b"3", b"4"])
        journal.add(9, [b"x" * 9])
        self.assertEqual(self.read(journal), [b"4", b"x" * 9])
        journal.add(9, [b"y" * 99])
        self.assertEqual(self.read(journal), [])

    def test_pages(self) -> None:
        """
        Many events come in several pages, none twice; those that come meanwhile are in the last.
        """
        journal = self.journal()
        total = 2 * PAGE_EVENTS + 5
        for number in range(total):
            journal.add(0, [b"%d" % number])
        first = journal.page(0, 0, b"")
        self.assertEqual((len(first.events), first.last), (PAGE_EVENTS, False))
        journal.add(0, [b"news"])
        second = journal.page(first.next, 0, b"")
        third = journal.page(second.next, 0, b"")
        self.assertTrue(third.last)
        together = [*first.events, *second.events, *third.events]
        self.assertEqual(together, [*(b"%d" % number for number in range(total)), b"news"])

    def test_large_events_make_small_pages(self) -> None:
        """
        A page with large events is short, and still holds one that is larger than a page.
        """
        journal = self.journal()
        for _ in range(3):
            journal.add(0, [b"x" * 2_000_000])
        self.assertEqual(len(journal.page(0, 0, b"").events), 1)
        self.assertEqual(len(self.read(journal)), 3)

    def test_around_and_around(self) -> None:
        """
        However often the file is filled, what is remembered is what came last, whole.
        """
        dice = random.Random(7)
        journal = self.journal(max_events=20, max_bytes=500)
        model: deque[bytes] = deque()
        for number in range(2_000):
            frames = [b"%d/" % number + b"x" * dice.randrange(60) for _ in range(dice.randrange(9))]
            journal.add(number, frames)
            model.extend(frames)
            while len(model) > 20 or sum(map(len, model)) > 500:
                model.popleft()
            self.assertEqual(self.read(journal), list(model))
        prefix = model[-1].partition(b"/")[0] + b"/"
        wanted = [frame for frame in model if frame.startswith(prefix)]
        self.assertEqual(self.read(journal, prefix=prefix), wanted)

    def test_clock_that_was_set_back(self) -> None:
        """
        What happened before the time that one asks for is left out, whatever was told around it.
        """
        journal = self.journal()
        for second, frame in ((5, b"a"), (1, b"b"), (6, b"c")):
            journal.add(second, [frame])
        self.assertEqual(self.read(journal, 5), [b"a", b"c"])

    def test_flood(self) -> None:
        """
        A flood of events leaves nothing in memory but where they lie, and no file that one sees.
        """
        journal = self.journal()
        frame = b"x" * 1000
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        for number in range(500):
            journal.add(number, [frame] * 100)
        held, _ = tracemalloc.get_traced_memory()
        self.assertLess(held, 300_000)
        self.assertEqual(len(self.read(journal)), 10_000)
        self.assertEqual(os.listdir(self.folder), [])

    def test_tags(self) -> None:
        """
        The tag that asks is read as it was written; another one is not taken for it.
        """
        tag = tags.replay("0123456789abcdef", 7, 1.5, "salt/job/")
        self.assertEqual(tags.parse_replay(tag), tags.Replay(7, 1.5, "salt/job/"))
        for wrong in ("txsalt/replay/", "txsalt/replay/x/1/1.000000/", "salt/job/1"):
            self.assertIsNone(tags.parse_replay(wrong))
        self.assertFalse(tags.minion_may_fire("m1", tag))
