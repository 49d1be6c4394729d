"""The command line, our master and our minions with each other: what a user types and sees."""

import json
import time
from typing import Any

from tests.integration.spine import SpineCase, SpineMaster
from tests.interop.harness import GRAINS, PILLAR, Fleet, TxMinion
from tests.interop.processes import Answer, wait_until
from tests.interop.watchers import has_tag
from txsalt.client.local_client import LocalClient

ALL = {"web1", "web2", "db1"}
WEBS = {"web1", "web2"}
NESTED = {"list": [1, 2.5, None, True, {"deep": "grüße ☃"}], "empty": {}, "1": ""}
USAGE, NO_KEY, DISCONNECTED = 64, 81, 86


class CommandCase(SpineCase):
    """Three minions and a master with a nodegroup."""

    def make_fleet(self) -> Fleet:
        fleet = Fleet(SpineMaster(nodegroups={"webs": "web*", "both": "N@webs or L@db1"}))
        for minion_id in self.ids:
            fleet.add(TxMinion(fleet.master, minion_id))
        return fleet

    def ask(self, *words: str) -> Any:
        """What web1 returns to a call that must succeed."""
        answer = self.master.cli("--out", "json", "web1", *words)
        self.assertEqual((answer.returncode, answer.stderr), (0, ""), str(answer)[:2000])
        return answer.data["web1"]

    def refused(self, *words: str, code: int = 1) -> str:
        """What the command line complains of; there are no data and no traceback."""
        answer = self.master.cli(*words)
        self.assertEqual((answer.returncode, answer.stdout), (code, ""), str(answer))
        self.assertNotIn("Traceback", answer.stderr)
        self.assertTrue(answer.stderr.strip(), "it says nothing")
        return answer.stderr

    def failed(self, *words: str) -> Answer:
        """A job that returned, and did not succeed."""
        answer = self.master.cli(*words, "--out", "json")
        self.assertEqual(answer.returncode, 1, str(answer))
        return answer


class TargetTests(CommandCase):
    """Who is meant."""

    def test_each_type_of_target(self) -> None:
        """
        Every way to say who is meant reaches these minions and no other.
        """
        for expected, *words in (
            (ALL, "*"),
            (WEBS, "web[12]"),
            (WEBS, "-E", r"web\d"),
            ({"web1", "db1"}, "-L", "web1,db1"),
            (ALL, "-G", "role:web"),
            (ALL, "-G", "place:city:Z*"),
            (ALL, "-G", "place|city|Z*", "--delimiter", "|"),
            ({"db1"}, "-G", "id:db*"),
            (ALL, "-P", "role:^w.b$"),
            (ALL, "-I", "fruit:quince"),
            (ALL, "-J", "nested:text:^gr"),
            (ALL, "-S", "127.0.0.0/8"),
            (ALL, "-S", "127.0.0.1"),
            (WEBS, "-N", "webs"),
            (ALL, "-N", "both"),
            ({"web1", "db1"}, "-C", "web* and not web2 or E@db\\d"),
            ({"db1"}, "-C", "( G@role:web and I@fruit:quince ) and not N@webs"),
        ):
            answer = self.master.cli(*words, "test.ping", "--out", "json", "--static")
            self.assertEqual(answer.data, dict.fromkeys(expected, True), f"{words}: {answer}")
            self.assertEqual((answer.returncode, answer.stderr), (0, ""), str(words))

    def test_nobody_matches(self) -> None:
        """
        A target that matches nobody, or that cannot be read, is named with the reason at once.
        """
        for needle, *words in (
            ("nobody*", "nobody*"),
            ("role:none", "-G", "role:none"),
            ("fruit:apple", "-I", "fruit:apple"),
            ("nope", "-N", "nope"),
            ("'('", "-C", "web* and ("),
            ("not a regular expression", "-E", "("),
        ):
            self.assertIn(needle, self.refused(*words, "test.ping"))

    def test_unknown_name_in_a_list(self) -> None:
        """
        A listed minion that the master does not know is named; the others answer.
        """
        answer = self.master.cli("-L", "web1,ghost", "test.ping", "--out", "json")
        self.assertEqual((answer.data, answer.returncode), ({"web1": True}, NO_KEY))
        self.assertIn("ghost did not return: no accepted key of this id", answer.stderr)


