"""Tests of topics: masters that send them, minions that ask for them; see ``topics``."""

from tests.interop import topics


class Salt3008MasterTests(topics.StockMasterStory):
    """Our minions under a filtering master of the 3008 line."""

    lines = ("3008",)


class Salt3006MasterTests(topics.StockMasterStory):
    """Our minions under a filtering master of the 3006 line."""

    lines = ("3006",)


class Salt3008MinionTests(topics.StockMinionsStory):
    """Minions of the 3008 line under our filtering master."""

    lines = ("3008",)


class Salt3006MinionTests(topics.StockMinionsStory):
    """Minions of the 3006 line under our filtering master."""

    lines = ("3006",)
