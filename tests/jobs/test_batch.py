"""Jobs that run on some minions at a time."""

import heapq
from typing import Any

from attrs import define, field
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txsalt.errors import BadLoad
from txsalt.jobs.batch import Ask, Batch, Deadline, Finished, Start, Wait
from txsalt.jobs.batch_plan import Plan, read_plan
from txsalt.jobs.gather import ABSENT, past_deadline

MOST_STEPS = 20_000
# What a minion does: returns well or badly after seconds, runs silently until then, is away, or
# ends the job and sends nothing.
BEHAVIOURS = st.one_of(
    st.tuples(st.sampled_from(["good", "bad"]), st.floats(0, 30)),
    st.tuples(st.sampled_from(["away", "dies"]), st.just(0.0)),
)
PLANS = st.builds(
    Plan,
    size=st.sampled_from(["", "1", "3", "7", "10%", "50%"]),
    wait=st.sampled_from([0.0, 2.0]),
    max_fail=st.sampled_from(["", "0", "2", "25%"]),
    canary=st.sampled_from([(), ("1", "10%", "50%"), ("5",)]),
)
DEADLINES = st.sampled_from([None, Deadline(5, 5), Deadline(40, 40)])


@define
class World:
    """Minions that behave as told, in time that jumps."""

    batch: Batch
    does: dict[str, tuple[str, float]]
    now: float = 0.0
    coming: list[tuple[float, str, str]] = field(factory=list)
    starts: list[tuple[str, ...]] = field(factory=list)
    until: dict[str, float] = field(factory=dict)
    questions: int = 0
    parts: dict[str, tuple[str, ...]] = field(factory=dict)

    def run(self, case: SynchronousTestCase, crash_after: int = -1) -> Finished:
        plan, total = self.batch.plan, len(self.batch.minions)
        for step in range(MOST_STEPS):
            if step == crash_after:
                self.crash()
            match self.batch.due(self.now):
                case Start(ids):
                    case.assertFalse(self.batch.is_stopped)
                    self.start(ids)
                    case.assertLessEqual(len(self.batch.running), plan.most_at_once(total))
                case Ask(ids):
                    self.questions += 1
                    for minion_id in ids:
                        heapq.heappush(self.coming, (self.now + 0.1, minion_id, "answer"))
                case Wait(seconds):
                    self.wait(seconds)
                case Finished() as finished:
                    return finished
        raise AssertionError("it hangs")

    def start(self, ids: tuple[str, ...]) -> None:
        assert self.batch.deadline is None or self.now < self.batch.deadline.until
        part = f"part{len(self.starts)}"
        self.starts.append(ids)
        self.parts[part] = ids
        self.batch.started(part, ids, self.now)
        for minion_id in ids:
            kind, seconds = self.does[minion_id]
            if kind in ("good", "bad"):
                heapq.heappush(self.coming, (self.now + seconds, minion_id, kind))
                self.until[minion_id] = self.now + seconds

    def wait(self, seconds: float) -> None:
        if not self.coming or self.coming[0][0] > self.now + seconds:
            self.now += max(seconds, 0.001)
            return
        when, minion_id, kind = heapq.heappop(self.coming)
        self.now = max(self.now, when)
        if kind != "answer":
            self.batch.returned(minion_id, kind == "good", self.now)
        elif self.does[minion_id][0] != "away":
            part = self.batch.part_of(minion_id)
            runs = self.until.get(minion_id, -1.0) > self.now
            self.batch.answered(minion_id, {part} if runs else set(), self.now)

    def crash(self) -> None:
        """Forget all but what is stored."""
        old = self.batch
        self.batch = Batch(old.plan, old.minions, old.deadline)
        self.batch.resume(self.parts, old.returned_well, old.missing, self.now)


def world(plan: Plan, *does: tuple[str, float], deadline: Deadline | None = None) -> World:
    minions = {f"m{number}": behaviour for number, behaviour in enumerate(does)}
    return World(Batch(plan, tuple(minions), deadline), minions)


