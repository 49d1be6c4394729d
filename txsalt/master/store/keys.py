"""
The keys of minions: one file for each, in the folder that says its state.

Salt's layout, so that an existing ``pki_dir`` moves over unchanged. The files are the truth and
other programs change them, so nothing is remembered without looking at the file or folder again.

Source: PROTOCOL section 5.1.
"""

import os
import time
from collections.abc import Callable, Iterable

from attrs import frozen

from txsalt.errors import BadKey, BadName, KeyFileError
from txsalt.master.store.audit import Entry
from txsalt.master.store.private_file import (
    is_kept_from_owner_of,
    make_private_folder,
    write_private,
)
from txsalt.protocol.admission import KeyState, Known
from txsalt.wire import names, rsa

AUTOSIGN_FOLDER = "minions_autosign"
# An admission asks in this order: a rejected key stays rejected wherever else it lies.
_ORDER = (KeyState.REJECTED, KeyState.ACCEPTED, KeyState.PENDING)
# Two changes within one tick of the file system's clock look like one.
_SETTLED_NS = 2_000_000_000

WORDS = {
    KeyState.ACCEPTED: "accepted",
    KeyState.PENDING: "pending",
    KeyState.REJECTED: "rejected",
    KeyState.DENIED: "denied",
}

Mark = tuple[int, int, int]


@frozen(kw_only=True)
class KeyChange:
    """What became of one key; ``now`` None: it is deleted."""

    id: str
    was: KeyState
    now: KeyState | None
    pem: str


def entry_of(change: KeyChange, hash_type: str, by: str, note: str = "") -> Entry:
    """Return the line of the audit log for a change."""
    return Entry(
        act=WORDS[change.now] if change.now else "deleted",
        id=change.id,
        by=by,
        was=WORDS[change.was],
        finger=rsa.fingerprint(change.pem, hash_type),
        note=note,
    )


