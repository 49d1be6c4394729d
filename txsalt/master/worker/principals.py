"""
Who a request comes from, once that is proved. Handlers get one of these and trust nothing else.
"""

from attrs import field, frozen

from txsalt.rights.rules import Rule
from txsalt.wire import algorithms, rsa
from txsalt.wire.crypticle import Crypticle


@frozen(kw_only=True)
class Minion:
    """A minion whose token its accepted key has made; ``crypticle`` seals the reply."""

    id: str
    key: rsa.PublicKey = field(repr=False)
    crypticle: Crypticle = field(repr=False)
    version: int
    nonce: str = ""
    enc_algo: str = algorithms.OAEP_SHA1
    sig_algo: str = algorithms.PKCS1V15_SHA1


@frozen(kw_only=True)
class KeyHolder:
    """
    Somebody below version 3 who holds the shared key and names no id: some accepted minion.

    Only exists where ``minimum_auth_version`` was lowered.
    """

    crypticle: Crypticle = field(repr=False)
    version: int
    nonce: str = ""


@frozen(kw_only=True)
class LocalUser:
    """
    A user of this machine who can read a key file.

    ``name`` is as sent, for the publication. ``full``: the key is root's or the master's own; a
    user with only their own key may do what ``publisher_acl`` grants.
    """

    name: str
    full: bool


@frozen(kw_only=True)
class ExternalUser:
    """
    A user that a back end of ``external_auth`` vouches for, now or when a token was made.

    ``rules`` are what the user may; ``scope``, if the token has one, must allow it as well.
    """

    name: str
    eauth: str
    groups: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    scope: tuple[Rule, ...] | None = None
    by_token: bool = False


@frozen
class Nobody:
    """A request in clear text without a valid key."""


User = LocalUser | ExternalUser
Principal = Minion | KeyHolder | User | Nobody
