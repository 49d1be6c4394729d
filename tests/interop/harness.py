"""
Masters and minions of both houses, behind one face.

``StockMaster``, ``StockMinion``: Salt's own daemons, from the environment of a line.
``TxMaster``, ``TxMinion``: ours, from the environment that runs the tests.
Each master also speaks through its own command line, so that a story can be told over any pair.
"""

import contextlib
import getpass
import re
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.interop import account, environments
from tests.interop.processes import (
    Answer,
    Daemon,
    answers_tcp,
    free_ports,
    run,
    tell,
    wait_until,
    write_yaml,
)
from tests.interop.watchers import StockWatcher, TxWatcher, Watcher, has_tag

START_SECONDS = 60.0  # generous: a loaded machine with two processors
PILLAR = {"fruit": "quince", "nested": {"text": "grüße"}}
SERVED_TEXT = "served by the master: grüße\n"
GRAINS = {"role": "web", "place": {"city": "Zürich"}}


class Master(Daemon):
    """What both kinds of master offer to a test."""

    def __init__(self, name: str, **options: Any) -> None:
        """``options`` are those of this one master."""
        super().__init__(name)
        self.publish_port, self.ret_port = free_ports(2)
        self.pki_dir = self.root / "pki"
        self.sock_dir = self.root / "run"
        write_yaml(
            self.config_dir / "master",
            {**self._options(), **self.own_options(), **self.extra_options(), **options},
        )
        (self.root / "srv").mkdir()
        (self.root / "srv" / "greeting.txt").write_text(SERVED_TEXT)
        (self.root / "pillar").mkdir()
        write_yaml(self.root / "pillar" / "top.sls", {"base": {"*": ["fruits"]}})
        write_yaml(self.root / "pillar" / "fruits.sls", PILLAR)

    def _options(self) -> dict[str, Any]:
        return {
            "root_dir": str(self.root),
            "user": getpass.getuser(),
            "interface": "127.0.0.1",
            "publish_port": self.publish_port,
            "ret_port": self.ret_port,
            "pki_dir": str(self.pki_dir),
            "sock_dir": str(self.sock_dir),
            "cachedir": str(self.root / "cache"),
            "worker_threads": 2,
            "file_roots": {"base": [str(self.root / "srv")]},
            "pillar_roots": {"base": [str(self.root / "pillar")]},
            "loop_interval": 1,
            "timeout": 15,
        }

    def own_options(self) -> dict[str, Any]:
        """Options that every master of this house has."""
        return {}

    def extra_options(self) -> dict[str, Any]:
        """Options that only this kind of master has."""
        return {}

    def start(self) -> None:
        """Start it and wait until it takes requests and shows its event bus."""
        super().start()

        def serves() -> bool:
            self.check_alive()
            bus = self.sock_dir / "master_event_pub.ipc"
            return bus.exists() and answers_tcp(self.publish_port) and answers_tcp(self.ret_port)

        wait_until(serves, START_SECONDS, f"{self.name} serves")

    def listen(self) -> Watcher:
        """A listener on the event bus that hears everything from now on."""
        raise NotImplementedError

    def say(self, *words: str, options: Sequence[str] = (), seconds: float = 90) -> Answer:
        """Run the house's command line: ``options`` first, then target, function, arguments."""
        raise NotImplementedError

    def key(self, deed: str, minion_id: str = "") -> Answer:
        """Run the house's key tool: list, accept, reject or delete."""
        raise NotImplementedError

    def key_state(self, minion_id: str) -> str:
        """The folder that the key lies in: accepted, pre, rejected, denied; "" if in none."""
        folders = {
            "accepted": "minions",
            "pre": "minions_pre",
            "rejected": "minions_rejected",
            "denied": "minions_denied",
        }
        for state, folder in folders.items():
            if (self.pki_dir / folder / minion_id).is_file():
                return state
        return ""

    def wait_key(self, minion_id: str, state: str, minion: Daemon | None = None) -> None:
        """Wait until the key of a minion is in this state; at most as long as ``minion`` lives."""

        def is_so() -> bool:
            self.check_alive()
            if minion is not None:
                minion.check_alive()
            return self.key_state(minion_id) == state

        wait_until(
            is_so,
            START_SECONDS,
            f"key of {minion_id} {state or 'gone'}; {self.name} logged:\n{self.tail()}",
        )

    def change_key(self, deed: str, minion_id: str, state: str) -> None:
        """Do something to a key by the tool and see that it happened."""
        answer = self.key(deed, minion_id)
        assert answer.returncode == 0, answer
        self.wait_key(minion_id, state)

    def rotate(self, watcher: Watcher) -> None:
        """Make the master rotate its shared key, by deleting the pending key of a ghost."""
        before = len(watcher.seen())
        pending = self.pki_dir / "minions_pre"
        pending.mkdir(parents=True, exist_ok=True)
        public = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        (pending / "ghost").write_bytes(pem)
        self.change_key("delete", "ghost", "")

        def rotated() -> bool:
            return any(tag == "key" for tag, _ in watcher.seen()[before:])

        wait_until(rotated, 20, f"event of a rotated key; {self.name} logged:\n{self.tail()}")

    def job_id(self, answer: Answer) -> str:
        """The job id that the command line printed for ``--async``."""
        found = re.search(r"\b\d{20}\b", answer.stdout)
        assert found, answer
        return found.group()


