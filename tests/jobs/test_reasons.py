"""Why a minion did not answer."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from txsalt.jobs import exit_codes, reasons
from txsalt.jobs.reasons import EXIT_CODES, SEVERAL, Known, Reason, decide
from txsalt.light import evolve

HERE = Known(up=True, since=1.0, heard=2.0)
AWAY = Known(up=False, since=1.0, heard=0.5)
CASES: list[tuple[str, Known, Any, bool]] = [
    ("no_key", Known(key="none"), None, False),
    ("key_pending", Known(key="pending"), None, False),
    ("key_rejected", Known(key="rejected"), None, False),
    ("key_denied", Known(key="denied"), None, False),
    ("key_denied", Known(denied=True), None, False),
    ("never_connected", Known(), None, False),
    ("disconnected", AWAY, None, False),
    ("silent", HERE, None, False),
    ("not_received", Known(up=True, since=3.0, heard=3.0, sent=2.0), None, False),
    ("silent", Known(up=True, since=1.0, heard=3.0, sent=2.0), None, False),
    ("silent", Known(up=True, since=1.0, heard=2.0, denied=True), None, False),
    ("not_received", HERE, {"state": "unknown"}, True),
    ("not_matched", HERE, {"state": "unmatched"}, True),
    ("queued", HERE, {"state": "queued", "position": 2}, True),
    ("running", HERE, {"state": "running", "seconds": 3.5}, True),
    ("return_waiting", HERE, {"state": "waiting"}, True),
    ("return_refused", HERE, {"state": "refused", "reason": "bad load"}, True),
    ("return_refused", Known(up=True, refused="not signed"), {"state": "ended"}, True),
    ("result_lost", HERE, {"state": "ended"}, True),
    ("not_running", HERE, None, True),
    ("not_running", HERE, {"state": "of a later version"}, True),
    ("running", AWAY, {"state": "running", "seconds": 1}, True),
    ("running", HERE, {"state": "running", "seconds": "long"}, True),
    ("running", HERE, {"state": "running", "seconds": [1]}, True),
    ("running", HERE, {"state": "running"}, True),
    ("not_running", HERE, {"state": "queued", "position": "first"}, True),
    ("not_running", HERE, {"state": ["running"]}, True),
]


class DecideTests(SynchronousTestCase):
    """One reason comes out."""

    def test_each(self) -> None:
        """
        Each state of things has its word and its sentence.
        """
        for word, known, fate, answered in CASES:
            found = decide("m1", known, fate, answered=answered)
            self.assertEqual(found.word, word, f"{known} {fate}")
            self.assertTrue(str(found))
        tried = {word for word, *_ in CASES}
        self.assertEqual(set(EXIT_CODES) - tried, {"deadline", "not_started"})

    def test_deadline(self) -> None:
        """
        A wait that was ended by its deadline says so only if nothing better is known.
        """
        note = "no return within 3 s"
        self.assertEqual(decide("m1", HERE, None, answered=False, note=note).word, "deadline")
        self.assertEqual(decide("m1", AWAY, None, answered=False, note=note).word, "disconnected")

    def test_deadline_of_who_works(self) -> None:
        """
        Who was asked before the deadline, and worked then, has missed the deadline all the same.
        """
        note = "not done by the deadline of 6 s"
        for fate in ({"state": "running", "seconds": 3.0}, {"state": "queued", "position": 1}):
            found = decide("m1", HERE, fate, answered=True, note=note)
            self.assertEqual((found.word, str(found)), ("deadline", note))
            self.assertEqual(
                decide("m1", AWAY, fate, answered=True, note=note).word, "disconnected"
            )
        ended = decide("m1", HERE, {"state": "waiting"}, answered=True, note=note)
        self.assertEqual(ended.word, "return_waiting")

    def test_own_words(self) -> None:
        """
        What a minion says is one line, and no long one.
        """
        fate = {"state": "refused", "reason": "bad\nweb2: load" + 1000 * "."}
        text = str(decide("m1", HERE, fate, answered=True))
        self.assertTrue(text.startswith("its return is refused: bad web2: load..."))
        self.assertLess(len(text), 600)

    def test_since(self) -> None:
        """
        A minion that is gone is told with the time since when.
        """
        found = decide("m1", AWAY, None, answered=False)
        self.assertEqual(found.as_map()["since"], 1.0)
        self.assertNotIn("since", reasons.NO_KEY.as_map())

    def test_facts(self) -> None:
        """
        A minion that was expected by its facts, and does not match, is told with their age.
        """
        unmatched = {"state": "unmatched"}
        for facts, expected in (
            (None, "the master had no facts about it"),
            (100.0, "the master's facts about it were 3h old"),
            (99_999.0, "newer facts about it by now"),
        ):
            known = Known(up=True, heard=2.0, sent=100.0 + 3 * 3600, by_facts=True, facts=facts)
            found = decide("m1", known, unmatched, answered=True)
            self.assertIn(expected, str(found))
            self.assertEqual((found.word, found.as_map()["facts"]), ("not_matched", facts))
            stock = decide("m1", known, None, answered=True)
            self.assertIn("perhaps it is not meant: ", str(stock))
            self.assertIn(expected, str(stock))
        self.assertNotIn("facts", decide("m1", HERE, unmatched, answered=True).as_map())
        silent = decide("m1", evolve(known, facts=None), None, answered=False)
        self.assertEqual((silent.word, silent.as_map()["facts"]), ("silent", None))
        self.assertNotIn("facts", str(silent))

    def test_doubt(self) -> None:
        """
        It is told once of how many the master could only guess that they were meant.
        """
        guess = Reason(word="silent", text="", by_facts=True)
        sure = Reason(word="silent", text="", by_facts=True, facts=1.0)
        self.assertEqual(reasons.doubt([sure, reasons.NO_KEY]), "")
        self.assertRegex(reasons.doubt([guess, sure, guess]), "^of 2 .* had no facts")

    def test_age(self) -> None:
        """
        An age is told in its largest unit.
        """
        for seconds, expected in ((0, "0s"), (59.9, "59s"), (60, "1m"), (7300, "2h"), (1e6, "11d")):
            self.assertEqual(reasons.age(seconds), expected)

    def test_master_started(self) -> None:
        """
        A master that was just started does not know since when somebody is gone, and says so.
        """
        known = Known(up=False, since=100.0, heard=50.0, master_age=3.2)
        found = decide("m1", known, None, answered=False)
        self.assertEqual(found.word, "disconnected")
        self.assertEqual(str(found), "has not connected since the master started 3 s ago")

    def test_from_map(self) -> None:
        """
        What a later master adds is left out.
        """
        self.assertEqual(Known.from_map({"up": True, "mood": "good"}), Known(up=True))


class ExitCodeTests(SynchronousTestCase):
    """The code that a script sees."""

    def test_own_codes(self) -> None:
        """
        Each reason has a code of its own, which nothing else uses.
        """
        codes = [*EXIT_CODES.values(), SEVERAL]
        self.assertEqual(len(set(codes)), len(codes))
        others = {value for value in vars(exit_codes).values() if isinstance(value, int)}
        self.assertEqual(others & set(codes), set())
        self.assertLess(max(codes), 126)

    def test_of_a_job(self) -> None:
        """
        One reason gives its code however many it holds for, two give the code for several.
        """
        gone, silent = (Reason(word=word, text="") for word in ("disconnected", "silent"))
        self.assertEqual(reasons.exit_code([]), 0)
        self.assertEqual(reasons.exit_code([gone, gone]), EXIT_CODES["disconnected"])
        self.assertEqual(reasons.exit_code([gone, silent]), SEVERAL)
