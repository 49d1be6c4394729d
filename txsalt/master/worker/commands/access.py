"""
Tokens of the operator, and the question why somebody may or may not do something.

Only for who commands the master; see ``PRIVATE`` in tools.py.
"""

from typing import Any  # arguments and results are any msgpack value

from attrs import asdict

from txsalt.errors import BadLoad
from txsalt.master.store.audit import Entry
from txsalt.master.store.tokens import LONGEST_LIFE
from txsalt.master.worker import permissions
from txsalt.master.worker.bench import Bench
from txsalt.master.worker.commands.publishing import expand_target, resolved
from txsalt.master.worker.logins.service import OPERATOR
from txsalt.master.worker.permissions import BY
from txsalt.master.worker.principals import ExternalUser, LocalUser, User
from txsalt.rights import rules
from txsalt.wire import fields, job_loads

Arguments = dict[str, Any]


def create_token(bench: Bench, arguments: Arguments) -> dict[str, Any]:
    """
    Make a token for ``user`` that may do what ``scope`` says, for ``seconds``; return it once.

    ``scope`` is a list of entries as in ``publisher_acl``; ``note`` says what it is for.
    """
    name, note = fields.text(arguments, "user"), fields.text(arguments, "note", "")
    scope = fields.array(arguments, "scope")
    if not name or not scope:
        raise BadLoad("a token needs a user and at least one thing that it allows")
    if name in ("root", bench.config.user) or name.startswith(permissions.SUDO):
        raise BadLoad("a token stands for a program or user that does not command the master")
    seconds = arguments.get("seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds > 0:
        raise BadLoad("seconds is no number above 0")
    if seconds > LONGEST_LIFE:
        raise BadLoad("seconds is more than a century")
    now = bench.clock()
    token = bench.tokens.make(
        now, name=name, eauth=OPERATOR, expire=now + seconds, scope=scope, note=note[:200]
    )
    known = bench.tokens.find(token, now)
    assert known is not None
    bench.note(Entry(act="token created", id=known.id, by=_by(arguments), note=f"{name}: {note}"))
    return {**asdict(known), "token": token}


def list_tokens(bench: Bench, arguments: Arguments) -> list[dict[str, Any]]:
    """Return what is known of each token, never a token itself."""
    bench.tokens.remove_expired(bench.clock())
    return [asdict(each) for each in bench.tokens.listing()]


def revoke_token(bench: Bench, arguments: Arguments) -> bool:
    """Delete the token with this ``id``; return whether there was one."""
    gone = bench.tokens.revoke(fields.text(arguments, "id"))
    if gone is not None:
        bench.note(Entry(act="token revoked", id=gone.id, by=_by(arguments), note=gone.name))
    return gone is not None


def revoke_own(bench: Bench, user: ExternalUser, arguments: Arguments) -> bool:
    """Delete a token with this ``id`` if it stands for this user; return whether it did."""
    wanted = fields.text(arguments, "id")
    own = (user.name, user.eauth)
    if all(each.id != wanted or (each.name, each.eauth) != own for each in bench.tokens.listing()):
        return False
    return revoke_token(bench, arguments)


def explain(bench: Bench, arguments: Arguments) -> dict[str, Any]:
    """
    Say whether ``user`` may run ``function`` with ``words`` on ``tgt``, and which rule decides.

    ``eauth`` (and ``groups``) ask about ``external_auth`` instead of ``publisher_acl``; ``form``
    runner or wheel asks about a function of the master. Returns "allowed", "rule", "reason",
    "minions" and "rules", all that are meant for the user.
    """
    user = _asked_about(bench, arguments)
    fun, form = fields.text(arguments, "function"), fields.text(arguments, "form", "job")
    lists = permissions.limits(bench, user)
    told = {"rules": [str(each) for rules in lists or [] for each in rules], "minions": []}
    if form in ("runner", "wheel"):
        decision = permissions.on_master(bench, user, form, fun, {"arg": arguments.get("words")})
    else:
        sent = job_loads.read_publish_request(
            {name: arguments[name] for name in ("tgt", "tgt_type") if arguments.get(name)}
            | {"fun": fun, "arg": arguments.get("words")}
        )
        request = resolved(bench, sent)
        expansion = expand_target(bench, request.tgt, request.tgt_type)
        decision = permissions.on_job(bench, user, sent, expansion)
        told["minions"] = expansion.minions
    return {
        "allowed": decision.allowed,
        "rule": decision.rule,
        "reason": decision.reason,
        **told,
    }


def _asked_about(bench: Bench, arguments: Arguments) -> User:
    name, eauth = fields.text(arguments, "user"), fields.text(arguments, "eauth", "")
    if not eauth:
        own = (bench.config.user, "root")
        return LocalUser(name=name, full=name in own or name.startswith(permissions.SUDO))
    groups = arguments.get("groups")
    known = [str(each) for each in groups] if isinstance(groups, list) else None
    if known is None:
        known = bench.logins().groups(eauth, name)
    mine = rules.of_external(bench.config.external_auth, eauth, name, known)
    return ExternalUser(name=name, eauth=eauth, groups=tuple(known), rules=tuple(mine))


def _by(arguments: Arguments) -> str:
    return fields.text(arguments, BY, "")
