"""
Find the rules that are meant for somebody, in the options ``publisher_acl``, ``external_auth``
and in tokens.

An entry is a function pattern (for all minions), a map of one target to functions, or one of the
master's own: ``@runner``, ``@wheel``, ``@jobs``.

Source: Salt 3008.3, utils/minions.py fill_auth_list; utils/master.py get_values_of_matching_keys.
"""

from collections.abc import Collection, Mapping
from typing import Any  # entries are what YAML holds

from attrs import frozen

from txsalt.rights.patterns import names

ANYBODY = "*"


@frozen
class Rule:
    """One entry of an option; ``place`` says where it is written."""

    place: str
    entry: Any

    def __str__(self) -> str:
        return f"{self.place}: {_shown(self.entry)}"


def of_publisher(acl: Mapping[str, Any], user: str) -> list[Rule]:
    """Return the rules of ``publisher_acl`` for a local user."""
    return [
        rule
        for pattern, entries in acl.items()
        if names(pattern, user)
        for rule in _rules(f"publisher_acl: {pattern}", entries)
    ]


def of_external(
    external: Mapping[str, Any], eauth: str, user: str, groups: Collection[str] = ()
) -> list[Rule]:
    """
    Return the rules of ``external_auth`` for a user that ``eauth`` vouches for.

    ``group%`` means the members of a group; ``*`` means everybody whom no other entry names.
    """
    section = external.get(eauth)
    if not isinstance(section, Mapping):
        return []
    found: list[Rule] = []
    named = False
    for pattern, entries in section.items():
        if not isinstance(pattern, str) or pattern == ANYBODY or pattern.startswith("^"):
            continue
        place = f"external_auth: {eauth}: {pattern}"
        if pattern.endswith("%"):
            found += _rules(place, entries) if pattern[:-1] in groups else []
        elif names(pattern, user):
            named = True
            found += _rules(place, entries)
    if not named:
        found += _rules(f"external_auth: {eauth}: {ANYBODY}", section.get(ANYBODY))
    return found


def of_scope(entries: Any, place: str) -> list[Rule]:
    """Return the rules that a token carries."""
    return _rules(place, entries)


def blacklisted(blacklist: Mapping[str, Any], user: str, functions: Collection[str]) -> str:
    """
    Return the rule of ``publisher_acl_blacklist`` that forbids this, or nothing.

    It counts for everybody, root too; a pattern that cannot be judged forbids.
    """
    for kind, subjects in (("users", (user,)), ("modules", functions)):
        for pattern in _listed(blacklist.get(kind)):
            if any(names(pattern, subject, unsure=True) for subject in subjects):
                return f"publisher_acl_blacklist: {kind}: {pattern}"
    return ""


def _rules(place: str, entries: Any) -> list[Rule]:
    return [Rule(place, entry) for entry in _listed(entries)]


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _shown(entry: Any) -> str:
    if isinstance(entry, Mapping):
        return "{" + ", ".join(f"{name}: {_shown(value)}" for name, value in entry.items()) + "}"
    if isinstance(entry, list | tuple):
        return "[" + ", ".join(map(_shown, entry)) + "]"
    return str(entry)
