"""Tests of completion in the shells themselves: each is given a line and the key that completes."""

import os
import pty
import shutil
import subprocess
import sysconfig
import tempfile
from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from txsalt.cli.completion import SCRIPTS

_BASH = """\
source {script}
COMP_WORDS=({line} "") COMP_CWORD={words}
[ -z {part} ] || COMP_WORDS[COMP_CWORD]={part}
_txsalt_cli
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
# Of zsh only the line editor completes, and that wants a terminal: Tab, then a key of ours.
_ZSH = """\
autoload -Uz compinit; compinit -u -d {folder}/dump
source {script}
PS1='ready> '
keep() {{ print -r -- "$BUFFER" > {folder}/kept; exit }}
zle -N keep; bindkey '^I' complete-word; bindkey '^X' keep
"""


class ShellCase(SynchronousTestCase):
    """A master's folder with keys in it; no master runs."""

    shell = ""

    def setUp(self) -> None:
        self.program = shutil.which(self.shell)
        if self.program is None:
            raise SkipTest(f"needs {self.shell} (apt-get install {self.shell})")
        scratch = tempfile.TemporaryDirectory(prefix="txsh-", dir="/tmp")
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)
        (self.folder / "master").write_text(f"root_dir: {self.folder}\npki_dir: /pki\n")
        keys = self.folder / "pki" / "minions"
        keys.mkdir(parents=True)
        for name in ("web1", "web2", "db1"):
            (keys / name).touch()
        self.script = self.folder / f"script.{self.shell}"
        self.script.write_text(SCRIPTS[self.shell])
        scripts = sysconfig.get_path("scripts")
        self.environment = {
            "PATH": f"{scripts}:{os.environ['PATH']}",
            "HOME": scratch.name,
            "TERM": "dumb",
            "LANG": "C.UTF-8",
        }

    def hostile(self) -> Path:
        """Let somebody ask to be let in whose id is a command; return what that would make."""
        waiting = self.folder / "pki" / "minions_pre"
        waiting.mkdir()
        (waiting / "$(touch ran)").touch()
        (waiting / "x\x9b31m").touch()
        return self.folder / "ran"

    def says(self, *words: str) -> list[str]:
        """What the shell writes."""
        done = subprocess.run(
            [str(self.program), *words],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        self.assertEqual(done.stderr, "")
        return done.stdout.splitlines()


class BashTests(ShellCase):
    shell = "bash"

    def offered(self, line: str, part: str = "") -> list[str]:
        words = len(line.split())
        text = _BASH.format(script=self.script, line=line, words=words, part=part or "''")
        return [each for each in self.says("--norc", "-c", text) if each]

    def test_words(self) -> None:
        """
        Ids of minions, functions, actions and options are offered.
        """
        line = f"txsalt-cli -c {self.folder}"
        self.assertEqual(self.offered(line, "we"), ["web1", "web2"])
        self.assertEqual(self.offered(f"{line} web1", "test.pin"), ["test.ping"])
        self.assertEqual(self.offered(f"{line} key", "acc"), ["accept"])
        self.assertEqual(self.offered(f"{line} key accept", "d"), ["db1"])
        self.assertEqual(self.offered(f"{line} job list", "--fun"), ["--function", "--fun"])

    def test_lists(self) -> None:
        """
        Behind a comma the next id of a list is offered, and the next function.
        """
        line = f"txsalt-cli -c {self.folder}"
        self.assertEqual(self.offered(f"{line} -L", "web1,d"), ["web1,db1"])
        self.assertEqual(self.offered(f"{line} -L", "web1,db1,"), ["web1,db1,web2"])
        self.assertEqual(
            self.offered(f"{line} web1", "test.ping,test.ech"), ["test.ping,test.echo"]
        )

    def test_hostile_id(self) -> None:
        """
        An id that is a command does not run when it is offered, nor when the line is entered.
        """
        made = self.hostile()
        ids = self.offered(f"txsalt-cli -c {self.folder} key accept")
        self.assertEqual(ids, [r"\$\(touch\ ran\)", "db1", "web1", "web2"])
        self.assertFalse(made.exists())


class FishTests(ShellCase):
    shell = "fish"

    def offered(self, line: str) -> list[str]:
        text = f"source {self.script}; complete -C '{line}'"
        return [each.split("\t")[0] for each in self.says("--no-config", "-c", text)]

    def test_words(self) -> None:
        """
        Ids of minions, functions, actions and options are offered.
        """
        line = f"txsalt-cli -c {self.folder}"
        self.assertEqual(self.offered(f"{line} we"), ["web1", "web2"])
        self.assertEqual(self.offered(f"{line} web1 test.pin"), ["test.ping"])
        self.assertEqual(self.offered(f"{line} key acc"), ["accept"])
        self.assertEqual(self.offered(f"{line} key accept d"), ["db1"])
        self.assertEqual(sorted(self.offered(f"{line} job list --fun")), ["--fun", "--function"])
        self.assertEqual(self.offered(f"{line} -L web1,d"), ["web1,db1"])

    def test_hostile_id(self) -> None:
        """
        An id that is a command does not run when it is offered.
        """
        made = self.hostile()
        self.assertIn("$(touch ran)", self.offered(f"txsalt-cli -c {self.folder} key accept "))
        self.assertFalse(made.exists())


class ZshTests(ShellCase):
    shell = "zsh"

    def completed(self, line: str) -> str:
        """What stands on the command line after the key that completes."""
        kept = self.folder / "kept"
        kept.unlink(missing_ok=True)
        start = _ZSH.format(folder=self.folder, script=self.script)
        (self.folder / ".zshrc").write_text(start)
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.folder)
            os.execve(str(self.program), [self.shell, "-d", "-i"], self.environment)
        try:
            self._until(terminal, b"ready> ")
            os.write(terminal, f"{line}\t\x18".encode())
            self._until(terminal, None)
        finally:
            os.close(terminal)
            os.waitpid(pid, 0)
        return kept.read_text().rstrip()

    def _until(self, terminal: int, mark: bytes | None) -> None:
        """Read up to ``mark``, or to the end."""
        seen = b""
        while mark is None or mark not in seen:
            try:
                seen += (piece := os.read(terminal, 4096))
            except OSError:  # the other side is closed
                piece = b""
            if not piece:
                self.assertIsNone(mark, seen)
                return

    def test_words(self) -> None:
        """
        Ids of minions, functions, actions and options are completed.
        """
        line = f"txsalt-cli -c {self.folder}"
        self.assertEqual(self.completed(f"{line} we"), f"{line} web")
        self.assertEqual(self.completed(f"{line} web1 test.pin"), f"{line} web1 test.ping")
        self.assertEqual(self.completed(f"{line} key acc"), f"{line} key accept")
        self.assertEqual(self.completed(f"{line} key accept d"), f"{line} key accept db1")
        self.assertEqual(self.completed(f"{line} job list --minio"), f"{line} job list --minion")
        self.assertEqual(self.completed(f"{line} -L web1,d"), f"{line} -L web1,db1")

    def test_hostile_id(self) -> None:
        """
        An id that is a command does not run when it is completed.
        """
        made = self.hostile()
        line = f"txsalt-cli -c {self.folder} key accept"
        self.assertEqual(self.completed(f"{line} "), line)  # several fit
        self.assertFalse(made.exists())
