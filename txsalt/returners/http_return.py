"""
Return to a web server: a POST with the return as JSON.

    returner.http.url: https://returns.example.org/salt      # required
    returner.http.token: secret                # sent as Authorization: Bearer …
    returner.http.headers: {X-Team: ops}
    returner.http.ca_bundle: /etc/ssl/own.pem  # whom to trust; default: as the machine does
    returner.http.timeout: 30                  # seconds

The server's certificate is checked, always. An answer other than 2xx is a failure, and the return
is sent again later; the server can tell the second one by jid and id. Redirects are not followed.
"""

import http.client
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any  # returns hold what functions give
from urllib.parse import urlsplit

from txsalt.jobs.errors import CommandExecutionError, SaltInvocationError
from txsalt.returners._jids import prep_jid as _prep_jid
from txsalt.returners._options import REQUIRED, options_of
from txsalt.returners._plain import as_json, shown

__virtualname__ = "http"

_DEFAULTS = {"url": REQUIRED, "token": "", "headers": {}, "ca_bundle": None, "timeout": 30}


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirected POST loses its body, and the token would go to somebody else."""

    def redirect_request(self, *arguments: Any, **more: Any) -> None:
        return None


def returner(ret: Mapping[str, Any]) -> None:
    """Send a return."""
    options = options_of("http", ret, __salt__, _DEFAULTS)
    url = str(options["url"])
    if urlsplit(url).scheme not in ("http", "https"):
        raise SaltInvocationError("returner.http.url is neither http nor https")
    if "@" in urlsplit(url).netloc:
        raise SaltInvocationError("returner.http.url names a user; use token, or headers")
    headers = {"Content-Type": "application/json", **dict(options["headers"])}
    if options["token"]:
        # A token that was read from a file often has a line feed at its end.
        headers["Authorization"] = f"Bearer {str(options['token']).strip()}"
    request = urllib.request.Request(  # noqa: S310 - the scheme is checked
        url, as_json(shown(ret)).encode(), headers, method="POST"
    )
    _send(request, options["ca_bundle"], float(options["timeout"]))


def prep_jid(nocache: bool = False, passed_jid: str | None = None) -> str:
    """Give a new job id, or the one that was passed."""
    return _prep_jid(nocache, passed_jid)


def _send(request: urllib.request.Request, ca_bundle: str | None, timeout: float) -> None:
    place = urlsplit(request.full_url).hostname
    try:
        trust = ssl.create_default_context(cafile=ca_bundle)
        opener = urllib.request.build_opener(
            urllib.request.HTTPSHandler(context=trust), _NoRedirect()
        )
        with opener.open(request, timeout=timeout) as answer:
            answer.read(1024)
    except urllib.error.HTTPError as exc:
        exc.close()
        raise CommandExecutionError(f"{place} answered {exc.code} {exc.reason}") from exc
    except urllib.error.URLError as exc:
        raise CommandExecutionError(f"{place}: {exc.reason}") from exc
    except (OSError, http.client.HTTPException) as exc:
        raise CommandExecutionError(f"{place}: {exc or type(exc).__name__}") from exc
    except ValueError:
        # Its message holds the header, and the header the token.
        text = "a header, or the URL, has signs that HTTP does not allow"
        raise CommandExecutionError(f"{place}: {text}") from None
