"""
Hostile requests as a table: a name and the frames that a peer sends to 4506.

U is a peer without any key, E one with an accepted key of its own, V its victim.
"""

import os
import time
import uuid
from collections.abc import Iterator
from typing import Any

import msgpack
import zmq

from txsalt.protocol import sealed_request, sign_in
from txsalt.wire import crypticle, envelope, rsa, serial

HOSTILE_IDS: tuple[Any, ...] = (
    "", ".", "..", "../x", "a/b", "..\\x", "/etc/passwd", "nul\0byte", "line\nfeed", "tab\tid",
    " lead", "trail ", "x" * 256, "ü" * 200, "x" * 4096, 5, None, True, [], {}, 1.5, b"\xff\xfe",
)  # fmt: skip
COMMANDS = (
    "", "_send_pub", "_prep_auth_info", "__init__", "__class__", "run", "handle", "_file_recv_",
    "publish_", "wheel.key", "revoke_auth", "_return", "_pillar", "minion_pub", "x" * 10_000,
)  # fmt: skip


def nonce() -> str:
    """A fresh nonce."""
    return uuid.uuid4().hex


class Peer:
    """E: somebody with an accepted key, signed in at the master."""

    def __init__(self, minion_id: str, key: rsa.PrivateKey) -> None:
        self.minion_id = minion_id
        self.key = key
        self.session: sealed_request.Session | None = None

    def sign_in(self, ask: "Asker") -> sign_in.Outcome:
        """Sign in; keep the session if accepted."""
        identity = sign_in.Identity(minion_id=self.minion_id, key=self.key)
        attempt = sign_in.start(identity, None, nonce(), crypticle.generate_key_string())
        outcome = sign_in.finish(attempt, ask.body(attempt.request))
        if isinstance(outcome, sign_in.SignedIn):
            self.session = sealed_request.Session(
                minion_id=self.minion_id,
                key=self.key,
                tok=self.key.sign_x931(sealed_request.TOKEN_TEXT),
                crypticle=crypticle.Crypticle(outcome.session),
                master_key=outcome.master_key,
            )
        return outcome

    def sealed(self, content: Any, **outer: Any) -> bytes:
        """A request sealed with E's session, exactly as given: nothing is added to the load."""
        assert self.session is not None
        return serial.pack(
            {
                "enc": "aes",
                "load": self.session.crypticle.seal(content),
                "version": 3,
                "id": self.minion_id,
                "enc_algo": rsa.OAEP_SHA1,
                "sig_algo": rsa.PKCS1V15_SHA1,
                **outer,
            }
        )

    def load(self, cmd: Any, **fields: Any) -> dict[str, Any]:
        """A complete load of E's."""
        assert self.session is not None
        return {
            "cmd": cmd,
            "nonce": nonce(),
            "ts": int(time.time()),
            "tok": self.session.tok,
            "id": self.minion_id,
            **fields,
        }

    def ask(self, ask: "Asker", cmd: str, **fields: Any) -> Any:
        """A proper request; returns the opened reply."""
        assert self.session is not None
        fresh = nonce()
        raw = sealed_request.seal(
            self.session, {"cmd": cmd, **fields}, nonce=fresh, now=int(time.time())
        )
        return sealed_request.open_reply(self.session, ask.body(raw), nonce=fresh)


class Asker:
    """Sends frames to the request port and takes the answers; a new connection for each."""

    def __init__(self, endpoint: str) -> None:
        self._context = zmq.Context()
        self._endpoint = endpoint

    def frames(self, frames: list[bytes], seconds: float = 2.0) -> list[bytes] | None:
        """Send frames as they are (DEALER); return the answer's, or None when there is none."""
        socket = self._context.socket(zmq.DEALER)
        socket.setsockopt(zmq.LINGER, 0)
        try:
            socket.connect(self._endpoint)
            socket.send_multipart(frames)
            return socket.recv_multipart() if socket.poll(int(seconds * 1000)) else None
        finally:
            socket.close()

    def body(self, raw: bytes, seconds: float = 5.0) -> bytes:
        """Send one request and return the reply's body. Raises AssertionError without one."""
        answer = self.frames([b"", raw], seconds)
        assert answer is not None, "no answer"
        assert answer[0] == b"" and len(answer) == 2, answer
        return answer[1]

    def close(self) -> None:
        """Give up the sockets."""
        self._context.destroy(0)


def clear(load: Any, **outer: Any) -> bytes:
    """A clear request, whatever the load."""
    return msgpack.packb({"enc": "clear", "load": load, "version": 3, **outer}, use_bin_type=False)