class KeyStore:
    """The minions' keys of one master. Ids are checked here again before they name a file."""

    def __init__(self, pki_dir: str, clock_ns: Callable[[], int] = time.time_ns) -> None:
        self._pki_dir = pki_dir
        self._folders = {state: os.path.join(pki_dir, state.value) for state in KeyState}
        self._clock_ns = clock_ns
        # By ids that were checked: path of the accepted key, and what was read there.
        self._parsed: dict[str, tuple[str, Mark, rsa.PublicKey | None]] = {}
        self._accepted: tuple[int, list[str], frozenset[str]] = (-1, [], frozenset())

    def prepare(self) -> None:
        """Make the folders that are missing, for the owner only."""
        for folder in (self._pki_dir, *self._folders.values(), self.autosign_folder):
            make_private_folder(folder)

    @property
    def autosign_folder(self) -> str:
        """The folder of stub files, each good for one acceptance."""
        return os.path.join(self._pki_dir, AUTOSIGN_FOLDER)

    def get(self, minion_id: str) -> Known:
        """Return state and cleaned PEM of an id; denied keys lie beside and do not count."""
        if not os.path.lexists(self._path(KeyState.REJECTED, minion_id)):
            # The usual case, and a parsed key is at hand: the file need not be read again.
            key = self.accepted_key(minion_id)
            if key is not None:
                return Known(state=KeyState.ACCEPTED, pem=key.pem)
        for state in _ORDER:
            pem = self.pem(minion_id, state)
            if pem is not None:
                return Known(state=state, pem=pem)
        return Known()

    def pem(self, minion_id: str, state: KeyState) -> str | None:
        """Return the cleaned PEM that is stored for an id in one state, or None."""
        try:
            with open(self._path(state, minion_id), encoding="utf-8", errors="replace") as file:
                return rsa.clean_pem(file.read(rsa.MAX_PEM_CHARACTERS))
        except (FileNotFoundError, IsADirectoryError):
            return None
        except OSError as exc:
            raise KeyFileError(self._path(state, minion_id), exc.strerror or str(exc)) from exc

    def accepted_key(self, minion_id: str) -> rsa.PublicKey | None:
        """
        Return the accepted key of an id as it is on disk now, or None.

        The same object is returned as long as the file is the same, so that callers may hang
        what they derive from a key on it.
        """
        known = self._parsed.get(minion_id)
        path = self._path(KeyState.ACCEPTED, minion_id) if known is None else known[0]
        try:
            status = os.stat(path)
        except OSError:
            self._parsed.pop(minion_id, None)
            return None
        mark = (status.st_mtime_ns, status.st_ino, status.st_size)
        if known is None or known[1] != mark:
            known = self._parsed[minion_id] = (path, mark, self._parse(minion_id))
        return known[2]

    def listing(self, state: KeyState) -> list[str]:
        """Return the ids in one state, sorted; files whose name is no id are left out."""
        try:
            found = os.listdir(self._folders[state])
        except FileNotFoundError:
            return []
        return sorted([name for name in found if names.is_usual_id(name) or _is_id(name)])

    def accepted_ids(self) -> list[str]:
        """Return all accepted ids, sorted; do not change the list."""
        return self._accepted_listing()[1]

    def is_accepted(self, minion_id: str) -> bool:
        """Tell whether a key is accepted for an id."""
        return minion_id in self._accepted_listing()[2]

    def put(self, state: KeyState, minion_id: str, pem: str) -> None:
        """Store a cleaned PEM, in place of any that the id has in that state."""
        path = self._path(state, minion_id)
        self._make_folder(state)
        try:
            write_private(path, pem.encode())
        except OSError as exc:
            raise KeyFileError(path, exc.strerror or str(exc)) from exc

    def remove(self, state: KeyState, minion_id: str) -> bool:
        """Delete the key of an id in one state; return whether there was one."""
        path = self._path(state, minion_id)
        try:
            os.unlink(path)
        except FileNotFoundError:
            return False
        except OSError as exc:
            raise KeyFileError(path, exc.strerror or str(exc)) from exc
        return True

    def move(self, minion_id: str, was: KeyState, now: KeyState) -> KeyChange | None:
        """Move a key between states; return None if it is not where it was thought to be."""
        source, target = self._path(was, minion_id), self._path(now, minion_id)
        pem = self.pem(minion_id, was)
        if pem is None:
            return None
        self._make_folder(now)
        try:
            if is_kept_from_owner_of(self._folders[was], source) and _is_key(pem):
                # An operator has laid the file there as root. Its content goes, not the file: the
                # user that the master runs as may have linked anything to this name.
                write_private(target, pem.encode())
                os.unlink(source)
            else:
                os.replace(source, target)
        except FileNotFoundError:
            return None
        except OSError as exc:
            raise KeyFileError(target, exc.strerror or str(exc)) from exc
        return KeyChange(id=minion_id, was=was, now=now, pem=pem)

    def accept(
        self,
        minion_id: str,
        sources: Iterable[KeyState] = (KeyState.PENDING, KeyState.REJECTED),
    ) -> list[KeyChange]:
        """Accept the first key found in ``sources``; name DENIED to replace an accepted one."""
        return self._bring(minion_id, sources, KeyState.ACCEPTED)

    def reject(
        self,
        minion_id: str,
        sources: Iterable[KeyState] = (KeyState.PENDING, KeyState.ACCEPTED),
    ) -> list[KeyChange]:
        """Reject the first key found in ``sources``."""
        return self._bring(minion_id, sources, KeyState.REJECTED)

    def delete(
        self, minion_id: str, sources: Iterable[KeyState] = tuple(KeyState)
    ) -> list[KeyChange]:
        """Delete every key of an id in ``sources``, which are all states unless given."""
        changes = []
        for state in sources:
            pem = self.pem(minion_id, state)
            if pem is not None and self.remove(state, minion_id):
                changes.append(KeyChange(id=minion_id, was=state, now=None, pem=pem))
        return changes

    def _bring(self, minion_id: str, sources: Iterable[KeyState], now: KeyState) -> list[KeyChange]:
        for state in sources:
            if state is not now and (change := self.move(minion_id, state, now)):
                return [change]
        return []

    def _make_folder(self, state: KeyState) -> None:
        # Somebody may have deleted it with all keys of a state in it: that is an empty one.
        folder = self._folders[state]
        if os.path.isdir(folder):
            return
        try:
            make_private_folder(folder)
        except OSError as exc:
            raise KeyFileError(folder, exc.strerror or str(exc)) from exc

    def _accepted_listing(self) -> tuple[int, list[str], frozenset[str]]:
        try:
            changed = os.stat(self._folders[KeyState.ACCEPTED]).st_mtime_ns
        except FileNotFoundError:
            return (-1, [], frozenset())
        if changed != self._accepted[0]:
            ids = self.listing(KeyState.ACCEPTED)
            settled = self._clock_ns() - changed > _SETTLED_NS
            self._accepted = (changed if settled else -1, ids, frozenset(ids))
        return self._accepted

    def _parse(self, minion_id: str) -> rsa.PublicKey | None:
        pem = self.pem(minion_id, KeyState.ACCEPTED)
        if pem is None:
            return None
        try:
            return rsa.PublicKey.from_pem(pem)
        except BadKey:
            return None  # a file damaged by hand: its minion is refused until it is repaired

    def _path(self, state: KeyState, minion_id: str) -> str:
        return f"{self._folders[state]}/{names.minion_id(minion_id)}"


def _is_key(pem: str) -> bool:
    try:
        rsa.PublicKey.from_pem(pem)
    except BadKey:
        return False
    return True


def _is_id(name: str) -> bool:
    if name.startswith("."):
        return False
    try:
        names.minion_id(name)
    except BadName:
        return False
    return True
