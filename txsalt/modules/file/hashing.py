"""
Checksums of files, and checksums found in other files.

Source: Salt 3008.3, modules/file.py get_hash, extract_hash, get_source_sum.
"""

import hashlib
import os
import re
import string
from typing import Any  # users pass whatever they typed
from urllib.parse import urlparse

from txsalt.jobs.errors import CommandExecutionError, SaltInvocationError
from txsalt.modules.file._paths import expand, explained

# Hexadecimal digits of each sum. Lengths name the kind where a user gives only digits.
LENGTHS = {"sha512": 128, "sha384": 96, "sha256": 64, "sha224": 56, "sha1": 40, "md5": 32}
BY_LENGTH = {length: kind for kind, length in LENGTHS.items()}

_SCHEMES = ("salt", "file", "http", "https", "ftp", "swift", "s3")
_SUM = re.compile(r"(?i)(?<![a-z0-9])([a-f0-9]{32,128})(?![a-z0-9])")
_BEFORE_NAME = string.whitespace + "\\/*"


def get_hash(path: str, form: str = "sha256", chunk_size: int = 65536) -> str:
    """
    Return the checksum of a file; it is read ``chunk_size`` bytes at a time.

    CLI Example: txsalt-cli '*' file.get_hash /etc/shadow
    """
    digest = _digest(form)
    with explained("cannot read"), open(expand(path), "rb") as file:
        while block := file.read(max(int(chunk_size), 1)):
            digest.update(block)
    return digest.hexdigest()


def get_sum(path: str, form: str = "sha256") -> str:
    """
    Return the checksum of a file, or "File not found".

    CLI Example: txsalt-cli '*' file.get_sum /etc/passwd sha512
    """
    if not os.path.isfile(expand(path)):
        return "File not found"
    return get_hash(path, form)


def check_hash(path: str, file_hash: str) -> bool:
    """
    Tell whether a file has a checksum, given as digits, as kind=digits or as kind:digits.

    CLI Example: txsalt-cli '*' file.check_hash /etc/fstab md5:<digits>
    """
    if not isinstance(file_hash, str):
        raise SaltInvocationError("give the checksum as text")
    separator = next((each for each in ":=" if each in file_hash), None)
    if separator:
        kind, _, digits = file_hash.partition(separator)
    else:
        kind, digits = BY_LENGTH.get(len(file_hash), ""), file_hash
        if not kind:
            raise SaltInvocationError(f"no checksum has {len(file_hash)} digits; {_kinds_text()}")
    return get_hash(path, kind) == digits


def get_source_sum(file_name: str = "", source: str = "", source_hash: Any = None,
                   source_hash_name: str | None = None, saltenv: str = "base",
                   verify_ssl: bool = True, source_hash_sig: Any = None,
                   signed_by_any: Any = None, signed_by_all: Any = None, keyring: Any = None,
                   gnupghome: Any = None, sig_backend: str = "gpg") -> dict[str, str]:  # fmt: skip
    """
    Return {"hash_type", "hsum"} for a source hash: digits, kind=digits, or a file with sums.

    A file is searched for the name ``source_hash_name``, else for that of the file or its source.

    CLI Example: txsalt-cli '*' file.get_source_sum /tmp/a.gz https://example.org/a.gz <digits>
    """
    if source_hash_sig:
        raise SaltInvocationError("signatures of source hashes (source_hash_sig) are not verified")
    if not isinstance(source_hash, str):
        raise _bad_source_hash(source_hash)
    if os.path.isabs(source_hash):
        sums = source_hash
    elif (scheme := urlparse(source_hash).scheme) in _SCHEMES:
        sums = __salt__["cp.cache_file"](source_hash, saltenv, verify_ssl=verify_ssl)
        if not sums:
            raise CommandExecutionError(f"the file with checksums {source_hash} was not found")
    elif scheme:
        raise _bad_source_hash(source_hash)
    else:
        return _stated_sum(source_hash)
    found = extract_hash(sums, "", file_name, source, source_hash_name)
    if found is None:
        raise _bad_source_hash(source_hash)
    return {**found, "hsum": found["hsum"].lower()}


def extract_hash(hash_fn: str, hash_type: str = "sha256", file_name: str = "", source: str = "",
                 source_hash_name: str | None = None) -> dict[str, str] | None:  # fmt: skip
    """
    Find a checksum in a file of lines such as "<digits>  name"; None if there is none.

    A line that names ``source_hash_name`` is taken before one that names ``file_name``, that
    before one that names ``source``, and that before the first line with a sum.

    CLI Example: txsalt-cli '*' file.extract_hash /path/to/SHA256SUMS sha256 foo.tar.gz
    """
    source_path = urlparse(str(source or ""))
    wanted = [
        (str(source_hash_name or ""), str(source_hash_name or ""), string.whitespace),
        (str(file_name or ""), os.path.basename(str(file_name or "")), _BEFORE_NAME),
        (str(source or ""), os.path.basename(source_path.path or source_path.netloc), _BEFORE_NAME),
    ]
    found: dict[int, dict[str, str]] = {}
    last = len(wanted)
    with explained("cannot read"), open(hash_fn, encoding="utf-8", errors="replace") as lines:
        for line in map(str.strip, lines):
            entry = _sum_in(line, LENGTHS.get(hash_type))
            if entry is None:
                continue
            found.setdefault(last, entry)
            for rank, (whole, name, before) in enumerate(wanted):
                if whole and _names(line, whole, name, before):
                    found.setdefault(rank, entry)
    return found[min(found)] if found else None


def _sum_in(line: str, length: int | None) -> dict[str, str] | None:
    for digits in _SUM.findall(line):
        if len(digits) in BY_LENGTH and length in (None, len(digits)):
            return {"hsum": digits, "hash_type": BY_LENGTH[len(digits)]}
    return None


def _names(line: str, whole: str, name: str, before: str) -> bool:
    """Tell whether a line ends in the name, or begins with the whole path and a space."""
    if name and line.endswith(name):
        return len(line) > len(name) and line[-len(name) - 1] in before
    return line.startswith(whole) and line[len(whole) : len(whole) + 1].isspace()


def _stated_sum(text: str) -> dict[str, str]:
    kind, equals, digits = (part.strip() for part in text.partition("="))
    if not equals:
        kind, digits = BY_LENGTH.get(len(text), ""), text
    if not kind or (not equals and not set(digits) <= set(string.hexdigits)):
        raise _bad_source_hash(text)
    if kind not in LENGTHS:
        raise CommandExecutionError(f"there is no checksum {kind!r}; {_kinds_text()}")
    if len(digits) != LENGTHS[kind]:
        raise CommandExecutionError(
            f"a {kind} checksum has {LENGTHS[kind]} digits, this one has {len(digits)}"
        )
    return {"hash_type": kind, "hsum": digits.lower()}


def _digest(form: str) -> Any:
    try:
        return hashlib.new(form, usedforsecurity=False)
    except (ValueError, TypeError):
        raise SaltInvocationError(f"there is no checksum {form!r}; {_kinds_text()}") from None


def _bad_source_hash(given: Any) -> CommandExecutionError:
    return CommandExecutionError(
        f"source hash {given!r}: give digits, kind=digits, or the path or address of a file that "
        f"has them; {_kinds_text()}"
    )


def _kinds_text() -> str:
    known = ", ".join(f"{kind} ({length})" for kind, length in LENGTHS.items())
    return f"known checksums and their digits: {known}"
