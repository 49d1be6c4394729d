"""
Log users in: by password through a back end of ``external_auth``, or by token.

Failures cost the same whoever is named, are counted, and after some of them a name has to wait.
Nothing that was shown is logged.

Source: PROTOCOL section 10.2; Salt 3008.3, auth/__init__.py (which options count).
"""

import logging
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol  # loads are maps of any msgpack value

from attrs import field, frozen

from txsalt.config.master import MasterConfig
from txsalt.master.store.tokens import LONGEST_LIFE, Token, Tokens
from txsalt.master.worker.logins.limit import FailureLimit
from txsalt.master.worker.principals import ExternalUser, Nobody
from txsalt.master.worker.refusals import Refusals
from txsalt.rights import rules
from txsalt.wire import serial

log = logging.getLogger(__name__)

OPERATOR = "operator"  # who made a token without anybody's password
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+-]{0,63}\$?")
_LONGEST_PASSWORD = 1024  # characters
_LONGEST_SCOPE = 64 * 1024  # bytes
_CHECK_AGAIN = 10.0  # seconds until an account of a token is looked at again


class BackEnd(Protocol):
    """Somebody who vouches for users."""

    def vouches(self, user: str, password: str) -> bool:
        """Tell whether this is the user's password and the account is in use."""

    def is_in_use(self, user: str) -> bool:
        """Tell whether the account is there and not locked."""

    def groups(self, user: str) -> list[str]:
        """Return the names of the user's groups."""


@frozen(kw_only=True)
class Made:
    """A new token and when it ends."""

    token: str = field(repr=False)
    known: Token


class Logins:
    """Log-ins of one worker."""

    def __init__(
        self,
        config: MasterConfig,
        tokens: Tokens,
        refusals: Refusals,
        clock: Callable[[], float],
    ) -> None:
        self._config = config
        self._tokens = tokens
        self._refusals = refusals
        self._clock = clock
        self._limit = FailureLimit()
        self._in_use: dict[tuple[str, str], float] = {}

    def by_password(self, load: Mapping[str, Any]) -> ExternalUser | Nobody:
        """Judge ``eauth``, ``username`` and ``password`` of a load; nothing else in it counts."""
        eauth, user = load.get("eauth"), load.get("username")
        password = load.get("password")
        if not (isinstance(eauth, str) and isinstance(user, str) and _USER.fullmatch(user)):
            return self._refuse("without a user")
        if not isinstance(password, str) or not 0 < len(password) <= _LONGEST_PASSWORD:
            return self._refuse(f"of {user} without a password")
        back_end = self._back_end(eauth)
        if back_end is None or "\0" in password:
            return self._refuse(f"of {user} by {eauth!r:.40}, which is not in external_auth")
        name, now = (eauth, user), self._clock()
        if not self._limit.allows(name, now):
            return self._refuse(f"of {user}: too many failures, try again later")
        began = time.monotonic()
        if not back_end.vouches(user, password):
            self._limit.failed(name, now, time.monotonic() - began)
            return self._refuse(f"of {user} by {eauth}")
        self._limit.succeeded(name)
        groups = back_end.groups(user)
        return ExternalUser(
            name=user, eauth=eauth, groups=tuple(groups), rules=self._rules(eauth, user, groups)
        )

    def by_token(self, token: object) -> ExternalUser | Nobody:
        """Judge a token; the user it stands for must still be in use."""
        known = self._tokens.find(token, self._clock())
        if known is None or not self._still_vouched(known):
            return self._refuse("by a token that is none, or is over")
        if known.rules is not None:
            mine = rules.of_scope(known.rules, f"token {known.id}")
        elif known.eauth == OPERATOR:
            mine = rules.of_scope(known.scope, f"token {known.id}")
        else:
            mine = list(self._rules(known.eauth, known.name, known.groups))
        scope = None if known.scope is None else rules.of_scope(known.scope, f"token {known.id}")
        return ExternalUser(
            name=known.name,
            eauth=known.eauth,
            groups=tuple(known.groups),
            rules=tuple(mine),
            scope=None if scope is None else tuple(scope),
            by_token=True,
        )

    def make_token(self, load: Mapping[str, Any]) -> Made | None:
        """Make a token for who shows a password; ``scope`` and ``token_expire`` may limit it."""
        user = self.by_password(load)
        if isinstance(user, Nobody):
            return None
        scope = load.get("scope")
        if scope is not None and not (
            isinstance(scope, list) and len(serial.pack_bin(scope)) <= _LONGEST_SCOPE
        ):
            return None
        now = self._clock()
        token = self._tokens.make(
            now,
            name=user.name,
            eauth=user.eauth,
            expire=now + self._lasting(user, load.get("token_expire")),
            groups=list(user.groups),
            scope=scope,
            rules=[each.entry for each in user.rules] if self._config.keep_acl_in_token else None,
            note=str(load.get("note") or "")[:200],
        )
        known = self._tokens.find(token, now)
        return None if known is None else Made(token=token, known=known)

    def describe(self, token: object) -> Token | None:
        """Return what is known of a valid token."""
        known = self._tokens.find(token, self._clock())
        return known if known is not None and self._still_vouched(known) else None

    def groups(self, eauth: str, user: str) -> list[str]:
        """Return the groups of a user, as a back end knows them."""
        back_end = self._back_end(eauth)
        return [] if back_end is None else back_end.groups(user)

    def _rules(self, eauth: str, user: str, groups: list[str]) -> tuple[rules.Rule, ...]:
        return tuple(rules.of_external(self._config.external_auth, eauth, user, groups))

    def _lasting(self, user: ExternalUser, wanted: Any) -> float:
        most = float(self._config.token_expire)
        if isinstance(wanted, bool) or not isinstance(wanted, int | float) or not wanted > 0:
            return most
        free = self._config.token_expire_user_override
        if isinstance(free, Mapping):
            listed = free.get(user.eauth)
            free = isinstance(listed, list) and user.name in listed
        # Anybody may ask for less than the usual.
        return min(float(wanted), LONGEST_LIFE if free else most)

    def _still_vouched(self, known: Token) -> bool:
        if known.eauth == OPERATOR:
            return True
        back_end = self._back_end(known.eauth)
        if back_end is None:
            return False
        name, now = (known.eauth, known.name), self._clock()
        if now < self._in_use.get(name, 0):
            return True
        if not back_end.is_in_use(known.name):
            return False
        if len(self._in_use) > 1000:
            self._in_use.clear()
        self._in_use[name] = now + _CHECK_AGAIN
        return True

    def _back_end(self, eauth: str) -> BackEnd | None:
        section = self._config.external_auth.get(eauth)
        if not isinstance(section, Mapping):
            return None
        # Few masters have users of this kind, so the others do not carry what it takes.
        if eauth == "pam":
            from txsalt.master.worker.logins.ask_pam import Pam

            return Pam.of(section)
        if eauth == "file":
            from txsalt.master.worker.logins.password_file import PasswordFile

            try:
                return PasswordFile.of(section)
            except ValueError:
                log.error("external_auth: file: a field number is no number")
        return None

    def _refuse(self, what: str) -> Nobody:
        self._refusals.note("log-in", what)
        return Nobody()
