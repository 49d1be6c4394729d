"""
What every check of a golden vector needs: the keys, the frames, and the way to say what is wrong.

Source: PROTOCOL section 22.
"""

import base64
from collections.abc import Callable
from typing import Any  # vectors are JSON, loads are any msgpack value

from attrs import field, frozen

from txsalt.errors import RemoteError
from txsalt.wire.rsa import PrivateKey

Load = dict[str, Any]


class VectorFailed(Exception):
    """A vector that our wire does not read or write as recorded; the text says where."""


def need(condition: object, reason: str) -> None:
    """Raise VectorFailed with ``reason`` unless ``condition`` holds."""
    if not condition:
        raise VectorFailed(reason)


def refused(kind: type[RemoteError], call: Callable[..., Any], *arguments: Any) -> None:
    """Raise VectorFailed unless the call raises ``kind``."""
    try:
        call(*arguments)
    except kind:
        return
    raise VectorFailed(f"{call.__name__} accepts what it must refuse")


@frozen(kw_only=True)
class Ring:
    """The RSA keys of one scenario."""

    master: PrivateKey
    signing: PrivateKey | None
    minions: dict[str, PrivateKey]

    @classmethod
    def read(cls, document: Load) -> "Ring":
        """Read an entry of ``scenarios`` in keys.json."""
        signing = document.get("master_sign_private_pem")
        return cls(
            master=PrivateKey.from_pem(document["master_private_pem"].encode()),
            signing=PrivateKey.from_pem(signing.encode()) if signing else None,
            minions={
                name: PrivateKey.from_pem(pem.encode())
                for name, pem in document["minion_private_pem"].items()
            },
        )

    def minion(self, name: str) -> PrivateKey:
        """Return a minion's key, or fail the vector."""
        need(name in self.minions, f"keys.json has no key of {name!r}")
        return self.minions[name]


@frozen(kw_only=True)
class Frame:
    """One message of a vector."""

    conn: str
    channel: str
    kind: str
    parts: list[bytes]
    crypto: Load = field(repr=False)
    document: Load = field(repr=False)

    @classmethod
    def read(cls, document: Load) -> "Frame":
        """Read an entry of ``frames``."""
        crypto = document["crypto"]
        return cls(
            conn=document["conn"],
            channel=document["channel"],
            kind=crypto["kind"],
            parts=[base64.b64decode(part, validate=True) for part in document["frames_b64"]],
            crypto=crypto,
            document=document,
        )

    @property
    def body(self) -> bytes:
        """Return the last part."""
        return self.parts[-1]


@frozen(kw_only=True)
class Asked:
    """The last request of a connection: what its reply is judged by. Loads are as text."""

    body: bytes
    version: int = 0
    load: Load = field(factory=dict)
    clear: bool = True
    sender: str | None = None  # the id of a sealed envelope
    enc_algo: str = "OAEP-SHA1"
    sig_algo: str = "PKCS1v15-SHA1"

    @property
    def nonce(self) -> str:
        """Return the nonce, or "" without one."""
        return self.load.get("nonce", "")


def fixed(vector: bytes) -> Callable[[int], bytes]:
    """Return a source of "entropy" that always gives the recorded initialisation vector."""
    return lambda _size: vector[:16]
