"""
Returns that came together: read one by one, saved in one commit, told, acknowledged.
"""

import logging

from txsalt.errors import RemoteError, StoreError
from txsalt.master.store import database
from txsalt.master.store.database import Failure
from txsalt.master.worker.bench import Bench
from txsalt.master.worker.commands import returns
from txsalt.master.worker.gatekeeper import Opened
from txsalt.master.worker.principals import Minion
from txsalt.wire import envelope, serial
from txsalt.wire.job_loads import Return

log = logging.getLogger(__package__)

_NIL = serial.pack(None)


class ReturnBatch:
    """Some returns, and between them requests that were refused; replies keep the order."""

    def __init__(self, bench: Bench, refusal: bytes) -> None:
        """``refusal`` is the reply to what could not be opened, or not be saved."""
        self._bench = bench
        self._refusal = refusal
        self._entries: list[tuple[Minion | None, Return | None]] = []

    def __len__(self) -> int:
        return len(self._entries)

    def refuse(self) -> None:
        """Here comes a request that is refused."""
        self._entries.append((None, None))

    def add(self, opened: Opened) -> None:
        """Read the return of a minion; one that is not to be kept is acknowledged."""
        minion = opened.principal
        assert isinstance(minion, Minion)
        try:
            self._entries.append((minion, returns.read(self._bench, minion, opened.load)))
        except RemoteError as exc:
            self._bench.refusals.note("_return", str(exc))
            self._entries.append((minion, None))
        except Failure as exc:
            self._tell_failure(exc)
            self.refuse()
        except Exception:
            log.exception("a bug while a return was read")
            self.refuse()

    def finish(self) -> list[bytes]:
        """Save and tell all of them; return the replies, and begin anew."""
        entries, self._entries = self._entries, []
        if self._save([ret for _, ret in entries if ret is not None]):
            return [self._reply(minion) for minion, _ in entries]
        # What spoils one must not cost the others: now each on its own.
        return [
            self._reply(minion if ret is None or self._save([ret], alone=True) else None)
            for minion, ret in entries
        ]

    def _reply(self, minion: Minion | None) -> bytes:
        if minion is None:
            return self._refusal
        return envelope.write_box(minion.crypticle.seal_packed(_NIL, minion.nonce))

    def _save(self, found: list[Return], *, alone: bool = False) -> bool:
        try:
            if found:
                returns.save_all(self._bench, found)
            return True
        except Failure as exc:
            if alone:
                self._tell_failure(exc)
        except Exception:
            if alone:
                log.exception("a bug while a return was saved")
        return False

    def _tell_failure(self, exc: Failure) -> None:
        path = database.path_in(self._bench.config.cachedir)
        log.error("_return failed: %s", StoreError(path, str(exc)))
