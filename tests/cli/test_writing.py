"""How and where every command writes, typed at live daemons; and how arguments are read."""

import json
import os
import pty
import subprocess
from pathlib import Path

from tests.client.live import LiveCase
from tests.integration.spine import CLI
from tests.interop.processes import wait_until

ESCAPE = "\x1b["


class WritingTests(LiveCase):
    """One fleet for all of it."""

    def good(self, *words: str) -> str:
        """What a command that succeeds prints."""
        answer = self.master.cli(*words)
        self.assertEqual(answer.returncode, 0, str(answer))
        return answer.stdout

    def fed(self, text: str, *words: str) -> str:
        """What a command prints that reads ``text`` from stdin."""
        argv = [CLI, "-c", self.config_dir, *words]
        done = subprocess.run(
            argv, input=text, capture_output=True, text=True, timeout=60, check=True
        )
        return done.stdout

    def jid(self) -> str:
        """A job that everybody has answered."""
        return self.master.cli("*", "test.ping", "--show-jid").stderr.split()[-1]

    def commands(self) -> list[tuple[str, ...]]:
        """Commands that print one answer, whatever the time of day; the job stays the same."""
        jid = self.jid()
        # The master's programs know of a connection about a second after it came.
        wait_until(lambda: self.good("run", "manage.up").count("- ") == 3, 10, "all are up")
        return [
            ("job", "list", "--since", jid),
            ("job", "show", jid),
            ("web*", "--preview-target", "--out", "nested"),
            ("web1", "test.ping", "-d", "--out", "nested"),
            ("run", "jobs.lookup_jid", jid),
            ("run", "manage.up", "tgt=web*"),
            ("run", "jobs", "--doc"),
            ("status", "--out", "nested"),
            ("key", "list", "--out", "nested"),
            ("web1", "test.ping"),
        ]

    def test_files(self) -> None:
        """
        Whatever prints an answer prints it into a file, if one is named, or adds it.
        """
        path = Path(self.master.root) / "answer"
        for words in self.commands():
            # Facts and sightings grow older while one looks.
            ages = "--preview-target" in words or "status" in words
            shown = self.good(*words)[: 4 if ages else None]
            into = (*words, "--out-file", str(path))
            self.assertEqual(self.good(*into), "", words)
            self.assertTrue(path.read_text().startswith(shown), words)
            self.assertNotIn(ESCAPE, path.read_text())
            size = path.stat().st_size
            self.good(*into, "--output-file-append")
            self.assertGreater(path.stat().st_size, size, words)
            wrong = self.master.cli(*words, "--out-file", "/nowhere/x")
            self.assertEqual(wrong.returncode, 73, words)
            self.assertIn("cannot write /nowhere/x", wrong.stderr)

    def test_file_of_running_jobs(self) -> None:
        """
        So are the jobs that run, and the id of one that nobody waits for.
        """
        path = Path(self.master.root) / "jid"
        self.good("web1", "test.sleep", "60", "--async", "--out-file", str(path))
        jid = path.read_text().strip()

        def active() -> bool:
            self.assertEqual(self.good("job", "active", "--out-file", str(path)), "")
            return jid in path.read_text()

        wait_until(active, 20, "the job runs")
        self.assertIn(ESCAPE, self.good("job", "active", "--force-color"))
        self.good("job", "kill", jid, "--out-file", str(path))
        self.assertIn("Signal 9", path.read_text())

    def test_colours(self) -> None:
        """
        Every answer for people has colours on a terminal, and where they are wanted; else none.
        """
        for words in self.commands():
            self.assertNotIn(ESCAPE, self.good(*words), words)
            self.assertIn(ESCAPE, self.good(*words, "--force-color"), words)
            self.assertIn(ESCAPE, self.on_terminal(*words), words)
            self.assertNotIn(ESCAPE, self.on_terminal(*words, "--no-color"), words)

    def on_terminal(self, *words: str) -> str:
        """What a terminal shows of stdout."""
        controller, terminal = pty.openpty()
        argv = [CLI, "-c", self.config_dir, *words]
        subprocess.run(argv, stdout=terminal, stderr=subprocess.PIPE, check=True, timeout=60)
        os.close(terminal)
        with os.fdopen(controller, "rb", buffering=0) as shown:
            return shown.read(65536).decode()

    def test_append_to_nothing(self) -> None:
        """
        Who wants to add to a file, and names none, is told so.
        """
        for words in (("*", "test.ping"), ("job", "list"), ("key", "list"), ("run", "jobs.active")):
            answer = self.master.cli(*words, "--out-file-append")
            self.assertEqual(answer.returncode, 64, str(answer))
            self.assertIn("needs --out-file", answer.stderr)

    def test_export_has_one_form(self) -> None:
        """
        An export is lines of JSON, and says so to who wants something else.
        """
        for how in ("json", "jsonl"):
            self.assertIn('"schema"', self.good("job", "export", self.jid(), "--out", how))
        answer = self.master.cli("job", "export", "--out", "yaml")
        self.assertEqual(answer.returncode, 64, str(answer))
        self.assertIn("a line of JSON for each job", answer.stderr)

    def test_streamed_json(self) -> None:
        """
        JSON streams as one line for each minion; with --static it is one indented document.
        """
        lines = self.good("*", "test.echo", "a\nb", "--out", "json").splitlines()
        expected = [f'{{"{name}": "a\\nb"}}' for name in ("db1", "web1", "web2")]
        self.assertEqual(sorted(lines), expected)
        words = ("web*", "test.ping", "--out", "json", "--static")
        self.assertEqual(self.good(*words), '{\n    "web1": true,\n    "web2": true\n}\n')
        self.assertEqual(self.good(*words, "--out-indent=-1"), '{"web1": true, "web2": true}\n')
        self.assertEqual(
            self.good("web1", "test.ping", "--out", "json", "--output-indent", "1"),
            '{\n "web1": true\n}\n',
        )

    def test_one_document(self) -> None:
        """
        What is one answer is one document, in each form for programs.
        """
        jid = self.jid()
        for words in (
            ("job", "show", jid), ("web*", "--preview-target"), ("web1", "test.ping", "-d"),
        ):  # fmt: skip
            self.assertEqual(len(self.good(*words, "--out", "jsonl").splitlines()), 1)
            for how in ("json", "json-v1"):
                text = self.good(*words, "--out", how)
                self.assertIn('\n    "', text)
                self.assertIsInstance(json.loads(text), dict)
        self.assertEqual(self.good("job", "show", jid, "--out", "quiet"), "")
        text = self.good("run", "manage.up", "tgt=web1", "--out", "json", "--out-indent", "0")
        self.assertEqual(text, '[\n"web1"\n]\n')

    def test_no_parse(self) -> None:
        """
        Keyword arguments that are named are not read as YAML; others are.
        """
        words = ("test.arg_repr", "a=5", "b=[1, 2]", "c=5", "d=x=y", "--no-parse=a, b")
        found = json.loads(self.good("web1", *words, "--out", "json"))["web1"]["kwargs"]
        for part in ("'a': '5'", "'b': '[1, 2]'", "'c': 5", "'d': 'x=y'"):
            self.assertIn(part, found)

    def test_arguments_from_stdin(self) -> None:
        """
        Each line of stdin is an argument, with blanks and all; behind a '--' never an option.
        """
        words = ("web1", "test.arg", "one", "--out", "json", "--args-stdin")
        found = json.loads(self.fed("two words\n3\n\nk=v\r\n", *words))["web1"]
        self.assertEqual(found["args"], ["one", "two words", 3, ""])
        self.assertEqual(found["kwargs"]["k"], "v")
        self.assertEqual(self.fed("--out\nyaml\n", *words[:3], "--args-stdin")[:8], "web1:\n  ")
        found = json.loads(self.fed("--out\nyaml\n", *words, "--"))["web1"]
        self.assertEqual(found["args"], ["one", "--out", "yaml"])

    def test_documentation_of_runners(self) -> None:
        """
        Runners tell what they do, all of them, those of a module, or one.
        """
        every = self.good("run", "-d")
        self.assertIn("jobs.list_jobs:", every)
        self.assertIn("manage.up:", every)
        self.assertNotIn("manage.up:", self.good("run", "-d", "jobs"))
        one = json.loads(self.good("run", "manage.up", "-d", "--out", "json"))
        self.assertEqual(list(one), ["manage.up"])
        self.assertEqual(self.good("run", "manage.up", "--quiet"), "")
        wrong = self.master.cli("run", "-d", "jbos.active")
        self.assertEqual(wrong.returncode, 64)
        self.assertIn("did you mean jobs.active?", wrong.stderr)
