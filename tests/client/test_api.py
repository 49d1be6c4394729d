"""The Python API against live daemons: first of all, every example of its documentation."""

import doctest
import os
import statistics
import time
from pathlib import Path
from typing import Any  # keywords of any type

import txsalt
from tests.client.live import LiveCase
from tests.integration.spine import SpineMaster
from tests.interop.harness import Fleet, TxMinion
from tests.interop.processes import run, wait_until
from txsalt.client import LocalClient, RunnerClient, events
from txsalt.client.batches import BadBatch
from txsalt.client.session import Session
from txsalt.errors import ConfigError, RequestRefused

DOCS = Path(txsalt.__file__).parent.parent / "docs"
LOGIN = {"eauth": "file", "username": "ann", "password": "correct horse"}


class ApiTests(LiveCase):
    def make_fleet(self) -> Fleet:
        passwords = run().folder / "passwords-of-the-api"
        passwords.write_text(f"{LOGIN['username']}:{LOGIN['password']}\n")
        rules = [{"db*": ["test.*"]}, "@jobs", "@target"]
        file = {"^filename": str(passwords), "ann": rules}
        fleet = Fleet(SpineMaster(external_auth={"file": file}))
        for minion_id in self.ids:
            fleet.add(TxMinion(fleet.master, minion_id))
        return fleet

    def setUp(self) -> None:
        super().setUp()
        self.local = LocalClient(self.config_dir)
        self.addCleanup(self.local.close)

    def test_documented_examples(self) -> None:
        """
        Every example of docs/api.md runs, and shows what the page says.
        """
        # The master's programs know of a connection about a second after it came.
        up = self.local.session.runner
        wait_until(lambda: len(up("manage.up")) == len(self.ids), 10, "all three are up")
        text = (DOCS / "api.md").read_text().replace("```", "")
        names = {"config_dir": self.config_dir, "password": LOGIN["password"]}
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

    def test_login_of_a_call(self) -> None:
        """
        A call with a login has that user's rights, whoever runs the process; the next has not.
        """
        self.assertEqual(self.local.cmd("db1", "test.ping", **LOGIN), {"db1": True})
        self.assertRaises(RequestRefused, self.local.cmd, "web1", "test.ping", **LOGIN)
        self.assertRaises(RequestRefused, self.local.cmd, "db1", "cmd.run", ["id"], **LOGIN)
        self.assertRaises(RequestRefused, self.local.cmd_async, "*", "test.ping", **LOGIN)
        for verb in (
            self.local.cmd_iter,
            self.local.cmd_cli,
            self.local.cmd_iter_no_block,
            self.local.cmd_batch,
        ):
            found = [each for each in verb("db1", "test.ping", **LOGIN) if each]
            self.assertEqual([set(each) for each in found], [{"db1"}])
            self.assertRaises(RequestRefused, list, verb("web1", "test.ping", **LOGIN))
        self.assertEqual(self.local.cmd_subset("db*", "test.ping", **LOGIN), {"db1": True})
        jid = self.local.run_job("web1", "test.ping")["jid"]
        found = list(self.local.get_iter_returns(jid, ["web1"], **LOGIN))
        self.assertEqual(found[0]["web1"]["ret"], True)
        jid = self.local.run_job("db1", "test.ping", **LOGIN)["jid"]
        user = self.local.session.runner("jobs.show", jid=jid)["load"]["user"]
        self.assertEqual(user, "ann")

    def test_login_of_a_client(self) -> None:
        """
        A client, of minions or of the master's functions, may log in once for all of its calls.
        """
        with LocalClient(self.config_dir, **LOGIN) as ann:
            self.assertEqual(ann.cmd("db1", "test.ping"), {"db1": True})
            self.assertRaises(RequestRefused, ann.cmd, "web1", "test.ping")
            self.assertEqual(ann.gather_minions("web*"), ["web1", "web2"])
        words = ("token", "create", "--user", "ci", "--function", "test.ping", "--target", "web*")
        token = self.master.cli(*words).stdout.strip()
        self.assertEqual(self.local.cmd("web1", "test.ping", token=token), {"web1": True})
        self.assertRaises(RequestRefused, self.local.cmd, "db1", "test.ping", token=token)
        with RunnerClient(self.config_dir, **LOGIN) as runner:
            self.assertIsInstance(runner.cmd("jobs.list_jobs"), dict)
            self.assertRaises(RequestRefused, runner.cmd, "manage.up")

    def test_wrong_login(self) -> None:
        """
        A wrong password or token is refused although root runs the process; half a login, too.
        """
        wrong = {**LOGIN, "password": "wrong"}
        error = self.assertRaises(RequestRefused, self.local.cmd, "db1", "test.ping", **wrong)
        self.assertIn("Authentication error", str(error))
        self.assertRaises(RequestRefused, self.local.cmd, "db1", "test.ping", token="f" * 64)
        incomplete: list[dict[str, Any]] = [
            {**LOGIN, "password": None},
            {**LOGIN, "password": ""},
            {"username": "ann"},
            {"eauth": "file"},
            {"token": ""},
        ]
        for login in incomplete:
            self.assertRaises(TypeError, self.local.cmd, "db1", "test.ping", **login)
            self.assertRaises(TypeError, list, self.local.cmd_iter("db1", "test.ping", **login))
            self.assertRaises(TypeError, list, self.local.get_iter_returns("1", [], **login))
            self.assertRaises(TypeError, LocalClient, self.config_dir, **login)
            self.assertRaises(TypeError, RunnerClient, self.config_dir, **login)

    def test_unknown_keywords(self) -> None:
        """
        A misspelt keyword is answered with the nearest one, and nothing is run.
        """
        for keyword, expected in (
            ("tokn", "'token'"),
            ("timeuot", "'timeout'"),
            ("delimeter", "'delimiter'"),
            ("colour", "of the function go into kwarg"),
        ):
            given: dict[str, Any] = {keyword: "x"}
            for verb in (self.local.cmd, self.local.cmd_async, self.local.cmd_full_return):
                error = self.assertRaises(TypeError, verb, "web1", "test.ping", **given)
                self.assertIn(expected, str(error))
        for verb in (self.local.cmd_iter, self.local.cmd_cli, self.local.cmd_batch):
            with self.assertRaises(TypeError):
                list(verb("web1", "test.ping", usrname="ann"))
        self.assertRaises(TypeError, self.local.cmd_subset, "web1", "test.ping", usrname="ann")
        self.assertRaises(TypeError, list, self.local.get_iter_returns("1", [], tokn="x"))
        error = self.assertRaises(TypeError, LocalClient, self.config_dir, usrname="ann")
        self.assertIn("'username'", str(error))
        self.assertRaises(TypeError, RunnerClient, self.config_dir, tokn="x")

    def test_what_is_no_target(self) -> None:
        """
        A misspelt kind of target, a target and a time that are none: each is named, nothing is run.
        """
        for tgt, given, error, expected in (
            ("web1", {"tgt_type": "grian"}, ValueError, "'grian'; did you mean 'grain'?"),
            (None, {}, TypeError, "a list of ids, not None"),
            ("web1", {"timeout": "5 s"}, TypeError, "seconds, not '5 s'"),
        ):
            for verb in (self.local.cmd, self.local.cmd_async, self.local.cmd_full_return):
                found = self.assertRaises(error, verb, tgt, "test.ping", **given)
                self.assertIn(expected, str(found))
        self.assertNotEqual(self.local.cmd_async("web1", "test.ping", timeout=5), 0)

    def test_iterations_with_a_login_that_are_left_early(self) -> None:
        """
        A program that calls in another's name for days keeps no connections of it.
        """
        for verb in (self.local.cmd_iter, self.local.cmd_cli, self.local.cmd_iter_no_block):
            next(verb("db1", "test.ping", **LOGIN))
        next(self.local.cmd_batch("db1", "test.ping", batch=1, **LOGIN))
        before = len(os.listdir("/proc/self/fd"))
        for verb in (self.local.cmd_iter, self.local.cmd_cli, self.local.cmd_iter_no_block):
            kept = verb("db1", "test.ping", **LOGIN)
            next(kept)
            self.assertGreater(len(os.listdir("/proc/self/fd")), before)
            kept.close()
        batch = self.local.cmd_batch("db1", "test.ping", batch=1, **LOGIN)
        next(batch)
        batch.close()
        self.assertEqual(len(os.listdir("/proc/self/fd")), before)

    def test_some_of_a_target(self) -> None:
        """
        Salt's older name of ``subset`` works; the delimiter is of the target that is picked from.
        """
        found = self.local.cmd_subset("os|*", "test.ping", tgt_type="grain", delimiter="|", sub=2)
        self.assertEqual(len(found), 2)
        self.assertEqual(self.local.cmd_subset("os|*", "test.ping", tgt_type="grain"), {})
        found = self.local.cmd_subset("*", "test.ping", sub=1, cli=True)
        self.assertEqual(len(list(found)), 1)

    def test_chosen_job_id(self) -> None:
        """
        A job id that the program chose is that of the job, in each verb that takes one.
        """
        for verb in (self.local.cmd_iter, self.local.cmd_cli, self.local.cmd_iter_no_block):
            jid = self.local.session.new_jid()
            (full,) = [each["web1"] for each in verb("web1", "test.ping", jid=jid) if each]
            self.assertEqual(full["jid"], jid)
        jid = self.local.session.new_jid()
        self.assertEqual(self.local.cmd_async("web1", "test.ping", jid=jid), jid)
        self.assertRaises(TypeError, list, self.local.cmd_batch("*", "test.ping", jid=jid))

    def test_a_list_in_one_text(self) -> None:
        """
        A list of ids may be one text, with commas or with blanks between them.
        """
        for text in ("web1,db1", "web1, db1", "web1 db1", "web1,db1,"):
            found = self.local.cmd(text, "test.ping", tgt_type="list")
            self.assertEqual(found, {"web1": True, "db1": True}, text)

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
