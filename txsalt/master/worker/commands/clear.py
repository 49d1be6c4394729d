"""
Clear commands of local tools: ``ping``, ``publish``, and tokens.

Source: PROTOCOL sections 10.2, 10.3.
"""

from typing import Any  # loads are maps of any msgpack value

from txsalt.master.worker.bench import Bench
from txsalt.master.worker.commands.publishing import publish_job
from txsalt.master.worker.gatekeeper import Opened
from txsalt.master.worker.principals import LocalUser
from txsalt.wire import envelope, job_loads


def ping(bench: Bench, opened: Opened) -> Any:
    """Give the load back."""
    return opened.load


def publish(bench: Bench, opened: Opened) -> envelope.Reply:
    """Publish a job for a local user."""
    user = opened.principal
    if not isinstance(user, LocalUser):
        return _refused("AuthenticationError", "Authentication error occurred.")
    if not user.full:
        return _refused("AuthorizationError", "Authorization error occurred.")
    request = job_loads.read_publish_request(opened.load)
    published = publish_job(bench, request, user=user.name)
    if published.jid is None:
        load: dict[str, Any] = {"jid": None, "minions": [], "error": published.problem}
    else:
        load = {
            "jid": published.jid,
            "minions": published.minions,
            "missing": published.missing,
        }
    return envelope.ClearReply(load)


def get_token(bench: Bench, opened: Opened) -> Any:
    """Find no token: there are none without an outside service that vouches for users."""
    return {}


def mk_token(bench: Bench, opened: Opened) -> Any:
    """Make no token, as above."""
    return ""


def _refused(name: str, message: str) -> envelope.BareReply:
    return envelope.BareReply({"error": {"name": name, "message": message}})
