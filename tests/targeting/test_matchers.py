"""Tests of single kinds of targets."""

import ipaddress
import itertools
import time
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txsalt.errors import BadTarget
from txsalt.targeting import matchers
from txsalt.targeting.facts import Facts
from txsalt.targeting.paths import Kind, path_matcher, path_matches

texts = st.text(alphabet="aB1:*x.", max_size=4) | st.sampled_from(["", "İ", "ß"])

FACTS = Facts(
    "Web1.example.com",
    grains={
        "os": "Debian",
        "empty": {},
        "none": None,
        "on": True,
        "roles": ["Web", "db", {"kind": "cache", "size": {"gb": 4}}],
        "path": r"C:\Temp",
        "a": {"b": {"c": "Deep"}, "list": ["x", "y"], "n": 5, 8: "eight"},
        "ipv4": ["127.0.0.1", "10.1.2.3", "nonsense", 5],
        "ipv6": ["::1", "fe80::1"],
    },
    pillar={"role": "Web*", "users": {"anna": {"uid": 1}, "bert": {"uid": 2}}},
)


class IdTests(SynchronousTestCase):
    def test_glob(self) -> None:
        """
        A glob covers the whole id, and letter case counts.
        """
        for pattern, meant in {
            "*": True,
            "Web?.*": True,
            "Web[0-9].example.com": True,
            "Web1.example.com": True,
            "web*": False,
            "Web1": False,
            "": False,
            "Web[!1]*": False,
        }.items():
            self.assertEqual(matchers.glob(pattern, FACTS.id), meant, pattern)
        self.assertRaises(BadTarget, matchers.glob, "*" * 5000, "a")

    def test_pcre(self) -> None:
        """
        A regular expression is matched at the start of the id.
        """
        self.assertTrue(matchers.pcre("Web", FACTS.id))
        self.assertFalse(matchers.pcre("example", FACTS.id))
        self.assertFalse(matchers.pcre("Web$", FACTS.id))
        self.assertRaises(BadTarget, matchers.pcre, "(", FACTS.id)

    def test_list(self) -> None:
        """
        A list holds exact ids; as a text they stand between commas.
        """
        self.assertTrue(matchers.listed(["a", FACTS.id], FACTS.id))
        self.assertTrue(matchers.listed("a,Web1.example.com,b", FACTS.id))
        self.assertFalse(matchers.listed("a, Web1.example.com", FACTS.id))
        self.assertFalse(matchers.listed("Web1.example.com.evil", FACTS.id))


addresses = st.one_of(
    st.ip_addresses().map(str),
    st.text(alphabet="0123456789abf.:%/ \n\x00", max_size=20),
    st.sampled_from(["01.2.3.4", "1.2.3", "::1%lo", "fe80::1%", "::ffff:1.2.3.4", "1.2.3.4 "]),
    st.just("\u0661.1.1.1"),
    st.none() | st.integers() | st.binary(max_size=16),
)  # fmt: skip


class NetworkTests(SynchronousTestCase):
    @given(
        st.ip_addresses(),
        st.integers(0, 128),
        st.lists(addresses, max_size=3) | addresses,
    )
    def test_like_the_library(self, first: Any, length: int, own: Any) -> None:
        """
        What counts as an address, and as inside a network, is what Python's ipaddress says.
        """
        length = min(length, first.max_prefixlen)
        network = ipaddress.ip_network(f"{first}/{length}", strict=False)
        facts = Facts("a", {f"ipv{network.version}": own})
        expected = any(inside(each, network) for each in (own if isinstance(own, list) else [own]))
        self.assertEqual(matchers.ipcidr(str(network), facts), expected)


def inside(address: Any, network: Any) -> bool:
    kind = ipaddress.IPv4Address if network.version == 4 else ipaddress.IPv6Address
    try:
        return isinstance(address, str) and kind(address) in network
    except ValueError:
        return False


class ManyMapsTests(SynchronousTestCase):
    @settings(max_examples=300)
    @given(
        st.dictionaries(st.sampled_from(["a", "b", "1"]), texts | st.lists(texts, max_size=3)),
        st.lists(texts | st.sampled_from(["a", "b", "*", "a*", "x+"]), min_size=1, max_size=3),
        st.sampled_from(["glob", "pcre", "exact"]),
        st.sampled_from([":", "|", ""]),
    )
    def test_like_one_at_a_time(
        self, data: dict[str, Any], path: list[str], kind: Kind, delimiter: str
    ) -> None:
        """
        An expression that is prepared for many maps says of each what it says of one.
        """
        tgt = delimiter.join(path)
        one = said(path_matches, data, tgt, kind, delimiter)
        self.assertEqual(said(path_matcher(tgt, kind, delimiter), data), one)

    def test_what_is_large(self) -> None:
        """
        The same for values that are long, and for patterns that cost too much.
        """
        values: list[Any] = ["a" * 999, "a" * 70_000, ["a"] * 2000, ["a" * 2000], "X", {}, [{}]]
        patterns = ("a*", "(a+)+", "a*a*x", ".*.*.*.*x", "(", "x", "a" * 2000)
        kinds: tuple[Kind, ...] = ("glob", "pcre", "exact")
        for value, pattern, kind in itertools.product(values, patterns, kinds):
            data, tgt = {"k": value}, f"k:{pattern}"
            one = said(path_matches, data, tgt, kind)
            self.assertEqual(said(path_matcher(tgt, kind), data), one, (pattern, kind))