def deep(levels: int) -> bytes:
    """Lists in lists, as packed bytes."""
    return b"\x91" * levels + b"\xc0"


def bodies() -> Iterator[tuple[str, bytes]]:
    """What U can send without knowing anything."""
    good = envelope.write_clear_request({"cmd": "ping"})
    yield "empty body", b""
    yield "one byte", b"\xc1"
    for size in (1, 5, len(good) - 1):
        yield f"cut after {size}", good[:size]
    yield "trailing bytes", good + b"x"
    yield "random bytes", os.urandom(400)
    yield "two megabytes of random bytes", os.urandom(2_000_000)
    yield "deep lists", deep(100_000)
    yield "deep load", b"\x83\xa3enc\xa5clear\xa7version\x03\xa4load" + deep(900)
    yield (
        "deep load, below the unpacker's limit",
        (b"\x83\xa3enc\xa5clear\xa7version\x03\xa4load\x81\xa3cmd" + deep(300)),
    )
    yield "huge array header", b"\xdd\xff\xff\xff\xff"
    yield "huge map header", b"\xdf\xff\xff\xff\xff"
    yield "huge string header", b"\xdb\xff\xff\xff\xffabc"
    yield "four megabytes of empty maps", clear([{}] * 4_000_000)
    yield "list instead of a map", serial.pack([1, 2, 3])
    yield "text", serial.pack("bad load")
    yield "no enc", serial.pack({"load": {"cmd": "ping"}, "version": 3})
    yield "no load", serial.pack({"enc": "clear", "version": 3})
    for value in (None, 5, "text", [], True, b"\xff"):
        yield f"clear load {value!r}", clear(value)
        yield f"enc {value!r}", serial.pack({"enc": value, "load": {"cmd": "ping"}, "version": 3})
    for version in (0, 1, 2, -1, None, "x", "", [], 2.5, False):
        yield f"version {version!r}", clear({"cmd": "publish"}, version=version)
    yield "no version", serial.pack({"enc": "clear", "load": {"cmd": "_auth"}})
    for command in (*COMMANDS, 5, None, [], {}):
        yield f"clear command {command!r:.40}", clear({"cmd": command})
    yield "no command", clear({})
    yield "integer field names", clear({1: 2, "cmd": "publish"})


def sign_ins(pem: str) -> Iterator[tuple[str, bytes]]:
    """Sign-ins of U that must leave nothing behind."""
    base = {"cmd": "_auth", "nonce": nonce(), "enc_algo": "OAEP-SHA1", "sig_algo": "PKCS1v15-SHA1"}
    for minion_id in HOSTILE_IDS:
        yield f"_auth of id {minion_id!r:.40}", clear({**base, "id": minion_id, "pub": pem})
    for pub in (None, 5, "", [], b"\xff\xfe", "x" * 1_000_000):
        yield f"_auth with key {pub!r:.40}", clear({**base, "id": "U", "pub": pub})
    yield "_auth with a list as nonce", clear({**base, "id": "U", "pub": pem, "nonce": []})
    yield "_auth without id", clear({**base, "pub": pem})
    yield "_auth without key", clear({**base, "id": "U"})


def commands_without_key() -> Iterator[tuple[str, bytes]]:
    """Commands of local tools with wrong secrets."""
    job = {"tgt": "*", "fun": "cmd.run", "arg": ["touch /tmp/owned"], "tgt_type": "glob"}
    for key in ("", "x", "A" * 76, None, 5, [], b"\xff"):
        yield f"publish with key {key!r}", clear({"cmd": "publish", **job, "key": key})
        yield (
            f"publish as root with key {key!r}",
            clear({"cmd": "publish", **job, "key": key, "user": "root"}),
        )
    for user in ("../x", "sudo_root", "nobody", "\0", 5, "root"):
        yield (
            f"wheel as {user!r}",
            clear(
                {"cmd": "wheel", "fun": "key.accept", "match": "*", "key": "A" * 76, "user": user}
            ),
        )
        yield (
            f"runner as {user!r}",
            clear({"cmd": "runner", "fun": "jobs.list_jobs", "key": "A" * 76, "user": user}),
        )
    for token in ("../../../etc/passwd", "/proc/self/fd/0", "\0", 5, "a" * 64, None):
        yield f"get_token {token!r}", clear({"cmd": "get_token", "token": token})
    yield "mk_token", clear({"cmd": "mk_token", "eauth": "pam", "username": "root"})


