"""
Every error the house raises on purpose, by who is to blame.

RemoteError: the peer did it; log one line, answer, count, go on.
LocalError: we or the operator did it; the message says what to do.
Anything else that escapes is a bug.
"""

from txsalt.light import frozen


class TxsaltError(Exception):
    """Root of all errors raised on purpose."""


class RemoteError(TxsaltError):
    """The peer sent something that is refused."""


class LocalError(TxsaltError):
    """We or the operator did something that cannot work."""


@frozen
class BadEncoding(RemoteError):
    """Bytes that are not msgpack, or break a limit of depth, size or type."""

    reason: str

    def __str__(self) -> str:
        return f"not readable as msgpack: {self.reason}"


@frozen
class BadEnvelope(RemoteError):
    """An outer message of the wrong shape."""

    reason: str

    def __str__(self) -> str:
        return f"bad envelope: {self.reason}"


@frozen
class BadLoad(RemoteError):
    """An inner map that lacks a field or has one of the wrong type."""

    reason: str

    def __str__(self) -> str:
        return f"bad load: {self.reason}"


class BadBox(RemoteError):
    """A sealed box that this key does not open: the peers hold different keys."""

    def __str__(self) -> str:
        return "sealed with another key, or damaged"


@frozen
class BadNonce(RemoteError):
    """A reply that answers another question."""

    def __str__(self) -> str:
        return "reply carries another nonce than the request"


@frozen
class BadSignature(RemoteError):
    """A signature that the stated key did not make."""

    what: str

    def __str__(self) -> str:
        return f"bad signature on {self.what}"


@frozen
class MissingSignature(BadSignature):
    """No signature where there has to be one."""

    def __str__(self) -> str:
        return f"no signature on {self.what} (see sign_pub_messages)"


@frozen
class BadKey(RemoteError):
    """Key material from a peer that is not an acceptable RSA key."""

    reason: str

    def __str__(self) -> str:
        return f"unacceptable key: {self.reason}"


@frozen
class BadName(RemoteError):
    """An id, jid, environment, path or tag that is not of the allowed form."""

    kind: str
    reason: str

    def __str__(self) -> str:
        return f"bad {self.kind}: {self.reason}"


@frozen
class BadAlgorithm(RemoteError):
    """An algorithm name outside the four of the wire."""

    kind: str  # "enc" or "sig"

    def __str__(self) -> str:
        return f"bad {self.kind} algo"


@frozen
class VersionRefused(RemoteError):
    """A protocol version below the floor."""

    version: int

    def __str__(self) -> str:
        return f"protocol version {self.version} is refused"


class Replayed(RemoteError):
    """A message whose serial or job id was seen before."""

    def __str__(self) -> str:
        return "seen before"


@frozen
class BadTarget(RemoteError):
    """A target expression that does not parse; ``position`` counts characters from 0."""

    reason: str
    position: int = 0

    def __str__(self) -> str:
        return f"bad target: {self.reason} (at character {self.position + 1})"


@frozen
class RequestRefused(RemoteError):
    """The master answered a request with a bare error text."""

    text: str

    def __str__(self) -> str:
        return f"the master refused the request: {self.text}"


@frozen
class RequestTimedOut(RemoteError):
    """No reply came in time."""

    seconds: float

    def __str__(self) -> str:
        return f"no reply within {self.seconds:g} s"


@frozen
class ConfigError(LocalError):
    """Configuration that cannot be used; ``problems`` are whole sentences."""

    problems: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join(self.problems)


@frozen
class KeyFileError(LocalError):
    """A key file of ours that cannot be read, written or trusted."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"key file {self.path}: {self.reason}"


@frozen
class CannotCreate(LocalError):
    """A file for results, or of a new key, that cannot be made, or opened for writing."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"cannot write {self.path}: {self.reason}"


@frozen
class StoreError(LocalError):
    """The job store cannot be opened or written."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"store {self.path}: {self.reason}"


@frozen
class MasterUnreachable(LocalError):
    """The command line finds no running master; says where it looked."""

    where: str
    reason: str

    def __str__(self) -> str:
        return f"no master answers at {self.where}: {self.reason}"


class BusForbidden(MasterUnreachable):
    """An event bus that is there, but not for this user."""

    def __str__(self) -> str:
        return f"{self.where}: {self.reason}"


@frozen
class EndpointUnusable(LocalError):
    """A socket address that cannot be bound or connected: in use, too long, not permitted."""

    endpoint: str
    reason: str

    def __str__(self) -> str:
        return f"cannot use {self.endpoint}: {self.reason}"


@frozen
class QueueFull(LocalError):
    """A socket whose peer takes nothing any more: this message was not queued."""

    endpoint: str
    length: int

    def __str__(self) -> str:
        return f"{self.length} messages wait for {self.endpoint} already"
