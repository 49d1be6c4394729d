"""
Own the master's symmetric secrets, and replace the shared key when a minion must no longer read
jobs.

Interactions: a key was deleted or rejected; removals that follow closely are answered by one
rotation. The relay holds jobs back, the new key is saved, every worker takes it, then the relay
seals with it. A minion that cannot read the next job signs in again and gets the key that opens it.

Source: PROTOCOL sections 8.2 and 8.3; docs/architecture.md, "Who owns what".
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any  # the reactor, which mypy cannot see through zope

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread
from twisted.logger import Logger
from twisted.python.failure import Failure

from txsalt.errors import KeyFileError
from txsalt.master.daemon.publish_relay import PublishRelay
from txsalt.master.store import secrets as store
from txsalt.protocol.publication import Sealer
from txsalt.wire.crypticle import Crypticle
from txsalt.wire.rsa import PrivateKey

_COALESCE_SECONDS = 1.0
_RETRY_SECONDS = 30.0

GiveSecrets = Callable[[Mapping[str, Any]], Awaitable[None]]


class SharedKey(Service):
    """The secrets, and their rotation."""

    log = Logger()
    name = "shared key"

    def __init__(
        self,
        reactor: Any,
        relay: PublishRelay,
        secrets: store.Secrets,
        *,
        pki_dir: str,
        signing_key: PrivateKey | None,
        sig_algo: str,
        interval: float = 0,
    ) -> None:
        """``signing_key`` None leaves publications unsigned; ``interval`` 0 never rotates by
        time."""
        self._reactor = reactor
        self._relay = relay
        self._secrets = secrets
        self._pki_dir = pki_dir
        self._signing_key = signing_key
        self._sig_algo = sig_algo
        self._interval = interval
        self._timer: Any = None
        self._is_asked = False  # the timer is a rotation that somebody asked for
        self._rotating: Deferred[None] | None = None
        self._again: str | None = None
        self._owed: str | None = None  # the reason for a rotation that failed
        self.give_secrets: GiveSecrets | None = None
        self.on_rotated: Callable[[], None] | None = None

    @property
    def secrets(self) -> store.Secrets:
        """The secrets in force."""
        return self._secrets

    def startService(self) -> None:
        """Give the relay its key."""
        super().startService()
        self._relay.use(self._sealer())
        self._plan_by_time()

    def stopService(self) -> "Deferred[None] | None":
        """Cancel what is planned; a rotation under way is waited for."""
        super().stopService()
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        return self._rotating

    def rotate(self, reason: str) -> None:
        """Plan a rotation; those asked for within a second are one."""
        if not self.running:
            return
        if self._rotating is not None:
            self._again = reason
            return
        if self._timer is not None and self._timer.active():
            if self._is_asked:
                return
            self._timer.cancel()
        self._is_asked = True
        self._timer = self._reactor.callLater(_COALESCE_SECONDS, self._begin, reason)

    def _begin(self, reason: str) -> None:
        self._rotating = Deferred.fromCoroutine(self._rotate(reason))
        self._rotating.addErrback(self._not_rotated, reason)
        self._rotating.addBoth(self._finished)

    def _not_rotated(self, failure: Failure, reason: str) -> None:
        self.log.failure(
            "the shared key could not be rotated ({reason}); it is tried again in {seconds:g} s",
            failure,
            reason=reason,
            seconds=_RETRY_SECONDS,
        )
        self._owed = reason

    def _finished(self, _: object) -> None:
        self._rotating = None
        owed, self._owed = self._owed, None
        if owed is None:
            self._plan_by_time()
        elif self.running:
            # Whoever was removed reads all jobs until it works.
            self._is_asked = False
            self._timer = self._reactor.callLater(_RETRY_SECONDS, self._begin, owed)
        again, self._again = self._again, None
        if again is not None:
            self.rotate(again)

    async def _rotate(self, reason: str) -> None:
        self._relay.hold()
        try:
            self._secrets = await deferToThread(store.rotate_aes, self._pki_dir, self._secrets)
            if self.give_secrets is not None:
                await self.give_secrets(self._secrets.as_map())
        finally:
            self._relay.use(self._sealer())
        self.log.info("the shared key was rotated: {reason}", reason=reason)
        if self.on_rotated is not None:
            self.on_rotated()

    def _first_serial(self) -> int:
        now = time.time_ns() // 1000
        try:
            return store.first_serial(self._pki_dir, now)
        except KeyFileError as exc:
            self.log.error("{why}; minions drop jobs if the clock was set back", why=exc)
            return now

    def _sealer(self) -> Sealer:
        # The serial must grow over a restart with the same key, and a rotation that failed.
        return Sealer(
            Crypticle(self._secrets.aes),
            serial=self._first_serial(),
            key=self._signing_key,
            sig_algo=self._sig_algo,
        )

    def _plan_by_time(self) -> None:
        if self._interval > 0 and self.running:
            self._is_asked = False
            self._timer = self._reactor.callLater(self._interval, self._begin, "its time was up")
