"""
Decide whether rules allow a job on minions, or a runner or wheel function, and name the rule.

Every function of a job must be allowed on every minion that it means; different rules may allow
different minions. What no rule allows is forbidden.

Source: Salt 3008.3, utils/minions.py auth_check, spec_check (what entries mean).
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any  # arguments are any msgpack value

from attrs import field, frozen

from txsalt.rights.patterns import fits
from txsalt.rights.rules import Rule

NOBODY = "no rule allows it"
_FUNCTION = re.compile(r"[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*")
_MAX_FUNCTION = 255  # characters

IdsOf = Callable[[str], Collection[str]]


@frozen(kw_only=True)
class Call:
    """One function with its arguments, as the minion will see them."""

    fun: str
    args: Sequence[Any] = field(default=(), repr=False)
    kwargs: Mapping[str, Any] = field(factory=dict, repr=False)


@frozen(kw_only=True)
class Decision:
    """
    Yes or no, the rules that say so, and why not.

    ``by_target``: it was allowed for these minions only, so no others may get the job.
    """

    allowed: bool
    rule: str = ""
    reason: str = ""
    by_target: bool = False


def on_minions(
    rules: Sequence[Rule], calls: Sequence[Call], minions: Collection[str], ids_of: IdsOf
) -> Decision:
    """
    Decide about a job that means ``minions``.

    ``ids_of`` returns the ids that the target of a rule means for certain; it is asked only for
    rules that allow the function.
    """
    if not calls:
        return Decision(allowed=False, reason="no function")
    used: dict[str, None] = {}
    by_target = False
    for call in calls:
        decision = _one(rules, call, minions, ids_of)
        if not decision.allowed:
            return decision
        used[decision.rule] = None
        by_target = by_target or decision.by_target
    return Decision(allowed=True, rule="; ".join(used), by_target=by_target)


def on_master(rules: Sequence[Rule], form: str, call: Call) -> Decision:
    """Decide about a function of the master; ``form`` is "runner" or "wheel"."""
    module, _, name = call.fun.partition(".")
    if not _is_function(call.fun) or not name or "." in name:
        return Decision(allowed=False, reason="not of the form module.function")
    for rule in rules:
        entry = rule.entry
        if isinstance(entry, str) and entry in (f"@{form}", f"@{form}s", f"@{module}"):
            return Decision(allowed=True, rule=str(rule))
        if not isinstance(entry, Mapping) or len(entry) != 1:
            continue
        ((of, conditions),) = entry.items()
        short = Call(fun=name, args=call.args, kwargs=call.kwargs)
        if of == f"@{module}" and _function_allowed(conditions, short):
            return Decision(allowed=True, rule=str(rule))
        if of in (f"@{form}", f"@{form}s") and _function_allowed(conditions, call):
            return Decision(allowed=True, rule=str(rule))
    return Decision(allowed=False, reason=f"{NOBODY}: {form} {call.fun}")


def _one(rules: Sequence[Rule], call: Call, minions: Collection[str], ids_of: IdsOf) -> Decision:
    if not _is_function(call.fun):
        return Decision(allowed=False, reason="no name of a function")
    left, used = set(minions), []
    for rule in rules:
        entry = rule.entry
        if isinstance(entry, str) and not entry.startswith("@") and fits(entry, call.fun):
            return Decision(allowed=True, rule=str(rule))
        if not isinstance(entry, Mapping) or len(entry) != 1:
            continue
        ((target, conditions),) = entry.items()
        if not isinstance(target, str) or target.startswith("@"):
            continue
        if not _function_allowed(conditions, call):
            continue
        if target == "*":
            return Decision(allowed=True, rule=str(rule))
        covered = left.intersection(ids_of(target))
        if covered:
            left -= covered
            used.append(str(rule))
        # Nobody left of nobody is no permission: a target may mean minions that we do not know.
        if minions and not left:
            return Decision(allowed=True, rule="; ".join(used), by_target=True)
    return Decision(allowed=False, reason=_why_not(call.fun, sorted(left), bool(used)))


def _why_not(fun: str, left: list[str], some: bool) -> str:
    if not some:
        return f"{NOBODY}: {fun}"
    shown = ", ".join(left[:3]) + (f" and {len(left) - 3} more" if len(left) > 3 else "")
    return f"{NOBODY}: {fun} on {shown}"


def _function_allowed(conditions: Any, call: Call) -> bool:
    for condition in conditions if isinstance(conditions, list | tuple) else [conditions]:
        if isinstance(condition, str) and fits(condition, call.fun):
            return True
        if isinstance(condition, Mapping) and len(condition) == 1:
            ((pattern, forms),) = condition.items()
            if fits(pattern, call.fun) and _arguments_allowed(forms, call):
                return True
    return False


def _arguments_allowed(forms: Any, call: Call) -> bool:
    return any(
        isinstance(form, Mapping) and _form_allows(form, call)
        for form in (forms if isinstance(forms, list | tuple) else [forms])
    )


def _form_allows(form: Mapping[str, Any], call: Call) -> bool:
    wanted, named = form.get("args") or [], form.get("kwargs") or {}
    # A form that is written wrongly, or says something else, must not allow everything.
    if not isinstance(wanted, list | tuple) or not isinstance(named, Mapping):
        return False
    if not (wanted or named) or set(form) - {"args", "kwargs"}:
        return False
    # A keyword that no rule thought of can be another command: cmd.run has env, cwd, template.
    if set(call.kwargs) - set(named) or (wanted and len(wanted) != len(call.args)):
        return False
    return all(
        pattern is None or fits(pattern, str(value))
        for pattern, value in zip(wanted, call.args, strict=False)
    ) and all(
        name in call.kwargs and (pattern is None or fits(pattern, str(call.kwargs[name])))
        for name, pattern in named.items()
    )


def _is_function(fun: str) -> bool:
    return len(fun) <= _MAX_FUNCTION and _FUNCTION.fullmatch(fun) is not None
