"""
Sign in until the master accepts, one attempt after the other, one loop at a time.

Interactions: the link starts it at the start, when a request was answered "bad load", when a
publication does not open, and when the connection came back; all who ask meanwhile get the one
result. A master's key that was not known is stored when, and only when, the whole reply was
proved.

Source: PROTOCOL sections 6.4, 6.5, 8.4.
"""

import os
from collections.abc import Callable
from typing import Protocol

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from txsalt.errors import LocalError, RequestTimedOut
from txsalt.light import frozen
from txsalt.minion.daemon.patience import Hindered, Patience, Silence, Trouble, tell
from txsalt.protocol import sign_in
from txsalt.protocol.sign_in import Pending, Rejected, SignedIn
from txsalt.wire import rsa
from txsalt.wire.crypticle import generate_key_string


@frozen(kw_only=True)
class SignInSettings:
    """The options about signing in; all times in seconds."""

    timeout: float = 5.0
    tries: int = 7
    wait: float = 10.0
    wait_max: float = 0.0
    rejected_retry: bool = False


class Road(Protocol):
    """The way to the master, whose address may change."""

    def look(self) -> Deferred[str]:
        """
        Find the master's address, or that of the next one if the last did not answer.

        Fires with its name; fails with MasterUnreachable.
        """

    def ask(self, payload: bytes, timeout: float) -> Deferred[bytes]:
        """Send a sign-in request."""

    def done(self) -> None:
        """No more sign-in requests for now."""


class MasterKeys(Protocol):
    """Where the trusted key of the master is kept (KeyFiles)."""

    @property
    def master_path(self) -> str:
        """Its file."""

    def master(self) -> rsa.PublicKey | None:
        """Read it."""

    def store_master(self, key: rsa.PublicKey) -> None:
        """Trust it from now on."""


class SignInLoop:
    """``run`` fires with SignedIn; nothing but ``stop`` ends it before."""

    log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        road: Road,
        keys: MasterKeys,
        identity: Callable[[], sign_in.Identity],
        settings: SignInSettings,
        accepted: Callable[[SignedIn], None],
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """``accepted`` hears of each success before those who wait for it."""
        self._clock = clock
        self._road = road
        self._keys = keys
        self._identity = identity
        self._settings = settings
        self._accepted = accepted
        self._entropy = entropy
        self._waiting: list[Deferred[SignedIn]] = []
        self._loop: Deferred[None] | None = None
        self.busy = False
        self.was_out = False  # the last run found that the key was not accepted, or no more
        self._told = ""

    def run(self) -> Deferred[SignedIn]:
        """Sign in, or join the sign-in that is under way."""
        joined: Deferred[SignedIn] = Deferred(self._waiting_no_more)
        self._waiting.append(joined)
        if not self.busy:
            # Set first: where nothing waits, the loop has ended when fromCoroutine returns.
            self.busy = True
            self._loop = Deferred.fromCoroutine(self._until_accepted())
            self._loop.addErrback(self._ended)
        return joined

    def stop(self) -> None:
        """Give up; who waits gets CancelledError."""
        if self._loop is not None:
            self._loop.cancel()
        for joined in list(self._waiting):
            joined.cancel()

    async def _until_accepted(self) -> None:
        settings = self._settings
        patience = Patience(settings.wait, settings.wait_max, settings.rejected_retry)
        self._told = ""
        self.was_out = False
        while True:
            outcome, master = await self._attempt()
            if isinstance(outcome, SignedIn):
                break
            self.was_out = self.was_out or isinstance(outcome, Pending | Rejected)
            self._tell(outcome, master)
            await deferLater(self._clock, patience.after(outcome))
        self.busy = False
        self._road.done()
        self._accepted(outcome)
        waiting, self._waiting = self._waiting, []
        for joined in waiting:
            joined.callback(outcome)

    async def _attempt(self) -> tuple[Trouble, str]:
        """Ask up to ``tries`` times; each time with a new nonce, at where the master is now."""
        master, reason = "the master", ""
        for _ in range(self._settings.tries):
            try:
                master = await self._road.look()
                return await self._ask(), master
            except RequestTimedOut as exc:
                reason = str(exc)
            except CancelledError:
                raise
            except LocalError as exc:
                # A name that does not resolve or a file that cannot be read: a human must act.
                return Hindered(str(exc)), master
            except Exception as exc:  # the edge: whatever it is, it must not end the asking
                self.log.failure("while signing in")
                return Hindered(f"{type(exc).__name__}: {exc}"), master
        return Silence(reason), master

    async def _ask(self) -> Trouble:
        known = self._keys.master()
        nonce, token = self._entropy(16).hex(), generate_key_string(self._entropy)
        attempt = sign_in.start(self._identity(), known, nonce, token)
        outcome = sign_in.finish(
            attempt, await self._road.ask(attempt.request, self._settings.timeout)
        )
        if isinstance(outcome, SignedIn):
            self._trust(known, outcome.master_key)
        return outcome

    def _trust(self, known: rsa.PublicKey | None, shown: rsa.PublicKey) -> None:
        if known is not None and known.pem == shown.pem:
            return
        self._keys.store_master(shown)
        self.log.info(
            "the master's key is trusted from now on; its fingerprint is {finger}",
            finger=shown.fingerprint(self._identity().hash_type),
        )

    def _tell(self, trouble: Trouble, master: str) -> None:
        identity = self._identity()
        told = tell(
            trouble,
            master=master,
            finger=identity.key.public.fingerprint(identity.hash_type),
            master_path=self._keys.master_path,
        )
        # The same line every ten seconds for a week helps nobody.
        again, self._told = told.text == self._told, told.text
        say = self.log.debug if again else getattr(self.log, told.level)
        say("{text}", text=told.text)

    def _ended(self, failure: Failure) -> None:
        self.busy = False
        self._road.done()
        if not failure.check(CancelledError):
            self.log.failure("the sign-in broke off", failure=failure)
        for joined in list(self._waiting):
            joined.errback(failure)

    def _waiting_no_more(self, joined: Deferred[SignedIn]) -> None:
        if joined in self._waiting:
            self._waiting.remove(joined)
