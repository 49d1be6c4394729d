"""
What must be on disk before a master opens a socket: folders, keys, secrets, key files, the store.

Blocking, once, at the start: making a key takes up to half a second, and nobody is served before.
"""

import os
import pwd

from attrs import field, frozen

from txsalt.config.master import MasterConfig
from txsalt.errors import KeyFileError
from txsalt.master.store import database, master_key, user_keys
from txsalt.master.store import secrets as secret_store
from txsalt.master.store.keys import KeyStore
from txsalt.sockets import ipc
from txsalt.wire.rsa import PrivateKey

_PASSABLE = 0o050
_SHADOW = "/etc/shadow"


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
        raise KeyFileError(path, _hindrance(path))


def let_group_in(path: str) -> list[str]:
    """
    Repair a folder of sockets of ours that is closed to its group; return warnings.

    One of an older run is: who listens to the event bus would be told that no master runs.
    """
    status = os.stat(path)
    if status.st_uid != os.geteuid() or status.st_mode & _PASSABLE == _PASSABLE:
        return []
    try:
        os.chmod(path, status.st_mode & 0o7777 | _PASSABLE)
    except OSError as exc:
        raise KeyFileError(path, f"its mode cannot be changed: {exc.strerror}") from exc
    return [f"{path} had mode {status.st_mode & 0o777:03o}: opened to its group, as sock_dir is"]


def lay(config: MasterConfig) -> Foundation:
    """Find or make everything. Raises LocalError of the narrowest kind."""
    make_folder(config.pki_dir, 0o700)
    make_folder(config.cachedir, 0o750)
    make_folder(config.sock_dir, 0o750)
    opened = let_group_in(config.sock_dir)
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
        warnings=(
            *(*opened, *warnings),
            *([exposed] if exposed else []),
            *(*_unreadable(config), *_unchecked(config)),
        ),
    )


def _hindrance(path: str) -> str:
    status, me = os.stat(path), _account_name(os.geteuid())
    owner = _account_name(status.st_uid)
    return (
        f"belongs to {owner}, mode {status.st_mode & 0o777:03o}, and {me} may not write there;"
        f" let root say: chown -R {me} {path}"
    )


def _unreadable(config: MasterConfig) -> list[str]:
    """Name what a master that is not root may not read, and would take for empty."""
    named = [
        ("autosign_file", config.autosign_file),
        ("autoreject_file", config.autoreject_file),
        ("autosign_grains_dir", config.autosign_grains_dir),
        *(("file_roots", each) for paths in config.file_roots.values() for each in paths),
        *(("pillar_roots", each) for paths in config.pillar_roots.values() for each in paths),
    ]
    me = _account_name(os.geteuid())
    return [
        f"{option}: {path} cannot be read by {me}, so it counts as empty; let root give it to {me}"
        for option, path in named
        if path and os.path.exists(path) and not _readable(path)
    ]


def _unchecked(config: MasterConfig) -> list[str]:
    """Say that passwords of this machine's accounts cannot be checked, before all are wrong."""
    if "pam" not in config.external_auth or not os.path.exists(_SHADOW) or _readable(_SHADOW):
        return []
    me = _account_name(os.geteuid())
    return [
        f"external_auth: pam cannot check passwords of local accounts as {me}, which may not read"
        f" {_SHADOW}: put it into the group of that file, or use the back end file"
    ]


def _readable(path: str) -> bool:
    return os.access(path, os.R_OK | os.X_OK if os.path.isdir(path) else os.R_OK)


def _account_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
