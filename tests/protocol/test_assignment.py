"""Tests of who gets a request."""

from hypothesis import given
from hypothesis import strategies as some
from twisted.trial.unittest import SynchronousTestCase

from txsalt.protocol.assignment import COMPANY, PATIENCE_SECONDS, Assignment


class AssignmentTests(SynchronousTestCase):
    """Three workers, at most four requests at each."""

    def setUp(self) -> None:
        self.queue: Assignment[str] = Assignment(window=4)
        for worker in range(3):
            self.queue.ready(worker, 0.0)

    def arrive(self, *names: str, kin: int | None = None, now: float = 0.0) -> None:
        for name in names:
            self.assertTrue(self.queue.arrived(name, now, kin))

    def test_least_to_do(self) -> None:
        """
        Requests of nobody in particular are spread over all workers.
        """
        self.arrive("a", "b", "c", "d")
        sent = self.queue.assign(0.0)
        self.assertEqual(sorted(map(len, sent.values())), [1, 1, 2])
        self.assertEqual(self.queue.waiting, 0)

    def test_home(self) -> None:
        """
        Requests of one minion go to one worker, in order, also when others have nothing to do.
        """
        self.arrive("a", "b", kin=4)
        self.assertEqual(self.queue.assign(0.0), {1: ["a", "b"]})

    def test_full_home(self) -> None:
        """
        What a worker has no room for waits for it, and goes to others if it stands still.
        """
        self.arrive(*"abcdefgh", kin=1)
        self.assertEqual(self.queue.assign(0.0), {1: list("abcd")})
        self.assertEqual(self.queue.waiting, 4)
        self.queue.answered(1, 0.001)
        self.assertEqual(self.queue.assign(0.001), {1: ["e"]})
        sent = self.queue.assign(PATIENCE_SECONDS * 2)
        self.assertEqual(sorted(sent[0] + sent[2]), ["f", "g", "h"])

    def test_room_for_large_ones(self) -> None:
        """
        Requests are refused when those that are held take too much memory, until some are answered.
        """
        queue: Assignment[str] = Assignment(window=2, max_bytes=10, size_of=len)
        queue.ready(0, 0.0)
        self.assertTrue(queue.arrived("x" * 50, 0.0))
        self.assertFalse(queue.arrived("y", 0.0))
        queue.assign(0.0)
        self.assertFalse(queue.arrived("y", 0.0))
        queue.answered(0, 0.0)
        for name in ("12345", "1234", "1"):
            self.assertTrue(queue.arrived(name, 0.0))
        self.assertFalse(queue.arrived("z", 0.0))
        queue.assign(0.0)
        self.assertEqual(queue.gone(0).in_hand, "12345")
        self.assertTrue(queue.arrived("12345", 0.0))
        self.assertFalse(queue.arrived("z", 0.0))

    def test_few_homes(self) -> None:
        """
        Where only one worker is a home, the others are there for whoever has none.
        """
        queue: Assignment[str] = Assignment(1, window=4)
        for worker in (2, 0, 1):
            queue.ready(worker, 0.0)
        for name, kin in (("a", 1), ("b", 2), ("c", 3)):
            queue.arrived(name, 0.0, kin)
        self.assertEqual(queue.assign(0.0), {0: ["a", "b", "c"]})
        queue.arrived("local", 0.0)
        self.assertNotIn(0, queue.assign(0.0))

    def test_second_home(self) -> None:
        """
        While its home stands still a minion has another one, which stays the same.
        """
        queue: Assignment[str] = Assignment(1, window=4)
        for worker in range(3):
            queue.ready(worker, 0.0)
        queue.arrived("long", 0.0, 5)
        queue.assign(0.0)
        later = PATIENCE_SECONDS * 2
        for name in "ab":
            queue.arrived(name, later, 5)
        self.assertEqual(queue.assign(later), {2: ["a", "b"]})
        queue.answered(0, later)
        queue.arrived("c", later, 5)
        self.assertEqual(queue.assign(later), {0: ["c"]})

    def test_home_that_went(self) -> None:
        """
        When a home ends the next worker takes its place, until it is there again.
        """
        queue: Assignment[str] = Assignment(2, window=9)
        for worker in range(3):
            queue.ready(worker, 0.0)
        for gone, home in ((True, 2), (False, 1)):
            queue.gone(1) if gone else queue.ready(1, 0.0)
            queue.arrived("a", 0.0, 1)
            self.assertEqual(queue.assign(0.0), {home: ["a"]})

    def test_home_that_stands_still(self) -> None:
        """
        A worker with a long job in hand gets no further requests while others are there.
        """
        self.arrive("long", kin=1)
        self.queue.assign(0.0)
        later = PATIENCE_SECONDS * 2
        self.arrive("a", kin=1, now=later)
        self.assertNotIn(1, self.queue.assign(later))

    def test_first_come(self) -> None:
        """
        Neither those with a home nor those without overtake each other for long.
        """
        queue: Assignment[str] = Assignment(window=1)
        queue.ready(0, 0.0)
        for name, kin in (("a", 0), ("b", None), ("c", 0), ("d", None)):
            queue.arrived(name, 0.0, kin)
        order = []
        while queue.waiting or queue.outstanding:
            for names in queue.assign(0.0).values():
                order += names
            queue.answered(0, 0.0)
        self.assertEqual(order, ["a", "b", "c", "d"])

    def test_gone(self) -> None:
        """
        When a worker dies the request in its hand is named; the others go elsewhere, first of all.
        """
        self.arrive(*"abcdef", kin=1)
        self.queue.assign(0.0)
        self.arrive("new")
        self.queue.assign(0.0)
        gone = self.queue.gone(1)
        self.assertEqual((gone.in_hand, gone.queued), ("a", 3))
        sent = self.queue.assign(0.0)
        self.assertEqual(sorted(name for names in sent.values() for name in names), list("bcdef"))
        self.assertEqual(self.queue.gone(1).queued, 0)

    def test_resting(self) -> None:
        """
        A worker that is about to end gets nothing more; what waits for it goes to others.
        """
        self.arrive(*"abcdefghijklmnop", kin=1)
        self.queue.assign(0.0)
        self.queue.resting(1)
        for _ in range(4):
            self.queue.answered(1, 0.0)
        self.assertNotIn(1, self.queue.assign(0.0))

    def test_full(self) -> None:
        """
        A queue that is full refuses; nobody is there to take anything.
        """
        queue: Assignment[str] = Assignment(max_queue=2)
        self.assertTrue(queue.arrived("a", 0.0, 5))
        self.assertTrue(queue.arrived("b", 0.0))
        self.assertFalse(queue.arrived("c", 0.0))
        self.assertEqual(queue.assign(0.0), {})
        queue.ready(3, 0.0)
        self.assertEqual(queue.assign(0.0), {3: ["a", "b"]})


