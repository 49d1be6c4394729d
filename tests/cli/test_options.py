"""Tests of options: how values are read, and what a mistake shows."""

import argparse
import getpass
import io
import re
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

import txsalt
from txsalt.cli import job, job_options, main, salt_options, versions
from txsalt.cli.options import count, moment, seconds
from txsalt.cli.targets import hint
from txsalt.client.steps import Job
from txsalt.jobs import exit_codes

ROOT = Path(txsalt.__file__).parents[1]


class ValueTests(SynchronousTestCase):
    def test_moments(self) -> None:
        """
        A time is some units ago, a jid, or an ISO date.
        """
        for text, now, expected in (
            ("90s", 100.0, 10.0),
            ("1.5m", 100.0, 10.0),
            ("1d", 86400.0, 0.0),
            ("20260101000000000000", 5.0, 1767225600.0),
            ("2026-01-01T00:00:00+00:00", 5.0, 1767225600.0),
        ):
            self.assertEqual(moment(text)(now), expected, text)
        for wrong in ("", "yesterday", "1w", "12", "-5m", "2026-13-01"):
            self.assertRaises(argparse.ArgumentTypeError, moment, wrong)

    def test_numbers(self) -> None:
        """
        Counts are 1 or more; seconds are finite and not negative.
        """
        self.assertEqual((count("3"), seconds("0.5")), (3, 0.5))
        for wrong in ("0", "-1", "x", "²", "1" * 20):
            self.assertRaises(argparse.ArgumentTypeError, count, wrong)
        for wrong in ("nan", "inf", "-1", "x"):
            self.assertRaises(argparse.ArgumentTypeError, seconds, wrong)


