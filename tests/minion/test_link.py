"""Tests of the link: every outcome of a sign-in, waits, sealed requests."""

from typing import Any

from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.logger import LogLevel, capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from tests.fakes.small_master import SILENT, SmallMaster
from tests.minion.support import MemoryKeys, make_link
from txsalt.errors import RequestRefused, RequestTimedOut
from txsalt.minion.daemon.link import Link, Welcome

HERE = "127.0.0.1"


class LinkCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1_800_000_000)
        self.master = SmallMaster()
        self.keys = MemoryKeys()
        self.welcomes: list[Welcome] = []

    def link(self, **changes: Any) -> Link:
        made = make_link(self.clock, {HERE: self.master}, self.keys, **changes)
        self.successResultOf(made.startService())
        made.when_signed_in(self.welcomes.append)
        self.addCleanup(made.stopService)
        return made

    def signing_in(self, **changes: Any) -> Deferred[object]:
        result = self.link(**changes).sign_in()
        result.addErrback(lambda failure: failure.trap(CancelledError))
        return result

    def lines(self, verdict: object, seconds: float, **changes: Any) -> list[tuple[Any, str]]:
        """What an operator reads while the master answers ``verdict`` for a while."""
        self.master.verdict = verdict
        with capturedLogs() as events:
            self.signing_in(**changes)
            self.clock.pump([1.0] * int(seconds))
        told = [e for e in events if "text" in e and e["log_level"] is not LogLevel.debug]
        return [(e["log_level"], e["text"]) for e in told]