def sealed_by_e(e: Peer, victim: str, victim_tok: bytes) -> Iterator[tuple[str, bytes]]:
    """What E can send with a session of its own, in the name of V or with parts missing."""
    other = crypticle.Crypticle(crypticle.generate_key_string())
    load = e.load("_return", jid="20260101000000000000", **{"return": "x"})
    yield "box of another key", e.sealed(load, load=other.seal(load))
    yield "box cut short", e.sealed(load, load=e.sealed(load)[:40])
    yield "empty box", e.sealed(load, load=b"")
    yield "V's envelope", e.sealed(load, id=victim)
    yield "V's id in the load", e.sealed({**load, "id": victim})
    for bad in HOSTILE_IDS:
        yield f"envelope of id {bad!r:.40}", e.sealed(load, id=bad)
        yield f"load of id {bad!r:.40}", e.sealed({**load, "id": bad})
    yield "no token", e.sealed({k: v for k, v in load.items() if k != "tok"})
    for tok in (b"", b"x" * 256, victim_tok, "salt", 5, None):
        yield f"token {tok!r:.30}", e.sealed({**load, "tok": tok})
    yield "token over another text", e.sealed({**load, "tok": e.key.sign_x931(b"pepper")})
    yield "load is a list", e.sealed([1, 2])
    for version in (0, 1, 2, None):
        yield f"sealed, version {version!r}", e.sealed(load, version=version)
    for algorithm in ("OAEP-SHA256", "none", 5, None, ""):
        yield f"enc_algo {algorithm!r}", e.sealed(load, enc_algo=algorithm)
        yield f"sig_algo {algorithm!r}", e.sealed(load, sig_algo=algorithm)


def loads_of_e(e: Peer, victim: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Proper requests of E whose content is hostile: they are answered, and change nothing."""
    for command in (*COMMANDS[:10], "_auth", "publish", "wheel", "ping", 5, None):
        yield f"command {command!r:.40}", e.load(command)
    for path in ("../../etc/passwd", "/etc/passwd", "..\\..\\x", "a/../../x", "\0", "x" * 5000, 5):
        for command in ("_serve_file", "_file_hash", "_file_find"):
            yield (
                f"{command} of {path!r:.30}",
                e.load(command, path=path, saltenv="base", loc=0),
            )
        yield (
            f"_file_recv to {path!r:.30}",
            e.load("_file_recv", path=[path], loc=0, data="owned", size=5),
        )
    for saltenv in ("../x", "/etc", None, 5, "no such"):
        yield f"saltenv {saltenv!r}", e.load("_file_list", saltenv=saltenv, prefix="")
    for loc in (-1, 2**63, "x", None):
        yield f"loc {loc!r}", e.load("_serve_file", path="greeting.txt", saltenv="base", loc=loc)
    for jid in ("/proc/self/fd/0", "../fifo", "x" * 1_000_000, None, [], "a b", "\0"):
        yield f"pub_ret {jid!r:.30}", e.load("pub_ret", jid=jid)
        yield f"_return {jid!r:.30}", e.load("_return", jid=jid, **{"return": 1})
    yield "_return without return", e.load("_return", jid="20260101000000000001")
    yield "minion_pub", e.load("minion_pub", fun="cmd.run", arg=["id"], tgt="*", ret="")
    yield "minion_runner", e.load("minion_runner", fun="jobs.list_jobs", arg=[])
    yield "_syndic_return", e.load("_syndic_return", load=[{"id": "../../x", "return": {}}])
    yield "_mine of a list", e.load("_mine", data=[1])
    yield "_mine_get of a bad target", e.load("_mine_get", tgt="(", fun="x", tgt_type="compound")
    yield (
        "_mine_get of a slow regex",
        e.load("_mine_get", tgt="(a+)+$" * 5, fun="x", tgt_type="pcre"),
    )
    for tag in FORBIDDEN_TAGS:
        tag = tag.format(victim=victim)
        yield f"event {tag}", e.load("_minion_event", tag=tag, data={"x": 1}, pretag=None)
        yield (
            f"events {tag}",
            e.load("_minion_event", events=[{"tag": tag, "data": {"x": 1}}], pretag=None),
        )
        head, _, rest = tag.partition("/")
        yield (
            f"pretag {tag}",
            e.load("_minion_event", events=[{"tag": rest or "x", "data": {"x": 1}}], pretag=head),
        )


FORBIDDEN_TAGS = (
    "salt/job/20260101000000000000/new",
    "salt/job/20260101000000000000/publish",
    "salt/job/20260101000000000000/ret/{victim}",
    "salt/auth",
    "salt/key",
    "salt/run/20260101000000000000/ret",
    "salt/wheel/20260101000000000000/ret",
    "salt/minion/{victim}/start",
    "salt/presence/present",
    "minion/refresh/{victim}",
    "syndic/{victim}/x",
    "key",
    "20260101000000000000",
    "txsalt/live/x",
)
