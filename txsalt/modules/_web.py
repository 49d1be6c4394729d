"""
Fetch files from web servers, with their certificates checked.
"""

import base64
import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from typing import Any  # what urllib gives has no type
from urllib.parse import unquote, urlsplit, urlunsplit

from txsalt.jobs.errors import CommandExecutionError
from txsalt.modules._atomic import copy_whole

_TIMEOUT = 60.0  # seconds without a byte
_NOT_MODIFIED = 304
_PASSWORD = re.compile(r"(?i)\b(https?|ftp)://[^/@\s]*@")


def redacted(url: str) -> str:
    """Give an address without the user and password in it, for messages."""
    return _PASSWORD.sub(r"\1://<redacted>@", url)


def read(url: str, verify_ssl: bool = True) -> bytes:
    """Give the content at an address. Raises CommandExecutionError."""
    with _opened(url, verify_ssl, {}) as answer:
        try:
            return answer.read()
        except ConnectionError as exc:
            raise CommandExecutionError(f"{redacted(url)}: {exc.strerror or exc}") from exc


def exists(url: str, verify_ssl: bool = True) -> bool:
    """Tell whether a web server has something at an address."""
    try:
        with _opened(url, verify_ssl, {}, method="HEAD"):
            return True
    except CommandExecutionError:
        return False


def download(url: str, place: str, verify_ssl: bool = True, use_etag: bool = False) -> None:
    """
    Bring the content at an address to a place, all of it or nothing.

    With ``use_etag`` the server is asked for it only if it changed since. Raises
    CommandExecutionError.
    """
    tag_file = f"{place}.etag"
    headers = {}
    if use_etag and os.path.exists(place):
        with contextlib.suppress(OSError), open(tag_file, encoding="latin-1") as file:
            headers["If-None-Match"] = file.read().strip()
    with tempfile.TemporaryDirectory(dir=os.path.dirname(place), prefix=".part.") as folder:
        part = os.path.join(folder, "part")
        with _opened(url, verify_ssl, headers) as answer:
            if answer.status == _NOT_MODIFIED:
                return
            tag = answer.headers.get("ETag")
            _save(answer, part, url)
        copy_whole(part, place)
    if use_etag and tag:
        with open(tag_file, "w", encoding="latin-1", errors="replace") as file:
            file.write(tag)


def _save(answer: Any, part: str, url: str) -> None:
    with open(part, "wb") as file:
        shutil.copyfileobj(answer, file, 1 << 18)
        stated = answer.headers.get("Content-Length")
        if stated and not answer.headers.get("Content-Encoding") and file.tell() != int(stated):
            raise CommandExecutionError(f"{redacted(url)}: the connection ended too early")


@contextlib.contextmanager
def _opened(
    url: str, verify_ssl: bool, headers: dict[str, str], method: str = "GET"
) -> Iterator[Any]:
    # Most jobs ask no web server; these imports would double the time that loading file takes.
    import http.client
    import urllib.error
    import urllib.request

    try:
        handler = urllib.request.HTTPSHandler(context=_context(verify_ssl))
        request = _request(url, headers, method)
        answer = urllib.request.build_opener(handler).open(request, timeout=_TIMEOUT)
    except urllib.error.HTTPError as exc:
        if exc.code != _NOT_MODIFIED:
            raise CommandExecutionError(f"{redacted(url)}: {exc.code} {exc.reason}") from exc
        answer = exc
    except (OSError, ValueError, http.client.HTTPException) as exc:
        reason = getattr(exc, "reason", exc)
        raise CommandExecutionError(f"{redacted(url)}: {reason}") from exc
    with answer:
        try:
            yield answer
        except http.client.HTTPException as exc:
            raise CommandExecutionError(f"{redacted(url)}: {exc!r}") from exc
        except TimeoutError as exc:
            raise CommandExecutionError(f"{redacted(url)}: no byte for {_TIMEOUT:g} s") from exc


def _request(url: str, headers: dict[str, str], method: str) -> Any:
    import urllib.request

    address = urlsplit(url)
    if address.scheme not in ("http", "https"):
        raise CommandExecutionError(f"{redacted(url)}: only salt, file, http and https are fetched")
    clean = urlunsplit(address._replace(netloc=address.netloc.rpartition("@")[2], fragment=""))
    request = urllib.request.Request(clean, headers=headers, method=method)  # noqa: S310
    if address.username is not None:
        word = f"{unquote(address.username)}:{unquote(address.password or '')}"
        # Not redirected: another host has no business with the password.
        request.add_unredirected_header(
            "Authorization", "Basic " + base64.b64encode(word.encode()).decode()
        )
    return request


def _context(verify_ssl: bool) -> Any:
    import ssl

    context = ssl.create_default_context()
    if not verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
