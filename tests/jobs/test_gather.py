"""Tests of waiting for a job's returns."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txsalt.jobs.gather import ABSENT, GRACE, NO_ANSWER, NOT_RUNNING, Finished, Gather, Probe, Wait


def gather(*ids: str) -> Gather:
    return Gather("1", ids, 5.0, 10.0, 100.0)


class GatherTests(SynchronousTestCase):
    def test_over_when_all_returned(self) -> None:
        """
        With the last return the job is over, at once.
        """
        job = gather("a", "b")
        self.assertEqual(job.due(100), Wait(5))
        self.assertTrue(job.returned("a", {"return": True}, 101))
        self.assertEqual(job.due(101), Wait(4))
        self.assertTrue(job.returned("b", {"return": 2}, 102))
        self.assertEqual(job.due(102), Finished({}))
        self.assertEqual(job.returns, {"a": {"return": True}, "b": {"return": 2}})

    def test_nobody_expected(self) -> None:
        """
        A job for nobody is over before it begins.
        """
        self.assertEqual(gather().due(100), Finished({}))

    def test_one_probe_for_all_that_are_silent(self) -> None:
        """
        After the time-out, all who are silent are asked in one go, once.
        """
        job = gather("a", "b", "c", "a")
        job.returned("b", {}, 101)
        self.assertEqual(job.due(105), Probe(("a", "c")))
        self.assertEqual(job.due(105), Wait(10))

    def test_who_still_works_gets_more_time(self) -> None:
        """
        A minion that says it runs the job is waited for, however long it takes.
        """
        job = gather("a")
        for turn in range(20):
            now = 105 + turn * 6
            self.assertEqual(job.due(now), Probe(("a",)))
            job.probe_answered("a", {"pid": 5}, now + 1)
            self.assertEqual(job.due(now + 1), Wait(5))
        job.returned("a", {}, 300)
        self.assertEqual(job.due(300), Finished({}))

    def test_who_does_not_run_it_is_given_up(self) -> None:
        """
        An empty answer means that no return will come, but for one that is already under way.
        """
        job = gather("a", "b")
        job.due(105)
        job.probe_answered("a", {}, 106)
        job.probe_answered("b", {}, 106)
        self.assertEqual(job.due(106), Wait(GRACE))
        job.returned("b", {}, 106.5)
        self.assertEqual(job.due(106 + GRACE), Finished({"a": NOT_RUNNING}))

    def test_who_does_not_answer_is_given_up(self) -> None:
        """
        Without an answer to the probe the minion counts as not connected.
        """
        job = gather("a", "b")
        job.due(105)
        job.probe_answered("b", {"pid": 1}, 105.5)
        self.assertEqual(job.due(110.5), Probe(("b",)))
        self.assertEqual(job.due(115), Wait(5.5))
        self.assertEqual(job.missing(), {"a": NO_ANSWER})
        self.assertEqual(job.due(121), Finished({"a": NO_ANSWER, "b": NO_ANSWER}))

    def test_who_is_absent_is_not_waited_for(self) -> None:
        """
        Whom the job cannot have reached is given up at once; a return of theirs counts even so.
        """
        job = gather("a", "b", "c")
        job.returned("a", {}, 101)
        job.absent(["a", "b", "stranger"])
        self.assertEqual(job.due(105), Probe(("c",)))
        job.absent(["c"])
        self.assertEqual(job.due(106), Finished({"b": ABSENT, "c": ABSENT}))
        job.probe_answered("c", {"pid": 1}, 106)
        job.absent(["c"])
        self.assertIsInstance(job.due(106), Wait)
        job.give_up(ABSENT)
        self.assertTrue(job.returned("b", {}, 106))
        self.assertEqual(job.due(106), Finished({"c": ABSENT}))

    def test_late_news_count(self) -> None:
        """
        A return or a sign of life after the deadline takes the minion off the missing.
        """
        job = gather("a", "b")
        job.due(105)
        self.assertEqual(job.due(115), Finished({"a": NO_ANSWER, "b": NO_ANSWER}))
        job.returned("a", {}, 116)
        job.probe_answered("b", {"pid": 1}, 116)
        self.assertEqual(job.due(116), Wait(5))
        self.assertEqual(job.missing(), {})

    def test_returns_nobody_waited_for(self) -> None:
        """
        A minion that nobody expected is shown once; a repeated return is not shown again.
        """
        job = gather("a")
        self.assertTrue(job.returned("x", {}, 101))
        self.assertFalse(job.returned("x", {}, 102))
        self.assertEqual(job.due(102), Wait(3))

    def test_answers_nobody_asked_for(self) -> None:
        """
        An answer without a question changes nothing, so nobody can hold up the end.
        """
        job = gather("a")
        for answer in [{}, {"pid": 1}, "garbage", None]:
            job.probe_answered("a", answer, 101)
            job.probe_answered("stranger", answer, 101)
        self.assertEqual(job.due(101), Wait(4))

    @given(
        st.lists(st.tuples(st.sampled_from(["return", "run", "gone", "none"]), st.floats(0.1, 20)))
    )
    def test_it_always_ends(self, news: list[tuple[str, float]]) -> None:
        """
        Whatever comes in, once it is silent the job ends, and everyone is accounted for.
        """
        job, now = gather("a", "b"), 100.0
        for kind, seconds in news:
            now += seconds
            if kind == "return":
                job.returned("a", {}, now)
            elif kind != "none":
                job.probe_answered("b", {"pid": 1} if kind == "run" else {}, now)
            job.due(now)
        for _ in range(20):
            due = job.due(now)
            if isinstance(due, Finished):
                break
            now += due.seconds if isinstance(due, Wait) else 0
        self.assertIsInstance(due, Finished)
        self.assertEqual(set(job.returns) | set(due.missing), {"a", "b"})

    def test_ten_thousand_minions_are_no_burden(self) -> None:
        """
        Ten thousand returns, each looked at when it comes, take no longer than they must.
        """
        ids = [f"m{number}" for number in range(10_000)]
        job = gather(*ids)
        steps = 0
        for number, id in enumerate(ids):
            job.returned(id, {}, 100 + number / 10_000)
            steps += isinstance(job.due(100 + number / 10_000), Wait)
        self.assertEqual((steps, job.due(102)), (9_999, Finished({})))

    def test_a_deadline_ends_it_for_all(self) -> None:
        """
        When the caller's patience ends, everyone who is still waited for is missing.
        """
        job = gather("a", "b", "c")
        job.returned("a", {}, 101)
        job.due(105)
        job.probe_answered("b", {"pid": 1}, 106)
        self.assertEqual(job.running, 1)
        job.give_up("too late")
        self.assertEqual(job.due(107), Finished({"b": "too late", "c": "too late"}))