class OutcomeTests(LinkCase):
    def test_accepted(self) -> None:
        """
        A first acceptance stores the master's key and tells the port of publications.
        """
        self.master.publish_port = 5505
        self.successResultOf(self.signing_in())
        self.assertEqual(self.keys.trusted.pem, self.master.key.public.pem)
        self.assertEqual(self.welcomes[0].signed_in.publish_port, 5505)
        self.assertEqual(self.welcomes[0].address, HERE)
        self.assertTrue(self.welcomes[0].is_first)

    def test_pending(self) -> None:
        """
        A key that waits is told once, with its fingerprint; the minion asks every ten seconds.
        """
        [(level, text)] = self.lines(True, 100)
        self.assertIs(level, LogLevel.warn)
        self.assertIn("fingerprint is", text)
        self.assertEqual(len(self.master.sign_ins), 11)
        self.assertIsNone(self.keys.trusted)

    def test_pending_with_growing_wait(self) -> None:
        """
        With acceptance_wait_time_max the wait doubles up to it: after 0, 10, 30, 70, 110 seconds.
        """
        self.lines(True, 115, wait_max=40.0)
        self.assertEqual(len(self.master.sign_ins), 5)

    def test_pending_then_accepted(self) -> None:
        """
        The acceptance is noticed at the next try.
        """
        self.master.verdict = True
        signing_in = self.signing_in()
        self.clock.advance(9.9)
        self.assertNoResult(signing_in)
        self.master.verdict = None
        self.clock.advance(0.2)
        self.successResultOf(signing_in)

    def test_rejected(self) -> None:
        """
        A rejected minion says so as an error, goes on asking ever less often, and never ends.
        """
        [(level, text)] = self.lines(False, 2000)
        self.assertIs(level, LogLevel.error)
        self.assertIn("rejected", text)
        # After 10, 30, 70, 150, 310 seconds, and every 300 from then on.
        self.assertEqual(len(self.master.sign_ins), 11)

    def test_rejected_with_retry(self) -> None:
        """
        With rejected_retry a rejected minion asks as often as one that waits.
        """
        self.lines(False, 100, rejected_retry=True)
        self.assertEqual(len(self.master.sign_ins), 11)

    def test_full(self) -> None:
        """
        A master that serves enough minions is asked again.
        """
        [(level, _)] = self.lines("full", 25)
        self.assertIs(level, LogLevel.warn)
        self.assertEqual(len(self.master.sign_ins), 3)

    def test_changed_master_key(self) -> None:
        """
        Another key of the master is refused; the line names both and the file to remove.
        """
        known = SmallMaster("other").key.public
        self.keys.trusted = known
        [(level, text)] = self.lines(None, 25)
        self.assertIs(level, LogLevel.error)
        for part in (known.fingerprint(), self.master.key.public.fingerprint()):
            self.assertIn(part, text)
        self.assertIn("remove /pki/minion_master.pub", text)
        self.assertEqual(len(self.master.sign_ins), 3)
        self.assertIs(self.keys.trusted, known)

    def test_garbage(self) -> None:
        """
        A reply that proves nothing is a failed attempt, whatever it holds.
        """
        for garbage in (b"", b"\xc1", b"\xa8bad load", b"\x80", b"\xc0" * 5000):
            self.master.sign_ins.clear()
            lines = self.lines(garbage, 15)
            self.doCleanups()
            self.assertIs(lines[0][0], LogLevel.warn)
            self.assertEqual(len(self.master.sign_ins), 2)
        self.assertIsNone(self.keys.trusted)

    def test_silence(self) -> None:
        """
        Without a reply each try waits auth_timeout, each attempt has auth_tries of them.
        """
        [(level, text)] = self.lines(SILENT, 24, timeout=5.0, tries=2)
        self.assertIs(level, LogLevel.warn)
        self.assertIn("does not answer", text)
        self.assertEqual(len(self.master.sign_ins), 3)  # at 0, 5, then 10 + 10

    def test_next_master(self) -> None:
        """
        Of several masters the next is asked when one does not answer.
        """
        masters = {"10.0.0.1": None, HERE: self.master}
        link = make_link(self.clock, masters, self.keys)
        self.successResultOf(link.startService())
        signing_in = link.sign_in()
        self.assertNoResult(signing_in)
        self.clock.advance(5)
        self.successResultOf(signing_in)

    def test_name_is_resolved_each_time(self) -> None:
        """
        A master that moved to another address is found at the next try.
        """
        addresses = iter([["10.0.0.1"], [HERE]])
        link = make_link(
            self.clock,
            {"10.0.0.1": None, HERE: self.master},
            names=["salt"],
            lookup=lambda _: succeed(next(addresses)),
        )
        self.successResultOf(link.startService())
        signing_in = link.sign_in()
        self.clock.advance(5)
        self.successResultOf(signing_in)

    def test_name_that_does_not_resolve(self) -> None:
        """
        A name without an address is an error line and another try, not an end.
        """
        answers = iter([fail(OSError(-2, "Name or service not known")), succeed([HERE])])
        link = make_link(
            self.clock, {HERE: self.master}, names=["salt"], lookup=lambda _: next(answers)
        )
        self.successResultOf(link.startService())
        with capturedLogs() as events:
            signing_in = link.sign_in()
        self.assertIn("cannot be resolved (Name or service not known)", events[0]["text"])
        self.clock.advance(10)
        self.successResultOf(signing_in)

    def test_unforeseen(self) -> None:
        """
        Something that nobody foresaw is logged and tried again; the minion never stops asking.
        """
        troubles = [ZeroDivisionError()]
        real = self.keys.master

        def master() -> object:
            if troubles:
                raise troubles.pop()
            return real()

        self.patch(self.keys, "master", master)
        signing_in = self.link().sign_in()
        self.assertNoResult(signing_in)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.clock.advance(10)
        self.successResultOf(signing_in)

    def test_joined(self) -> None:
        """
        All who ask for a sign-in while one is under way get its result.
        """
        self.master.verdict = True
        link = self.link()
        first, second = link.sign_in(), link.sign_in()
        first.cancel()
        self.failureResultOf(first, CancelledError)
        self.master.verdict = None
        self.clock.advance(10)
        self.successResultOf(second)
        self.assertEqual(len(self.master.sign_ins), 2)
        self.assertEqual(len(self.welcomes), 1)

    def test_stop_while_waiting(self) -> None:
        """
        A stop gives the sign-in up and leaves no timer.
        """
        self.master.verdict = True
        link = self.link()
        signing_in = link.sign_in()
        link.stopService()
        link.stopService()
        self.failureResultOf(signing_in, CancelledError)
        self.assertEqual(self.clock.getDelayedCalls(), [])


