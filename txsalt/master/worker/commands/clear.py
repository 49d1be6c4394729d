"""
Clear commands of local tools: ``ping``, ``publish``, and tokens.

Source: PROTOCOL sections 10.2, 10.3.
"""

from typing import Any  # loads are maps of any msgpack value

from txsalt.errors import LocalError
from txsalt.master.store.tokens import Token
from txsalt.master.worker import permissions
from txsalt.master.worker.bench import Bench
from txsalt.master.worker.commands import publishing
from txsalt.master.worker.commands.publishing import Order, Published
from txsalt.master.worker.gatekeeper import Opened
from txsalt.master.worker.permissions import NotAllowed
from txsalt.master.worker.principals import Nobody
from txsalt.targeting.expand import Expansion
from txsalt.wire import envelope, job_loads
from txsalt.wire.job_loads import PublishRequest


def ping(bench: Bench, opened: Opened) -> Any:
    """Give the load back."""
    return opened.load


def publish(bench: Bench, opened: Opened) -> envelope.Reply:
    """Publish a job for a user, as far as the user may."""
    found = order(bench, opened)
    if not isinstance(found, Order):
        return found
    return reply_of(publishing.tell(bench, [publishing.store(bench, found)])[0])


def order(bench: Bench, opened: Opened) -> Order | envelope.Reply:
    """Return the job that a user may publish, or the reply to one who may not."""
    sent = job_loads.read_publish_request(opened.load)
    user = permissions.sender(bench, opened, sent.kwargs)
    if isinstance(user, Nobody):
        return _refused("AuthenticationError", "Authentication error occurred.")

    def judge(request: PublishRequest, expansion: Expansion) -> PublishRequest:
        return permissions.judged(bench, user, request, sent, expansion)

    try:
        found = publishing.order(bench, sent, user=user.name, judge=judge)
    except NotAllowed as exc:
        bench.refusals.note("rights", str(exc))
        return _refused("AuthorizationError", "Authorization error occurred.")
    return found if isinstance(found, Order) else reply_of(found)


def reply_of(published: Published) -> envelope.Reply:
    """Return what a user is told of a job."""
    if published.jid is None:
        load: dict[str, Any] = {"jid": None, "minions": [], "error": published.problem}
        if published.missing:
            load["missing"] = published.missing
    else:
        load = {
            "jid": published.jid,
            "minions": published.minions,
            "missing": published.missing,
        }
    return envelope.ClearReply(load)


def mk_token(bench: Bench, opened: Opened) -> Any:
    """Make a token for who shows a password; an empty text for who does not."""
    try:
        made = bench.logins().make_token(opened.load)
    except LocalError as exc:
        bench.refusals.note("token", str(exc))
        return ""
    return "" if made is None else _token(made.token, made.known)


def get_token(bench: Bench, opened: Opened) -> Any:
    """Return what is known of a token that is shown; nothing for one that is none or over."""
    token = opened.load.get("token")
    known = bench.logins().describe(token)
    return {} if known is None else _token(token, known)


def _token(token: Any, known: Token) -> dict[str, Any]:
    told = {name: getattr(known, name) for name in ("start", "expire", "name", "eauth")}
    if known.groups:
        told["groups"] = known.groups
    return {**told, "token": token}


def _refused(name: str, message: str) -> envelope.BareReply:
    return envelope.BareReply({"error": {"name": name, "message": message}})
