"""Our master with three minions, for live tests of the client and the command line."""

from tests.integration.spine import SpineCase


class LiveCase(SpineCase):
    """Tests with ``self.config_dir`` and three minions: web1, web2, db1."""

    def setUp(self) -> None:
        super().setUp()
        self.config_dir = str(self.master.config_dir)
