"""
Passwords from a file: ``external_auth: file``.

``^filename`` names it; ``^filetype`` is text, htpasswd or htdigest (with ``^realm``). For text:
``^hashtype`` (plaintext, md5, sha256, …), ``^field_separator``, and ``^username_field`` and
``^password_field``, counted from 1.

Source: Salt 3008.3, auth/file.py (the options).
"""

import logging
import os
import stat
from collections.abc import Iterator, Mapping
from typing import Any  # options are what YAML holds

from attrs import frozen

from txsalt.master.worker.logins import hashes

log = logging.getLogger(__name__)

_LONGEST = 16 * 1024 * 1024  # bytes
# What is compared for a user who is not there, so that it takes as long as for one who is.
_DUMMY = {
    "text": "-",
    "htdigest": "0" * 32,
    "htpasswd": "$apr1$TxSaltNo$0000000000000000000000",
}


@frozen(kw_only=True)
class PasswordFile:
    """One file and how its lines are read."""

    path: str
    kind: str = "text"
    hash_type: str = "plaintext"
    separator: str = ":"
    user_field: int = 1
    password_field: int = 2
    realm: str = ""

    @classmethod
    def of(cls, section: Mapping[str, Any]) -> "PasswordFile":
        """Read the options of a section. Raises ValueError for a number that is none."""
        return cls(
            path=str(section.get("^filename") or ""),
            kind=str(section.get("^filetype") or "text"),
            hash_type=str(section.get("^hashtype") or "plaintext"),
            separator=str(section.get("^field_separator") or ":"),
            user_field=int(section.get("^username_field") or 1),
            password_field=int(section.get("^password_field") or 2),
            realm=str(section.get("^realm") or ""),
        )

    def vouches(self, user: str, password: str) -> bool:
        """Tell whether the file has this user with this password."""
        kept = self._kept(user)
        fits = self._fits(kept if kept is not None else self._stand_in(), user, password)
        return fits and kept is not None and bool(password)

    def is_in_use(self, user: str) -> bool:
        """Tell whether the file has this user."""
        return self._kept(user) is not None

    def groups(self, user: str) -> list[str]:
        """Return no groups: a file has none."""
        return []

    def _fits(self, kept: str, user: str, password: str) -> bool:
        try:
            if self.kind == "htpasswd":
                return hashes.htpasswd_fits(kept, password)
            if self.kind == "htdigest":
                return bool(self.realm) and hashes.htdigest_fits(kept, user, self.realm, password)
            if self.kind == "text":
                return hashes.text_fits(kept, password, self.hash_type)
            log.error("external_auth: file: there is no ^filetype %s", self.kind)
        except ValueError:
            log.error("external_auth: file: there is no ^hashtype %s", self.hash_type)
        return False

    def _kept(self, user: str) -> str | None:
        for fields in self._lines():
            if self.kind == "htdigest" and (len(fields) < 3 or fields[1] != self.realm):
                continue
            columns = {"htpasswd": (1, 2), "htdigest": (1, 3)}
            name, secret = columns.get(self.kind, (self.user_field, self.password_field))
            there = min(name, secret) > 0 and max(name, secret) <= len(fields)
            if there and fields[name - 1] == user:
                return fields[secret - 1]
        return None

    def _stand_in(self) -> str:
        if self.kind == "htpasswd":
            # Of the cost of the others: the first line's.
            return next((each[1] for each in self._lines() if len(each) > 1), _DUMMY["htpasswd"])
        return _DUMMY.get(self.kind, "-")

    def _lines(self) -> Iterator[list[str]]:
        separator = self.separator if self.kind == "text" else ":"
        for line in _read(self.path).splitlines():
            if line.strip() and not line.startswith("#"):
                yield line.strip().split(separator)


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            status = os.fstat(file.fileno())
            if status.st_mode & stat.S_IWOTH:
                log.error("external_auth: file: %s can be written by everybody; not used", path)
                return ""
            return file.read(_LONGEST)
    except OSError as exc:
        log.error("external_auth: file: %s: %s", path, exc.strerror)
        return ""
