"""
Read options, wherever they are set: minion options, grains, pillar, the master's options.
"""

import fnmatch
from collections.abc import Iterator, Mapping
from typing import Any  # options hold values of any type

from txsalt.renderers.lookup import MISSING, walk

_PROTOCOLS = ("salt", "http", "https", "ftp", "s3", "swift", "file")


def get(
    key: str,
    default: Any = "",
    delimiter: str = ":",
    merge: str | None = None,
    omit_opts: bool = False,
    omit_pillar: bool = False,
    omit_master: bool = False,
    omit_grains: bool = False,
) -> Any:
    """
    Return a value by its path: from the options, else grains, else pillar, else the master's.

    With merge "recurse" or "overwrite", maps found in several of these are joined; the options
    win over grains, these over pillar, this over the master's.

    CLI Example: txsalt-cli '*' config.get pkg:apache
    """
    sources = _sources(omit_opts, omit_grains, omit_pillar, omit_master)
    found = [
        value for each in sources if (value := walk(each, key, MISSING, delimiter)) is not MISSING
    ]
    if not found:
        return default
    if merge is None:
        return found[0]
    joined = found[-1]
    for value in reversed(found[:-1]):
        joined = _joined(joined, value, deep=merge != "overwrite")
    return joined


def option(
    value: str,
    default: Any = None,
    omit_opts: bool = False,
    omit_grains: bool = False,
    omit_pillar: bool = False,
    omit_master: bool = False,
    omit_all: bool = False,
    wildcard: bool = False,
) -> Any:
    """
    Return an option by its whole name; with wildcard, a map of all whose names match.

    CLI Example: txsalt-cli '*' config.option redis.host
    """
    omitted = [omit_all or each for each in (omit_opts, omit_grains, omit_pillar, omit_master)]
    sources = list(_sources(*omitted))
    if not wildcard:
        found = next((each[value] for each in sources if value in each), None)
        if found is not None or any(value in each for each in sources):
            return found
        return "" if default is None else default
    matches = {
        name: each[name] for each in reversed(sources) for name in fnmatch.filter(each, value)
    }
    return matches or ({} if default is None else default)


def merge(
    value: str,
    default: Any = "",
    omit_opts: bool = False,
    omit_master: bool = False,
    omit_pillar: bool = False,
) -> Any:
    """
    Return an option from all places joined: texts win by place, lists and maps add up.

    CLI Example: txsalt-cli '*' config.merge schedule
    """
    found = [
        each[value] for each in _sources(omit_opts, True, omit_pillar, omit_master) if value in each
    ]
    if not found:
        return default
    joined = found[0]
    for other in found[1:]:
        if isinstance(joined, list) and isinstance(other, list):
            joined = joined + other
        elif isinstance(joined, Mapping) and isinstance(other, Mapping):
            joined = {**other, **joined}
    return joined


def items() -> dict[str, Any]:
    """Return all options of the minion."""
    return dict(__opts__)


def dot_vals(value: str) -> dict[str, Any]:
    """Return the options whose names begin with a text and a dot; the minion's win."""
    prefix = value + "."
    master = __pillar__.get("master") or {}
    return {
        name: each[name] for each in (master, __opts__) for name in each if name.startswith(prefix)
    }


def backup_mode(backup: str = "") -> str:
    """Return the given backup mode, or that of the options."""
    return backup or option("backup_mode")


def valid_fileproto(uri: str) -> bool:
    """Tell whether files can be fetched from an address of this kind."""
    return str(uri).partition("://")[0].lower() in _PROTOCOLS and "://" in str(uri)


def manage_mode(mode: Any) -> str | None:
    """
    Return a file mode as four octal digits of text.

    CLI Example: txsalt-cli '*' config.manage_mode 0o755
    """
    if mode is None:
        return None
    text = str(mode).strip("\"'").lower().replace("o", "0", 1)
    return text.lstrip("0").zfill(4) if text else "0000"


def _sources(
    omit_opts: bool, omit_grains: bool, omit_pillar: bool, omit_master: bool
) -> Iterator[Mapping[str, Any]]:
    if not omit_opts:
        yield __opts__
    if not omit_grains:
        yield __grains__
    if not omit_pillar:
        yield __pillar__
    master = __pillar__.get("master")
    if not omit_master and isinstance(master, Mapping):
        yield master


def _joined(below: Any, above: Any, *, deep: bool) -> Any:
    if not (isinstance(below, Mapping) and isinstance(above, Mapping)):
        return above
    result = dict(below)
    for name, value in above.items():
        result[name] = _joined(result[name], value, deep=deep) if deep and name in result else value
    return result
