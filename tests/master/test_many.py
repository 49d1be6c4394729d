"""Ten thousand minions at one worker: nothing takes more than its share of time."""

import os
from functools import partial
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.master.place import Place, key_pair
from tests.pace import least_seconds
from txsalt.master.worker.commands.publishing import expand_target
from txsalt.protocol.admission import KeyState

COUNT = 10_000
# Processor time. It takes a twentieth of it; what is quadratic takes minutes.
SECONDS = 2.0


class ManyMinionsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.place = Place(self)
        self.ids = [f"m{number:05}" for number in range(COUNT)]
        folder = Path(self.place.config.pki_dir, KeyState.ACCEPTED.value)
        one = folder.parent / "one.pub"
        one.write_text(key_pair("minion").public.pem)
        for minion_id in self.ids:
            os.link(one, folder / minion_id)

    def test_targets(self) -> None:
        """
        Whom a target means is known at once, whatever kind of target it is.
        """
        for tgt, tgt_type, count in (
            ("*", "glob", COUNT),
            ("m0000*", "glob", 10),
            (r"m\d{4}7", "pcre", COUNT // 10),
            (self.ids[::-1], "list", COUNT),
            (",".join(self.ids), "list", COUNT),
            ("os:nobody", "grain", COUNT),  # facts that are not known may be such
            ("m00* or m01* and not E@m.*5$", "compound", 1900),
            (" or ".join(self.ids[:300]), "compound", 300),
        ):
            shown = f"{tgt_type} {str(tgt)[:20]}"
            find = partial(expand_target, self.place.bench, tgt, tgt_type)
            self.assertEqual(len(find().minions), count, shown)
            self.assertLess(least_seconds(find, SECONDS), SECONDS, shown)

    def test_publish(self) -> None:
        """
        A job for everybody, and for a list of everybody, is taken at once.
        """
        for tgt, tgt_type in (("*", "glob"), (self.ids, "list")):
            job = {"fun": "test.ping", "arg": [], "tgt": tgt, "tgt_type": tgt_type}
            publish = partial(self.place.as_root, "publish", **job, ret="", jid="")
            self.assertEqual(len(publish()["load"]["minions"]), COUNT)
            self.assertLess(least_seconds(publish, SECONDS), SECONDS, tgt_type)
