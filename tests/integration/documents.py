"""
The documents as a reader has them: their blocks, and a shell that types what stands in these.

A block "sh tour" is run as it is; in a block "console tour" each line after a dollar sign is a
command, and what follows is shown. There ``…`` stands for any text within a line, and on a line of
its own for any lines; job ids and times stand for others. Minions may answer in any order.
"""

import os
import re
import subprocess
import sysconfig
import tempfile
from pathlib import Path

from tests.interop.processes import free_ports, wait_until

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```(\S+) (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_EXPORT = re.compile(r"^export (\w+)=(\S+)$", re.MULTILINE)
_ANSWER = re.compile(r"[\w-]+:( .*)?$")
# Job ids and times, and the widths of columns: these are others in each run.
_SAMPLES = (
    r"\d{20}",
    r"\d{4}-\d\d-\d\d[ T][\d:]{8}(?:\.\d+)?(?:\+00:00)?",
    r"(?<=\S) {2,}",
    r"-{4,}",
)
_SAMPLE = re.compile("|".join(f"({each})" for each in _SAMPLES))
_TALK = re.compile(r"(txsalt-cli|exit code)\b")


def blocks(document: str, label: str) -> list[tuple[str, str]]:
    """The fenced blocks of a document with this label, as (language, text)."""
    text = (ROOT / document).read_text()
    return [(kind, body) for kind, name, body in BLOCK.findall(text) if name == label]


def commands(body: str) -> list[tuple[str, str]]:
    """The commands of a console block, each with the output that is shown."""
    found = []
    for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        found.append((command, output))
    return found


def fences(document: str) -> list[str]:
    """What stands behind the fences that begin a block, such as "console tour"."""
    text = (ROOT / document).read_text()
    return [each.splitlines()[0].removeprefix("```") for each in _FENCED.findall(text)]


def indented(document: str) -> list[str]:
    """The lines of a document's indented blocks, without comments at their ends."""
    text = _FENCED.sub("", (ROOT / document).read_text())
    lines = [line[4:] for line in text.splitlines() if line.startswith("    ")]
    return [re.split(r"\s{2,}", line)[0].strip() for line in lines if line[:1].strip()]


def in_order(output: str) -> str:
    """Sort what minions answered, one after the other; what is said about it stays behind."""
    parts: list[str] = []
    for line in output.splitlines():
        if _TALK.match(line) or not parts or (_ANSWER.match(line) and not _TALK.match(parts[-1])):
            parts.append(line)
        else:
            parts[-1] += f"\n{line}"
    answers = [each for each in parts if _ANSWER.match(each.partition("\n")[0])]
    if any(each not in answers and not _TALK.match(each) for each in parts):
        return output
    talk = [each for each in parts if _TALK.match(each)]
    return "\n".join(sorted(each for each in answers if each not in talk) + talk)


def pattern(shown: str) -> str:
    """The regular expression of what a document shows."""
    found = ""
    for line in shown.rstrip().splitlines():
        if line.strip() == "…":
            found += "(?:.*\n)*?"
            continue
        end = 0
        for sample in _SAMPLE.finditer(line):
            found += _text(line[end : sample.start()]) + _SAMPLES[(sample.lastindex or 1) - 1]
            end = sample.end()
        found += _text(line[end:].rstrip()) + " *\n"
    return found


def _text(part: str) -> str:
    return re.escape(part).replace("…", ".*")


class Shell:
    """A reader with a terminal, in a folder and with ports of their own."""

    def __init__(self) -> None:
        # Short: paths of local sockets end at 107 characters.
        self._scratch = tempfile.TemporaryDirectory(prefix="txt-", dir="/tmp")
        self.folder = self._scratch.name
        self._ports = free_ports(2)
        scripts = sysconfig.get_path("scripts")
        self._environment = {**os.environ, "PATH": f"{scripts}:{os.environ['PATH']}"}
        self._environment.pop("TXSALT_CONFIG_DIR", None)

    def type(self, text: str) -> tuple[int, str]:
        """Run it; return the exit code and all that the terminal shows."""
        text = self._local(text)
        done = subprocess.run(
            ["bash", "-c", text],
            env=self._environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        self._environment.update(_EXPORT.findall(text))
        return done.returncode, self._general(done.stdout)

    def compare(self, command: str, shown: str) -> None:
        """Run a command until it shows this. Raises AssertionError after some patience."""
        expected, seen = pattern(shown), ""

        def as_shown() -> bool:
            nonlocal seen
            _, seen = self.type(command)
            said = in_order(seen).rstrip()
            return re.fullmatch(expected, f"{said}\n" if said else "") is not None

        try:
            # A reader takes a moment between two commands; a minion needs one to ask again.
            wait_until(as_shown, 20, command)
        except AssertionError:
            raise AssertionError(f"$ {command}\n{seen}\nshown:\n{shown}") from None

    def running(self) -> list[Path]:
        """The pid files that are there."""
        return list(Path(self.folder).glob("*/run/*.pid"))

    def close(self) -> None:
        """End what still runs, and remove the folder."""
        for path in self.running():
            subprocess.run(["kill", "-9", path.read_text().strip()], check=False)
        self._scratch.cleanup()

    def _local(self, text: str) -> str:
        """The same text for our folder and ports."""
        publish, ret = self._ports
        text = text.replace("/tmp/tour", self.folder)
        text = text.replace(
            "interface: 127.0.0.1",
            f"interface: 127.0.0.1\npublish_port: {publish}\nret_port: {ret}",
        )
        return text.replace("master: 127.0.0.1", f"master: 127.0.0.1\nmaster_port: {ret}")

    def _general(self, text: str) -> str:
        return text.replace(self.folder, "/tmp/tour")
