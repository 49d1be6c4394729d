"""A master's folders and bench in a temporary place, and minions that talk to it."""

import itertools
import os
import tempfile
import time
from functools import cache
from typing import Any
from unittest import TestCase

from attrs import define

from txsalt.config.master import MasterConfig
from txsalt.master.store import database, secrets, user_keys
from txsalt.master.store.keys import KeyStore
from txsalt.master.store.private_file import write_private
from txsalt.master.worker.answerer import answer
from txsalt.master.worker.bench import Bench
from txsalt.master.worker.bus import Outgoing
from txsalt.protocol import sealed_request
from txsalt.protocol.admission import KeyState
from txsalt.wire import envelope, event, pipe, rsa, serial
from txsalt.wire.crypticle import Crypticle

NONCE = "0123456789abcdef0123456789abcdef"
NOW = 1_800_000_000.0


@cache
def key_pair(name: str) -> rsa.PrivateKey:
    """Return a key pair of this process; the same one for the same name."""
    return rsa.PrivateKey.generate(2048)


@define
class Clock:
    """Unix time that stands still."""

    now: float = NOW

    def __call__(self) -> float:
        return self.now


class Place:
    """A master without a daemon: what leaves its worker is kept in lists."""

    def __init__(self, test: TestCase, **options: Any) -> None:
        folder = tempfile.TemporaryDirectory()
        test.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.options = options
        self.clock = Clock()
        self.event_frames: list[bytes] = []
        self.publication_frames: list[bytes] = []
        self.daemon_frames: list[bytes] = []
        self.config = self._config()
        KeyStore(self.config.pki_dir).prepare()
        for name, file in (("master", "master.pem"), ("sign", "master_sign.pem")):
            write_private(f"{self.config.pki_dir}/{file}", key_pair(name).pem(), 0o400)
        os.makedirs(self.config.cachedir, exist_ok=True)
        self.root_key = user_keys.ensure(self.config.cachedir, "root")
        self.secrets = secrets.load_or_create(self.config.pki_dir)
        self.store_path = database.path_in(self.config.cachedir)
        database.prepare(self.store_path)
        self.test = test
        self.bench = self.new_worker()

    def _config(self) -> MasterConfig:
        return MasterConfig.from_map(
            {
                "config_dir": self.folder,
                "pki_dir": f"{self.folder}/pki",
                "cachedir": f"{self.folder}/cache",
                "sock_dir": f"{self.folder}/sock",
                "file_roots": {"base": [f"{self.folder}/srv"]},
                "pillar_roots": {"base": [f"{self.folder}/pillar"]},
                **self.options,
            }
        )

    def new_worker(self) -> Bench:
        """Return the bench of another worker of this master."""
        connection = database.connect(self.store_path)
        self.test.addCleanup(connection.close)
        out = Outgoing(
            send_events=self.event_frames.extend,
            send_publications=self._keep,
            send_daemon=self.daemon_frames.append,
            max_event_size=self.config.max_event_size,
        )
        return Bench(self.config, self.secrets, connection, out, self.clock)

    def _keep(self, frames: list[bytes]) -> None:
        """Take jobs, and the events that come with them, as the relay does."""
        for frame in frames:
            is_job = frame[0] >= 0x80
            (self.publication_frames if is_job else self.event_frames).append(frame)

    def write(self, path: str, content: str | bytes = "") -> str:
        """Write a file below the place and return its path."""
        full = os.path.join(self.folder, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
        return full

    def ask(self, payload: bytes) -> Any:
        """Return the reply to raw bytes, unpacked."""
        return serial.unpack(answer(self.bench, payload))

    def say(self, load: dict[str, Any]) -> Any:
        """Return the reply to a load in clear text."""
        return self.ask(envelope.write_clear_request(load))

    def as_root(self, cmd: str, **fields: Any) -> Any:
        """Return the reply to a clear command with the root key."""
        return self.say({"cmd": cmd, "key": self.root_key, "user": "root", **fields})

    @property
    def events(self) -> list[tuple[str, dict[str, Any]]]:
        """Tag and data of each event so far."""
        return [event.read_event(frame) for frame in self.event_frames]

    @property
    def tags(self) -> list[str]:
        """The tags of the events so far."""
        return [tag for tag, _ in self.events]

    @property
    def published(self) -> list[dict[str, Any]]:
        """What went to the relay."""
        return [serial.unpack_bin(frame) for frame in self.publication_frames]

    @property
    def told_daemon(self) -> list[dict[str, Any]]:
        """What went to the daemon."""
        return pipe.Decoder().feed(b"".join(self.daemon_frames))

    def minion(self, minion_id: str, key: str = "minion") -> "FakeMinion":
        """Return a minion whose key is accepted."""
        pair = key_pair(key)
        self.bench.keys.put(KeyState.ACCEPTED, minion_id, pair.public.pem)
        return FakeMinion(self, minion_id, pair)


class FakeMinion:
    """Seals requests as a minion that has signed in."""

    def __init__(self, place: Place, minion_id: str, key: rsa.PrivateKey) -> None:
        self.place = place
        self.id = minion_id
        self.key = key
        self._numbers = itertools.count(1)
        sessions = place.bench.sessions
        string = sessions.key_string(minion_id, key.public.pem, place.clock())
        self.session = sealed_request.Session(
            minion_id=minion_id,
            key=key,
            tok=key.sign_x931(sealed_request.TOKEN_TEXT),
            crypticle=Crypticle(string),
            master_key=key_pair("master").public,
        )

    def seal(self, load: dict[str, Any]) -> bytes:
        """Return the request for a load."""
        return sealed_request.seal(self.session, load, nonce=NONCE, now=int(self.place.clock()))

    def ask(self, cmd: str, **fields: Any) -> Any:
        """Return the opened answer to a command, with a nonce of its own."""
        nonce, now = f"{next(self._numbers):032x}", int(self.place.clock())
        load = {"cmd": cmd, **fields}
        payload = sealed_request.seal(self.session, load, nonce=nonce, now=now)
        reply = answer(self.place.bench, payload)
        return sealed_request.open_reply(self.session, reply, nonce=nonce)

    def open(self, reply: bytes) -> Any:
        """Open a reply to this minion."""
        return sealed_request.open_reply(self.session, reply, nonce=NONCE)

    def seal_raw(self, load: dict[str, Any], claimed: str | None = None) -> bytes:
        """Seal a load as it is, without what a proper minion adds."""
        box = self.session.crypticle.seal(load)
        return envelope.write_sealed_request(
            claimed or self.id, box, rsa.OAEP_SHA1, rsa.PKCS1V15_SHA1
        )

    def full(self, load: dict[str, Any], **changes: Any) -> dict[str, Any]:
        """Return a load with all that a minion adds, and then some changes."""
        added = {"nonce": NONCE, "ts": int(time.time()), "tok": self.session.tok, "id": self.id}
        return {**load, **added, **changes}