class OutputTests(CommandCase):
    """What is printed."""

    def test_each_output(self) -> None:
        """
        Each output says the same in its own form, one text for each return as it comes.
        """
        for how, text in (
            ("nested", "web1:\n    ----------\n    a:\n        - 1\n        - grüße\n"),
            ("json", '{"web1": {"a": [1, "grüße"]}}\n'),
            ("yaml", 'web1:\n  a:\n    - 1\n    - "grüße"\n'),
            ("txt", "web1: {'a': [1, 'grüße']}\n"),
            ("raw", "{'web1': {'a': [1, 'grüße']}}\n"),
            ("quiet", ""),
        ):
            answer = self.master.cli("web1", "test.echo", "{a: [1, grüße]}", "--out", how)
            self.assertEqual((answer.returncode, answer.stderr), (0, ""), str(answer))
            self.assertTrue(answer.stdout.startswith(text), f"{how}: {answer.stdout}")

    def test_static(self) -> None:
        """
        With --static there is one document, sorted by id.
        """
        for how in ("nested", "json", "yaml", "txt", "raw"):
            answer = self.master.cli("*", "test.ping", "--out", how, "--static")
            self.assertEqual((answer.returncode, answer.stderr), (0, ""), str(answer))
            places = [answer.stdout.index(minion_id) for minion_id in sorted(ALL)]
            self.assertEqual(places, sorted(places), answer.stdout)
            if how == "json":
                self.assertEqual(json.loads(answer.stdout), dict.fromkeys(ALL, True))

    def test_async(self) -> None:
        """
        --async prints the job's id and nothing else; the results are on the bus and in the store.
        """
        with self.master.listening() as watcher:
            answer = self.master.cli("web*", "test.echo", "later", "--async")
            self.assertRegex(answer.stdout, r"\A\d{20}\n\Z")
            jid = answer.stdout.strip()
            for minion_id in WEBS:
                tag = f"salt/job/{jid}/ret/{minion_id}"
                self.assertEqual(watcher.wait(has_tag(tag), 15)[1]["return"], "later")

    def test_wrong_usage(self) -> None:
        """
        A command line that makes no sense ends with 64 and a sentence, and shows no traceback.
        """
        for needle, *words in (
            ("a target and a function", ""),
            ("a target and a function", "web1"),
            ("--outt", "web1", "test.ping", "--outt", "json"),
            ("jsn", "web1", "test.ping", "--out", "jsn"),
            ("seconds", "web1", "test.ping", "-t", "abc"),
            ("seconds", "web1", "test.ping", "-t", "-1"),
            ("seconds", "web1", "test.ping", "-t", "nan"),
            ("seconds", "web1", "test.ping", "-t", "inf"),
            ("not allowed with", "-E", "-L", "web1", "test.ping"),
            ("a function is needed", "web1", ","),
            ("frob", "key", "frob"),
            ("ACTION", "key"),
            ("seconds", "event", "-t", "nan"),
        ):
            self.assertIn(needle, self.refused(*filter(None, words), code=USAGE), str(words))


class DataTests(CommandCase):
    """What travels."""

    def test_arguments(self) -> None:
        """
        Words are read as YAML, NAME=VALUE as a named argument, and words after -- as they are.
        """
        words = ["1", "2.5", "true", "null", "[1, {a: b}]", "text", "'7'", "-1", "a: b", ""]
        named = ["x=1", "y={a: [1]}", "z=p=q"]
        found = self.ask("test.arg", *words[:7], *named, "--", *words[7:])
        expected = [1, 2.5, True, None, [1, {"a": "b"}], "text", "7", -1, "a: b", ""]
        self.assertEqual(found["args"], expected)
        given = {name: value for name, value in found["kwargs"].items() if name[:2] != "__"}
        self.assertEqual(given, {"x": 1, "y": {"a": [1]}, "z": "p=q"})

    def test_several_functions(self) -> None:
        """
        Functions joined by commas are answered by name, each with its own arguments.
        """
        found = self.ask("test.ping,test.echo,test.arg", ",", "hi", ",", "1", "k=2")
        self.assertEqual((found["test.ping"], found["test.echo"]), (True, "hi"))
        self.assertEqual((found["test.arg"]["args"], found["test.arg"]["kwargs"]["k"]), ([1], 2))
        answer = self.failed("web1", "test.ping,nowhere.found")
        self.assertIs(answer.data["web1"]["test.ping"], True)
        self.assertIn("nowhere.found", answer.data["web1"]["nowhere.found"])

    def test_unicode_and_nested(self) -> None:
        """
        Text of any language and data within data come back as they went.
        """
        for value in ("grüße ☃ 日本 \U0001f984", NESTED, [[[[]]]], "line\nline\ttab"):
            self.assertEqual(
                self.ask("test.echo", f"text={json.dumps(value, ensure_ascii=False)}"), value
            )

    def test_binary(self) -> None:
        """
        Bytes that are no text come back as bytes.
        """
        client = LocalClient(str(self.master.config_dir))
        self.addCleanup(client.close)
        found = client.cmd("web1", "test.echo", [b"\xff\x00\xfe"])
        self.assertEqual(found, {"web1": b"\xff\x00\xfe"})
        self.assertIn("\ufffd", self.ask("cmd.run", r"printf '\377'"))

    def test_large_return(self) -> None:
        """
        A return of five megabytes is shown whole, though the bus carries only small events.
        """
        command = "head -c 5000000 /dev/zero | tr '\\0' x"
        self.assertEqual(len(self.ask("cmd.run", command)), 5_000_000)
        again = self.master.cli("web*", "cmd.run", command, "--out", "json", "--static")
        sizes = {minion_id: len(text) for minion_id, text in again.data.items()}
        self.assertEqual(sizes, dict.fromkeys(WEBS, 5_000_000))

    def test_facts(self) -> None:
        """
        Grains and pillar are those of the minion, whole or by name.
        """
        self.assertEqual(self.ask("pillar.items"), PILLAR)
        self.assertEqual(self.ask("pillar.get", "nested:text"), "grüße")
        self.assertEqual(self.ask("grains.get", "place:city"), "Zürich")
        self.assertEqual(self.ask("grains.item", "role", "place"), GRAINS)
        self.assertEqual(self.ask("grains.items")["id"], "web1")
        self.assertIn("kernel", self.ask("grains.ls"))
        for function in ("saltutil.refresh_pillar", "saltutil.refresh_grains"):
            self.assertIs(self.ask(function), True)

    def test_documentation(self) -> None:
        """
        A minion tells what it can do.
        """
        self.assertIn("test.ping", self.ask("sys.doc", "test.ping"))
        self.assertIn("test.echo", self.ask("sys.list_functions", "test"))
        self.assertIn("cmd.run", self.ask("sys.list_functions"))
        self.assertLessEqual({"test", "cmd", "grains"}, set(self.ask("sys.list_modules")))

    def test_mine(self) -> None:
        """
        What one minion puts into the mine another one reads.
        """
        self.assertIs(self.ask("mine.send", "test.ping"), True)
        answer = self.master.cli("db1", "mine.get", "web*", "test.ping", "--out", "json")
        self.assertEqual(answer.data, {"db1": {"web1": True}})


