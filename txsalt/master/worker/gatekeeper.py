"""
Turn the bytes of a request into an authenticated principal and a command, or refuse them.

Everything that a peer must prove is checked here, once, before any command sees the load.

Source: PROTOCOL sections 7.2, 10.1, 19.
"""

import hmac
from collections.abc import Collection, Mapping
from typing import Any  # loads are maps of any msgpack value

from attrs import field, frozen

from txsalt.errors import BadLoad
from txsalt.master.worker.principals import KeyHolder, LocalUser, Minion, Nobody, Principal
from txsalt.master.worker.sessions import Sessions
from txsalt.protocol import sealed_request
from txsalt.wire import envelope, fields, names, serial
from txsalt.wire.crypticle import Crypticle

# Whose key file is as good as root's, besides that of the master's own user; the second one only
# if no rule grants that user less.
_FULL_USERS = ("root", "salt")


@frozen(kw_only=True)
class Opened:
    """A request whose sender is known. ``load`` is what it says, untrusted."""

    principal: Principal
    cmd: str
    version: int
    load: dict[str, Any] = field(repr=False)


class Gatekeeper:
    """Opens requests; knows the keys of users and, through ``sessions``, those of minions."""

    def __init__(
        self,
        sessions: Sessions,
        user_keys: Mapping[str, str],
        *,
        own_user: str,
        aes: str,
        limited_users: Collection[str] = (),
        minimum_version: int = envelope.VERSION,
        ttl: float = 0,
    ) -> None:
        """
        Know the keys of all users.

        ``limited_users`` are those of ``publisher_acl``; ``ttl``: seconds after which a sealed
        request is too old, 0: never.
        """
        self._sessions = sessions
        self._minimum_version = minimum_version
        self._ttl = ttl
        self._user_keys = {user: key.encode("ascii") for user, key in user_keys.items()}
        trusted = {own_user, "root"} | (set(_FULL_USERS) - set(limited_users))
        self._full = [key for user, key in self._user_keys.items() if user in trusted]
        self._shared = Crypticle(aes)

    def use(self, aes: str) -> None:
        """Take the new shared key; only versions below 3 seal requests with it."""
        self._shared = Crypticle(aes)

    def open(self, payload: bytes, now: float) -> Opened:
        """
        Open a request that arrived at Unix time ``now``.

        Raises a RemoteError for whatever must be answered "bad load"; nothing has changed then.
        """
        request = envelope.read_request(payload, self._minimum_version)
        if isinstance(request, envelope.ClearRequest):
            load = request.load
            return Opened(
                principal=self.user_of(load),
                cmd=fields.text(load, "cmd", ""),
                version=request.version,
                load=load,
            )
        if request.version < envelope.VERSION:
            principal, load = self._open_old(request, now)
        else:
            principal, load = self._open_sealed(request, now)
        return Opened(
            principal=principal,
            cmd=fields.text(load, "cmd"),
            version=request.version,
            load=load,
        )

    def user_of(self, load: Mapping[str, Any]) -> LocalUser | Nobody:
        """Judge ``key`` and ``user`` of a clear load. Every known key is compared, found or not."""
        shown, name = load.get("key"), load.get("user", "")
        if not isinstance(shown, str) or not isinstance(name, str) or not shown:
            return Nobody()
        key = shown.encode()
        full = sum([hmac.compare_digest(key, known) for known in self._full]) > 0
        own = hmac.compare_digest(key, self._user_keys.get(name, b""))
        if full:
            return LocalUser(name=name or "root", full=True)
        return LocalUser(name=name, full=False) if own else Nobody()

    def _open_sealed(
        self, request: envelope.SealedRequest, now: float
    ) -> tuple[Minion, dict[str, Any]]:
        if request.minion_id is None:
            raise BadLoad("no id")
        session = self._sessions.of(request.minion_id, now)
        packed = session.crypticle.open_packed(request.box)
        load = sealed_request.read_load(packed, request.minion_id, now=now, ttl=self._ttl)
        session.check_token(load)
        minion = Minion(
            id=request.minion_id,
            key=session.key,
            crypticle=session.crypticle,
            version=request.version,
            nonce=sealed_request.nonce_of(load),
            enc_algo=request.enc_algo,
            sig_algo=request.sig_algo,
        )
        return minion, load

    def _open_old(
        self, request: envelope.SealedRequest, now: float
    ) -> tuple[Minion | KeyHolder, dict[str, Any]]:
        load = serial.unpack(self._shared.open_packed(request.box))
        if not isinstance(load, dict) or not all(isinstance(name, str) for name in load):
            raise BadLoad("payload and load must be a dict")
        nonce = sealed_request.nonce_of(load) if request.version == 2 else ""
        if load.get("id") is None:
            return (
                KeyHolder(crypticle=self._shared, version=request.version, nonce=nonce),
                load,
            )
        minion_id = names.minion_id(load["id"])
        session = self._sessions.of(minion_id, now)
        if "tok" in load:
            session.check_token(load)
        minion = Minion(
            id=minion_id,
            key=session.key,
            crypticle=self._shared,
            version=request.version,
            nonce=nonce,
            enc_algo=request.enc_algo,
            sig_algo=request.sig_algo,
        )
        return minion, load
