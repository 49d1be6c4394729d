"""
Random targets and facts, answered by us and by the matchers of real Salt, where it is installed.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any
from unittest import SkipTest

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.interop import environments
from tests.targeting import salts_matchers
from tests.targeting.test_expand import expressions, maps, paths
from txsalt.targeting.expand import expected
from txsalt.targeting.facts import Facts
from txsalt.targeting.matches_me import matches

CASES = 4000
TIME = 240  # seconds for all of them in one process of Salt's

# Any: facts hold whatever JSON can.
Case = tuple[str, dict[str, Any], dict[str, Any], str, str, str]

ids = st.sampled_from(["a", "ab", "b1", "web-01.example"])
addresses = st.lists(st.sampled_from(["10.0.0.1", "192.168.7.9", "127.0.0.1"]), max_size=2).map(
    lambda found: {"ipv4": found, "ipv6": ["::1", "fe80::7"][: len(found)]}
)
grains = st.builds(lambda some, own: {**some, **own}, maps, addresses)
one_kind = st.one_of(
    st.tuples(
        st.sampled_from(["a*", "?b", "[ab]*", "[!a]*", "*.example", "A*", ""]), st.just("glob")
    ),
    st.tuples(st.sampled_from(["a", "a$", "[ab]+", ".*1", "(a|b)b", "B"]), st.just("pcre")),
    st.tuples(st.sampled_from(["a", "a,ab", "ab, a", "b1,", ""]), st.just("list")),
    st.tuples(
        st.sampled_from(["10.0.0.0/8", "10.0.0.1", "10.0.0.1/8", "::1", "fe80::/10", "x", "0/0"]),
        st.just("ipcidr"),
    ),
    st.builds(lambda kind, path: (":".join(path), kind), st.sampled_from(
        ["grain", "grain_pcre", "pillar", "pillar_pcre", "pillar_exact"]), paths),
    st.tuples(expressions, st.just("compound")),
)  # fmt: skip
cases = st.builds(
    lambda id, grains, pillar, target, delimiter: (id, grains, pillar, *target, delimiter),
    ids, grains, maps, one_kind, st.sampled_from([":", ":", "|"]),
)  # fmt: skip


def some_cases() -> list[Case]:
    """The same cases at each run, none of them twice."""
    found: dict[str, Case] = {}

    @settings(
        max_examples=CASES,
        derandomize=True,
        phases=[Phase.generate],
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(cases)
    def collect(case: Case) -> None:
        found[json.dumps(case)] = case

    collect()
    return list(found.values())


class WithSaltTests(SynchronousTestCase):
    """A target that a user brings from Salt means the same minions."""

    def test_salt_3008(self) -> None:
        """
        Master, minion and a minion of Salt 3008 give the same answers.
        """
        self._compare("3008")

    def test_salt_3006(self) -> None:
        """
        Master, minion and a minion of Salt 3006 give the same answers.
        """
        self._compare("3006")

    def _compare(self, line: str) -> None:
        if not environments.is_ready(line):
            raise SkipTest(
                f"needs an environment of Salt {line}: run python -m tests.interop.environments "
                f"{line}, or set TXSALT_INTEROP_CACHE to a folder that has one"
            )
        asked = some_cases()
        self.assertGreater(len(asked), CASES // 4)
        differing, chosen = self._differing(line, asked)
        # On a busy machine Salt's loader may miss a matcher, and then means nobody: ask it again.
        again = [case for case, _ in differing]
        wrong = [text for _, text in self._differing(line, again)[0]] if again else []
        self.assertFalse(wrong, "\n".join(wrong[:20]))
        self.assertTrue(len(asked) // 50 < chosen < len(asked), chosen)

    def _differing(self, line: str, asked: list[Case]) -> tuple[list[tuple[Case, str]], int]:
        """Return the cases that Salt answers otherwise, and how many of all our minion matched."""
        wrong: list[tuple[Case, str]] = []
        chosen = 0
        for case, theirs in zip(asked, self._theirs(line, asked), strict=True):
            id, grains, pillar, tgt, tgt_type, delimiter = case
            facts = Facts(id, grains, pillar)
            minion = matches(tgt, tgt_type, facts, delimiter)
            master = expected(tgt, tgt_type, [id], {id: facts}.get, {}, delimiter).minions == [id]
            chosen += minion
            # A target on which Salt's matcher breaks means nobody, there as here.
            if not minion == master == bool(theirs):
                text = f"{case}: minion {minion}, master {master}, Salt {theirs}"
                wrong.append((case, text))
        return wrong, chosen

    def _theirs(self, line: str, asked: list[Case]) -> list[bool | None]:
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        done = subprocess.run(
            [environments.command(line, "python"), str(Path(salts_matchers.__file__).resolve())],
            input=json.dumps({"folder": str(folder), "cases": asked}),
            capture_output=True,
            text=True,
            timeout=TIME,
            env={name: text for name, text in os.environ.items() if name != "PYTHONPATH"},
            check=False,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        answers: list[bool | None] = json.loads(done.stdout.splitlines()[-1])
        return answers
