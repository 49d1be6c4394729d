"""Tests of how a minion's options become the settings of its parts."""

from twisted.trial.unittest import SynchronousTestCase

from txsalt.config.minion import MinionConfig
from txsalt.minion.daemon.settings import subscribe_tuning


class ReconnectTests(SynchronousTestCase):
    """How soon a minion is back."""

    def times(self, chance: float, **options: object) -> tuple[int, int]:
        tuning = subscribe_tuning(MinionConfig.from_map({"id": "m1", **options}), chance)
        return tuning.reconnect_ms, tuning.reconnect_max_ms

    def test_soon(self) -> None:
        """
        Unless told otherwise the first try is soon, and the last ones are recon_max apart.
        """
        self.assertEqual(self.times(0.0), (100, 10_000))
        self.assertEqual(self.times(1.0), (500, 10_000))
        self.assertEqual(self.times(1.0, recon_max=50), (500, 500))

    def test_as_configured(self) -> None:
        """
        With recon_default the delays are those that Salt chooses.
        """
        self.assertEqual(self.times(0.5, recon_default=1000), (6000, 11_000))
        self.assertEqual(self.times(0.5, recon_default=70, recon_randomize=False), (70, 10_070))
