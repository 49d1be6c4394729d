"""
What a swarm is asked to do: every option of a run, checked before anything is started.
"""

from pathlib import Path
from typing import Any  # attrs hands attributes of any type to validators

from attrs import Attribute, field, frozen

from txsalt.errors import BadName, ConfigError
from txsalt.wire import names

SIGN_IN, FLOOD, ANSWER = "sign-in", "flood", "answer"
MODES = (SIGN_IN, FLOOD, ANSWER)
RETURNS, EVENTS = "returns", "events"
KINDS = (RETURNS, EVENTS)
SHARED, EACH = "shared", "each"
SUBSCRIPTIONS = (SHARED, EACH)
MAX_MINIONS = 1_000_000
_MAX_BYTES = 32 * 1024 * 1024  # in one request


def _between(low: float, high: float) -> Any:
    def check(instance: object, attribute: "Attribute[Any]", value: float) -> None:
        if not low <= value <= high:
            name = attribute.name.replace("_", "-")
            raise ConfigError((f"--{name} must be {low} to {high}, not {value}.",))

    return check


def _among(*words: str) -> Any:
    def check(instance: object, attribute: "Attribute[Any]", value: str) -> None:
        if value not in words:
            name = attribute.name.replace("_", "-")
            raise ConfigError((f"--{name} must be one of {', '.join(words)}, not {value!r}.",))

    return check


@frozen(kw_only=True)
class Plan:
    """A run. Times are in seconds, rates are shares of 1. Raises ConfigError."""

    mode: str = field(default=ANSWER, validator=_among(*MODES))
    host: str = "127.0.0.1"
    port: int = field(default=4506, validator=_between(1, 65535))
    minions: int = field(default=100, validator=_between(1, MAX_MINIONS))
    prefix: str = "swarm-"
    keys: int = field(default=1, validator=_between(0, MAX_MINIONS))  # 0: one pair for each
    key_bits: int = field(default=2048, validator=_between(2048, 8192))
    key_dir: Path | None = None
    pki_dir: Path | None = None
    keep_keys: bool = False
    known_master: bool = False
    connections: int = field(default=32, validator=_between(1, 20_000))
    window: int = field(default=0, validator=_between(0, 20_000))  # 0: as many as connections
    timeout: float = field(default=60.0, validator=_between(0.1, 3600))
    patience: float = field(default=60.0, validator=_between(0, 86400))
    subscribe: str = field(default=SHARED, validator=_among(*SUBSCRIPTIONS))
    topics: bool = False
    think: float = field(default=0.0, validator=_between(0, 3600))
    payload: int = field(default=0, validator=_between(0, _MAX_BYTES))
    silent: float = field(default=0.0, validator=_between(0, 1))
    late: float = field(default=0.0, validator=_between(0, 1))
    late_by: float = field(default=10.0, validator=_between(0, 86400))
    wrong: float = field(default=0.0, validator=_between(0, 1))
    failed: float = field(default=0.0, validator=_between(0, 1))
    kind: str = field(default=RETURNS, validator=_among(*KINDS))
    total: int = field(default=0, validator=_between(0, 100_000_000))  # 0: one for each minion
    jids: str = ""
    batch: int = field(default=1, validator=_between(1, 10_000))
    jobs: int = field(default=0, validator=_between(0, 1_000_000))  # 0: no limit
    duration: float = field(default=60.0, validator=_between(0.1, 7 * 86400))
    seed: int = 1
    ready_file: Path | None = None

    def __attrs_post_init__(self) -> None:
        try:
            names.minion_id(f"{self.prefix}{self.minions - 1}")
        except BadName as exc:
            raise ConfigError(
                (f"--prefix must be the start of a minion id: {exc.reason}.",)
            ) from exc
        if self.known_master and self.pki_dir is None:
            raise ConfigError(("--known-master needs --pki-dir, to read the master's key.",))
        if self.topics and self.subscribe != EACH:
            raise ConfigError(("--topics needs --subscribe each: topics are a minion's own.",))
        for jid in filter(None, self.jids.split(",")):
            try:
                names.jid(jid)
            except BadName as exc:
                # A master stores no return for it, and its reply does not tell.
                raise ConfigError((f"--jids: {jid!r} is no job id: {exc.reason}.",)) from exc
        if self.silent + self.late > 1:
            raise ConfigError(("--silent and --late together must not exceed 1.",))
        if self.kind == EVENTS and self.payload * self.batch > _MAX_BYTES:
            raise ConfigError((f"--payload times --batch must not exceed {_MAX_BYTES} bytes.",))

    @property
    def pairs(self) -> int:
        """How many key pairs are needed."""
        return min(self.keys, self.minions) if self.keys else self.minions

    @property
    def width(self) -> int:
        """Requests under way at most."""
        return min(self.window, self.connections) if self.window else self.connections
