"""
Ask the master as this minion, without the daemon: sign in with its key files, send requests.

Interactions: stands where the minion daemon stands for a job: ``call`` answers ``request``,
``fire_event`` and ``refresh``. The first question signs in, once; a running minion is not
disturbed, as sessions of one key do not end each other.

Source: PROTOCOL sections 6 to 8; docs/architecture.md, "Calls a job may make".
"""

import os
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol  # Any: loads and replies are any msgpack value

import zmq
from attrs import frozen

from txsalt.client.own_minion import answer_locally, bus_path
from txsalt.errors import BadBox, LocalError, MasterUnreachable
from txsalt.events import tags
from txsalt.protocol import sealed_request, sign_in
from txsalt.wire import event, rsa
from txsalt.wire.crypticle import Crypticle, generate_key_string

Load = dict[str, Any]

_REFRESHES = {
    "modules": tags.MODULE_REFRESH,
    "pillar": tags.PILLAR_REFRESH,
    "grains": tags.GRAINS_REFRESH,
}
_LINGER_MS = 500


@frozen
class NotSignedIn(LocalError):
    """The master did not accept this minion; the text says what to do."""

    reason: str

    def __str__(self) -> str:
        return f"not signed in: {self.reason}"


class KeyFiles(Protocol):
    """The minion's key files."""

    def own(self) -> rsa.PrivateKey:
        """Read or make the minion's key."""

    def master(self) -> rsa.PublicKey | None:
        """Read the trusted key of the master."""

    def store_master(self, key: rsa.PublicKey) -> None:
        """Trust a key from now on."""

    def signing(self) -> rsa.PublicKey:
        """Read the key that signs the master's."""


class Wire(Protocol):
    """The connections."""

    def exchange(self, endpoint: str, payload: bytes, timeout: float) -> bytes:
        """Send a request and return the reply. Raises MasterUnreachable."""

    def push(self, path: str, frame: bytes) -> None:
        """Send a frame to a local socket, if it is there."""

    def close(self) -> None:
        """Let go."""


