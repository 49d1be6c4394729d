"""
What must be on disk before a master opens a socket: folders, keys, secrets, key files, the store.

Blocking, once, at the start: making a key takes up to half a second, and nobody is served before.
"""

import os

from attrs import field, frozen

from txsalt.config.master import MasterConfig
from txsalt.errors import KeyFileError
from txsalt.master.store import database, master_key, user_keys
from txsalt.master.store import secrets as secret_store
from txsalt.master.store.keys import KeyStore
from txsalt.sockets import ipc
from txsalt.wire.rsa import PrivateKey


@frozen(kw_only=True)
class Foundation:
    """What was found or made."""

    key: PrivateKey = field(repr=False)
    secrets: secret_store.Secrets = field(repr=False)
    store_path: str
    warnings: tuple[str, ...]


def make_folder(path: str, mode: int) -> None:
    """Make a folder and what leads to it. Raises KeyFileError that says whose turn it is."""
    try:
        ipc.make_folder(path, mode)
    except OSError as exc:
        raise KeyFileError(path, f"cannot be made: {exc.strerror}") from exc
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        raise KeyFileError(path, "this user may not write there")


def lay(config: MasterConfig) -> Foundation:
    """Find or make everything. Raises LocalError of the narrowest kind."""
    make_folder(config.pki_dir, 0o700)
    make_folder(config.cachedir, 0o750)
    make_folder(config.sock_dir, 0o750)
    KeyStore(config.pki_dir).prepare()
    key = master_key.load_or_create(config.pki_dir, config.keysize, config.key_pass)
    secrets = secret_store.load_or_create(config.pki_dir)
    for user in dict.fromkeys((config.user, "root")):
        if user:
            user_keys.ensure(config.cachedir, user)
    limited = user_keys.limited_users(config.publisher_acl, every_account=config.client_acl_verify)
    warnings = user_keys.open_to(config.cachedir, limited)
    store_path = database.path_in(config.cachedir)
    database.prepare(store_path)
    exposed = master_key.exposed(os.path.join(config.pki_dir, f"{master_key.NAME}.pem"))
    return Foundation(
        key=key,
        secrets=secrets,
        store_path=store_path,
        warnings=(*warnings, *([exposed] if exposed else [])),
    )
