"""Keys of minions, from the first contact to their removal: our key tool, master and minions."""

import json
import os
import stat
from collections.abc import Iterable
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from twisted.trial.unittest import SynchronousTestCase

from tests.integration.spine import CLI, SpineCase, SpineMaster, started
from tests.interop import account, processes
from tests.interop.harness import TxMinion
from tests.interop.processes import wait_until
from tests.interop.watchers import has_tag

USAGE = 64


def new_key() -> rsa.RSAPrivateKey:
    """A key as real Salt makes them."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_pem(key: rsa.RSAPrivateKey) -> bytes:
    """The text of its public half."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


class KeyTests(SpineCase):
    """Two accepted minions; a test that removes a key puts it back."""

    ids = ("web1", "web2")

    def key(self, *words: str, code: int = 0) -> Any:
        """What ``txsalt-cli key`` says; its data for --out json."""
        answer = self.master.cli("key", *words)
        self.assertEqual(answer.returncode, code, str(answer))
        self.assertNotIn("Traceback", answer.stderr)
        return answer.data if "json" in words else answer.stdout or answer.stderr

    def call(self, minion_id: str, *words: str) -> Any:
        """What a call without a master prints on a minion's machine."""
        folder = str(self.minion(minion_id).config_dir)
        argv = [CLI, "call", "--local", "--config-dir", folder, "--out", "json", *words]
        answer = processes.tell(argv, stock=False, seconds=60)
        self.assertEqual(answer.returncode, 0, str(answer))
        return answer.data["local"]

    def ghosts(self, *names: str) -> None:
        """Pending keys of minions that do not exist."""
        pem = public_pem(new_key())
        for name in names:
            (self.master.pki_dir / "minions_pre" / name).write_bytes(pem)

    def accept_again(self, minion_id: str) -> None:
        """Let a minion in again and wait for its answer."""
        self.key("accept", minion_id, "--yes", "--include-all")
        self.answers(minion_id)

    def test_list(self) -> None:
        """
        Keys are listed by state, for people and for programs, all or those that match.
        """
        self.ghosts("ghost1")
        self.addCleanup(self.key, "delete", "ghost1", "--yes")
        text = self.key("list")
        self.assertLess(text.index("Accepted Keys:\nweb1\nweb2"), text.index("ghost1"))
        self.assertEqual(self.key("list", "pre"), "Unaccepted Keys:\nghost1\n")
        found = self.key("list", "--out", "json")
        self.assertEqual((found["minions"], found["minions_pre"]), (["web1", "web2"], ["ghost1"]))
        self.assertEqual(self.key("list", "w*2", "--out", "json")["minions"], ["web2"])

    def test_finger(self) -> None:
        """
        The fingerprint shown here is the one that the minion shows: in its log, to a call on its
        machine, as an answer. The master's is shown on both sides, too.
        """
        found = self.key("finger", "--out", "json")
        for minion_id in self.ids:
            own, master = found["minions"][minion_id], found["local"]["master.pub"]
            self.assertIn(own, self.minion(minion_id).log())
            self.assertEqual(self.call(minion_id, "key.finger"), own)
            self.assertEqual(self.call(minion_id, "key.finger_master"), master)
            answer = self.master.cli(minion_id, "key.finger", "--out", "json")
            self.assertEqual(answer.data, {minion_id: own})
        self.assertIn("master.pub", found["local"])
        self.assertIn("no key matches", self.key("finger", "nobody", code=1))

    def test_question(self) -> None:
        """
        Without a terminal to ask on and without --yes nothing is changed.
        """
        self.ghosts("ghost1")
        self.addCleanup(self.key, "delete", "ghost1", "--yes")
        for deed in ("accept", "reject", "delete"):
            self.assertIn("--yes", self.key(deed, "ghost1", code=USAGE))
        self.assertIn("--all", self.key("accept", code=USAGE))
        self.assertIn("no key matches", self.key("accept", "nobody*", "--yes", code=1))
        self.assertEqual(self.master.key_state("ghost1"), "pre")

    def test_globs_and_all(self) -> None:
        """
        Globs and --all mean the keys that they match in the states that the deed is for.
        """
        names = ("ghost1", "ghost2", "spook")
        self.ghosts(*names)
        self.addCleanup(self.key, "delete", *names, "--yes")
        self.assertEqual(self.key("accept", "gh*", "--yes"), "accepted: ghost1\naccepted: ghost2\n")
        self.assertEqual(self.key("reject", "--all", "--yes"), "rejected: spook\n")
        states = {name: self.master.key_state(name) for name in (*names, "web1")}
        expected = {"ghost1": "accepted", "ghost2": "accepted", "spook": "rejected"}
        self.assertEqual(states, {**expected, "web1": "accepted"})

    def test_deleted(self) -> None:
        """
        A deleted minion's next request is refused; it is pending within seconds, and welcome.
        """
        self.addCleanup(self.accept_again, "web1")
        self.master.cli("web1", "cmd.run", "sleep 1", "--async")
        self.key("delete", "web1", "--yes")
        self.master.wait_key("web1", "pre", self.minion("web1"))
        answer = self.master.cli("web1", "test.ping", "-t", "1")
        self.assertEqual(answer.returncode, 82, answer.stderr)

    def test_deleted_while_idle(self) -> None:
        """
        A deleted minion that has nothing to say comes back at the next job for anybody, since it
        cannot read that.
        """
        self.addCleanup(self.accept_again, "web1")
        with self.master.listening() as watcher:
            self.key("delete", "web1", "--yes")
            watcher.wait(has_tag("key"), 10)
        answer = self.master.cli("web2", "test.ping")
        self.assertEqual(answer.returncode, 0, f"{answer}\n{self.minion('web2').tail()}")
        self.master.wait_key("web1", "pre", self.minion("web1"))

    def test_rejected(self) -> None:
        """
        A rejected minion stays up, says so with its fingerprint, and works once it is accepted.
        """
        minion = self.minion("web1")
        finger = self.key("finger", "web1", "--out", "json")["minions"]["web1"]
        self.addCleanup(self.accept_again, "web1")
        with self.master.listening() as watcher:
            self.key("reject", "web1", "--yes", "--include-accepted")
            watcher.wait(has_tag("key"), 10)
        self.assertEqual(self.master.cli("web2", "test.ping").returncode, 0)

        def said() -> bool:
            minion.check_alive()
            lines = [line for line in minion.log().splitlines() if "rejected this minion" in line]
            return any(finger in line for line in lines)

        wait_until(said, 20, f"the minion says that it is rejected:\n{minion.tail()}")

    def test_bulk_delete_rotates_once(self) -> None:
        """
        However many keys go at once, the shared key is made anew once; minions keep answering.
        """
        names = [f"ghost{number}" for number in range(12)]
        self.ghosts(*names)
        with self.master.listening() as watcher:
            self.key("delete", "ghost*", "--yes")
            watcher.wait(lambda tag, data: tag == "key", 15)
            answer = self.master.cli("*", "test.ping", "--out", "json")
            self.assertEqual((answer.data, answer.returncode), (dict.fromkeys(self.ids, True), 0))
            tags = [tag for tag, _ in watcher.seen()]
            self.assertEqual((tags.count("key"), tags.count("salt/key")), (1, 12), tags)

    def test_modes(self) -> None:
        """
        Private keys and secrets are readable by their owner alone.
        """
        for folder in (self.master.pki_dir, self.minion("web1").root / "pki"):
            self.assertEqual(stat.S_IMODE(folder.stat().st_mode) & 0o077, 0)
            for path in folder.iterdir():
                if path.suffix == ".pem" or path.name == ".secrets":
                    self.assertEqual(stat.S_IMODE(path.stat().st_mode) & 0o077, 0, path)
        keys = list((self.master.root / "cache").glob(".*_key"))
        self.assertTrue(keys)
        for path in keys:
            self.assertEqual(stat.S_IMODE(path.stat().st_mode) & 0o077, 0, path)


