"""Commands on this machine."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from unittest import skipUnless

from twisted.trial.unittest import SynchronousTestCase

from tests.modules.calls import FakeContext, modules_and_shared
from txsalt.jobs.errors import CommandExecutionError, SaltInvocationError
from txsalt.modules._command import DEFAULT_SHELL
from txsalt.modules._login import login_environment

ROOT = Path(__file__).parents[2]
JID = {"__pub_jid": "20260101000000000000"}


def running(text: str) -> list[str]:
    """List the processes that have a text in their command line."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and entry.name != str(os.getpid()):
            try:
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
                if text.encode() in (entry / "cmdline").read_bytes() and state != "Z":
                    found.append(entry.name)
            except OSError:
                continue
    return found


class CmdTests(SynchronousTestCase):
    """The cmd module."""

    def setUp(self) -> None:
        """Load the modules."""
        cachedir = str(Path(self.mktemp()).absolute())
        self.context = FakeContext({"cachedir": cachedir, "saltenv": "base"})
        self.functions, self.shared = modules_and_shared(self.context)

    def call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Call cmd.name."""
        return self.functions[f"cmd.{name}"](*args, **kwargs)

    def test_run_gives_output_and_errors(self) -> None:
        """
        cmd.run gives what the command wrote, errors in between, without the last line break.
        """
        self.assertEqual(self.call("run", "echo out; echo err >&2", **JID), "out\nerr")
        self.assertEqual(self.shared["retcode"], 0)

    def test_exit_code_becomes_the_jobs(self) -> None:
        """
        A command that fails makes the job fail, unless I say otherwise.
        """
        self.call("run", "exit 3", python_shell=True)
        self.assertEqual(self.shared["retcode"], 3)
        self.call("run", "exit 3", python_shell=True, ignore_retcode=True)
        self.assertEqual(self.shared["retcode"], 0)

    def test_shell_only_for_what_users_type(self) -> None:
        """
        What I type goes through a shell; what a module calls does not, unless it asks.
        """
        self.assertEqual(self.call("run", "echo $((1+1))", **JID), "2")
        self.assertEqual(self.call("run", "echo $((1+1))"), "$((1+1))")
        self.assertEqual(self.call("shell", "echo $((1+1))"), "2")
        self.assertEqual(self.call("run", ["echo", "a b", 3]), "a b 3")

    def test_run_all(self) -> None:
        """
        cmd.run_all keeps output and errors apart, and tells code and process id.
        """
        answer = self.call("run_all", "echo out; echo err >&2; exit 2", python_shell=True)
        self.assertEqual((answer["stdout"], answer["stderr"], answer["retcode"]), ("out", "err", 2))
        self.assertGreater(answer["pid"], 1)
        joined = self.call("run_all", "echo err >&2", python_shell=True, redirect_stderr=True)
        self.assertEqual((joined["stdout"], joined["stderr"]), ("err", ""))

    def test_streams_and_code_alone(self) -> None:
        """
        run_stdout, run_stderr and retcode give one thing each.
        """
        command = "echo out; echo err >&2; exit 4"
        self.assertEqual(self.call("run_stdout", command, python_shell=True), "out")
        self.assertEqual(self.call("run_stderr", command, python_shell=True), "err")
        self.assertEqual(self.call("retcode", command, python_shell=True), 4)

    def test_where_and_with_what(self) -> None:
        """
        Folder, environment, input and umask are as I say.
        """
        self.assertEqual(self.call("run", "pwd", cwd="/usr"), "/usr")
        self.assertEqual(self.call("shell", "echo $A$B", env={"A": 1, "B": None}), "1")
        self.assertEqual(self.call("shell", "echo $A$B", env=[{"A": 1}, {"B": 2}]), "12")
        self.assertNotIn("HOME=", self.call("run", "/usr/bin/env", clean_env=True))
        self.assertEqual(self.call("run", "cat", stdin="one\\ntwo"), "one\ntwo")
        raw = self.call("run", "cat", stdin="one\\ntwo", stdin_raw_newlines=True)
        self.assertEqual(raw, "one\\ntwo")
        self.assertEqual(self.call("shell", "umask", umask="077"), "0077")
        self.assertTrue(self.call("shell", "echo $PATH", prepend_path="/a").startswith("/a:"))

    def test_english_unless_asked(self) -> None:
        """
        Programs speak plain English, unless I set or keep the locale.
        """
        self.assertEqual(self.call("shell", "echo $LC_MESSAGES"), "C")
        env = {"LC_MESSAGES": "de_DE"}
        self.assertEqual(self.call("shell", "echo $LC_MESSAGES", env=env), "de_DE")

    def test_output_as_wished(self) -> None:
        """
        Output can be kept whole, hidden or in another encoding; bytes that are no text do no harm.
        """
        self.assertEqual(self.call("run", "echo a", rstrip=False), "a\n")
        self.assertEqual(self.call("run", "echo a", hide_output=True), "")
        self.assertEqual(self.call("shell", "printf '\\344'", output_encoding="latin-1"), "ä")
        self.assertEqual(self.call("shell", "printf '\\344'"), "\ufffd")

    def test_what_counts_as_success(self) -> None:
        """
        Codes and words that I name count as success.
        """
        self.assertEqual(self.call("retcode", "exit 5", python_shell=True, success_retcodes=[5]), 0)
        command = "echo fine; echo meh >&2; exit 5"
        self.assertEqual(self.call("retcode", command, python_shell=True, success_stdout="fine"), 0)
        answer = self.call("run_all", command, python_shell=True, success_stderr=["meh"])
        self.assertEqual(answer["retcode"], 0)
        self.assertRaises(SaltInvocationError, self.call, "run", "true", success_retcodes="x")

    def test_raise_err(self) -> None:
        """
        With raise_err a failing command is an error with its output.
        """
        exc = self.assertRaises(
            CommandExecutionError, self.call, "run", ["sh", "-c", "echo no; exit 1"], raise_err=True
        )
        self.assertEqual(str(exc), "no")

    def test_program_that_is_not_there(self) -> None:
        """
        A program that does not exist is an error, and the message holds no environment.
        """
        exc = self.assertRaises(
            CommandExecutionError, self.call, "run", "txsalt-no-such", env={"PASSWORD": "geheim"}
        )
        self.assertIn("txsalt-no-such", str(exc))
        self.assertNotIn("geheim", str(exc))

    def test_bad_options(self) -> None:
        """
        Options that make no sense are refused with a reason.
        """
        for options, expected in (
            ({"shell": "/no/shell"}, CommandExecutionError),
            ({"cwd": "/no/folder"}, CommandExecutionError),
            ({"cwd": "relative"}, CommandExecutionError),
            ({"umask": "0"}, CommandExecutionError),
            ({"umask": "9x"}, CommandExecutionError),
            ({"template": "mako"}, CommandExecutionError),
            ({"timeout": "soon"}, SaltInvocationError),
            ({"use_vt": True}, SaltInvocationError),
            ({"runas": "txsalt-nobody-here"}, CommandExecutionError),
            ({"group": "txsalt-nobody-here"}, CommandExecutionError),
            ({"output_encoding": "klingon"}, SaltInvocationError),
        ):
            self.assertRaises(expected, self.call, "run", "true", **options)
        self.assertRaises(SaltInvocationError, self.call, "run", "")
        self.assertRaises(SaltInvocationError, self.call, "run", "echo 'open")

    def test_timeout_ends_all_that_was_started(self) -> None:
        """
        After the time-out nothing of the command is left, not even what it put in the background.
        """
        mark = f"31{os.getpid()}.125"
        words = self.call("shell", f"sleep {mark} & sleep {mark}; echo late", timeout=0.2)
        self.assertIn("Timed out after 0.2 seconds", words)
        self.assertEqual(self.shared["retcode"], 1)
        self.assertEqual(running(mark), [])

    def test_no_timeout(self) -> None:
        """
        A time-out of 0 is none: the command gets the time that it takes.
        """
        self.assertEqual(self.call("shell", "sleep 0.1; echo done", timeout=0), "done")

    def test_root_with_links_out_of_it(self) -> None:
        """
        A root folder whose dev is a link to a folder outside is refused: nothing is mounted there.
        """
        root, other = (Path(self.mktemp()).absolute() for _ in range(2))
        other.mkdir()
        (root / "bin").mkdir(parents=True)
        (root / "dev").symlink_to(other)
        exc = self.assertRaises(CommandExecutionError, self.call, "run_chroot", str(root), "true")
        self.assertIn("leads out of", str(exc))
        self.assertFalse(os.path.ismount(other))

    def test_timeout_of_one_that_starts_others(self) -> None:
        """
        A command that starts one process after the other leaves none of them.
        """
        mark = f"34{os.getpid()}.125"
        self.call("shell", f"while :; do sleep {mark} & sleep 0; done", timeout=0.1)
        self.assertEqual(running(mark), [])

    def test_timeout_of_one_that_ignores_term(self) -> None:
        """
        A command that does not heed TERM is killed.
        """
        mark = f"32{os.getpid()}.125"
        self.call("shell", f"trap '' TERM; while :; do sleep {mark}; done", timeout=0.2)
        self.assertEqual(running(mark), [])

    def test_timeout_in_a_job_ends_orphans_too(self) -> None:
        """
        In a job, which leads its process group, even what lost its parent is ended.
        """
        mark = f"33{os.getpid()}.125"
        command = f"(sleep {mark} &); sleep {mark}"
        script = (
            "from tests.modules.calls import FakeContext, modules\n"
            f"modules(FakeContext())['cmd.shell']({command!r}, timeout=0.3)"
        )
        argv = [sys.executable, "-c", script]
        subprocess.run(argv, cwd=ROOT, process_group=0, check=True, env={"PYTHONPATH": str(ROOT)})
        self.assertEqual(running(mark), [])

    def test_background(self) -> None:
        """
        cmd.run_bg gives the process id at once; the command is in a session of its own.
        """
        path = Path(self.mktemp()).absolute()
        os.mkfifo(path)
        pid = self.call("run_bg", f"cat {path}", python_shell=True)["pid"]
        self.assertEqual(os.getsid(pid), pid)
        path.write_text("done")
        os.waitpid(pid, 0)

    def test_blacklist(self) -> None:
        """
        Commands that the minion's options forbid are refused when typed.
        """
        functions, _ = modules_and_shared(FakeContext({"cmd_blacklist_glob": ["rm *"]}))
        self.assertRaises(CommandExecutionError, functions["cmd.run"], "rm -r x", **JID)
        functions, _ = modules_and_shared(FakeContext({"cmd_whitelist_glob": ["echo *"]}))
        self.assertRaises(CommandExecutionError, functions["cmd.run"], "true", **JID)
        self.assertEqual(functions["cmd.run"]("echo hi", **JID), "hi")

    @skipUnless(os.geteuid() == 0, "needs root")
    def test_as_another_user(self) -> None:
        """
        With runas the command has that user's id, groups and home, and nothing of root's.
        """
        words = self.call("run", "id -u -n; id -G -n; echo $HOME $USER", runas="nobody", **JID)
        user, groups, variables = words.splitlines()
        self.assertEqual(user, "nobody")
        self.assertNotIn("root", groups.split())
        self.assertEqual(variables.split()[-1], "nobody")
        self.assertEqual(self.call("run", "id -g -n", runas="nobody", group="daemon"), "daemon")

    @skipUnless(os.geteuid() == 0, "needs root")
    def test_as_oneself(self) -> None:
        """
        Running as the user that the minion runs as is nothing special.
        """
        self.assertEqual(self.call("run", "id -u", runas="root"), "0")

    @skipUnless(os.geteuid() == 0, "needs root")
    def test_environment_of_another_user(self) -> None:
        """
        With runas the variables are those of a login of that user, whatever shell is its own.
        """
        echo = "echo $PATH; echo $SHELL; echo $MAIL"
        options = {"runas": "nobody", "python_shell": True, "env": {"MAIL": "mine"}}
        path, shell, mail = self.call("run", echo, **options).splitlines()
        asked = ["su", "-s", "/bin/sh", "-", "nobody", "-c", "echo $PATH"]
        logged = subprocess.run(asked, capture_output=True, text=True, check=True)
        self.assertEqual(path, logged.stdout.strip())
        self.assertEqual((shell, mail), (DEFAULT_SHELL, "mine"))
        cleaned = self.call("run", "env", clean_env=True, **options)
        self.assertIn(f"PATH={path}\n", cleaned)
        self.assertNotIn(str(ROOT), self.call("run", "env", clean_env=True, **options))

    def test_no_environment_without_a_login(self) -> None:
        """
        Where somebody cannot log in, the command has what is known without it.
        """
        self.assertEqual(login_environment("txsalt-nobody-here", "/bin/sh"), {})

    def test_errors_apart(self) -> None:
        """
        cmd.run_stdout and run_stderr keep the two apart, even if I ask for both in one.
        """
        text = "echo out; echo err >&2"
        for name, answer in (("run_stdout", "out"), ("run_stderr", "err")):
            given = self.call(name, text, python_shell=True, redirect_stderr=True)
            self.assertEqual(given, answer)

    def test_shell_as_i_ask(self) -> None:
        """
        cmd.shell heeds what cmd.run has besides: no shell, errors apart, a failure that raises.
        """
        self.assertEqual(self.call("shell", "echo a | cat", python_shell=None), "a")
        self.assertEqual(self.call("shell", "echo *; true", python_shell=False), "*; true")
        self.assertEqual(self.call("shell", "echo a; echo b >&2", redirect_stderr=False), "a")
        self.assertRaises(CommandExecutionError, self.call, "shell", "exit 3", raise_err=True)

    def test_names_of_programs(self) -> None:
        """
        A single name is looked up like a list of one; no name is no program.
        """
        self.assertEqual(self.call("which_bin", "sh"), self.call("which", "sh"))
        self.assertIsNone(self.call("which", None))

    def test_script(self) -> None:
        """
        A script is run from a private copy, with arguments; the copy is gone afterwards.
        """
        script = Path(self.mktemp()).absolute()
        script.write_text('#!/bin/sh\necho $0 "$1" $2\nstat -c %a $0\nexit 3\n')
        answer = self.call("script", str(script), "'a b' c")
        first, mode = answer["stdout"].splitlines()
        copy, _, rest = first.partition(" ")
        self.assertEqual((rest, mode, answer["retcode"]), ("a b c", "500", 3))
        self.assertFalse(Path(copy).exists())
        self.assertEqual(self.call("script_retcode", str(script), args=["x"]), 3)

    def test_script_where_others_may_write(self) -> None:
        """
        The copy of a script is in cwd, unless somebody else could replace it there before it runs.
        """
        here = Path(self.mktemp()).absolute()
        here.mkdir(mode=0o755)
        script = here / "script.sh"
        script.write_text("#!/bin/sh\necho $0; pwd\n")
        place, cwd = self.call("script", str(script), cwd=str(here))["stdout"].splitlines()
        self.assertEqual((os.path.dirname(place), cwd), (str(here), str(here)))
        here.chmod(0o777)
        place, cwd = self.call("script", str(script), cwd=str(here))["stdout"].splitlines()
        self.assertEqual((os.path.dirname(place), cwd), (tempfile.gettempdir(), str(here)))

    def test_script_that_is_not_there(self) -> None:
        """
        A script that cannot be found says so and fails the job.
        """
        self.context.answer = ""  # of the master, for a file that it has not
        for source in ("/no/such/script", "salt://x"):
            self.assertTrue(self.call("script", source)["cache_error"])
            self.assertEqual(self.shared["retcode"], 1)

    def test_code(self) -> None:
        """
        Code of a language runs with arguments and options, and leaves no file behind.
        """
        code = "import sys; print(sys.argv[1:], __file__); sys.exit(3)"
        answer = self.call("exec_code_all", sys.executable, code, args=["a", 1])
        words, _, path = answer["stdout"].rpartition(" ")
        self.assertEqual((words, answer["retcode"]), ("['a', '1']", 3))
        self.assertFalse(Path(path).exists())
        self.assertEqual(self.call("exec_code", "sh", "echo $0$1", args="x")[-1], "x")

    def test_programs(self) -> None:
        """
        which, which_bin and has_exec find programs.
        """
        self.assertTrue(self.call("which", "sh").endswith("/sh"))
        self.assertIsNone(self.call("which", "txsalt-no-such"))
        self.assertTrue(self.call("which_bin", ["txsalt-no-such", "sh"]).endswith("/sh"))
        self.assertTrue(self.call("has_exec", "sh"))
        self.assertFalse(self.call("has_exec", "txsalt-no-such"))

    def test_terminals_only(self) -> None:
        """
        cmd.tty writes to terminals and to nothing else.
        """
        for device in ("../etc/passwd", "sda", "tty/../../tmp/x", "tty-of-nobody"):
            self.assertIn("Error", self.call("tty", device, "x"))
        self.assertFalse(Path("/dev/tty-of-nobody").exists())
