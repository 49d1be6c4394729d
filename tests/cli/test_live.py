"""The command line against live daemons: jobs, output, events, completion."""

import json
import os
import pty
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

from tests.client.live import LiveCase
from tests.integration.spine import CLI
from tests.interop.processes import Answer, wait_until
from txsalt.cli.completion import SCRIPTS
from txsalt.jobs import exit_codes


class CommandLineTests(LiveCase):
    """One fleet for all of it."""

    def good(self, *words: str) -> str:
        """What a command that succeeds prints."""
        answer = self.master.cli(*words)
        self.assertEqual(answer.returncode, 0, str(answer))
        return answer.stdout

    def started(self, *words: str) -> str:
        """The jid of a job that nobody waits for."""
        return self.good(*words, "--async").strip()

    def stored(self, jid: str) -> Any:
        """What 'job show' tells of a job."""
        return json.loads(self.good("job", "show", jid, "--out", "json"))

    def outcomes(self, jid: str) -> dict[str, str]:
        """Each minion's outcome of a job."""
        return {id: each["outcome"] for id, each in self.stored(jid)["minions"].items()}

    def ended(self, jid: str) -> None:
        """Wait until everyone has returned."""
        wait_until(lambda: "waiting" not in self.outcomes(jid).values(), 30, f"{jid} ended")

    def test_a_running_job(self) -> None:
        """
        A job that runs is shown, listed as active, killed, and shown as failed.
        """
        jid = self.started("web*", "test.sleep", "120")
        self.assertEqual(self.outcomes(jid), {"web1": "waiting", "web2": "waiting"})

        def active() -> bool:
            found = json.loads(self.good("job", "active", "--out", "json"))
            return bool(found.get(jid, {}).get("running") == ["web1", "web2"])

        wait_until(active, 20, "both run it")
        self.assertIn(jid, self.good("job", "active"))
        self.assertIn("Signal 9 sent", self.good("job", "kill", jid))
        self.ended(jid)
        self.assertEqual(self.outcomes(jid), {"web1": "failed", "web2": "failed"})
        self.assertNotIn(jid, self.good("job", "active"))
        self.assertIn("has ended", self.master.cli("job", "kill", jid).stderr)

    def test_wait(self) -> None:
        """
        One follows a job that was started elsewhere: what it returned, and its exit code.
        """
        jid = self.started("*", "cmd.run", "sleep 1; test $(hostname) = nowhere")
        first = self.master.cli("job", "wait", jid, "--out", "json", "--static")
        again = self.master.cli("job", "wait", jid, "--out", "json", "--static")
        self.assertEqual(set(first.data), {"web1", "web2", "db1"})
        self.assertEqual((again.data, again.returncode), (first.data, exit_codes.GENERIC))
        self.assertEqual(first.returncode, exit_codes.GENERIC)

    def test_rerun(self) -> None:
        """
        A job runs again: everywhere, or only where it failed.
        """
        jid = self.started("*", "file.file_exists", str(self.minion("web1").root / "cache"))
        self.ended(jid)
        where = self.master.cli("job", "rerun", jid, "--out", "json", "--static")
        self.assertEqual(len(where.data), 3, str(where))
        bad = self.started("*", "cmd.run", "test -d $HOME/nowhere")
        self.ended(bad)
        failed = self.master.cli("job", "rerun", bad, "--failed", "--out", "json", "--static")
        self.assertEqual((len(failed.data), failed.returncode), (3, exit_codes.GENERIC))
        self.assertIn(
            "nothing is missing", self.master.cli("job", "rerun", bad, "--missing").stderr
        )

    def test_search(self) -> None:
        """
        Jobs are found by function, target, minion and time; the newest come first.
        """
        one = self.started("db1", "test.echo", "needle")
        two = self.started("web*", "test.version")
        self.ended(one)
        self.ended(two)

        def found(*words: str) -> list[str]:
            return list(json.loads(self.good("job", "list", "--out", "json", *words)))

        self.assertEqual(found("--limit", "2"), [two, one])
        self.assertEqual(found("--since", one, "--function", "test.e*"), [one])
        self.assertEqual(found("--since", one, "--minion", "web2"), [two])
        self.assertEqual(found("--since", one, "--target", "web[*]"), [two])
        self.assertEqual(found("--since", one, "--user", "nobody"), [])
        self.assertEqual(found("--until", "1d"), [])
        table = self.good("job", "list", "--since", one).splitlines()
        self.assertEqual(table[0].split()[:3], ["jid", "started", "function"])
        self.assertEqual([line.split()[0] for line in table[2:]], [two, one])

    def test_export(self) -> None:
        """
        Jobs leave as JSON lines, oldest first, with every return.
        """
        jid = self.started("db1", "test.echo", "grüße ☃")
        self.ended(jid)
        path = self.master.root / "jobs.jsonl"
        self.good("job", "export", jid, "--out-file", str(path))
        (line,) = path.read_text().splitlines()
        self.assertEqual(json.loads(line)["schema"], "txsalt.stored-job/1")
        self.assertEqual(json.loads(line)["minions"]["db1"]["return"], "grüße ☃")
        lines = self.good("job", "export", "--since", jid).splitlines()
        self.assertEqual(json.loads(lines[0])["jid"], jid)

    def test_unknown_job(self) -> None:
        """
        A job that is not stored is an error, with a word what to do.
        """
        for action in ("show", "wait", "kill", "rerun"):
            answer = self.master.cli("job", action, "20200101000000000000")
            self.assertEqual(answer.returncode, exit_codes.GENERIC, str(answer))
            self.assertIn("job list", answer.stderr)

    def test_some_by_chance(self) -> None:
        """
        A subset is as large as asked, and the same again for the same seed.
        """
        words = ("*", "test.ping", "--subset", "2", "--seed", "7", "--out", "json", "--static")
        first, second = json.loads(self.good(*words)), json.loads(self.good(*words))
        self.assertEqual((len(first), first), (2, second))

    def test_preview(self) -> None:
        """
        A preview shows who is meant and how old the facts are, and runs nothing.
        """
        newest = self.good("job", "list", "--limit", "1", "--out", "jsonl")

        def has_facts() -> bool:
            found = json.loads(self.good("-G", "role:web", "--preview-target", "--out", "json"))
            self.assertEqual(set(found), {"web1", "web2", "db1"})
            return bool(found["web1"]["facts"].endswith("old"))

        wait_until(has_facts, 10, "the master knows the grains of web1")

        def is_up() -> bool:
            now = json.loads(self.good("web1", "--preview-target", "--out", "json"))
            return bool(now["web1"]["connected"] == "up")

        wait_until(is_up, 10, "the master knows that web1 is there")
        self.assertEqual(self.good("job", "list", "--limit", "1", "--out", "jsonl"), newest)
        wrong = self.master.cli("-C", "web1 and (", "--preview-target")
        self.assertIn("at character", wrong.stderr)

    def test_a_reader_that_goes_away(self) -> None:
        """
        When the other end of a pipe closes, there is a code for that and no traceback.
        """
        for words in (("--static",), ()):
            argv = [CLI, "-c", self.config_dir, "*", "test.ping", "--out", "json", *words]
            reading, writing = os.pipe()
            os.close(reading)
            done = subprocess.run(
                argv, stdout=writing, stderr=subprocess.PIPE, timeout=60, check=False
            )
            os.close(writing)
            self.assertEqual((done.returncode, done.stderr), (exit_codes.BROKEN_PIPE, b""))

    def test_documentation(self) -> None:
        """
        What functions do is shown once, not by each minion.
        """
        text = self.good("*", "test.ping", "test.echo", "-d")
        self.assertEqual(
            [line for line in text.splitlines() if line[:1] not in ("", " ")],
            ["test.echo:", "test.ping:"],
        )
        self.assertEqual(self.master.cli("*", "no.such", "-d").returncode, exit_codes.GENERIC)

    def test_metadata_and_separator(self) -> None:
        """
        A note travels with a job; the arguments of several functions may be parted by any sign.
        """
        jid = self.started("web1", "test.ping", "--metadata", "{ticket: 77}")
        self.ended(jid)
        words = ("web1", "test.echo,test.echo", "a,b", "+", "c", "--args-separator", "+")
        found = json.loads(self.good(*words, "--out", "json"))
        self.assertEqual(sorted(found["web1"].values())[-1], "c")
        self.assertEqual(self.master.cli("*", "test.ping", "--metadata", "x").returncode, 64)

    def test_deadline(self) -> None:
        """
        At the deadline nobody waits any longer, and the minion ends the job.
        """
        began = time.monotonic()
        answer = self.master.cli("web1", "test.sleep", "120", "--deadline", "1", "--show-jid")
        self.assertLess(time.monotonic() - began, 20)
        self.assertNotEqual(answer.returncode, 0)
        found = re.search(r"\d{20}", answer.stderr)
        assert found, answer
        self.ended(found.group())
        self.assertIn("time limit", self.stored(found.group())["minions"]["web1"]["return"])

    def test_every_form(self) -> None:
        """
        Text of all kinds and bytes print in every form.
        """
        for how in ("nested", "table", "txt", "json", "yaml", "raw", "jsonl", "json-v1"):
            text = self.good("web1", "test.echo", "grüße ☃", "--out", how)
            self.assertIn("gr", text, how)
        self.assertEqual(self.good("web1", "test.ping", "--out", "quiet"), "")

    def test_a_file_for_results(self) -> None:
        """
        Results go to a file, which is replaced or, if wanted, added to; it has no colours.
        """
        path = self.master.root / "results"
        words = ("web1", "test.ping", "--out", "txt", "--out-file", str(path))
        self.assertEqual(self.good(*words), "")
        self.good(*words)
        self.assertEqual(path.read_text(), "web1: True\n")
        self.good(*words, "--out-file-append")
        self.assertEqual(path.read_text(), "web1: True\nweb1: True\n")
        answer = self.master.cli("web1", "test.ping", "--out-file", "/nowhere/x")
        self.assertIn("cannot write /nowhere/x", answer.stderr)
        self.assertEqual(answer.returncode, exit_codes.CANNOT_CREATE)

    def test_progress_is_for_terminals(self) -> None:
        """
        On a terminal a line tells how it goes and is wiped out; in a pipe there is nothing.
        """
        self.assertEqual(self.master.cli("web1", "test.sleep", "1").stderr, "")
        controller, terminal = pty.openpty()
        with os.fdopen(controller, "rb", buffering=0) as shown:
            argv = [CLI, "-c", self.config_dir, "web1", "test.sleep", "1"]
            subprocess.run(argv, stdout=subprocess.PIPE, stderr=terminal, check=True, timeout=60)
            os.close(terminal)
            text = _all(shown)
        self.assertIn("sent to 1, received 0", text)
        self.assertTrue(text.endswith("\r\x1b[K"), text)

    def test_fire_and_watch(self) -> None:
        """
        What is fired is seen by those who watch, also after the fact.
        """
        self.good("event", "fire", "my/build/done", "number=77", "name=seventy seven")
        watch = ("event", "watch", "my/*/done", "--since", "1h", "--count", "1", "--json")
        event = json.loads(self.good(*watch))
        self.assertEqual(event["tag"], "my/build/done")
        self.assertEqual((event["data"]["number"], event["data"]["name"]), (77, "seventy seven"))

    def test_silence(self) -> None:
        """
        Watching may end with a code when nothing happens; the old short form still works.
        """
        for words in (("event",), ("event", "never/"), ("event", "watch", "never/*")):
            silent = words if len(words) > 1 else ("event", "never")
            answer = self.master.cli(*silent, "--timeout", "0.2")
            self.assertEqual(answer.returncode, exit_codes.GENERIC, str(answer))
            self.assertIn("no event", answer.stderr)

    def words(self, *words: str) -> list[str]:
        """What the shell is told for the last word."""
        found: Answer = self.master.cli(
            "__complete", "--plain", "--", "-c", self.config_dir, *words
        )
        self.assertEqual((found.returncode, found.stderr), (0, ""))
        return found.stdout.split()

    def test_words(self) -> None:
        """
        Minions, functions, commands, options, their values and job ids are completed.
        """
        jid = self.started("web1", "test.ping")
        for expected, *words in (
            (["web1", "web2"], "we"),
            (["event"], "ev"),
            (["test.ping"], "*", "test.pin"),
            (["web1", "web2"], "-L", "we"),
            (["--summary"], "*", "test.ping", "--sum"),
            (["json", "jsonl", "json-v1"], "*", "test.ping", "--out", "js"),
            (["rerun"], "job", "re"),
            ([jid], "job", "show", jid[:-1]),
            ([jid], "why", jid[:-1]),
            (["web1", "web2"], "status", "we"),
            (["db1"], "status", "web1", "d"),
            (["web1", "web2"], "acl", "explain", "bob", "we"),
            (["test.ping"], "acl", "explain", "bob", "web1", "test.pin"),
            (["web1,db1"], "-L", "web1,d"),
            (["web1,web2"], "--list", "web1,w"),
            (["test.ping,test.echo"], "web1", "test.ping,test.ech"),
            (["test.echo"], "job", "list", "--function", "test.ech"),
            (["accept"], "key", "ac"),
            (["db1"], "key", "delete", "d"),
            (["zsh"], "completion", "z"),
            (["fire"], "event", "f"),
            ([], "nothing", "like", "this"),
        ):
            self.assertEqual(self.words(*words), expected, words)

    def test_nodegroups(self) -> None:
        """
        After -N the names of nodegroups are completed, and no minions.
        """
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        (folder / "master").write_text("nodegroups: {edge: 'L@web1', core: 'L@db1'}\n")
        answer = self.master.cli("__complete", "--plain", "--", "-c", str(folder), "-N", "")
        self.assertEqual(answer.stdout.split(), ["core", "edge"])

    def test_a_mistake_does_not_disturb_the_shell(self) -> None:
        """
        Where there is no master nothing is said.
        """
        answer = self.master.cli("__complete", "--", "-c", "/nowhere", "job", "show", "")
        self.assertEqual((answer.stdout, answer.stderr), ("", ""))

    def test_bash(self) -> None:
        """
        The script makes bash complete a minion and a function.
        """
        script = (
            f"source <({CLI} completion bash)\n"
            f"COMP_WORDS=({CLI} -c {self.config_dir} we); COMP_CWORD=3; _txsalt_cli\n"
            'echo "${COMPREPLY[@]}"\n'
        )
        done = subprocess.run(
            ["bash", "-c", script], capture_output=True, text=True, check=True, timeout=60
        )
        self.assertEqual(done.stdout.split(), ["web1", "web2"], done.stderr)

    def test_scripts_parse(self) -> None:
        """
        Shells that are here accept their script.
        """
        for shell, script in SCRIPTS.items():
            self.assertEqual(self.good("completion", shell), script)
            if shutil.which(shell):
                path = Path(self.master.root) / f"completion.{shell}"
                path.write_text(script)
                subprocess.run([shell, "-n", str(path)], check=True, timeout=60)


def _all(stream: Any) -> str:
    """Everything that a terminal was sent, until its other end was closed."""
    parts = []
    while True:
        try:
            part = stream.read(4096)
        except OSError:  # Linux says so at the end
            part = b""
        if not part:
            return b"".join(parts).decode()
        parts.append(part)
