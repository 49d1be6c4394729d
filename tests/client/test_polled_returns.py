"""Tests of following jobs without the event bus."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from txsalt.client.polled_returns import PolledReturns
from txsalt.errors import BusForbidden, RequestRefused
from txsalt.wire import serial

JID, OTHER = "20240101000000000001", "20240101000000000002"


class StoredJobs:
    """A session whose master has these returns, one a page."""

    def __init__(self) -> None:
        self.jobs: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []

    def runner(self, fun: str, **arguments: Any) -> Any:
        """Answer as the master does."""
        self.asked.append(fun)
        if arguments["jid"] not in self.jobs:
            raise RequestRefused("no job of yours")
        returns = self.jobs[arguments["jid"]]
        if fun == "jobs.show":
            return {"outcomes": {each: [1.0, True] for each in returns}}
        left = [each for each in sorted(arguments["ids"]) if each > arguments["after"]]
        page = [[each, serial.pack_bin(returns[each])] for each in left[:1]]
        return {"returns": page, "after": left[0] if len(left) > 1 else None}


class PolledReturnsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.session = StoredJobs()
        self.polled = PolledReturns(self.session)  # type: ignore[arg-type]

    def heard(self) -> list[tuple[str, Any]]:
        """Everything that there is now."""
        found = []
        while (event := self.polled.receive(0)) is not None:
            found.append((event[0], event[1]["return"]))
        return found

    def test_each_return_once(self) -> None:
        """
        Returns come as the events they would be, page by page, each once.
        """
        self.polled.subscribe(f"salt/job/{JID}/ret/")
        self.assertEqual(self.heard(), [])
        self.session.jobs[JID] = {"b": {"id": "b", "return": 2}, "a": {"id": "a", "return": 1}}
        tag = f"salt/job/{JID}/ret"
        self.assertEqual(self.heard(), [(f"{tag}/a", 1), (f"{tag}/b", 2)])
        self.assertEqual(self.heard(), [])
        self.session.jobs[JID]["c"] = {"id": "c", "return": 3}
        self.assertEqual(self.heard(), [(f"{tag}/c", 3)])

    def test_several_jobs(self) -> None:
        """
        A job that nobody got is no hindrance to another.
        """
        for jid in (OTHER, JID):
            self.polled.subscribe(f"salt/job/{jid}/ret/")
        self.session.jobs[JID] = {"a": {"id": "a", "return": 1}}
        self.assertEqual(len(self.heard()), 1)

    def test_only_returns(self) -> None:
        """
        Other events are not to be had this way.
        """
        for prefix in ("", "salt/", "salt/job/", f"salt/job/{JID}/new", "salt/key"):
            self.assertRaises(BusForbidden, self.polled.subscribe, prefix)

    def test_nothing_more(self) -> None:
        """
        Who wants to hear nothing more asks for nothing more.
        """
        self.polled.subscribe(f"salt/job/{JID}/ret/")
        self.polled.unsubscribe_all()
        self.assertIsNone(self.polled.receive(0))
        self.assertEqual(self.session.asked, [])
