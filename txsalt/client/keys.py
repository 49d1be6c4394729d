"""
Manage minions' keys on the master's machine: in its key folders, as Salt's tools do, whether it
runs or not.

Interactions: each change is told on the event bus, if the master runs. A removal makes the
master replace the shared key; a note on disk says so too, in case nobody listens.
"""

import os
import pwd
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from txsalt.client.session import Session
from txsalt.errors import CannotCreate, KeyFileError, MasterUnreachable, StoreError
from txsalt.events import tags
from txsalt.master.store import audit, database, drop_file, identities
from txsalt.master.store.audit import Entry
from txsalt.master.store.keys import KeyChange, KeyStore, entry_of
from txsalt.protocol.admission import KeyState
from txsalt.wire import names, rsa

if TYPE_CHECKING:
    from txsalt.client.bus import EventBus

_ACTS = {KeyState.ACCEPTED: "accepted", KeyState.REJECTED: "rejected", None: "delete"}


class Keys:
    """The keys of the master whose configuration is in ``config_dir``."""

    def __init__(self, config_dir: str, note: str = "") -> None:
        """
        Open the keys; ``note`` is the reason for all changes, for the audit log.

        Raises ConfigError, or KeyFileError if this user may not see the keys.
        """
        self._note = note
        self._client = Session(config_dir)
        self._config = self._client.config
        self._store = KeyStore(self._config.pki_dir)
        self._bus: EventBus | None = None
        self._looked = False
        try:
            os.scandir(os.path.join(self._config.pki_dir, KeyState.ACCEPTED.value)).close()
        except PermissionError:
            raise KeyFileError(self._config.pki_dir, "this user may not read it") from None
        except OSError:
            pass  # a master that was never started has no keys

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

    def pem(self, state: KeyState, minion_id: str) -> str:
        """Return a stored public key, empty if it is gone."""
        return self._store.pem(minion_id, state) or ""

    def changed_at(self, state: KeyState, minion_id: str) -> float | None:
        """Return the Unix time at which a key came in or was replaced, None if it is gone."""
        try:
            return os.stat(os.path.join(self._config.pki_dir, state.value, minion_id)).st_mtime
        except OSError:
            return None

    def generate(self, name: str, folder: str, *, bits: int, accept: bool) -> tuple[str, str]:
        """
        Make a key pair for a minion and return the paths of its files, the private one first.

        ``accept``: let the minion in already. Raises BadName, CannotCreate if there are such
        files or no such folder, KeyFileError if there is another key of that name.
        """
        paths = os.path.join(folder, f"{names.minion_id(name)}.pem"), f"{folder}/{name}.pub"
        if accept:
            if self._store.get(name).state is not None:
                raise KeyFileError(self._config.pki_dir, f"there is a key of {name} already")
            self._prepare()
        pair = rsa.PrivateKey.generate(bits)
        for path, content, mode in (
            (paths[0], pair.pem(), 0o400),
            (paths[1], pair.public.pem.encode() + b"\n", 0o644),
        ):
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            try:
                with os.fdopen(os.open(path, flags, mode), "wb") as file:
                    file.write(content)
            except OSError as exc:
                raise CannotCreate(path, exc.strerror or str(exc)) from exc
        if accept:
            self._store.put(KeyState.ACCEPTED, name, pair.public.pem)
            finger = pair.public.fingerprint(self._config.hash_type)
            made = Entry(act="accepted", id=name, by=_who(), finger=finger, note=self._note)
            audit.append(self._config.pki_dir, [made], time.time())
        return paths

    def _prepare(self) -> None:
        """Make the folders of a master that was never started."""
        try:
            self._store.prepare()
        except OSError as exc:
            raise KeyFileError(self._config.pki_dir, exc.strerror or str(exc)) from exc

    def history(self) -> list[dict[str, str]]:
        """Return the audit log, the oldest line first. Raises KeyFileError."""
        return list(audit.read(self._config.pki_dir))

    def broken_history(self) -> int:
        """Return the number of the first line of the audit log that was tampered with; 0: none."""
        return audit.verify(self._config.pki_dir)

    def master_fingerprint(self) -> str:
        """Return the fingerprint that ``master_finger`` of a minion wants. Raises KeyFileError."""
        path = os.path.join(self._config.pki_dir, "master.pub")
        try:
            with open(path, encoding="ascii") as file:
                return rsa.fingerprint(file.read(), self._config.hash_type)
        except OSError as exc:
            raise KeyFileError(path, exc.strerror or str(exc)) from exc
        except UnicodeError as exc:
            raise KeyFileError(path, "it holds no key") from exc

    def accept(self, state: KeyState, minion_id: str) -> bool:
        """Accept the key that an id has in ``state``; return whether it was still there."""
        return self._changed(self._store.accept(minion_id, (state,)))

    def reject(self, state: KeyState, minion_id: str) -> bool:
        """Reject the key that an id has in ``state``; return whether it was still there."""
        return self._changed(self._store.reject(minion_id, (state,)))

    def delete(self, state: KeyState, minion_id: str) -> bool:
        """Delete the key that an id has in ``state``; return whether it was still there."""
        changes = self._store.delete(minion_id, (state,))
        # First what keeps the minion out: the store may be locked, or the disk be full.
        done = self._changed(changes)
        if done and state is not KeyState.DENIED:
            self._forget(minion_id)
        return done

    def _changed(self, changes: list[KeyChange]) -> bool:
        entries = [entry_of(each, self._config.hash_type, _who(), self._note) for each in changes]
        for change in changes:
            if change.now is not KeyState.ACCEPTED and self._config.rotate_aes_key:
                try:
                    drop_file.leave(self._config.cachedir)
                except OSError as exc:
                    raise KeyFileError(self._config.cachedir, exc.strerror or str(exc)) from exc
            self._tell(change)
        if entries:
            audit.append(self._config.pki_dir, entries, time.time())
        return bool(changes)

    def _forget(self, minion_id: str) -> None:
        path = database.path_in(self._config.cachedir)
        if not os.path.exists(path):
            return
        connection = database.connect(path)
        try:
            identities.forget(connection, minion_id)
        except database.Failure as exc:
            text = f"the key of {minion_id} is deleted, its cached facts could not be: {exc}"
            raise StoreError(path, text) from exc
        finally:
            connection.close()

    def _tell(self, change: KeyChange) -> None:
        if not self._looked:
            self._looked = True
            # A master that does not run hears nothing; the note on disk is for it.
            with suppress(MasterUnreachable):
                self._bus = self._client.connected_bus()
        if self._bus is None:
            return
        data = {"result": True, "act": _ACTS[change.now], "id": change.id, "pub": change.pem}
        try:
            self._bus.fire(tags.KEY, data)
        except MasterUnreachable:
            # It was killed, and left its sockets: do not wait again for each key.
            self._bus.close()
            self._bus = None


def _who() -> str:
    """Return who runs this, and who they were before sudo."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = str(os.getuid())
    sudo = os.environ.get("SUDO_USER", "")
    return f"{name} (sudo by {sudo})" if sudo else name
