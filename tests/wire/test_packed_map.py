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


class PickerTests(SynchronousTestCase):
    @settings(max_examples=100, deadline=None)
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