class StockMaster(Master):
    """Salt's own master."""

    leaves_nothing = False

    def __init__(self, line: str, **options: Any) -> None:
        self.line = line
        super().__init__(f"master{line}", **options)

    def extra_options(self) -> dict[str, Any]:
        return {"log_file": str(self.log_file), "log_level_logfile": "info", "ipc_mode": "ipc"}

    def command(self) -> list[str]:
        return [environments.command(self.line, "salt-master"), "-c", str(self.config_dir)]

    def environment(self) -> dict[str, str]:
        return _stock_environment()

    def listen(self) -> Watcher:
        python = environments.command(self.line, "python")
        return StockWatcher(python, self.config_dir, run().remember)

    def say(self, *words: str, options: Sequence[str] = (), seconds: float = 90) -> Answer:
        # Without --static, which hides failures from the exit code and overrides --async.
        tool = [environments.command(self.line, "salt"), "-c", str(self.config_dir), "--out=json"]
        return tell([*tool, *options, *words], stock=True, seconds=seconds)

    def key(self, deed: str, minion_id: str = "") -> Answer:
        letter = {"list": "-L", "accept": "-a", "reject": "-r", "delete": "-d"}[deed]
        words = [letter, *([minion_id] if minion_id else []), "--yes"]
        tool = environments.command(self.line, "salt-key")
        return tell([tool, "-c", str(self.config_dir), *words], stock=True)


class TxMaster(Master):
    """Our master, under twistd. It is not root, see ``account``."""

    def __init__(self, **options: Any) -> None:
        super().__init__("txmaster", **options)
        account.give(self.root)

    def own_options(self) -> dict[str, Any]:
        return {"user": account.master_user()}

    def command(self) -> list[str]:
        house = account.house()
        return [house.python, *_twistd(self, "txsalt-master", house.scripts)]

    def environment(self) -> dict[str, str]:
        return {**run().environment, "PYTHONPATH": str(account.house().checkout)}

    def listen(self) -> Watcher:
        return TxWatcher(self.sock_dir)

    def say(self, *words: str, options: Sequence[str] = (), seconds: float = 90) -> Answer:
        tool = [_script("txsalt-cli"), "--config-dir", str(self.config_dir)]
        return tell(
            [*tool, "--out", "json", "--static", *options, *words], stock=False, seconds=seconds
        )

    def key(self, deed: str, minion_id: str = "") -> Answer:
        words = [deed] if deed == "list" else [deed, minion_id, "--yes"]
        tool = [_script("txsalt-cli"), "--config-dir", str(self.config_dir), "key"]
        return tell([*tool, *words], stock=False)


class Minion(Daemon):
    """What both kinds of minion offer to a test."""

    def __init__(self, minion_id: str, master: Master, **options: Any) -> None:
        """``options`` are those of this one minion."""
        super().__init__(minion_id)
        self.minion_id = minion_id
        common = {
            "root_dir": str(self.root),
            "user": getpass.getuser(),
            "id": minion_id,
            # The port of publications is left out: the master's sign-in reply tells it.
            "master": "127.0.0.1",
            "master_port": master.ret_port,
            "pki_dir": str(self.root / "pki"),
            "sock_dir": str(self.root / "run"),
            "cachedir": str(self.root / "cache"),
            "acceptance_wait_time": 1,
            "random_reauth_delay": 1,
            "recon_default": 100,
            "recon_max": 500,
            "grains": GRAINS,
        }
        write_yaml(self.config_dir / "minion", {**common, **self.extra_options(), **options})

    def extra_options(self) -> dict[str, Any]:
        """Options that only this kind of minion has."""
        return {}


