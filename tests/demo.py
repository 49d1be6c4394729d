"""
The tour of ``make demo``: a master and three minions on loopback, a few commands, everything
stopped.

Run as ``python -m tests.demo``. All files are in a scratch folder, which is removed at the end.
"""

import getpass
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SCRIPTS = Path(sysconfig.get_path("scripts"))
MINIONS = {"web1": "web", "web2": "web", "db1": "database"}
START_SECONDS = 60.0
TOUR: tuple[tuple[str, str], ...] = (
    ("Three minions asked to be let in; their keys wait:", "key list"),
    ("Compare fingerprints (each minion logs its own), then let them in:",
    "key accept --all --yes"), ("Are they there?", "'*' test.ping"),
    ("Run a command on some, by a fact about them (a grain):", "-G role:web cmd.run 'uname -sr'"),
    (
        "Any data travels, in and out; output as you want it:",
        "web1 test.echo '{greeting: grüße, n: [1, 2.5, null]}' --out json",
    ),
    ("Targets combine:", "-C 'web* or G@role:database' grains.item id role --out yaml --static"),
    ("A command that fails fails here too:", "db1 cmd.run 'ls /nowhere'"),
)  # fmt: skip


class Demo:
    """The daemons of one run and the folder that they live in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "master"
        self.daemons: list[subprocess.Popen[bytes]] = []
        self.ports = free_ports()

    def configure(self) -> None:
        """Write the files of the master and of each minion."""
        self._write(
            self.config / "master",
            {
                "root_dir": str(self.config),
                "pki_dir": "/pki",
                "cachedir": "/cache",
                "sock_dir": "/run",
                "user": getpass.getuser(),
                "interface": "127.0.0.1",
                "publish_port": self.ports[0],
                "ret_port": self.ports[1],
            },
        )
        for name, role in MINIONS.items():
            home = self.folder / name
            self._write(
                home / "minion",
                {
                    "root_dir": str(home),
                    "pki_dir": "/pki",
                    "cachedir": "/cache",
                    "sock_dir": "/run",
                    "user": getpass.getuser(),
                    "id": name,
                    "master": "127.0.0.1",
                    "master_port": self.ports[1],
                    "acceptance_wait_time": 1,
                    "grains": {"role": role},
                },
            )

    def start(self, plugin: str, home: Path) -> None:
        """Start one daemon in the foreground, its log in its folder."""
        argv = [str(SCRIPTS / "twistd"), "--nodaemon", f"--pidfile={home / 'pid'}"]
        with (home / "log").open("wb") as log:
            self.daemons.append(
                subprocess.Popen(
                    [*argv, plugin, "--config-dir", str(home)],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=home,
                )
            )

    def cli(self, words: str, *, show: bool = True) -> subprocess.CompletedProcess[str]:
        """Run one txsalt-cli command and show it with what it prints."""
        argv = [str(SCRIPTS / "txsalt-cli"), "--config-dir", str(self.config), *shlex.split(words)]
        if show:
            print(f"\n$ txsalt-cli {words}", flush=True)
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
        if show:
            print(indented(done.stdout + done.stderr))
            if done.returncode:
                print(f"  (exit code {done.returncode})")
        return done

    def wait(self, what: str, words: str, needle: str) -> None:
        """Repeat a command until each minion stands in its output under ``needle``."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            done = self.cli(words, show=False)
            if done.returncode == 0 and all(name in done.stdout for name in MINIONS):
                return
            self.check()
            if time.monotonic() > deadline:
                raise SystemExit(f"demo: {what} took more than {START_SECONDS:g} s{self.logs()}")
            time.sleep(0.1)

    def check(self) -> None:
        """End the demo with the logs if a daemon has ended."""
        if any(daemon.poll() is not None for daemon in self.daemons):
            raise SystemExit(f"demo: a daemon ended early{self.logs()}")

    def logs(self) -> str:
        """The end of every log, for a message."""
        texts = [
            f"\n--- {path.parent.name}\n" + "\n".join(path.read_text().splitlines()[-15:])
            for path in sorted(self.folder.glob("*/log"))
        ]
        return "".join(texts)

    def stop(self) -> None:
        """Stop every daemon, minions first; end those that do not obey."""
        for daemon in reversed(self.daemons):
            daemon.send_signal(signal.SIGTERM)
        for daemon in self.daemons:
            try:
                daemon.wait(timeout=20)
            except subprocess.TimeoutExpired:
                daemon.kill()

    @staticmethod
    def _write(path: Path, options: dict[str, object]) -> None:
        path.parent.mkdir(parents=True)
        # JSON is YAML.
        path.write_text(json.dumps(options, indent=2) + "\n")


def free_ports() -> tuple[int, int]:
    """Two free ports of loopback, below those that the kernel hands out."""
    with socket.socket() as first, socket.socket() as second:
        for bound in (first, second):
            bound.bind(("127.0.0.1", 0))
        return first.getsockname()[1], second.getsockname()[1]


def indented(text: str) -> str:
    """Set command output off from the demo's own words."""
    return "\n".join(f"  {line}" for line in text.rstrip().splitlines())


@contextmanager
def demo() -> Iterator[Demo]:
    """A running demo; stopped and removed afterwards."""
    # Short, and directly in /tmp: the paths of local sockets end at 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="txsalt-demo-", dir="/tmp"))
    running = Demo(folder)
    try:
        running.configure()
        yield running
    finally:
        running.stop()
        shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    """Give the tour; return 0 if everything went as it should."""
    began = time.monotonic()
    with demo() as running:
        print(f"Everything is in {running.folder}, on ports {running.ports} of loopback.")
        print("Starting: twistd txsalt-master, three times twistd txsalt-minion …", flush=True)
        running.start("txsalt-master", running.config)
        for name in MINIONS:
            running.start("txsalt-minion", running.folder / name)
        running.wait("the sign-in", "key list pre", "pre")
        for number, (text, words) in enumerate(TOUR):
            if number == 2:
                running.wait("the acceptance", "'*' test.ping --out txt", "True")
            print(f"\n{text}", end="")
            done = running.cli(words)
            expected_failure = number == len(TOUR) - 1
            if bool(done.returncode) != expected_failure:
                print(f"demo: that should not have happened{running.logs()}", file=sys.stderr)
                return 1
        print("\nStopping …", flush=True)
    print(f"Done in {time.monotonic() - began:.0f} s; nothing is left.")
    return 0


if __name__ == "__main__":
    os.environ.setdefault("COLUMNS", "100")
    sys.exit(main())
