"""
The ``_auth`` request and every variant of its reply.

Interactions: a minion sends its id and public key in clear; the master answers with a signed
map. Accepted: the master's key, the port of publications, and both symmetric keys encrypted to
the minion. Not accepted:
``ret`` True (pending), False (rejected) or "full".

Source: PROTOCOL sections 6.1 to 6.3; 19 for versions below 2.
"""

import binascii
import hashlib
from typing import Any, Literal  # loads are maps of any msgpack value

from txsalt.errors import BadEncoding, BadLoad
from txsalt.light import field, frozen
from txsalt.wire import algorithms, fields, names, rsa, serial

Load = dict[str, Any]
Verdict = Literal[True, False, "full"]


@frozen(kw_only=True)
class AuthRequest:
    """A minion introduces itself. ``pub`` is its cleaned public PEM."""

    minion_id: str
    nonce: str
    pub: str = field(repr=False)
    enc_algo: str = algorithms.OAEP_SHA1
    sig_algo: str = algorithms.PKCS1V15_SHA1
    token: bytes | None = field(default=None, repr=False)  # encrypted to the master's key
    autosign_grains: Load | None = None

    def load(self) -> Load:
        """Return the load, fields in the order of stock minions."""
        load: Load = {
            "cmd": "_auth",
            "id": self.minion_id,
            "nonce": self.nonce,
            "enc_algo": self.enc_algo,
            "sig_algo": self.sig_algo,
        }
        if self.autosign_grains is not None:
            load["autosign_grains"] = self.autosign_grains
        if self.token is not None:
            load["token"] = self.token
        load["pub"] = self.pub
        return load


def read_auth_request(load: Load) -> AuthRequest:
    """
    Read an ``_auth`` load; the algorithms are left to be checked where their refusal is due.

    Raises BadName or BadLoad.
    """
    nonce = load.get("nonce", "")
    if not isinstance(nonce, str) or len(nonce) > 128:
        raise BadLoad("nonce is not a short text")
    pub = fields.text(load, "pub")
    if len(pub) > rsa.MAX_PEM_CHARACTERS:
        raise BadLoad("pub is too long")
    grains = load.get("autosign_grains")
    return AuthRequest(
        minion_id=names.minion_id(load.get("id")),
        nonce=nonce,
        pub=rsa.clean_pem(pub),
        enc_algo=fields.text(load, "enc_algo", algorithms.OAEP_SHA1),
        sig_algo=fields.text(load, "sig_algo", algorithms.PKCS1V15_SHA1),
        token=fields.blob(load, "token") if load.get("token") else None,
        autosign_grains=grains if isinstance(grains, dict) else None,
    )


@frozen(kw_only=True)
class AcceptedLoad:
    """The inner map of an accepting reply; blobs as they travel."""

    pub_key: str
    publish_port: int
    aes: bytes = field(repr=False)
    session: bytes | None = field(repr=False)  # None from masters older than version 3
    sig: bytes
    pub_sig: str | None = None
    token: bytes | None = field(default=None, repr=False)
    nonce: str | None = None

    def load(self) -> Load:
        """Return the inner map, fields in the order of stock masters."""
        load: Load = {
            "enc": "pub",
            "pub_key": self.pub_key,
            "publish_port": self.publish_port,
        }
        if self.pub_sig is not None:
            load["pub_sig"] = self.pub_sig
        if self.token is not None:
            load["token"] = self.token
        load["aes"] = self.aes
        if self.session is not None:
            load["session"] = self.session
        load["sig"] = self.sig
        if self.nonce is not None:
            load["nonce"] = self.nonce
        return load


@frozen(kw_only=True)
class VerdictLoad:
    """The inner map of a reply that does not accept (yet)."""

    ret: Any  # True, False or "full"; a stock minion takes anything else as pending
    nonce: str | None = None

    def load(self) -> Load:
        """Return the inner map."""
        load: Load = {"ret": self.ret}
        if self.nonce is not None:
            load["nonce"] = self.nonce
        return load


def read_inner(packed: bytes) -> AcceptedLoad | VerdictLoad:
    """Read the packed inner map of a reply. Raises BadEncoding or BadLoad."""
    load = serial.unpack(packed)
    if not isinstance(load, dict):
        raise BadLoad("the sign-in reply is not a map")
    return inner_from(load)


def inner_from(load: Load) -> AcceptedLoad | VerdictLoad:
    """Read an unpacked inner map. Raises BadLoad."""
    nonce = load.get("nonce")
    if nonce is not None and not isinstance(nonce, str):
        raise BadLoad("nonce is not text")
    if "pub_key" not in load:
        if "ret" not in load:
            raise BadLoad("neither pub_key nor ret")
        return VerdictLoad(ret=load["ret"], nonce=nonce)
    port = fields.integer(load, "publish_port")
    if not 0 < port < 65536:
        raise BadLoad("publish_port is no port")
    pub_sig = load.get("pub_sig")
    return AcceptedLoad(
        pub_key=rsa.clean_pem(fields.text(load, "pub_key")),
        publish_port=port,
        aes=fields.blob(load, "aes"),
        session=fields.blob(load, "session") if "session" in load else None,
        sig=fields.blob(load, "sig"),
        pub_sig=pub_sig if isinstance(pub_sig, str) else None,
        token=fields.blob(load, "token") if "token" in load else None,
        nonce=nonce,
    )


def aes_digest(key_string: bytes) -> bytes:
    """Return what the master's X9.31 ``sig`` holds: hex SHA-256 of the shared key string."""
    return hashlib.sha256(key_string).hexdigest().encode("ascii")


def write_pub_sig(signature: bytes) -> str:
    """Write a signature over the master's key as base64 text; it ends with a line break."""
    return binascii.b2a_base64(signature).decode("ascii")


def read_pub_sig(text: str) -> bytes:
    """Read the base64 text. Raises BadEncoding."""
    try:
        return binascii.a2b_base64(text)
    except (ValueError, UnicodeError) as exc:
        raise BadEncoding("pub_sig is not base64") from exc
