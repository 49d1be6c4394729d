"""The Python API against live daemons: first of all, every example of its documentation."""

import doctest
import statistics
import time
from pathlib import Path

import txsalt
from tests.client.live import LiveCase
from txsalt.client import LocalClient, events
from txsalt.client.batches import BadBatch
from txsalt.client.session import Session
from txsalt.errors import ConfigError, RequestRefused

DOCS = Path(txsalt.__file__).parent.parent / "docs"


class ApiTests(LiveCase):
    def setUp(self) -> None:
        super().setUp()
        self.local = LocalClient(self.config_dir)
        self.addCleanup(self.local.close)

    def test_documented_examples(self) -> None:
        """
        Every example of docs/api.md runs, and shows what the page says.
        """
        text = (DOCS / "api.md").read_text().replace("```", "")
        names = {"config_dir": self.config_dir}
        example = doctest.DocTestParser().get_doctest(text, names, "api.md", "docs/api.md", 0)
        said: list[str] = []
        found = doctest.DocTestRunner(verbose=False).run(example, out=said.append)
        self.assertGreater(found.attempted, 30)
        self.assertEqual(found.failed, 0, "".join(said))

    def test_a_warm_call(self) -> None:
        """
        A program that calls again and again waits some milliseconds each time.
        """
        self.local.cmd("web1", "test.ping")
        took = []
        for _ in range(30):
            began = time.perf_counter()
            self.assertEqual(self.local.cmd("web1", "test.ping"), {"web1": True})
            took.append(time.perf_counter() - began)
        # 10 ms where nothing else runs; test machines are busy.
        self.assertLess(statistics.median(took), 0.1)

    def test_two_jobs_at_once_on_one_client(self) -> None:
        """
        An iteration that is under way does not lose answers to another call.
        """
        first = self.local.cmd_iter("*", "test.echo", ["one"])
        heard = [next(first)]
        self.assertEqual(self.local.cmd("web1", "test.echo", ["two"]), {"web1": "two"})
        heard += list(first)
        self.assertEqual(
            sorted((id, full["ret"]) for each in heard for id, full in each.items()),
            [("db1", "one"), ("web1", "one"), ("web2", "one")],
        )

    def test_an_iteration_that_is_left_early(self) -> None:
        """
        A program may stop listening in the middle; the next call is not disturbed.
        """
        for _ in self.local.cmd_iter("*", "test.ping"):
            break
        self.assertEqual(set(self.local.cmd("*", "test.ping")), {"web1", "web2", "db1"})

    def test_binary_and_large_returns(self) -> None:
        """
        Bytes stay bytes, and ten megabytes arrive whole.
        """
        raw = b"\xff\x00\xfe"
        self.assertEqual(self.local.cmd("web1", "test.echo", [raw]), {"web1": raw})
        command = "head -c 10000000 /dev/zero | tr '\\0' x"
        text = self.local.cmd("web1", "cmd.run", [command], timeout=30)["web1"]
        self.assertEqual((len(text), set(text)), (10_000_000, {"x"}))

    def test_unknown_names_are_missing(self) -> None:
        """
        A name in a list that nobody has is False, as one that did not return.
        """
        found = self.local.cmd(["web1", "ghost"], "test.ping", tgt_type="list")
        self.assertEqual(found, {"web1": True, "ghost": False})

    def test_batch_stops_at_a_failure(self) -> None:
        """
        With failhard no batch follows one in which somebody failed.
        """
        found = list(
            self.local.cmd_batch("*", "cmd.run", ["exit 1"], batch=1, failhard=True, raw=True)
        )
        self.assertEqual(len(found), 1)

    def test_a_batch_is_the_masters(self) -> None:
        """
        Whoever asked for a batch may go: the master carries it on, under one jid.
        """
        asked = self.local.cmd_batch("*", "test.ping", batch=1, raw=True)
        [first] = next(asked).values()
        asked.close()
        returns = self.local.get_full_returns(first["jid"], ["web1", "web2", "db1"], timeout=20)
        self.assertEqual(sorted(returns), ["db1", "web1", "web2"])
        self.assertEqual(list(self.local.cmd_batch("nobody*", "test.ping")), [])

    def test_what_happened_before(self) -> None:
        """
        Events of the past come first, in their order, then those of now, none twice.
        """
        session = Session(self.config_dir)
        self.addCleanup(session.close)
        # One connection: only what comes over the same one has an order.
        bus = session.connected_bus()
        self.addCleanup(bus.close)
        for number in range(50):
            bus.fire("past/x", {"number": number})
        self.local.cmd("web1", "test.ping")  # all of them have passed the bus
        with events.listening(self.config_dir, "past/", since=time.time() - 60) as stream:
            for number in range(50, 60):
                bus.fire("past/x", {"number": number})
            heard = [event.data["number"] for event in stream.events(count=60, timeout=10)]
        self.assertEqual(heard, list(range(60)))

    def test_the_master_restarts(self) -> None:
        """
        A program that keeps a client for days goes on after the master was restarted.
        """
        self.assertEqual(self.local.cmd("web1", "test.ping"), {"web1": True})
        self.master.restart()
        self.answers()
        self.assertEqual(self.local.cmd("web1", "test.ping"), {"web1": True})

    def test_errors(self) -> None:
        """
        What cannot work raises an error of ours, with a reason.
        """
        self.assertRaises(RequestRefused, self.local.session.runner, "no.such")
        for size in ("many", "0", 0, "0%", "101%", -1, ""):
            self.assertRaises(BadBatch, list, self.local.cmd_batch("*", "test.ping", batch=size))
        (self.master.root / "bad").mkdir()
        (self.master.root / "bad" / "master").write_text("ret_port: [")
        self.assertRaises(ConfigError, LocalClient, str(self.master.root / "bad"))