class FailureTests(CommandCase):
    """Exit codes, running jobs, minions that are not there."""

    def test_failures(self) -> None:
        """
        A function that raises, that is not there or whose command fails makes the code 1.
        """
        self.assertIn("boom", self.failed("web1", "test.exception", "boom").data["web1"])
        self.assertIn("no.where", self.failed("web1", "no.where").data["web1"])
        self.assertIn("missing", self.failed("web1", "test.echo").data["web1"])
        self.assertEqual(self.failed("web1", "cmd.run", "echo out; exit 3").data["web1"], "out")
        self.assertEqual(self.failed("web1", "cmd.retcode", "exit 3").data["web1"], 3)
        self.assertEqual(self.failed("web1", "cmd.run_all", "exit 3").data["web1"]["retcode"], 3)

    def test_one_of_two_fails(self) -> None:
        """
        The code is 0 only if every minion succeeded.
        """
        # Only one of them can make a folder.
        answer = self.failed("web*", "cmd.run", f"mkdir {self.master.root}/once")
        self.assertEqual(set(answer.data), WEBS)
        self.assertIn("", answer.data.values())
        again = self.failed("web*", "cmd.run", f"mkdir {self.master.root}/once")
        self.assertEqual(again.stderr, "txsalt-cli: failed on web1, web2\n")

    def test_running_job(self) -> None:
        """
        A running job is found, listed, and gone when it was killed; its return says so.
        """
        with self.master.listening() as watcher:
            jid = self.master.cli("web1", "test.sleep", "90", "--async").stdout.strip()
            found = wait_until(lambda: self.ask("saltutil.find_job", jid), 10, "the job runs")
            self.assertEqual((found["jid"], found["fun"], found["arg"]), (jid, "test.sleep", [90]))
            self.assertEqual([job["jid"] for job in self.ask("saltutil.running")], [jid])
            self.assertEqual(len(self.ask("saltutil.is_running", "test.*")), 1)
            self.assertEqual(self.ask("saltutil.is_running", "cmd.*"), [])
            self.assertIn(jid, self.ask("saltutil.kill_job", jid))
            _, data = watcher.wait(has_tag(f"salt/job/{jid}/ret/web1"), 10)
            self.assertIs(data["success"], False)
            self.assertEqual(self.ask("saltutil.running"), [])

    def test_long_job(self) -> None:
        """
        A job that takes longer than the time-out is waited for, as the minion says that it runs.
        """
        began = time.monotonic()
        self.assertIs(self.ask("test.sleep", "3", "-t", "1"), True)
        self.assertGreaterEqual(time.monotonic() - began, 3)

    def test_dead_minion(self) -> None:
        """
        A minion that is known to be down is named with the reason, a moment after the others
        have answered.
        """
        self.minion("db1").stop()
        try:
            began = time.monotonic()
            answer = self.master.cli("*", "test.ping", "-t", "1", "--out", "json")
            seconds = time.monotonic() - began
        finally:
            self.minion("db1").start()
        self.assertEqual(
            (answer.data, answer.returncode), (dict.fromkeys(WEBS, True), DISCONNECTED)
        )
        self.assertIn("db1 did not return: not connected since", answer.stderr)
        print(f"\n[measured] a minion that is down: named after {seconds:.2f} s with -t 1")
        self.assertLess(seconds, 6)
        self.answers()
