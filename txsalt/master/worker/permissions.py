"""
Who sent a clear request, and whether that user may do what it asks for.

Interactions: credentials become a user (key file, password or token); the user's rules come from
the configuration or the token; ``txsalt.rights`` decides. What is refused is counted and logged
with the reason; the user learns only that it is refused.

Source: PROTOCOL sections 10.1 to 10.3.
"""

from collections.abc import Mapping, Sequence
from typing import Any  # arguments are any msgpack value

from attrs import frozen

from txsalt.errors import BadTarget, RemoteError
from txsalt.jobs.arguments import sort_arguments
from txsalt.light import evolve
from txsalt.master.worker.bench import Bench
from txsalt.master.worker.gatekeeper import Opened
from txsalt.master.worker.principals import ExternalUser, LocalUser, Nobody, User
from txsalt.rights import decide, rules
from txsalt.rights.decide import Call, Decision
from txsalt.targeting import needs
from txsalt.targeting.expand import Expansion
from txsalt.targeting.expression import Pattern, evaluate, leaves, parse_compound
from txsalt.targeting.facts import Facts
from txsalt.targeting.matches_me import BY_ID, match_leaf, usable_compound
from txsalt.targeting.nodegroups import resolve
from txsalt.wire.job_loads import PublishRequest

BY = "__user__"  # the argument that tells functions of the master who calls
SUDO = "sudo_"
_FIND_JOB = "saltutil.find_job"
# What of a user's own job may be looked at without a rule: its own results.
_OWN = frozenset(["jobs.show", "jobs.returns", "jobs.why", "jobs.absent", "batch.state"])
# The rest of ``kwargs`` changes how or as whom minions work, which no rule speaks of.
_HARMLESS = frozenset(["delimiter", "metadata", "start_event", "deadline", "batch"])
_PILLARS = frozenset(["pillar", "pillar_pcre"])
_GLOB_SIGNS = frozenset("*?[")


@frozen
class NotAllowed(RemoteError):
    """A user who may not do what was asked for."""

    user: str
    what: str
    reason: str

    def __str__(self) -> str:
        return f"{self.user} may not run {self.what}: {self.reason}"


def sender(bench: Bench, opened: Opened, shown: Mapping[str, Any]) -> User | Nobody:
    """Return who sent a request whose credentials, besides a key, are in ``shown``."""
    if "token" in shown:
        return bench.logins().by_token(shown["token"])
    if "eauth" in shown:
        return bench.logins().by_password(shown)
    user = opened.principal
    return user if isinstance(user, LocalUser) else Nobody()


