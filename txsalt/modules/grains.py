"""
Read the grains: facts about this machine.
"""

from typing import Any  # grains hold values of any type

from txsalt.renderers.lookup import MISSING, walk

__outputter__ = {"items": "nested", "item": "nested"}

# What single values become that tell one machine from another, and a shared report should not.
_SANITIZED = {
    "domain": "DOMAINNAME",
    "fqdn": "MINION.DOMAINNAME",
    "id": "MINION.DOMAINNAME",
    "host": "MINION",
    "localhost": "MINION",
    "nodename": "MINION",
}


def get(key: str, default: Any = "", delimiter: str = ":", ordered: bool = True) -> Any:
    """
    Return one grain by its path, or the default.

    CLI Example: txsalt-cli '*' grains.get ip4_interfaces:eth0
    """
    return walk(__grains__, key, default, delimiter)


def fetch(key: str, default: Any = "", delimiter: str = ":", ordered: bool = True) -> Any:
    """Return one grain by its path, as get, by a name that is no method of maps in templates."""
    return get(key, default, delimiter, ordered)


def has_value(key: str) -> bool:
    """Tell whether there is a grain at a path."""
    return walk(__grains__, key) is not MISSING


def items(sanitize: Any = False) -> dict[str, Any]:
    """
    Return all grains; with sanitize, without what tells one machine from another.

    CLI Example: txsalt-cli '*' grains.items
    """
    return _sanitized(dict(__grains__)) if _is_true(sanitize) else dict(__grains__)


def item(*args: str, **kwargs: Any) -> dict[str, Any]:
    """
    Return the named grains; those that do not exist have the default, an empty text.

    CLI Example: txsalt-cli '*' grains.item os osrelease oscodename
    """
    default, delimiter = kwargs.get("default", ""), kwargs.get("delimiter", ":")
    found = {name: walk(__grains__, name, default, delimiter) for name in args}
    return _sanitized(found) if _is_true(kwargs.get("sanitize")) else found


def ls() -> list[str]:
    """List the names of the grains."""
    return sorted(__grains__)


def equals(key: str, value: Any) -> bool:
    """Tell whether a grain, as text, is a value."""
    return str(value) == str(get(key))


def _sanitized(grains: dict[str, Any]) -> dict[str, Any]:
    clean = {key: _SANITIZED.get(key, value) for key, value in grains.items()}
    if "serialnumber" in clean:
        serial = str(clean["serialnumber"])
        kept = len(serial) * 3 // 4
        clean["serialnumber"] = serial[:kept] + "X" * (len(serial) - kept)
    return clean


def _is_true(value: Any) -> bool:
    return str(value).lower() in ("true", "1", "yes")
