"""What docs/rights.md says of its own example is so."""

import re
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

import txsalt
from tests.master.place import Place
from txsalt.renderers import yaml

DOCUMENT = Path(txsalt.__file__).parent.parent / "docs" / "rights.md"
ROW = re.compile(
    r"^\| ([\w-]+) \| (key file|\w+) \| ([\w. ]+) \| ([\w ]+) \| (yes|no) \|$", re.MULTILINE
)


class DocumentTests(SynchronousTestCase):
    def test_table(self) -> None:
        """
        Each line of the table is what the master decides by the rules above it.
        """
        text = DOCUMENT.read_text()
        example = re.search(r"^```yaml rules\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        assert example is not None
        options: dict[str, Any] = yaml.load(example[1], "rights.md")
        place = Place(self, **options)
        for minion, role in (("web1", "web"), ("db1", "db")):
            place.minion(minion)
            place.bench.facts.save(minion, {"role": role}, {}, 1)
        rows = ROW.findall(text)
        self.assertGreater(len(rows), 10)
        for user, eauth, words, minions, answer in rows:
            function, *arguments = words.split()
            asked: dict[str, Any] = {
                "user": user,
                "tgt": minions.replace(" ", ","),
                "tgt_type": "list",
                "function": function,
                "words": arguments,
            }
            if eauth != "key file":
                asked |= {"eauth": eauth, "groups": []}
            reply = place.as_root("runner", fun="acl.explain", direct=True, kwarg=asked)
            told = reply["data"]["return"]
            self.assertEqual(told["allowed"], answer == "yes", (user, words, minions, told))
