"""
Options of a master about keys, signing in, and how publications are sealed.
"""

from txsalt.config import kinds
from txsalt.config.option import option
from txsalt.config.plain import Plain
from txsalt.light import frozen


@frozen(kw_only=True)
class MasterKeys(Plain):
    """Keys and signing in."""

    auto_accept: bool = option(
        False, doc="Accept the key of every new minion. Anybody who reaches the port gets in."
    )
    autosign_file: str | None = option(
        None,
        doc="A file with the ids whose keys are accepted at once: one a line, a name, a glob "
        "or a regular expression.",
        check=kinds.optional(kinds.text),
    )
    autoreject_file: str | None = option(
        None,
        doc="A file like autosign_file with the ids whose keys are rejected; it wins.",
        check=kinds.optional(kinds.text),
    )
    autosign_grains_dir: str | None = option(
        None,
        doc="A folder with one file for each grain, which lists the values that are accepted.",
        check=kinds.optional(kinds.text),
    )
    autosign_timeout: int = option(
        120,
        doc="Minutes that a file in pki_dir/minions_autosign counts.",
        check=kinds.integer(0),
    )
    open_mode: bool = option(
        False, doc="Accept every key, even one that differs from the accepted one. For rescue only."
    )
    max_minions: int = option(
        0, doc="How many minions may be signed in; 0 for no limit.", check=kinds.integer(0)
    )
    allow_minion_key_revoke: bool = option(
        True, doc="Let a minion ask for the removal of its own key."
    )
    rotate_aes_key: bool = option(
        True, doc="Make a new session key when the key of a minion is deleted or rejected."
    )
    publish_session: int = option(
        86400,
        doc="Seconds that a session key lasts.",
        check=kinds.integer(0),
    )
    aes_rotation_interval: int = option(
        0,
        doc="Seconds after which a new shared key is made; 0: only when a key is removed.",
        check=kinds.integer(0),
        ours=True,
    )
    ping_on_rotate: bool = option(
        False, doc="Ping all minions after a new session key, so that they sign in again."
    )
    sign_pub_messages: bool = option(True, doc="Sign every publication.")
    publish_signing_algorithm: str = option(
        "PKCS1v15-SHA1", doc="How publications are signed.", check=kinds.signature
    )
    minimum_auth_version: int = option(
        3,
        doc="The least version of the protocol that a minion may speak.",
        check=kinds.integer(0, 3),
    )
    request_server_ttl: int = option(
        0,
        doc="Seconds after which a sealed request is too old; 0 for no limit.",
        check=kinds.integer(0),
    )
    require_minion_sign_messages: bool = option(
        False, doc="Refuse returns that the minion did not sign."
    )
    drop_messages_signature_fail: bool = option(
        False, doc="Refuse returns whose signature is wrong."
    )
    order_masters: bool = option(
        False,
        doc="Take returns that masters below pass on, for minions whose keys are not here.",
    )
    master_sign_pubkey: bool = option(
        False, doc="Sign the master's public key in replies, with a key of its own."
    )
    master_sign_key_name: str = option(
        "master_sign", doc="The file name of that key.", check=kinds.filled_text
    )
    master_pubkey_signature: str | None = option(
        None,
        doc="The file name of a signature that was made elsewhere.",
        check=kinds.optional(kinds.text),
    )
    master_use_pubkey_signature: bool = option(
        False, doc="Send that signature instead of making one for each reply."
    )
    signing_key_pass: str | None = option(
        None,
        doc="The passphrase of the signing key, if it has one.",
        check=kinds.optional(kinds.text),
        secret=True,
    )