class AlwaysTests(SynchronousTestCase):
    """Whatever minions do."""

    @settings(max_examples=150)
    @given(PLANS, st.lists(BEHAVIOURS, max_size=30), st.integers(-1, 60), DEADLINES)
    def test_it_ends_rightly(
        self,
        plan: Plan,
        does: list[tuple[str, float]],
        crash_after: int,
        deadline: Deadline | None,
    ) -> None:
        """
        It ends, starts each minion at most once, and knows of each how it went, crash or not.
        """
        it = world(plan, *does, deadline=deadline)
        finished = it.run(self, crash_after)
        batch, total = it.batch, len(does)
        started = [minion_id for ids in it.starts for minion_id in ids]
        self.assertEqual(len(started), len(set(started)))
        self.assertEqual(sorted([*started, *finished.not_started]), sorted(batch.minions))
        self.assertEqual(set(started), set(batch.returned_well) | set(batch.missing))
        if finished.late:
            self.assertGreaterEqual(it.now, deadline.until)
        elif finished.not_started:
            self.assertGreater(batch.failures, plan.most_failures(total))
        if deadline is not None:
            self.assertLess(it.now, deadline.until + 0.01)
        for minion_id, well in batch.returned_well.items():
            self.assertEqual("good" if well else "bad", it.does[minion_id][0])
        for minion_id, why in batch.missing.items():
            if deadline is None or why != past_deadline(deadline.seconds):
                self.assertIn(it.does[minion_id][0], ("away", "dies"))


class StepTests(SynchronousTestCase):
    """One after the other."""

    def test_window(self) -> None:
        """
        As one ends, the next one starts; never more than wanted run at once.
        """
        it = world(Plan(size="2"), ("good", 1), ("good", 3), ("good", 1), ("good", 1))
        it.run(self)
        self.assertEqual(it.starts, [("m0", "m1"), ("m2",), ("m3",)])

    def test_wait(self) -> None:
        """
        With a wait, the next one starts so much later.
        """
        it = world(Plan(size="1", wait=10), ("good", 1), ("good", 1))
        it.run(self)
        self.assertEqual(it.now, 12)

    def test_canary(self) -> None:
        """
        A stage begins when all of the one before have ended; one failure ends it all.
        """
        plan = read_plan({"canary": ["1", "50%", "100%"]})
        it = world(plan, *[("good", 1)] * 6)
        self.assertEqual(it.run(self), Finished(()))
        self.assertEqual([len(ids) for ids in it.starts], [1, 2, 3])
        it = world(plan, ("good", 1), ("good", 1), ("bad", 1), *[("good", 1)] * 3)
        self.assertEqual(it.run(self), Finished(("m3", "m4", "m5")))

    def test_budget(self) -> None:
        """
        So many may fail, and not one more; who is missing counts.
        """
        does = [("bad", 1), ("away", 0), *[("good", 1)] * 3]
        it = world(Plan(size="1", max_fail="2"), *does)
        self.assertEqual(it.run(self), Finished(()))
        it = world(Plan(size="1", max_fail="1"), *does)
        self.assertEqual(it.run(self), Finished(("m2", "m3", "m4")))
        it = world(Plan(size="1", max_fail="20%"), *does)
        self.assertEqual(it.run(self), Finished(("m2", "m3", "m4")))

    def test_long_job(self) -> None:
        """
        A minion that says that it runs the job is waited for, with few questions.
        """
        it = world(Plan(), *[("good", 60)] * 20)
        it.run(self)
        self.assertEqual(len(it.batch.returned_well), 20)
        self.assertLessEqual(it.questions, 15)

    def test_deadline(self) -> None:
        """
        The deadline is of the whole batch, however many take turns: then all is over.
        """
        it = world(Plan(size="1"), *[("good", 2)] * 5, deadline=Deadline(5, 5))
        self.assertEqual(it.run(self), Finished(("m3", "m4"), late=True))
        self.assertEqual(it.now, 5)
        self.assertEqual(it.batch.missing, {"m2": "not done by the deadline of 5 s"})
        it = world(Plan(size="1"), *[("good", 2)] * 2, deadline=Deadline(5, 5))
        self.assertEqual(it.run(self), Finished(()))

    def test_deadline_passes_while_the_master_is_away(self) -> None:
        """
        A master that comes back after the deadline starts nobody, and ends the batch; so does one
        that had noted already who is cut off.
        """
        late = {"b": "not done by the deadline of 5 s"}
        for missing in ({}, late):
            batch = Batch(Plan(size="1", max_fail="0"), ("a", "b", "c"), Deadline(5, 15))
            batch.resume({"p": ["a"], "q": ["b"]}, {"a": True}, missing, 20)
            self.assertEqual(batch.due(20), Finished(("c",), late=True))
            self.assertEqual(batch.missing, late)

    def test_stopped_before_the_deadline(self) -> None:
        """
        A batch that failures have stopped stays stopped when its deadline passes, too.
        """
        it = world(
            Plan(size="2", max_fail="0"), ("bad", 1), *[("good", 9)] * 3, deadline=Deadline(5, 5)
        )
        self.assertEqual(it.run(self), Finished(("m2", "m3")))
        self.assertEqual(list(it.batch.missing), ["m1"])

    def test_late_return(self) -> None:
        """
        A return that comes after its minion was given up still counts.
        """
        it = world(Plan(size="1"), ("away", 0), ("good", 50))
        while "m0" not in it.batch.missing:
            due = it.batch.due(it.now)
            it.start(due.ids) if isinstance(due, Start) else it.wait(getattr(due, "seconds", 0))
        self.assertTrue(it.batch.returned("m0", True, it.now))
        self.assertFalse(it.batch.returned("m0", True, it.now))
        self.assertEqual(it.batch.missing, {})

    def test_absent(self) -> None:
        """
        Who is not connected when the turn comes takes no place, counts as failed, and stays so.
        """
        batch = Batch(Plan(size="1", max_fail="1"), ("a", "b", "c", "d"))
        self.assertEqual(batch.due(0), Start(("a",)))
        batch.absent(["a"])
        self.assertEqual(batch.due(0), Start(("b",)))
        batch.started("p", ("b",), 0)
        batch.returned("b", True, 1)
        again = Batch(batch.plan, batch.minions)
        again.resume({"p": ["b"]}, {"b": True}, batch.missing, 1)
        for each in (batch, again):
            self.assertEqual(each.due(1), Start(("c",)))
            each.absent(["c"])
            self.assertEqual(each.due(1), Finished(("d",)))
            self.assertEqual(each.missing, dict.fromkeys(("a", "c"), ABSENT))

    def test_nobody(self) -> None:
        """
        A batch of nobody is over at once.
        """
        self.assertEqual(Batch(Plan(), ()).due(0), Finished(()))