def said(match: Callable[..., bool], *arguments: Any) -> bool | str:
    try:
        return match(*arguments)
    except BadTarget as exc:
        return str(exc)


class PathTests(SynchronousTestCase):
    def test_globs_on_grains(self) -> None:
        """
        Paths lead through maps and lists; letter case does not count; keys match too.
        """
        for pattern, meant in {
            "os:debian": True,
            "os:DEB*": True,
            "OS:debian": False,
            "os": False,
            "os:": False,
            "none:*": True,
            "absent:*": False,
            "empty:*": False,
            "on:true": True,
            "roles:web": True,
            "roles:DB": True,
            "roles:kind": True,
            "roles:kind:cache": True,
            "roles:0:web": True,
            "roles:5:web": False,
            "roles:size:gb:4": True,
            r"path:c:\temp": True,
            "a:b:c:deep": True,
            "a:b:c": True,
            "a:b:x": False,
            "a:*": True,
            "a:*:c": True,
            "a:*:c:deep": True,
            "a:*:x": True,
            "*:b:c": True,
            "*:*": True,
            "a:n:5": True,
            "a:8:eight": True,
            "*:debian": True,
            "*:nothing": False,
        }.items():
            self.assertEqual(matchers.grain(pattern, FACTS), meant, pattern)

    def test_other_delimiter(self) -> None:
        """
        With another delimiter the colon is an ordinary sign.
        """
        self.assertTrue(matchers.grain("a|b|c|deep", FACTS, "|"))
        self.assertTrue(matchers.grain(r"path|c:\temp", FACTS, "|"))
        self.assertFalse(matchers.grain("os:Debian", FACTS, "|"))
        self.assertRaises(BadTarget, matchers.grain, "a:b", FACTS, "")

    def test_regular_expressions(self) -> None:
        """
        Regular expressions match from the start of a value, also with a colon inside a group.
        """
        for pattern, meant in {
            "os:deb": True,
            "os:bian": False,
            "os:(?:debian|ubuntu)$": True,
            "os:(": False,
            "roles:w.b": True,
            "a:b:c:de+p$": True,
        }.items():
            self.assertEqual(matchers.grain_pcre(pattern, FACTS), meant, pattern)
        self.assertRaises(BadTarget, matchers.grain_pcre, "os:(a+)+", FACTS)
        self.assertTrue(matchers.pillar_pcre("users:b.*", FACTS))

    def test_pillar(self) -> None:
        """
        Pillar is matched as a glob, or exactly where nobody may guess.
        """
        self.assertTrue(matchers.pillar("users:anna", FACTS))
        self.assertTrue(matchers.pillar("role:w*", FACTS))
        self.assertTrue(matchers.pillar_exact("role:web*", FACTS))
        self.assertFalse(matchers.pillar_exact("users:a*", FACTS))
        self.assertFalse(matchers.pillar_exact("role:w*", FACTS))

    def test_work_is_bounded(self) -> None:
        """
        A hostile path on hostile grains ends quickly, by being refused.
        """
        deep: dict[str, object] = {"a": "x"}
        for _ in range(60):
            deep = {"a": deep}
        wide = Facts("w", {"list": ["a" * 3000 + str(i) for i in range(5000)]})
        began = time.process_time()
        self.assertRaises(BadTarget, matchers.grain, ":".join("a" * 60) + ":z", Facts("d", deep))
        self.assertRaises(BadTarget, matchers.grain_pcre, "list:.*.*!", wide)
        self.assertRaises(BadTarget, matchers.grain, "a:" * 5000, FACTS)
        self.assertLess(time.process_time() - began, 20)  # unbounded, it takes ages


class IpcidrTests(SynchronousTestCase):
    def test_addresses_and_networks(self) -> None:
        """
        Addresses and networks of both families are looked up in the minion's addresses.
        """
        for pattern, meant in {
            "10.1.2.3": True,
            "10.1.2.4": False,
            "10.0.0.0/8": True,
            "192.168.0.0/16": False,
            "fe80::/10": True,
            "::1": True,
            "2001:db8::/32": False,
        }.items():
            self.assertEqual(matchers.ipcidr(pattern, FACTS), meant, pattern)
        self.assertTrue(matchers.ipcidr("10.0.0.0/8", Facts("m", {"ipv4": "10.1.2.3"})))
        self.assertFalse(matchers.ipcidr("10.0.0.0/8", Facts("m")))
        for pattern in ["10.1.2.3/8", "nonsense", "", "10.0.0.0/33"]:
            self.assertRaises(BadTarget, matchers.ipcidr, pattern, FACTS)