class MistakeTests(SynchronousTestCase):
    def mistake(self, *argv: str) -> str:
        """What a wrong command line shows; it ends with the code for usage and no traceback."""
        said = io.StringIO()
        with redirect_stderr(said):
            ended = self.assertRaises(SystemExit, main.main, list(argv))
        self.assertEqual(ended.code, exit_codes.USAGE)
        self.assertNotIn("Traceback", said.getvalue())
        return said.getvalue()

    def test_nearest_option(self) -> None:
        """
        A mistyped option is answered with the one that is like it.
        """
        self.assertIn("did you mean --summary?", self.mistake("*", "test.ping", "--sumary"))
        self.assertIn("did you mean --function?", self.mistake("job", "list", "--funtion=x"))
        self.assertNotIn("did you mean", self.mistake("*", "test.ping", "--qqqqq"))

    def test_salt_log_options(self) -> None:
        """
        Who types Salt's -l is told that there is no log; an -l may also belong to a command.
        """
        for words in (("-l", "debug", "*", "test.ping"), ("--log-level=debug", "*", "test.ping")):
            self.assertIn("txsalt-cli has no log", self.mistake(*words))
        self.assertIn("goes behind '--'", self.mistake("*", "cmd.run", "ls", "-l"))

    def test_salt_options(self) -> None:
        """
        Who types an option of Salt's that is not here is told why, or what to use instead.
        """
        words = {
            "salt": ("*", "test.ping"),
            "salt-key": ("key", "delete", "web1"),
            "salt-run": ("run", "jobs.active"),
            "salt-call": ("call", "test.ping"),
        }
        for program, absent in salt_options.OF_PROGRAM.items():
            for option, reason in absent.items():
                for value in ([], ["=1"], ["", "1"]) if option[:2] == "--" else ([],):
                    first, *rest = value or [""]
                    said = self.mistake(*words[program], f"{option}{first}", *rest)
                    self.assertIn(reason, said, (program, option))
                    self.assertNotIn("did you mean", said)
        self.assertIn("rotate_aes_key", self.mistake("key", "--rotate-aes-key", "False", "list"))
        self.assertIn("did you mean 'key gen NAME'?", self.mistake("key", "--gen-keys=web1"))
        self.assertIn("did you mean --include-all?", self.mistake("key", "list", "--include-al"))

    def test_salt_options_in_the_document(self) -> None:
        """
        What is not here stands in the document for people who know Salt, and so does the rest.
        """
        text = (ROOT / "docs" / "salt-users.md").read_text()
        for program, absent in salt_options.OF_PROGRAM.items():
            (line,) = re.findall(rf"^\| `{program}` \| (.*) \|$", text, re.MULTILINE)
            named = set(re.findall(r"`(-[^`]*)`", line))
            spellings = {each for each in absent if "_" in each}
            self.assertEqual(named, set(absent) - spellings, program)

    def test_options_in_the_document(self) -> None:
        """
        Every option that docs/output.md names is there.
        """
        text = (ROOT / "docs" / "output.md").read_text()
        known = job_options.make_parser(main.commands()).known_options()
        named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text))
        self.assertEqual(named - set(known), set())
        self.assertGreater(len(named), 15)

    def test_salt_names(self) -> None:
        """
        Salt's longer names of options mean the same as the shorter ones.
        """
        made = job_options.make_parser(main.commands())
        for long, short in (
            (["--documentation"], ["-d"]),
            (["--output-file", "x", "--output-file-append"], ["--out-file=x", "--out-file-append"]),
            (["--output-indent=-1"], ["--out-indent", "-1"]),
            (["--output=json"], ["--out", "json"]),
        ):
            self.assertEqual(made.parse_args(["*", *long]), made.parse_args(["*", *short]), long)

    def test_versions_report(self) -> None:
        """
        Every command tells what it stands on, for a report; also by Salt's short name.
        """
        for words in (["-V"], ["--versions-report"], ["key", "-V"], ["run", "-V"], ["call", "-V"]):
            shown = io.StringIO()
            with redirect_stdout(shown):
                ended = self.assertRaises(SystemExit, main.main, words)
            self.assertEqual(ended.code, exit_codes.OK, words)
            self.assertIn(f"        txsalt: {txsalt.__version__}\n", shown.getvalue())
            self.assertRegex(shown.getvalue(), r"(?m)^ +Twisted: \d+\.\d+")
        setup = (ROOT / "setup.cfg").read_text()
        wanted = re.search(r"install_requires =\n((?:    .*\n)+)", setup)
        assert wanted is not None
        needed = re.findall(r"^    ([A-Za-z0-9]+)", wanted[1], re.MULTILINE)
        self.assertEqual(set(needed) - set(versions.LIBRARIES), set())

    def test_stdin_that_is_no_text(self) -> None:
        """
        Arguments from stdin have to be text.
        """
        self.patch(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xff\n"), "utf-8"))
        self.assertIn("no text in UTF-8", self.mistake("*", "test.arg", "--args-stdin"))

    def test_batches(self) -> None:
        """
        A size of a batch that makes no sense is a mistake of the command line.
        """
        for words in (("-b", "0"), ("-b", "0%"), ("-b", "150%"), ("--batch-safe-size", "0")):
            self.assertRegex(self.mistake("*", "test.ping", *words), "never end|percentage")

    def test_limit_without_batch(self) -> None:
        """
        A limit of failures is no help where everybody is started at once.
        """
        said = self.mistake("*", "pkg.upgrade", "--max-fail", "0")
        self.assertIn("--max-fail needs -b or --canary", said)

    def test_nearest_command(self) -> None:
        """
        A mistyped command is taken for a target, and answered with the command that is like it.
        """
        self.assertIn("did you mean key?", self.mistake("kye", "list"))
        self.assertIn("did you mean event?", self.mistake("events"))
        self.assertIn("did you mean list?", self.mistake("job", "lits"))
        self.assertIn("did you mean accept?", self.mistake("key", "acept", "web1"))

    def test_salt_key(self) -> None:
        """
        Who types the options of salt-key is told what stands for them.
        """
        for words, expected in (
            (("-L",), "did you mean 'key list'?"),
            (("-a", "web1"), "did you mean 'key accept ID'?"),
            (("-D", "-y"), "did you mean 'key delete --all'?"),
            (("--finger-all",), "did you mean 'key finger'?"),
        ):
            self.assertIn(expected, self.mistake("key", *words), words)

    def test_words_that_do_not_fit(self) -> None:
        """
        What is missing or too much is told in words.
        """
        for words, expected in (
            ((), "a target and a function are needed"),
            (("*",), "a target and a function are needed"),
            (("*", "ping"), "those have a dot"),
            (("*", "test.ping,test.echo", "a"), "parted by commas"),
            (("*", "cmd.run", "ls", "-la"), "a command with options in quotes"),
            (("*", "test.ping", "--username", "bob"), "--username is part of a login: add -a pam"),
            (("status", "--password", ""), "--password is part of a login: add -a pam"),
            (("job",), "are required: action\n"),
            (("acl", "explain", "bob"), "are required: TARGET, FUNCTION\n"),
            (("job", "show"), "needs one job id"),
            (("job", "show", "latest"), "is no job id"),
            (("job", "list", "20260101000000000000"), "takes no job id"),
            (("job", "rerun", "1", "--failed", "--missing"), "not allowed with"),
            (("event", "fire"), "a tag is needed"),
            (("acl", "explain", "bob", "-G", "a:b", "test.ping"), "--type says what TARGET is"),
            (("event", "fire", "", "a=1"), "without a tag"),
            (("event", "send", "a/b", "c=1"), "event fire TAG"),
            (("token", "create", "--user", "x", "--function", ""), "allows nothing"),
            (("*", "cmd.run", "ls", "-t"), "a command with options in quotes"),
            (("event", "fire", "a/b", "c"), "neither key=value nor a map"),
            (("event", "watch", "a", "b"), "one glob"),
            (("event", "wach"), "did you mean watch?"),
            (("event", "watch", "\udcff"), "no text in UTF-8"),
            (("event", "--count", "0"), "no number of 1 or more"),
            (("token", "create", "--expire", "99999999d"), "no span of time"),
            (("token", "create", "--expire", "9" * 5000 + "d"), "no span of time"),
            (("*", "test.ping", "--subset", "0"), "no number of 1 or more"),
            (("completion", "tcsh"), "invalid choice"),
        ):
            self.assertIn(expected, self.mistake(*words), words)

    def test_no_password(self) -> None:
        """
        Who gives no password (Ctrl-D), none that is text, or has no name, is told so.
        """

        def ended(*_: object) -> str:
            raise EOFError

        def nameless() -> str:
            raise KeyError("uid not found")

        class Terminal(io.StringIO):
            def isatty(self) -> bool:
                return True

        words = ("*", "test.ping", "-a", "file")
        self.patch(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xff\n"), "utf-8"))
        self.assertIn("no text in UTF-8", self.mistake(*words))
        self.patch(sys, "stdin", Terminal())
        self.patch(getpass, "getpass", ended)
        self.assertIn("no password was given", self.mistake(*words))
        self.patch(getpass, "getuser", nameless)
        self.assertIn("say it with --username", self.mistake(*words))

    def test_help_names_every_command(self) -> None:
        """
        The help of the command line names all others, and not those for programs.
        """
        text = job_options.make_parser(main.commands()).format_help()
        for name in main.commands():
            self.assertIn(f"\n  {name} ", text)
        self.assertNotIn("__complete", text)
        self.assertIn("rerun", job.make_parser().format_help())

    def test_help(self) -> None:
        """
        Every command shows its help when asked.
        """
        for words in ([], *([name] for name in main.commands())):
            shown = io.StringIO()
            with redirect_stdout(shown):
                ended = self.assertRaises(SystemExit, main.main, [*words, "--help"])
            self.assertEqual(ended.code, exit_codes.OK, words)
            self.assertIn("usage: txsalt-cli", shown.getvalue())
            self.assertNotIn("%(", shown.getvalue())

    def test_hints_at_targets(self) -> None:
        """
        A target that means nobody, since it is of another kind, is answered with that kind.
        """
        for tgt, kind, expected in (
            ("web1,db1", "glob", "-L"),
            ("web* and not db1", "glob", "-C"),
            ("G@os:Debian", "glob", "-C"),
            ("os:Debian", "glob", "-G"),
            ("os", "grain", "NAME:VALUE"),
            ("(web* or db1)", "compound", "'(' at character 1 "),
            ("web* and (db1", "compound", "'(' at character 10 "),
            ("( web* or G@os:a*)", "compound", "')' at character 18 "),
        ):
            self.assertIn(expected, hint(Job(tgt=tgt, tgt_type=kind, fun="test.ping")), tgt)
        for tgt, kind in (
            ("web1", "glob"),
            ("( web1 )", "compound"),
            ("(a|b)", "pcre"),
            ("E@(a|b) or P@os:(c)", "compound"),
        ):
            self.assertEqual(hint(Job(tgt=tgt, tgt_type=kind, fun="test.ping")), "", tgt)

    def test_lists(self) -> None:
        """
        Ids of -L have commas between them, or else blanks, as Salt has it.
        """
        parser = job_options.make_parser(main.commands())
        for text in ("web1,db1", "web1, db1", "web1 db1", " web1  db1 ", "web1,db1,"):
            options = parser.parse_args(["-L", text, "test.ping"])
            self.assertEqual(job_options.read_job(options, main.commands()).tgt, ["web1", "db1"])

    def test_returner_options(self) -> None:
        """
        A job says to which returners its results go, and with which options.
        """
        words = ["*", "test.ping", "--return", "a,b", "--return-config", "other"]
        parser = job_options.make_parser(main.commands())
        options = parser.parse_args([*words, "--return_kwargs", "{token: x}"])
        made = job_options.read_job(options, main.commands())
        self.assertEqual(made.ret, "a,b")
        self.assertEqual(made.extra, {"ret_config": "other", "ret_kwargs": {"token": "x"}})