WORDS = ["arrive", "arrive", "answer", "answer", "gone", "rest", "ready", "wait"]
ACTS = some.lists(some.tuples(some.sampled_from(WORDS), some.integers(0, 3)), max_size=80)


class CompanyTests(SynchronousTestCase):
    """Requests that are answered together."""

    def test_go_together(self) -> None:
        """
        What came together goes to one worker, some at a time; another kind ends the company.
        """
        assignment: Assignment[str] = Assignment(joins=lambda request: request.startswith("p"))
        for worker in range(4):
            assignment.ready(worker, 0.0)
        for request in ("p1", "p2", "x", "p3", *["p"] * COMPANY):
            assignment.arrived(request, 0.0)
        sent = assignment.assign(0.0)
        self.assertEqual(sent[0], ["p1", "p2"])
        self.assertEqual(sent[1], ["x"])
        self.assertEqual(sent[2], ["p3", *["p"] * (COMPANY - 1)])
        self.assertEqual(sent[3], ["p"])

    def test_room(self) -> None:
        """
        A worker never gets more than its window.
        """
        assignment: Assignment[str] = Assignment(window=3, joins=lambda _: True)
        assignment.ready(1, 0.0)
        for _ in range(5):
            assignment.arrived("p", 0.0)
        self.assertEqual(assignment.assign(0.0), {1: ["p"] * 3})


class NothingIsLostTests(SynchronousTestCase):
    """Whatever happens, and in whatever order."""

    @given(ACTS)
    def test_each_request_once(self, acts: list[tuple[str, int]]) -> None:
        """
        Each request is answered, or in the hand of a worker that died, or still there.
        """
        queue: Assignment[int] = Assignment(window=3)
        done: list[int] = []
        count, now = 0, 0.0
        for act, number in acts:
            if act == "arrive":
                queue.arrived(count, now, number or None)
                count += 1
            elif act == "answer" and (request := queue.answered(number, now)) is not None:
                done.append(request)
            elif act == "rest":
                queue.resting(number)
            elif act in ("gone", "ready"):
                gone = queue.gone(number)
                done += [] if gone.in_hand is None else [gone.in_hand]
                if act == "ready":
                    queue.ready(number, now)
            now += 0.015 if act == "wait" else 0.0
            queue.assign(now)
            self.assertEqual(len(done) + queue.waiting + queue.outstanding, count)
        for worker in range(5):
            queue.ready(4, now) if worker == 4 else queue.gone(worker)
        self.assertEqual(len(done), len(set(done)))
