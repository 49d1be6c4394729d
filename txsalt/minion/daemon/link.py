"""
The minion's link to its master: who we are, the session keys, and every request on 4506.

Interactions: signs in through the sign-in loop and tells each success to those who asked for it
(the listener, for the shared key; the arrival, for what comes after). Seals requests and opens
their replies; one that shows that the peers hold different keys makes it sign in again and repeat
once. No child of the daemon sees a key or a socket: jobs ask through here.

Source: PROTOCOL sections 6 to 8.
"""

import os
from collections.abc import Callable
from typing import Any  # replies are any msgpack value

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from txsalt.errors import BadBox, RequestTimedOut
from txsalt.light import evolve, frozen
from txsalt.minion.daemon.keys import KeyFiles
from txsalt.minion.daemon.lanes import RETURNS
from txsalt.minion.daemon.road import MasterRoad
from txsalt.minion.daemon.sign_in_loop import SignInLoop, SignInSettings
from txsalt.protocol import sealed_request
from txsalt.protocol.sealed_request import Load, Session
from txsalt.protocol.sign_in import Identity, SignedIn
from txsalt.wire.crypticle import Crypticle


@frozen(kw_only=True)
class LinkSettings:
    """The options of the link; times in seconds. ``identity`` still lacks its keys."""

    make_identity: Callable[..., Identity]  # gets key and signing_key
    with_signing_key: bool
    sign_in: SignInSettings
    request_timeout: float = 60.0
    request_tries: int = 3


@frozen(kw_only=True)
class Welcome:
    """
    A sign-in that succeeded, and the address of the master that it was at.

    ``was_out``: just before, the key was not accepted; with a key its master forgets the facts.
    """

    signed_in: SignedIn
    address: str
    is_first: bool
    was_out: bool = False


class NotStarted(RuntimeError):
    """The keys were not read yet: a bug of ours."""


class Link(Service):
    """Connection to one master at a time."""

    name = "link"
    log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        road: MasterRoad,
        keys: KeyFiles,
        settings: LinkSettings,
        in_thread: Callable[..., Deferred[Any]],
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """``in_thread(function, *arguments)`` runs blocking work on the key files."""
        self._clock = clock
        self._road = road
        self._keys = keys
        self._settings = settings
        self._in_thread = in_thread
        self._entropy = entropy
        self._keyed: Identity | None = None
        self._loop: SignInLoop | None = None
        self._session: Session | None = None
        self._tok = b""
        self._listeners: list[Callable[[Welcome], None]] = []

    def when_signed_in(self, call: Callable[[Welcome], None]) -> None:
        """Call ``call`` after every sign-in, in the order of registration."""
        self._listeners.append(call)

    async def _start(self) -> None:
        key = await self._in_thread(self._keys.own)
        signing = None
        if self._settings.with_signing_key:
            signing = await self._in_thread(self._keys.signing)
        self._keyed = self._settings.make_identity(key=key, signing_key=signing)
        # Made once: a token costs a private operation, and the same data give the same bytes.
        self._tok = key.sign_x931(sealed_request.TOKEN_TEXT)
        self._loop = SignInLoop(
            self._clock,
            self._road,
            self._keys,
            self._identity,
            self._settings.sign_in,
            self._signed_in,
            self._entropy,
        )

    def startService(self) -> Deferred[None]:
        """Read or make the keys; ``sign_in`` does the rest. Fails with KeyFileError."""
        super().startService()
        return Deferred.fromCoroutine(self._start())

    def stopService(self) -> None:
        """Give up what is under way and close the sockets. Twice is no error."""
        super().stopService()
        if self._loop is not None:
            self._loop.stop()
        self._road.close()
        self._session = None

    def tell_at_sign_in(self, autosign_grains: dict[str, Any]) -> None:
        """From now on, tell these grains at sign-in. Call after the start."""
        self._keyed = evolve(self._identity(), autosign_grains=autosign_grains)

    def sign_in(self) -> Deferred[SignedIn]:
        """
        Sign in (again); joins a sign-in that is under way. CancelledError on stop.

        Call after the start.
        """
        if self._loop is None:
            raise NotStarted
        return self._loop.run()

    def _identity(self) -> Identity:
        if self._keyed is None:
            raise NotStarted
        return self._keyed

    def request(
        self,
        load: Load,
        *,
        lane: str = RETURNS,
        timeout: float | None = None,
        tries: int | None = None,
    ) -> Deferred[Any]:
        """
        Send a sealed request; fire with the value of the reply.

        ``load`` holds ``cmd`` and its fields. Waits for a sign-in, if there is none yet, as long as
        for a reply. Fails with RequestTimedOut, RequestRefused, BadNonce and other RemoteErrors.
        """
        seconds = self._settings.request_timeout if timeout is None else timeout
        most = self._settings.request_tries if tries is None else tries
        return Deferred.fromCoroutine(self._request(load, lane, seconds, most))

    async def _request(self, load: Load, lane: str, seconds: float, tries: int) -> Any:
        repeated = False
        while True:
            session = await self._ready(seconds)
            try:
                return await self._ask(session, load, lane, seconds)
            except BadBox:
                if repeated:
                    raise
                repeated = True
                await self._renew(session, seconds)
            except RequestTimedOut:
                tries -= 1
                if tries <= 0 or not self.running:
                    raise

    async def _ask(self, session: Session, load: Load, lane: str, seconds: float) -> Any:
        nonce = self._entropy(16).hex()
        payload = sealed_request.seal(session, load, nonce=nonce, now=int(self._clock.seconds()))
        raw = await self._road.lanes.ask(lane, payload, seconds)
        return sealed_request.open_reply(session, raw, nonce=nonce)

    async def _ready(self, seconds: float) -> Session:
        if self._session is None:
            await self._signed_in_within(seconds)
        if self._session is None:
            raise RequestTimedOut(seconds)
        return self._session

    async def _renew(self, stale: Session, seconds: float) -> None:
        # Others may have renewed it since: then theirs serves.
        if self._session is stale:
            self.log.info("the master does not know this session any more; signing in again")
            await self._signed_in_within(seconds)

    async def _signed_in_within(self, seconds: float) -> None:
        if self._loop is None or not self.running:
            raise RequestTimedOut(seconds)
        try:
            await self.sign_in().addTimeout(seconds, self._clock)
        except DeferredTimeout:
            raise RequestTimedOut(seconds) from None

    def _signed_in(self, signed_in: SignedIn) -> None:
        identity = self._identity()
        is_first = self._session is None
        self._session = Session(
            minion_id=identity.minion_id,
            key=identity.key,
            tok=self._tok,
            crypticle=Crypticle(signed_in.session),
            master_key=signed_in.master_key,
            enc_algo=identity.enc_algo,
            sig_algo=identity.sig_algo,
        )
        if is_first:
            self.log.info("signed in at {master}", master=self._road.master)
        welcome = Welcome(
            signed_in=signed_in,
            address=self._road.address,
            is_first=is_first,
            was_out=self._loop is not None and self._loop.was_out,
        )
        for call in self._listeners:
            call(welcome)