class RequestTests(LinkCase):
    def setUp(self) -> None:
        super().setUp()
        self.here = self.link()
        self.successResultOf(self.here.sign_in())

    def test_answer(self) -> None:
        """
        A request carries id, time and proof; its answer is the value in the box.
        """
        self.master.answers["_mine_get"] = lambda load: {"m2": load["fun"]}
        answer = self.here.request({"cmd": "_mine_get", "fun": "x"})
        self.assertEqual(self.successResultOf(answer), {"m2": "x"})
        load = self.master.loads[-1]
        self.assertEqual((load["id"], load["ts"]), ("m1", 1_800_000_000))

    def test_new_session_key(self) -> None:
        """
        "bad load" leads to one sign-in and one repetition, with a fresh nonce.
        """
        self.master.forget_sessions()
        self.successResultOf(self.here.request({"cmd": "_mine", "data": {}}))
        self.assertEqual(len(self.master.sign_ins), 2)

    def test_always_bad_load(self) -> None:
        """
        A master that never knows the session costs one sign-in for each request, not a storm.
        """
        self.master.sessions = _Forgetful()
        answer = self.here.request({"cmd": "_mine", "data": {}})
        self.assertIn("another key", str(self.failureResultOf(answer).value))
        self.assertEqual(len(self.master.sign_ins), 2)

    def test_deleted_key(self) -> None:
        """
        A minion whose key was deleted waits for its acceptance; the request fails in its time.
        """
        self.master.forget_sessions()
        self.master.verdict = True
        answer = self.here.request({"cmd": "_mine", "data": {}}, timeout=20)
        self.clock.pump([5.0] * 4)
        self.failureResultOf(answer, RequestTimedOut)
        self.master.verdict = None
        again = self.here.request({"cmd": "_mine", "data": {}}, timeout=20)
        self.clock.pump([5.0] * 3)
        self.successResultOf(again)
        self.assertTrue(self.welcomes[-1].was_out)
        self.master.forget_sessions()
        self.successResultOf(self.here.request({"cmd": "_mine", "data": {}}))
        self.assertFalse(self.welcomes[-1].was_out)

    def test_tries(self) -> None:
        """
        A request without an answer is tried again as often as it may.
        """
        self.master.answers["_mine"] = lambda _: SILENT
        answer = self.here.request({"cmd": "_mine"}, timeout=60, tries=3)
        self.clock.pump([60.0] * 2)
        self.assertNoResult(answer)
        self.clock.advance(60)
        self.failureResultOf(answer, RequestTimedOut)
        self.assertEqual(len({load["nonce"] for load in self.master.loads}), 3)

    def test_unsealed_answer(self) -> None:
        """
        A bare empty value is nobody's word and refused.
        """
        wire = self.here._road.lanes._sockets
        self.successResultOf(self.here.request({"cmd": "_mine"}))
        wire["returns"].request = lambda payload, timeout: succeed(b"\x80")
        self.failureResultOf(self.here.request({"cmd": "_mine"}), RequestRefused)

    def test_before_the_first_sign_in(self) -> None:
        """
        A request waits for the first sign-in, but not for ever.
        """
        self.master.verdict = True
        link = self.link()
        answer = link.request({"cmd": "_mine"}, timeout=30)
        self.clock.advance(10)
        self.assertNoResult(answer)
        self.master.verdict = None
        self.clock.advance(10)
        self.successResultOf(answer)


class _Forgetful(dict[str, str]):
    """Session keys that nobody finds again."""

    def get(self, minion_id: str, default: str | None = None) -> str | None:
        return None
