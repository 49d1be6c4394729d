"""The sample files in etc/."""

import os

from tests.config.folder import FolderTestCase
from txsalt.config.master import MasterConfig
from txsalt.config.read import read_master
from txsalt.config.samples import CLASSES, sample
from txsalt.renderers import yaml

ETC = os.path.join(os.path.dirname(__file__), "..", "..", "etc")


class SampleTests(FolderTestCase):
    def test_up_to_date(self) -> None:
        """
        etc/master and etc/minion are what python -m txsalt.config.samples prints.
        """
        for role in CLASSES:
            with open(os.path.join(ETC, role), encoding="utf-8") as file:
                self.assertEqual(file.read(), sample(role), f"make etc/{role} again")

    def test_uncommented(self) -> None:
        """
        A sample whose options are all uncommented says what the defaults say.
        """
        for role, config_class in CLASSES.items():
            lines = sample(role).splitlines()
            # Documentation has one space after the mark; the inside of a map has two.
            texts = [line[1:] for line in lines if line and not line.startswith("##")]
            settings = [text for text in texts if text[0] != " " or text[1] == " "]
            expected = config_class().as_map()
            del expected["config_dir"]
            self.assertEqual(yaml.load("\n".join(settings), role), expected)

    def test_reads_as_it_is(self) -> None:
        """
        The sample of a master is a file without any warning.
        """
        self.write("master", sample("master"))
        config, warnings = read_master(self.folder)
        # An empty user is whoever starts it, by the time it is read.
        expected = MasterConfig(config_dir=self.folder, user=config.user)
        self.assertEqual((config, warnings), (expected, []))
        self.assertTrue(config.user)
