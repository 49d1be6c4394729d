"""
Who a request comes from, once that is proved. Handlers get one of these and trust nothing else.
"""

from attrs import field, frozen

from txsalt.wire import rsa
from txsalt.wire.crypticle import Crypticle


@frozen(kw_only=True)
class Minion:
    """A minion whose token its accepted key has made; ``crypticle`` seals the reply."""

    id: str
    key: rsa.PublicKey = field(repr=False)
    crypticle: Crypticle = field(repr=False)
    version: int
    nonce: str = ""
    enc_algo: str = rsa.OAEP_SHA1
    sig_algo: str = rsa.PKCS1V15_SHA1


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
    user with only their own key may do what an ACL grants, and there is none so far.
    """

    name: str
    full: bool


@frozen
class Nobody:
    """A request in clear text without a valid key."""


Principal = Minion | KeyHolder | LocalUser | Nobody