class FirstContactTests(SynchronousTestCase):
    """Masters that decide about keys without a person; each test has one of its own."""

    def start(self, master: SpineMaster, *minions: TxMinion) -> None:
        """Start a master and minions; they end with the test."""
        for daemon in (master, *minions):
            self.addCleanup(daemon.remove)
            self.addCleanup(daemon.kill)
        master.start()
        for minion in minions:
            minion.start()

    def settled(self, master: SpineMaster, states: dict[str, str]) -> None:
        """Wait until each key is where it belongs."""
        for minion_id, state in states.items():
            master.wait_key(minion_id, state)

    def test_by_files(self) -> None:
        """
        The lists of ids decide, rejection first; who is on none of them waits for a person.
        """
        master = SpineMaster(autosign_file="/good", autoreject_file="/bad")
        (master.root / "good").write_text("# ours\nauto*\n")
        (master.root / "bad").write_text("autobad\n")
        for name in ("good", "bad"):
            os.chmod(master.root / name, 0o600)
            account.give(master.root / name)
        minions = [TxMinion(master, each) for each in ("auto1", "autobad", "other")]
        self.start(master, *minions)
        self.settled(master, {"auto1": "accepted", "autobad": "rejected", "other": "pre"})
        wait_until(lambda: "is ready" in minions[0].log() or _pings(master, "auto1"), 20, "auto1")

    def test_everybody(self) -> None:
        """
        With auto_accept every new minion is in at once; another key for its id is not.
        """
        master = SpineMaster(auto_accept=True)
        first = TxMinion(master, "web1")
        self.start(master, first)
        self.settled(master, {"web1": "accepted"})
        wait_until(lambda: _pings(master, "web1"), 20, "web1 answers")
        thief = TxMinion(master, "web1")
        self.addCleanup(thief.remove)
        self.addCleanup(thief.kill)
        thief.start()
        denied = master.pki_dir / "minions_denied" / "web1"
        wait_until(denied.exists, 20, "the other key is denied")
        thief.check_alive()
        self.assertTrue(_pings(master, "web1"))

    def test_open_mode(self) -> None:
        """
        With open_mode another key for an id replaces the accepted one.
        """
        master = SpineMaster(open_mode=True)
        (master.pki_dir / "minions").mkdir(parents=True)
        (master.pki_dir / "minions" / "web1").write_bytes(public_pem(new_key()))
        minion = TxMinion(master, "web1")
        self.start(master, minion)
        wait_until(lambda: _pings(master, "web1"), 20, "web1 answers")

    def test_keys_of_salt(self) -> None:
        """
        A master's and a minion's folders of keys that Salt made are taken as they are.
        """
        master = SpineMaster()
        minion = TxMinion(master, "web1")
        ours, theirs = new_key(), new_key()
        _lay(master.pki_dir, "master", ours)
        _lay(minion.root / "pki", "minion", theirs)
        for name in ("minions", "minions_pre", "minions_rejected", "minions_denied"):
            (master.pki_dir / name).mkdir()
        (master.pki_dir / "minions" / "web1").write_bytes(public_pem(theirs))
        (minion.root / "pki" / "minion_master.pub").write_bytes(public_pem(ours))
        before = _contents(master.pki_dir.glob("*.p*"))
        self.start(master)
        with master.listening() as watcher:
            self.start_minion(minion)
            started(watcher, "web1")
            acts = [data["act"] for tag, data in watcher.seen() if tag == "salt/auth"]
        self.assertEqual(acts, ["accept"])
        self.assertTrue(_pings(master, "web1"))
        self.assertEqual(_contents(master.pki_dir.glob("*.p*")), before)

    def start_minion(self, minion: TxMinion) -> None:
        """Start a minion that ends with the test."""
        self.addCleanup(minion.remove)
        self.addCleanup(minion.kill)
        minion.start()


def _pings(master: SpineMaster, minion_id: str) -> bool:
    return master.cli(minion_id, "test.ping", "-t", "1").returncode == 0


def _lay(folder: Any, name: str, key: rsa.RSAPrivateKey) -> None:
    folder.mkdir(mode=0o700)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    (folder / f"{name}.pem").write_bytes(private)
    (folder / f"{name}.pem").chmod(0o400)
    (folder / f"{name}.pub").write_bytes(public_pem(key))


def _contents(paths: Iterable[Any]) -> str:
    return json.dumps({path.name: path.read_text() for path in sorted(paths)})
