"""Tests of taking entries out of packed maps."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txsalt.errors import BadEncoding
from txsalt.wire import packed_map, serial

keys = st.text(max_size=3) | st.integers(-3, 300) | st.booleans() | st.none()
values = st.recursive(
    keys | st.binary(max_size=3), lambda inner: st.lists(inner) | st.dictionaries(keys, inner)
)


class EntriesTests(SynchronousTestCase):
    @settings(max_examples=100)
    @given(st.dictionaries(keys, values, max_size=40))
    def test_apart_and_together(self, whole: dict[Any, Any]) -> None:
        """
        The entries of a map, put together again, are the map.
        """
        packed = serial.pack_bin(whole)
        found = list(packed_map.entries(packed))
        self.assertEqual([key for key, _ in found], [serial.pack_bin(key) for key in whole])
        self.assertEqual(packed_map.joined([entry for _, entry in found]), packed)

    @settings(max_examples=50)
    @given(st.lists(values, max_size=40))
    def test_lists(self, several: list[Any]) -> None:
        """
        Packed values are read one after the other.
        """
        parts = [serial.pack_bin(each) for each in several]
        self.assertEqual(serial.unpack_own(parts), several)

    def test_garbage(self) -> None:
        """
        What is no whole map is refused.
        """
        whole = serial.pack_bin({"a": [1, 2], "os": "x" * 50})
        for length in range(1, len(whole)):
            self.assertRaises(BadEncoding, list, packed_map.entries(whole[:length]))
            self.assertRaises(BadEncoding, serial.unpack_own, [whole[:length]])
        self.assertRaises(BadEncoding, list, packed_map.entries(serial.pack_bin([1])))


class PickerTests(SynchronousTestCase):
    @settings(max_examples=100)
    @given(st.dictionaries(keys, values), st.frozensets(keys, max_size=4))
    def test_like_unpacking_all(self, whole: dict[Any, Any], wanted: frozenset[Any]) -> None:
        """
        What is taken out is what the whole map holds under those keys.
        """
        picked = packed_map.picker(wanted)(serial.pack_bin(whole))
        expected = {key: value for key, value in whole.items() if key in wanted}
        self.assertEqual(serial.unpack_bin(picked), expected)

    def test_a_key_that_only_occurs_elsewhere(self) -> None:
        """
        A word within a value, or deeper down, is no entry.
        """
        packed = serial.pack_bin({"a": "os", "b": {"os": 1}})
        self.assertEqual(packed_map.picker({"os"})(packed), packed_map.EMPTY)

    def test_garbage(self) -> None:
        """
        What is no whole map is refused, and nothing else happens.
        """
        whole = serial.pack_bin({"a": [1, 2], "os": "x" * 50})
        pick = packed_map.picker({"os", 7})
        for length in range(1, len(whole)):
            self.assertRaises(BadEncoding, pick, whole[:length])
        self.assertRaises(BadEncoding, pick, serial.pack_bin([1]))