def failure(shown: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer of ``runner`` and ``wheel`` to who does not prove to be anybody."""
    kind = "token" if "token" in shown else "eauth" if "eauth" in shown else "user"
    message = f'Authentication failure of type "{kind}" occurred.'
    return {"error": {"name": f"{kind.capitalize()}AuthenticationError", "message": message}}


def refusal() -> dict[str, Any]:
    """Return the answer to a user who is known, and may not do what was asked for."""
    return {"error": {"name": "AuthorizationError", "message": "Authorization error occurred."}}


def limits(bench: Bench, user: User) -> list[Sequence[rules.Rule]] | None:
    """Return the lists of rules of which each must allow what the user does; None: anything."""
    if isinstance(user, ExternalUser):
        return [user.rules] if user.scope is None else [user.rules, user.scope]
    name = user.name
    if user.full:
        config = bench.config
        if not (name.startswith(SUDO) and config.sudo_acl and config.publisher_acl):
            return None
        name = name.removeprefix(SUDO)
    return [rules.of_publisher(bench.config.publisher_acl, name)]


def judged(
    bench: Bench, user: User, request: PublishRequest, sent: PublishRequest, expansion: Expansion
) -> PublishRequest:
    """
    Return the request as this user may make it. Raises NotAllowed.

    ``sent`` is the request as it came, ``request`` with nodegroups resolved. A job that is
    allowed for some minions by name goes to these by name, as others may match it, too.
    """
    decision = on_job(bench, user, sent, expansion)
    if not decision.allowed:
        raise NotAllowed(user.name, shown(sent.fun), decision.reason)
    if limits(bench, user) is None:
        return request
    kwargs = {name: value for name, value in request.kwargs.items() if name in _HARMLESS}
    return narrowed(evolve(request, kwargs=kwargs), expansion, decision)


def narrowed(request: PublishRequest, expansion: Expansion, decision: Decision) -> PublishRequest:
    """Return the request for the minions by name where the decision is about these alone."""
    if decision.by_target and request.tgt_type not in BY_ID:
        return evolve(request, tgt=expansion.minions, tgt_type="list")
    return request


def on_job(bench: Bench, user: User, sent: PublishRequest, expansion: Expansion) -> Decision:
    """Decide about a job and name the rule."""
    calls = calls_of(sent.fun, sent.arg)
    forbidden = _blacklisted(bench, user.name, calls)
    if forbidden is not None:
        return forbidden
    lists = limits(bench, user)
    if lists is None:
        return Decision(allowed=True, rule="this user may command the master")
    if any(lists) and _is_own_find_job(bench, user, calls, expansion):
        return Decision(allowed=True, rule="saltutil.find_job of an own job", by_target=True)
    return by_rules(bench, lists, sent, calls, expansion)


def by_peer(
    bench: Bench,
    granted: Sequence[rules.Rule],
    sent: PublishRequest,
    calls: Sequence[Call],
    expansion: Expansion,
) -> Decision:
    """Decide about a job that a minion asks for; modules on the blacklist are for no minion."""
    forbidden = _blacklisted(bench, "", calls)
    return forbidden or by_rules(bench, [granted], sent, calls, expansion)


def by_rules(
    bench: Bench,
    lists: Sequence[Sequence[rules.Rule]],
    sent: PublishRequest,
    calls: Sequence[Call],
    expansion: Expansion,
) -> Decision:
    """Decide by rules alone: each list must allow every call on every minion."""
    probing = pillar_guess(sent.tgt, sent.tgt_type)
    if probing:
        return Decision(allowed=False, reason=probing)
    known = _Certain(bench)
    decisions = [decide.on_minions(each, calls, expansion.minions, known.ids) for each in lists]
    return _all(decisions)


def on_master(
    bench: Bench, user: User, form: str, fun: str, arguments: Mapping[str, Any]
) -> Decision:
    """Decide about a runner or wheel function; ``arguments`` are as its handler gets them."""
    lists = limits(bench, user)
    if lists is None:
        return Decision(allowed=True, rule="this user may command the master")
    args = arguments.get("arg")
    named = {name: value for name, value in arguments.items() if name != "arg"}
    call = Call(fun=fun, args=args if isinstance(args, list) else (), kwargs=named)
    if form == "runner" and fun in _OWN and any(lists) and _is_about_own(bench, user, named):
        return Decision(allowed=True, rule=f"{fun} of an own job")
    return _all([decide.on_master(each, form, call) for each in lists])


def calls_of(fun: str | list[str], arg: Sequence[Any]) -> list[Call]:
    """Return the calls of a job with their arguments as minions sort them."""
    if isinstance(fun, str) and "," not in fun:
        return [_call(fun, arg)]
    functions = fun.split(",") if isinstance(fun, str) else fun
    if len(arg) == len(functions) and all(isinstance(each, list) for each in arg):
        return [_call(each, mine) for each, mine in zip(functions, arg, strict=True)]
    # Who gets what is the minion's affair; a rule about arguments cannot be met.
    return [Call(fun=each) for each in functions]


def pillar_guess(tgt: str | list[str], tgt_type: str) -> str:
    """
    Say why a target might be a way to find out what pillars hold; nothing if it is none.

    Patterns would let a user who sees only who answers read a value letter by letter.
    """
    if tgt_type in _PILLARS:
        patterns = [Pattern(tgt_type, tgt if isinstance(tgt, str) else "*")]
    elif tgt_type in ("compound", "compound_pillar_exact"):
        try:
            # A list is read as one text where it is published.
            text = tgt if isinstance(tgt, str) else " ".join(tgt)
            patterns = list(leaves(parse_compound(text)))
        except BadTarget as exc:
            return str(exc)
    else:
        return ""
    for each in patterns:
        if each.engine == "pillar_pcre" or (
            each.engine == "pillar" and _GLOB_SIGNS & set(each.pattern)
        ):
            return "targets by pillar must be exact, without patterns"
    return ""


def _blacklisted(bench: Bench, name: str, calls: Sequence[Call]) -> Decision | None:
    functions = [call.fun for call in calls]
    rule = rules.blacklisted(bench.config.publisher_acl_blacklist, name, functions)
    if not rule:
        return None
    return Decision(allowed=False, rule=rule, reason="the blacklist forbids it")


class _Certain:
    """Whom the targets of rules mean for certain: a minion of unknown facts may be another."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._found: dict[str, set[str]] = {}

    def ids(self, target: str) -> set[str]:
        """Return the accepted ids that a compound target means; none for a malformed one."""
        if target not in self._found:
            try:
                self._found[target] = self._meant(target)
            except BadTarget:
                self._found[target] = set()
        return self._found[target]

    def _meant(self, target: str) -> set[str]:
        node = usable_compound(resolve(target, self._bench.config.nodegroups), "compound")
        facts_of = self._bench.facts.lookup(needs.of_leaves(leaves(node)))

        def is_meant(minion_id: str) -> bool:
            def leaf(pattern: Pattern) -> bool | None:
                if pattern.engine in BY_ID:
                    return match_leaf(pattern, Facts(minion_id), "compound")
                facts = facts_of(minion_id)
                return None if facts is None else match_leaf(pattern, facts, "compound")

            try:
                return evaluate(node, leaf) is True
            except BadTarget:
                return False

        return {each for each in self._bench.keys.accepted_ids() if is_meant(each)}


def _all(decisions: Sequence[Decision]) -> Decision:
    for each in decisions:
        if not each.allowed:
            return each
    return Decision(
        allowed=bool(decisions),
        rule="; and ".join(each.rule for each in decisions),
        by_target=any(each.by_target for each in decisions),
    )


def _call(fun: str, arg: Sequence[Any]) -> Call:
    args, kwargs = sort_arguments(arg)
    return Call(fun=fun, args=args, kwargs=kwargs)


def _is_own_find_job(bench: Bench, user: User, calls: Sequence[Call], expansion: Expansion) -> bool:
    if [call.fun for call in calls] != [_FIND_JOB] or len(calls[0].args) != 1 or calls[0].kwargs:
        return False
    jid = calls[0].args[0]
    job = bench.jobs.job(jid) if isinstance(jid, str) else None
    return (
        _is_own(bench, user, jid)
        and job is not None
        and (set(expansion.minions) <= set(job.minions))
    )


def _is_about_own(bench: Bench, user: User, named: Mapping[str, Any]) -> bool:
    jid, ids = named.get("jid"), named.get("ids")
    if not _is_own(bench, user, jid):
        return False
    job = bench.jobs.job(str(jid))
    # The ids are those of the job, or a user could ask about the keys of others.
    return ids is None or (
        job is not None
        and isinstance(ids, list)
        and all(isinstance(each, str) for each in ids)
        and set(ids) <= {*job.minions, *job.missing}
    )


def _is_own(bench: Bench, user: User, jid: object) -> bool:
    # Jobs of root belong to who has root's key, not to who is called so elsewhere.
    if not isinstance(jid, str) or user.name in ("", "root", bench.config.user):
        return False
    job = bench.jobs.job(jid)
    return job is not None and job.owner is None and job.load.get("user") == user.name


def shown(fun: str | list[str]) -> str:
    """Return functions as one line of a log can hold them."""
    text = fun if isinstance(fun, str) else ",".join(map(str, fun))
    return text[:100].encode("unicode_escape").decode()