class AtMaster:
    """One minion at its master; ``config`` is the map of its options."""

    def __init__(
        self,
        config: Load,
        keys: KeyFiles,
        explain: Callable[[sign_in.Outcome, str, str], str],
        sockets: Wire | None = None,
    ) -> None:
        """
        Connect nothing yet.

        ``explain(outcome, master, fingerprint)`` puts a sign-in that failed into words.
        """
        self._config = config
        self._keys = keys
        self._explain = explain
        self._sockets = sockets or Sockets()
        self._endpoint = ""
        self._session: sealed_request.Session | None = None

    def call(self, name: str, arguments: Load) -> object:
        """
        Answer one question of a function. Raises LocalError, RemoteError.
        """
        if name == "request":
            return self.request(arguments["load"])
        if name == "refresh":
            self._tell_minion(_REFRESHES[arguments["what"]], {})
            return True
        if name != "fire_event":
            return answer_locally(self._config, name, arguments)
        if arguments.get("local"):
            self._tell_minion(arguments["tag"], arguments.get("data"))
            return True
        load = {"cmd": "_minion_event", "tag": arguments["tag"], "data": arguments.get("data")}
        self.request({**load, "pretag": None})
        return True

    def arrive(self) -> sealed_request.Session:
        """Sign in, once. Raises NotSignedIn, MasterUnreachable, KeyFileError."""
        if self._session is None:
            self._session = self._signed_in()
        return self._session

    def request(self, load: Load) -> Any:
        """Send a sealed request and return the value of the reply. Raises RemoteError too."""
        session = self.arrive()
        try:
            return self._ask(session, load)
        except BadBox:
            # The master's keys were rotated since.
            self._session = self._signed_in()
            return self._ask(self._session, load)

    def close(self) -> None:
        """Let go of all sockets."""
        self._sockets.close()

    def _ask(self, session: sealed_request.Session, load: Load) -> Any:
        nonce = os.urandom(16).hex()
        payload = sealed_request.seal(session, load, nonce=nonce, now=int(time.time()))
        seconds = self._config["request_channel_timeout"]
        return sealed_request.open_reply(
            session, self._sockets.exchange(self._endpoint, payload, seconds), nonce=nonce
        )

    def _signed_in(self) -> sealed_request.Session:
        config, key = self._config, self._keys.own()
        identity = self._identity(key)
        outcome, master = self._first_answer(identity)
        if not isinstance(outcome, sign_in.SignedIn):
            finger = key.public.fingerprint(identity.hash_type)
            raise NotSignedIn(self._explain(outcome, master, finger))
        known = self._keys.master()
        if known is None or known.pem != outcome.master_key.pem:
            self._keys.store_master(outcome.master_key)
        return sealed_request.Session(
            minion_id=identity.minion_id,
            key=key,
            tok=key.sign_x931(sealed_request.TOKEN_TEXT),
            crypticle=Crypticle(outcome.session),
            master_key=outcome.master_key,
            enc_algo=config["encryption_algorithm"],
            sig_algo=config["signing_algorithm"],
        )

    def _identity(self, key: rsa.PrivateKey) -> sign_in.Identity:
        config = self._config
        return sign_in.Identity(
            minion_id=config["id"],
            key=key,
            enc_algo=config["encryption_algorithm"],
            sig_algo=config["signing_algorithm"],
            hash_type=config["hash_type"],
            master_finger=config["master_finger"],
            verify_master_pubkey_sign=config["verify_master_pubkey_sign"],
            always_verify_signature=config["always_verify_signature"],
            signing_key=self._keys.signing() if config["verify_master_pubkey_sign"] else None,
        )

    def _first_answer(self, identity: sign_in.Identity) -> tuple[sign_in.Outcome, str]:
        """Ask one master after the other; the first that answers at all counts."""
        trouble: MasterUnreachable | None = None
        for master in endpoints(self._config["master"], self._config["master_port"]):
            token = generate_key_string(os.urandom)
            nonce = os.urandom(16).hex()
            attempt = sign_in.start(identity, self._keys.master(), nonce, token)
            try:
                raw = self._sockets.exchange(master, attempt.request, self._config["auth_timeout"])
            except MasterUnreachable as exc:
                trouble = exc
                continue
            self._endpoint = master
            return sign_in.finish(attempt, raw), master
        raise trouble or MasterUnreachable("nowhere", "the option master names none")

    def _tell_minion(self, tag: str, data: object) -> None:
        """Put an event on the bus of the running minion, if one runs."""
        path = bus_path(self._config, "pull")
        frame = event.write_event(tag, data if isinstance(data, dict) else {"data": data})
        self._sockets.push(path, frame)


class Sockets:
    """The real connections."""

    def __init__(self) -> None:
        """Open nothing yet."""
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()

    def exchange(self, endpoint: str, payload: bytes, timeout: float) -> bytes:
        """Send a request and return the reply. Raises MasterUnreachable."""
        socket = self._context.socket(zmq.REQ)
        try:
            socket.set(zmq.LINGER, 0)
            if "[" in endpoint:
                socket.set(zmq.IPV6, 1)
            try:
                socket.connect(endpoint)
            except zmq.ZMQError as exc:
                raise MasterUnreachable(endpoint, str(exc)) from exc
            socket.send(payload)
            if not socket.poll(int(timeout * 1000)):
                raise MasterUnreachable(endpoint, f"no answer within {timeout:g} s")
            return bytes(socket.recv())
        finally:
            socket.close()

    def push(self, path: str, frame: bytes) -> None:
        """Send a frame to a local socket; nothing happens if it is not there."""
        if not os.path.exists(path):
            return
        socket = self._context.socket(zmq.PUSH)
        try:
            socket.set(zmq.LINGER, _LINGER_MS)
            socket.connect(f"ipc://{path}")
            socket.send(frame)
        finally:
            socket.close()

    def close(self) -> None:
        """Let go; what was pushed gets a moment to leave."""
        self._context.destroy(linger=_LINGER_MS)


def endpoints(masters: str | Sequence[str], port: int) -> list[str]:
    """Name where the masters of the option ``master`` are: host, host:port or [v6 address]:port."""
    texts = [masters] if isinstance(masters, str) else masters
    return [_endpoint(each.strip(), port) for each in texts]


def _endpoint(text: str, port: int) -> str:
    if text.startswith("["):
        return f"tcp://{text}" if "]:" in text else f"tcp://{text}:{port}"
    if text.count(":") > 1:
        return f"tcp://[{text}]:{port}"
    return f"tcp://{text}" if ":" in text else f"tcp://{text}:{port}"
