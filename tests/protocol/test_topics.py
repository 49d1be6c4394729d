"""Tests of who gets a copy of a job, and who hears of it."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from txsalt.protocol.publication import (
    BROADCAST,
    Sealer,
    announced,
    announcement_of,
    is_for,
    named_targets,
    pays_to_address,
    topic_of,
    topics_of,
)
from txsalt.wire import crypticle, rsa


def load(tgt: Any, tgt_type: str = "glob") -> dict[str, Any]:
    return {"tgt": tgt, "tgt_type": tgt_type, "jid": "1", "fun": "test.ping", "arg": []}


class TopicTests(SynchronousTestCase):
    def test_named(self) -> None:
        """
        Only who is called by a full name is addressed alone.
        """
        self.assertEqual(named_targets(load("web1")), ["web1"])
        self.assertEqual(named_targets(load(["a", "b"], "list")), ["a", "b"])
        everybody = [("web*", "glob"), ("web?", "glob"), ("web[12]", "glob"), ("web1", "pcre")]
        everybody += [("a,b", "list"), ("os:Debian", "grain"), ("web1", "compound")]
        for tgt, tgt_type in everybody:
            self.assertIsNone(named_targets(load(tgt, tgt_type)))

    def test_when_it_pays(self) -> None:
        """
        Few of many are addressed; never where a stock minion would hear a topic.
        """
        self.assertTrue(pays_to_address(1, 5000, 0))
        self.assertTrue(pays_to_address(2500, 5000, 0))
        for targets, connections, without in (
            (1, 5000, 1),
            (1, 5000, 5000),
            (1, 1, 0),
            (2501, 5000, 0),
            (0, 9, 0),
        ):
            self.assertFalse(pays_to_address(targets, connections, without))
        self.assertFalse(pays_to_address(1, 0, 0))

    def test_a_minion_hears_frames_without_topic(self) -> None:
        """
        Signed or not, a frame for everybody begins as the minion subscribed.
        """
        key = crypticle.Crypticle(crypticle.generate_key_string())
        for signer in (None, rsa.PrivateKey.generate(2048)):
            frame = Sealer(key, 0, signer).seal(load("*"))
            self.assertTrue(frame.startswith(topics_of("m1", filtered=False)))
            self.assertFalse(frame.startswith(topics_of("m1", filtered=True)))

    def test_a_minion_hears_few_copies_of_others(self) -> None:
        """
        Its own topic and that of everybody come through, few of other minions do.
        """
        for filtered in (False, True):
            wanted = topics_of("m1", filtered=filtered)
            self.assertTrue(topic_of("m1").startswith(wanted))
            self.assertTrue(BROADCAST.startswith(wanted))
            strangers = [n for n in range(2, 8000) if topic_of(f"m{n}").startswith(wanted)]
            self.assertLess(len(strangers), 8)
            self.assertFalse(any(is_for("m1", topic_of(f"m{n}")) for n in strangers))
        self.assertTrue(is_for("m1", topic_of("m1")) and is_for("m1", BROADCAST))

    def test_announced(self) -> None:
        """
        A connection is that of a minion which announces itself, or which has its whole topic.
        """
        topic = topic_of("m1")
        self.assertEqual(announced(announcement_of("m1")), topic)
        self.assertEqual(announced(topic), topic)
        for other in (b"", BROADCAST, b"\x82", topic[:3], topic[:8], b"i-am/", topic + b"0"):
            self.assertIsNone(announced(other))
