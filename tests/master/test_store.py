"""Tests of the SQLite store."""

import os
import sqlite3
import stat
import tempfile
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from txsalt.errors import BadLoad, Replayed, StoreError
from txsalt.master.store import database
from txsalt.master.store.facts import FactsStore
from txsalt.master.store.identities import Identities, forget
from txsalt.master.store.job_search import JobQuery
from txsalt.master.store.jobs import Job, Jobs
from txsalt.master.store.mine import MOST_BYTES, MineStore
from txsalt.targeting.needs import Needs
from txsalt.wire.job_loads import Return, read_return

NEEDS = Needs(grains=frozenset(["os", "a"]), pillar=frozenset(["role"]))


def a_return(minion_id: str = "m1", jid: str = "1", **fields: object) -> Return:
    return read_return({"return": True, "jid": jid, "fun": "test.ping", **fields}, minion_id)


class StoreCase(SynchronousTestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = database.path_in(folder.name)
        database.prepare(self.path)
        self.connection = self.connect()

    def connect(self) -> sqlite3.Connection:
        connection = database.connect(self.path)
        self.addCleanup(connection.close)
        return connection


class DatabaseTests(StoreCase):
    def test_modes(self) -> None:
        """
        Results of jobs are readable by the owner of the master only.
        """
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(os.stat(os.path.dirname(self.path)).st_mode), 0o700)

    def test_prepared_twice(self) -> None:
        """
        A restart keeps what is stored.
        """
        Jobs(self.connection).save_job(Job(jid="1", created=1, load={}))
        database.prepare(self.path)
        self.assertIsNotNone(Jobs(self.connection).job("1"))

    def test_other_version(self) -> None:
        """
        A file of a later version is refused, not damaged.
        """
        self.connection.execute("PRAGMA user_version=99")
        self.assertRaises(StoreError, database.connect, self.path)
        self.assertRaises(StoreError, database.prepare, self.path)

    def test_not_a_database(self) -> None:
        """
        A damaged file is an error of ours.
        """
        path = self.path + "-other"
        with open(path, "wb") as file:
            file.write(b"rubbish" * 1000)
        self.assertRaises(StoreError, database.prepare, path)

    def test_prune_in_steps(self) -> None:
        """
        Old jobs and returns go, a bounded number at a time; younger ones stay.
        """
        jobs = Jobs(self.connection)
        for number in range(10):
            jobs.save_job(Job(jid=str(number), created=number, load={}))
            jobs.save_return(a_return(jid=str(number)), number)
        self.assertEqual(database.prune(self.connection, 5, limit=3), 6)
        self.assertEqual(database.prune(self.connection, 5, limit=3), 4)
        self.assertEqual(database.prune(self.connection, 5, limit=3), 0)
        self.assertEqual([job.jid for job in jobs.latest()], ["9", "8", "7", "6", "5"])
        self.assertEqual(jobs.returns("4"), {})
        self.assertIn("m1", jobs.returns("5"))


class JobsTests(StoreCase):
    def test_a_jid_is_used_once(self) -> None:
        """
        Two workers that make the same jid do not share a job.
        """
        Jobs(self.connection).save_job(Job(jid="1", created=1, load={}))
        other = Jobs(self.connect())
        self.assertRaises(Replayed, other.save_job, Job(jid="1", created=2, load={}))

    def test_job_comes_back(self) -> None:
        """
        A job is stored whole.
        """
        job = Job(
            jid="1", created=2.5, load={"arg": [b"\xff", None, {1: 2}]}, minions=["a"], owner="b"
        )
        jobs = Jobs(self.connection)
        jobs.save_job(job)
        self.assertEqual(jobs.job("1"), job)
        self.assertIsNone(jobs.job("2"))

    def test_repeated_return(self) -> None:
        """
        The same return twice, with another time and stamp, is not news.
        """
        jobs = Jobs(self.connection)
        self.assertTrue(jobs.save_return(a_return(ts=1, _stamp="x"), 1))
        self.assertFalse(jobs.save_return(a_return(ts=2, _stamp="y"), 2))
        self.assertEqual(jobs.returns("1")["m1"]["_stamp"], "x")

    def test_other_return_replaces(self) -> None:
        """
        A different return for the same job and minion replaces the first.
        """
        jobs = Jobs(self.connection)
        jobs.save_return(a_return(), 1)
        self.assertTrue(jobs.save_return(a_return(retcode=1), 2))
        self.assertEqual(jobs.returns("1")["m1"]["retcode"], 1)
        self.assertEqual(jobs.returned_ids("1"), {"m1"})