class PlanTests(SynchronousTestCase):
    """What users write."""

    def test_numbers(self) -> None:
        """
        Sizes are rounded up, what may fail is rounded down.
        """
        plan = Plan(size="25%", max_fail="25%", canary=("1", "10%"))
        self.assertEqual((plan.most_at_once(10), plan.most_failures(10)), (3, 2))
        self.assertEqual(plan.stages(30), [1, 3, 30])
        self.assertEqual(plan.most_at_once(1), 1)
        self.assertEqual(Plan(size="7%").most_at_once(100), 7)

    def test_round_trip(self) -> None:
        """
        A plan survives the wire and the store.
        """
        plan = Plan(size="10", wait=1.5, max_fail="3", canary=("1",), safe_limit=7, timeout=2)
        self.assertEqual(read_plan(plan.as_map()), plan)

    def test_wrong_plans(self) -> None:
        """
        What makes no sense is refused with a sentence.
        """
        wrong: list[Any] = [
            None,
            {"size": "many"},
            {"size": "1.5"},
            {"size": "-1"},
            {"size": "101%"},
            {"size": "0"},
            {"max_fail": "x"},
            {"canary": "1"},
            {"canary": ["1", "z"]},
            {"wait": -1},
            {"wait": "1"},
            {"timeout": float("nan")},
            {"timeout": True},
        ]
        for each in wrong:
            self.assertRaises(BadLoad, read_plan, each)
