"""Tests of targets by range, whose meaning a plug-in of the operator's knows."""

import re
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.master.place import Place
from txsalt.protocol.admission import KeyState

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "targeting.md"


class RangeTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.place = Place(self, range_server="web-1 web-2 ghost")
        for minion_id in ("web-1", "web-2", "db-1"):
            self.place.bench.keys.put(KeyState.ACCEPTED, minion_id, f"key of {minion_id}")

    def plug_in(self, text: str) -> None:
        self.place.write("cache/extmods/ranges/mine.py", text)

    def asked(self, tgt: str, tgt_type: str) -> dict[str, Any]:
        reply = self.place.as_root("runner", fun="target.preview", direct=True,
                                   kwarg={"tgt": tgt, "tgt_type": tgt_type})  # fmt: skip
        found: dict[str, Any] = reply["data"]
        return found

    def test_documented_plug_in(self) -> None:
        """
        The plug-in of docs/targeting.md gives a range its meaning, alone and inside of others.
        """
        [text] = re.findall(r"^```python ranges\n(.*?)^```", DOCUMENT.read_text(), re.M | re.S)
        self.plug_in(text)
        found = self.asked("%site", "range")["return"]
        self.assertEqual((found["minions"], found["missing"]), (["web-1", "web-2"], ["ghost"]))
        found = self.asked("* and not R@%site", "compound")["return"]
        self.assertEqual(found["minions"], ["db-1"])

    def test_published_as_a_list(self) -> None:
        """
        Minions get a list of ids, which all of them understand.
        """
        self.plug_in("def expand(text): return ['web-2']\n")
        reply = self.place.as_root("publish", fun="test.ping", tgt="%x", tgt_type="range", arg=[],
                                   ret="", jid="", kwargs={})  # fmt: skip
        self.assertEqual(reply["load"]["minions"], ["web-2"])
        [data] = [data for tag, data in self.place.events if tag.endswith("/new")]
        self.assertEqual((data["tgt"], data["tgt_type"]), (["web-2"], "list"))

    def test_reasons(self) -> None:
        """
        Without a plug-in, or with one that fails, nobody is meant and the reason is told.
        """
        said = self.asked("%x", "range")
        self.assertFalse(said["success"])
        self.assertIn("no plug-in that knows ranges is in", said["return"])
        for text, reason in (
            ("def expand(text): raise OSError('no route')\n", "no route"),
            ("def expand(text): return 5\n", "no list of ids"),
        ):
            place = self.place = Place(self)
            self.plug_in(text)
            with self.assertLogs("txsalt.master.worker", "ERROR"):
                said = self.asked("not R@%x", "compound")
            self.assertIn(reason, said["return"])
            self.assertEqual(place.events, [])
