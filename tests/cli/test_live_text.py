"""What commands write, shown while they run."""

import io
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txsalt.cli.live_text import LiveText


def chunk(number: int, text: str, **more: Any) -> dict[str, Any]:
    return {"number": number, "text": text, "channel": "stdout", "left_out": 0, **more}


class LiveTextTests(SynchronousTestCase):
    """Lines on the terminal."""

    def setUp(self) -> None:
        self.live = LiveText(io.StringIO())

    def shown(self) -> list[str]:
        stream = self.live.stream
        assert isinstance(stream, io.StringIO)
        return stream.getvalue().splitlines()

    def test_whole_lines(self) -> None:
        """
        A line is shown when it is whole, after its minion; the last one when the minion returned.
        """
        self.live.told("web1", chunk(0, "one\ntw"))
        self.live.told("web2", chunk(0, "other\r\n"))
        self.assertEqual(self.shown(), ["web1 | one", "web2 | other"])
        self.live.told("web1", chunk(1, "o\nthree"))
        self.live.ended("web1")
        self.live.ended("web3")
        self.assertEqual(self.shown()[2:], ["web1 | two", "web1 | three"])

    def test_channels_apart(self) -> None:
        """
        A line of one output is not torn by the other one.
        """
        self.live.told("web1", chunk(0, "half"))
        self.live.told("web1", chunk(1, "error\n", channel="stderr"))
        self.live.told("web1", chunk(2, " and half\n"))
        self.assertEqual(self.shown(), ["web1 | error", "web1 | half and half"])

    def test_left_out(self) -> None:
        """
        It is said where and how much the minion left out.
        """
        self.live.told("web1", chunk(0, "a\n"))
        self.live.told("web1", chunk(1, "z\n", left_out=77))
        self.assertEqual(self.shown(), ["web1 | a", "web1 | [77 bytes more]", "web1 | z"])

    def test_lost_chunk(self) -> None:
        """
        What follows a chunk that never came is shown when the minion has returned.
        """
        self.live.told("web1", chunk(2, "three\n"))
        self.live.told("web1", chunk(0, "one\n"))
        self.assertEqual(self.shown(), ["web1 | one"])
        self.live.ended("web1")
        self.assertEqual(self.shown(), ["web1 | one", "web1 | three"])

    def test_no_more_than_some_chunks_wait(self) -> None:
        """
        A chunk that never comes holds up the others for a while only, and no minion fills memory.
        """
        for number in range(1, 200):
            self.live.told("web1", chunk(number, f"{number}\n"))
        self.assertEqual(self.shown(), [f"web1 | {number}" for number in range(1, 200)])
        self.live.told("web1", chunk(0, "late\n"))
        self.live.told("web1", chunk(7, "again\n"))
        self.assertEqual(len(self.shown()), 199)
        self.live.told("web2", chunk(2, "x" * 5_000_000 + "\n"))
        self.assertEqual(len(self.shown()), 200)

    def test_line_without_end(self) -> None:
        """
        A line that does not end is shown in pieces; there are no channels but the two.
        """
        for number in range(40):
            self.live.told("web1", chunk(number, "x" * 10_000, channel=f"c{number}"))
        self.live.ended("web1")
        self.assertEqual(sum(line.count("x") for line in self.shown()), 400_000)
        self.assertEqual(len(self.shown()), 2)

    def test_items(self) -> None:
        """
        Items of a function that gives its result bit by bit are lines, too.
        """
        self.live.told("web1", {"return": {"a": 1}})
        self.assertEqual(self.shown(), ["web1 | {'a': 1}"])

    @given(st.permutations(range(8)))
    def test_any_order(self, order: list[int]) -> None:
        """
        In whatever order chunks are heard, they are shown in that of the command.
        """
        self.live = LiveText(io.StringIO())
        for number in order:
            self.live.told("web1", chunk(number, f"{number}\n"))
        self.assertEqual(self.shown(), [f"web1 | {number}" for number in range(8)])
