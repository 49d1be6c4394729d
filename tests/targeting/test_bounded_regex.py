"""Tests of regular expressions that cannot stall."""

import re
import time

from twisted.trial.unittest import SynchronousTestCase

from txsalt.errors import BadTarget
from txsalt.targeting.bounded_regex import (
    MAX_PATTERN,
    MAX_SUBJECT,
    MalformedRegex,
    bounded_regex,
)

USUAL = [
    "web.*",
    r"web\d+\.example\.com",
    "(web|db)[0-9]{1,3}",
    "(foo|bar)+x",
    r"(\d{1,3}\.){3}\d{1,3}",
    ".*prod.*-.*",
    "^(?!test).*",
    "a?b?c?",
    "",
    "(?i)WEB",
    "(a|ab|abc)d",
]
STALLING = ["(a+)+$", "(a*)*b", "(a|a)*b", "(a|ab|b)+$", "(.*){9}x", "((((){99}){99}){99}){99}"]


class BoundedRegexTests(SynchronousTestCase):
    def test_usual_patterns_mean_what_they_always_did(self) -> None:
        """
        Patterns as people write them match what Python's own engine matches.
        """
        for pattern in USUAL:
            for subject in ["web1.example.com", "db12", "10.0.0.12", "foobarx", "abcd", ""]:
                own = re.match(pattern, subject) is not None
                self.assertEqual(bounded_regex(pattern).matches_start(subject), own, pattern)

    def test_patterns_that_could_stall_are_refused(self) -> None:
        """
        A repeat inside an endless repeat is refused before it is tried, however often it is asked.
        """
        for pattern in STALLING * 2:
            self.assertRaises(BadTarget, bounded_regex, pattern)

    def test_hostile_pairs_end_quickly(self) -> None:
        """
        Whatever is accepted ends within moments, or says that it would not.
        """
        began = time.process_time()
        for pattern in [
            ".*.*.*.*.*.*.*.*x",
            "a?" * 200 + "a" * 200,
            "(.*,){3}x",
            r"(?:\w{1,9}){9}!",
        ]:
            try:
                bounded_regex(pattern).matches_start("a" * 4000)
            except BadTarget:
                continue
        self.assertLess(time.process_time() - began, 20)  # unbounded, it takes ages

    def test_malformed_and_oversized(self) -> None:
        """
        What is no regular expression is told apart from what is refused.
        """
        for pattern in ["(", "[", "*", "a{2,1}", "(" * 900]:
            self.assertRaises(MalformedRegex, bounded_regex, pattern)
        self.assertRaises(BadTarget, bounded_regex, "a" * (MAX_PATTERN + 1))
        self.assertRaises(BadTarget, bounded_regex("a").matches_start, "a" * (MAX_SUBJECT + 1))
        self.assertRaises(BadTarget, bounded_regex, r"(a)?(?(1)b|c)")