class FactsTests(StoreCase):
    def setUp(self) -> None:
        super().setUp()
        self.facts = FactsStore(self.connection)

    def test_seen_by_another_worker(self) -> None:
        """
        What one worker stores, another one finds, also after changes and deletions.
        """
        other_connection = self.connect()
        other = FactsStore(other_connection)
        self.assertIsNone(other.lookup(NEEDS)("m1"))
        self.facts.save("m1", {"os": "Debian"}, {"role": "web"}, 1)
        found = other.lookup(NEEDS)("m1")
        self.assertEqual(
            found and (found.grains, found.pillar), ({"os": "Debian"}, {"role": "web"})
        )
        self.facts.save("m1", {"os": "Alma"}, {"role": "db"}, 2)
        found = other.lookup(NEEDS)("m1")
        self.assertEqual(found and (found.grains, found.pillar), ({"os": "Alma"}, {"role": "db"}))
        forget(self.connection, "m1")
        self.assertIsNone(other.lookup(NEEDS)("m1"))
        self.assertIsNone(other.one("m1"))

    def test_forgotten_and_known_again(self) -> None:
        """
        A minion that comes back after its deletion is found with its new facts.
        """
        self.facts.save("m1", {"a": 1}, {}, 1)
        self.facts.lookup(NEEDS)
        forget(self.connection, "m1")
        self.facts.save("m1", {"a": 2}, {}, 2)
        found = self.facts.lookup(NEEDS)("m1")
        self.assertEqual(found and found.grains, {"a": 2})

    def test_same_facts_again(self) -> None:
        """
        A refresh without news only notes the time.
        """
        self.assertTrue(self.facts.save("m1", {"a": 1}, {}, 1))
        self.assertFalse(self.facts.save("m1", {"a": 1}, {}, 2))
        self.assertEqual(self.facts.seen("m1"), 2)


class IdentityTests(StoreCase):
    def test_new_key_finds_nothing_of_the_old(self) -> None:
        """
        Whoever takes over an id with another key inherits nothing, however the old key went.
        """
        identities = Identities(self.connection)
        mine, facts = MineStore(self.connection), FactsStore(self.connection)
        self.assertFalse(identities.signed_in("m1", "old"))
        facts.save("m1", {"a": 1}, {"secret": 1}, 1)
        mine.merge("m1", {"x": 1}, clear=False)
        self.assertFalse(identities.signed_in("m1", "old"))
        self.assertEqual(mine.values("x", ["m1"]), {"m1": 1})
        self.assertTrue(identities.signed_in("m1", "new"))
        self.assertEqual(mine.values("x", ["m1"]), {})
        self.assertIsNone(facts.one("m1"))

    def test_full_disk(self) -> None:
        """
        Where the disk is full, that is what is told; nothing is forgotten, and work goes on.
        """
        mine, facts = MineStore(self.connection), FactsStore(self.connection)
        mine.merge("m1", {"x": 1}, clear=False)
        failing: Any = _FullAtCommit(self.connection)
        for deed in (
            lambda: forget(failing, "m1"),
            lambda: MineStore(failing).merge("m1", {"y": 2}, clear=True),
            lambda: FactsStore(failing).save("m1", {"a": 1}, {}, 1),
        ):
            error = self.assertRaises(sqlite3.OperationalError, deed)
            self.assertEqual(str(error), "database or disk is full")
        self.assertEqual(mine.values("x", ["m1"]), {"m1": 1})
        self.assertTrue(facts.save("m1", {"a": 1}, {}, 1))