class StockMinion(Minion):
    """Salt's own minion."""

    leaves_nothing = False

    def __init__(self, line: str, master: Master, minion_id: str, **options: Any) -> None:
        self.line = line
        super().__init__(minion_id, master, **options)

    def extra_options(self) -> dict[str, Any]:
        return {
            "log_file": str(self.log_file),
            "log_level_logfile": "info",
            "ipc_mode": "ipc",
            "enable_gpu_grains": False,
            "enable_fqdns_grains": False,
            "loop_interval": 1,
            "mine_functions": {"test.ping": []},
            # 3008 hides the values of pillar.items otherwise.
            "pillar_mask_output": False,
        }

    def command(self) -> list[str]:
        return [environments.command(self.line, "salt-minion"), "-c", str(self.config_dir)]

    def environment(self) -> dict[str, str]:
        return _stock_environment()


class TxMinion(Minion):
    """Our minion, under twistd."""

    def __init__(self, master: Master, minion_id: str, **options: Any) -> None:
        super().__init__(minion_id, master, **options)

    def command(self) -> list[str]:
        return _twistd(self, "txsalt-minion")


class GuestMinion(TxMinion):
    """Our minion in an environment with the salt package, which its jobs may use."""

    def __init__(self, master: Master, minion_id: str, salt_modules: str) -> None:
        self.salt_modules = salt_modules
        super().__init__(master, minion_id)

    def extra_options(self) -> dict[str, Any]:
        return {"salt_modules": self.salt_modules, "enable_fqdns_grains": False}

    def command(self) -> list[str]:
        scripts = Path(environments.command("guest", "twistd")).parent
        return _twistd(self, "txsalt-minion", scripts)


class Fleet:
    """A master with its minions, from the first contact to the start events."""

    def __init__(self, master: Master) -> None:
        self.master = master
        self.minions: dict[str, Minion] = {}
        self.pending_list: Answer | None = None
        self.watcher: Watcher | None = None

    def add(self, minion: Minion) -> Minion:
        """Take a minion in, before ``start``."""
        self.minions[minion.minion_id] = minion
        return minion

    def start(self) -> None:
        """Start all, see each key pending, accept it, and wait for each start event."""
        self.master.start()
        self.watcher = self.master.listen()
        for minion in self.minions.values():
            minion.start()
        for minion_id, minion in self.minions.items():
            self.master.wait_key(minion_id, "pre", minion)
        self.pending_list = self.master.key("list")
        for minion_id in self.minions:
            self.master.change_key("accept", minion_id, "accepted")
        for minion_id in self.minions:
            self._wait_start(self.watcher, minion_id)

    def _wait_start(self, watcher: Watcher, minion_id: str) -> None:
        started = has_tag(f"salt/minion/{minion_id}/start")
        if isinstance(self.master, StockMaster):
            # Seen once in ten starts of stock 3008 with a stock minion: it went on signing in after
            # the key was accepted. The cause was not found; a second acceptance is tried.
            with contextlib.suppress(AssertionError):
                watcher.wait(started, 10)
                return
            self.master.key("accept", minion_id)
        try:
            watcher.wait(started, START_SECONDS)
        except AssertionError as error:
            log = self.minions[minion_id].tail()
            state = self.master.key_state(minion_id)
            raise AssertionError(f"{error}\nkey: {state}\n{log}") from None

    def close(self) -> None:
        """End all; ours must leave nothing behind when they are asked to end."""
        if self.watcher is not None:
            self.watcher.close()
        try:
            for daemon in (*self.minions.values(), self.master):
                # Stock daemons take seconds to end and prove nothing by it.
                (daemon.stop if daemon.leaves_nothing else daemon.kill)()
        finally:
            for daemon in (*self.minions.values(), self.master):
                daemon.kill()
                daemon.remove()


def _stock_environment() -> dict[str, str]:
    return {name: value for name, value in run().environment.items() if name != "PYTHONPATH"}


def _script(name: str) -> str:
    return str(Path(sysconfig.get_path("scripts")) / name)


def _twistd(daemon: Daemon, plugin: str, scripts: Path | None = None) -> list[str]:
    options = ["--nodaemon", f"--pidfile={daemon.root / 'pid'}"]
    twistd = _script("twistd") if scripts is None else str(scripts / "twistd")
    return [twistd, *options, plugin, "--config-dir", str(daemon.config_dir)]
