"""Configurations as plain maps, and what they cost."""

import os
import subprocess
import sys

from twisted.trial.unittest import SynchronousTestCase

import txsalt
from txsalt.config.master import MasterConfig
from txsalt.config.minion import MinionConfig
from txsalt.config.option import options_of
from txsalt.errors import ConfigError
from txsalt.wire import serial


class PlainTests(SynchronousTestCase):
    def test_round_trip(self) -> None:
        """
        A program that gets its options in a frame has the same as the daemon.
        """
        for config in (
            MasterConfig(config_dir="/x", nodegroups={"a": "b"}, autosign_file="/f"),
            MinionConfig(config_dir="/x", id="m", master=["a", "b"]),
        ):
            frame = serial.pack_bin(config.as_map())
            self.assertEqual(type(config).from_map(serial.unpack(frame)), config)

    def test_bad_map(self) -> None:
        """
        An unknown option and a wrong value are both told.
        """
        bad = {"nonsense": 1, "timeout": "soon"}
        error = self.assertRaises(ConfigError, MasterConfig.from_map, bad)
        self.assertEqual(len(error.problems), 2)

    def test_defaults_are_not_shared(self) -> None:
        """
        Two configurations do not share a list or map.
        """
        MasterConfig().nodegroups["a"] = "b"
        self.assertEqual(MasterConfig().nodegroups, {})

    def test_every_default_is_of_its_kind(self) -> None:
        """
        Each option accepts its own default and has a documentation that ends like a sentence.
        """
        for config in (MasterConfig(), MinionConfig()):
            for name, option in options_of(type(config)).items():
                self.assertEqual(option.kind.read(getattr(config, name)), getattr(config, name))
                self.assertTrue(option.doc.endswith("."), name)

    def test_import_is_light(self) -> None:
        """
        The class of options alone costs neither YAML nor twisted.
        """
        code = (
            "import sys, txsalt.config.master; "
            "sys.exit(bool({'yaml', 'twisted', 'txsalt.config.minion'} & set(sys.modules)))"
        )
        root = os.path.dirname(os.path.dirname(txsalt.__file__))
        done = subprocess.run([sys.executable, "-c", code], check=False, cwd=root)
        self.assertEqual(done.returncode, 0)