class _FullAtCommit:
    """A connection whose commits fail as on a full disk: the transaction is over by itself."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, statement: str, *rest: Any) -> sqlite3.Cursor:
        if statement == "COMMIT":
            self._connection.execute("ROLLBACK")
            raise sqlite3.OperationalError("database or disk is full")
        return self._connection.execute(statement, *rest)


class MineTests(StoreCase):
    def test_room(self) -> None:
        """
        A minion cannot fill the disk by ever new names; what it had stays, and it may clear it.
        """
        mine = MineStore(self.connection)
        mine.merge("m1", dict.fromkeys(map(str, range(1000)), 1), clear=False)
        mine.merge("m1", {"5": 2}, clear=False)
        self.assertRaises(BadLoad, mine.merge, "m1", {"more": 1}, clear=False)
        self.assertRaises(BadLoad, mine.merge, "m2", {"x": b"x" * MOST_BYTES}, clear=False)
        self.assertEqual(mine.values("5", ["m1", "m2"]), {"m1": 2})
        mine.merge("m1", {"more": 1}, clear=True)
        self.assertEqual(mine.values("more", ["m1"]), {"m1": 1})

    def test_merge_clear_delete_flush(self) -> None:
        """
        Values are added by alias; clear replaces all; delete and flush take away.
        """
        mine = MineStore(self.connection)
        mine.merge("m1", {"a": 1, "b": 2}, clear=False)
        mine.merge("m1", {"b": 3}, clear=False)
        self.assertEqual(mine.values("b", ["m1", "m2"]), {"m1": 3})
        mine.merge("m1", {"c": 4}, clear=True)
        self.assertEqual(mine.values("a", ["m1"]), {})
        self.assertTrue(mine.delete("m1", "a"))
        self.assertFalse(mine.delete("m2", "a"))
        mine.flush("m1")
        self.assertEqual(mine.values("c", ["m1"]), {})


class JobSearchTests(StoreCase):
    def setUp(self) -> None:
        super().setUp()
        self.jobs = Jobs(self.connection)
        for number, (fun, tgt, user, minions) in enumerate(
            (
                ("test.ping", "*", "root", ["m1", "m2"]),
                (["cmd.run", "test.ping"], ["m1"], "sudo_ann", ["m1"]),
                ("state.apply", "web*", "root", ["web1"]),
            )
        ):
            load = {"fun": fun, "tgt": tgt, "user": user}
            self.jobs.save_job(Job(jid=str(number), created=number, load=load, minions=minions))

    def found(self, **query: object) -> list[str]:
        return [each.jid for each in self.jobs.search(JobQuery(**query))]

    def test_by_everything(self) -> None:
        """
        Jobs are found by function, target, user, minion and time, newest first.
        """
        for expected, query in (
            (["2", "1", "0"], {}),
            (["0"], {"function": "test.*"}),
            (["1"], {"function": "*test.ping", "minion": "m1", "since": 0.5}),
            (["1", "0"], {"minion": "m1"}),
            (["2"], {"target": "web[*]"}),
            (["1"], {"user": "sudo_*"}),
            (["1"], {"since": 1, "until": 1.5}),
            (["2", "1"], {"limit": 2}),
            ([], {"function": "nothing"}),
        ):
            self.assertEqual(self.found(**query), expected, query)

    def test_patterns_are_bounded(self) -> None:
        """
        No pattern stalls the master.
        """
        self.assertRaises(BadLoad, self.found, function="*a" * 1000)
        self.assertEqual(self.found(function="*a" * 100), [])

    def test_counts(self) -> None:
        """
        A job tells how many were expected, returned and failed, and whom it still waits for.
        """
        self.jobs.save_return(a_return("m1", "0", retcode=3), 5)
        (found,) = self.jobs.search(JobQuery(function="test.ping"))
        self.assertEqual((found.expected, found.returned, found.failed), (2, 1, 1))
        waiting = {job.jid: ids for job, ids in self.jobs.unfinished(0)}
        self.assertEqual(waiting, {"0": ["m2"], "1": ["m1"], "2": ["web1"]})
        self.assertEqual(self.jobs.outcomes("0"), {"m1": (5.0, False)})
