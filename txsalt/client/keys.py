"""
Manage minions' keys on the master's machine: in its key folders, as Salt's tools do, whether it
runs or not.

Interactions: each change is told on the event bus, if the master runs. A removal makes the
master replace the shared key; a note on disk says so too, in case nobody listens.
"""

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from txsalt.client.session import Session
from txsalt.errors import KeyFileError, MasterUnreachable
from txsalt.events import tags
from txsalt.master.store import database, drop_file, identities
from txsalt.master.store.keys import KeyChange, KeyStore
from txsalt.protocol.admission import KeyState
from txsalt.wire import rsa

if TYPE_CHECKING:
    from txsalt.client.bus import EventBus

_ACTS = {KeyState.ACCEPTED: "accepted", KeyState.REJECTED: "rejected", None: "delete"}


class Keys:
    """The keys of the master whose configuration is in ``config_dir``."""

    def __init__(self, config_dir: str) -> None:
        """Raises ConfigError, or KeyFileError if this user may not see the keys."""
        self._client = Session(config_dir)
        self._config = self._client.config
        self._store = KeyStore(self._config.pki_dir)
        self._bus: EventBus | None = None
        self._looked = False
        if os.path.isdir(self._config.pki_dir) and not os.access(self._config.pki_dir, os.R_OK):
            raise KeyFileError(self._config.pki_dir, "this user may not read it")

    def close(self) -> None:
        """Send what is still to be told, then disconnect."""
        if self._bus is not None:
            self._bus.close()
        self._client.close()

    def listing(self, state: KeyState) -> list[str]:
        """Return the ids in one state, sorted."""
        return self._store.listing(state)

    def fingerprint(self, state: KeyState, minion_id: str) -> str:
        """Return the fingerprint of a stored key, as the minion shows it."""
        return rsa.fingerprint(self._store.pem(minion_id, state) or "", self._config.hash_type)

    def master_fingerprint(self) -> str:
        """Return the fingerprint that ``master_finger`` of a minion wants. Raises KeyFileError."""
        path = os.path.join(self._config.pki_dir, "master.pub")
        try:
            with open(path, encoding="ascii") as file:
                return rsa.fingerprint(file.read(), self._config.hash_type)
        except OSError as exc:
            raise KeyFileError(path, exc.strerror or str(exc)) from exc

    def accept(self, state: KeyState, minion_id: str) -> bool:
        """Accept the key that an id has in ``state``; return whether it was still there."""
        return self._changed(self._store.accept(minion_id, (state,)))

    def reject(self, state: KeyState, minion_id: str) -> bool:
        """Reject the key that an id has in ``state``; return whether it was still there."""
        return self._changed(self._store.reject(minion_id, (state,)))

    def delete(self, state: KeyState, minion_id: str) -> bool:
        """Delete the key that an id has in ``state``; return whether it was still there."""
        changes = self._store.delete(minion_id, (state,))
        if changes and state is not KeyState.DENIED:
            self._forget(minion_id)
        return self._changed(changes)

    def _changed(self, changes: list[KeyChange]) -> bool:
        for change in changes:
            if change.now is not KeyState.ACCEPTED and self._config.rotate_aes_key:
                try:
                    drop_file.leave(self._config.cachedir)
                except OSError as exc:
                    raise KeyFileError(self._config.cachedir, exc.strerror or str(exc)) from exc
            self._tell(change)
        return bool(changes)

    def _forget(self, minion_id: str) -> None:
        path = database.path_in(self._config.cachedir)
        if os.path.exists(path):
            connection = database.connect(path)
            try:
                identities.forget(connection, minion_id)
            finally:
                connection.close()

    def _tell(self, change: KeyChange) -> None:
        if not self._looked:
            self._looked = True
            # A master that does not run hears nothing; the note on disk is for it.
            with suppress(MasterUnreachable):
                self._bus = self._client.connected_bus()
        if self._bus is not None:
            data = {"result": True, "act": _ACTS[change.now], "id": change.id, "pub": change.pem}
            self._bus.fire(tags.KEY, data)
