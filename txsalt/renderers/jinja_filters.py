"""
Filters of templates for texts: quoting, patterns, checksums, dates, YAML and JSON.

Each does what the one of that name does in Salt. Those that read files or ask the network are not
here: templates of pillar are filled in on the master.

Source: Salt 3008.3, utils/jinja.py, stringutils.py, hashutils.py, dateutils.py, yamlencoding.py.
"""

import base64
import hashlib
import hmac
import json
import pprint
import re
import secrets
import shlex
import uuid
from collections.abc import Callable
from datetime import date, datetime
from typing import Any  # values of templates are of any type

from txsalt.renderers import yaml

_NAMESPACE = uuid.UUID("91633EBF-1C86-5E33-935A-28061F4B480E")
_UNITS = "bkmgtpezy"


def as_yaml(value: Any, flow_style: bool = True) -> str:
    """Write YAML, on one line unless told otherwise; never with a line feed at its end."""
    return yaml.dump(value, flow=flow_style).strip().removesuffix("\n...")


def as_json(value: Any, sort_keys: bool = True, indent: int | None = None) -> str:
    """Write JSON."""
    return json.dumps(value, sort_keys=sort_keys, indent=indent).strip()


def _yaml_double(text: Any) -> str:
    return '"' + yaml.dump(str(text), style='"').strip()[1:-1] + '"'


def _yaml_single(text: Any) -> str:
    return yaml.dump(str(text), style="'").strip()


def _yaml_scalar(value: Any) -> str:
    if isinstance(value, dict | list | tuple | set):
        raise TypeError(f"yaml_encode is for single values, not for {type(value).__name__}")
    if isinstance(value, str):
        return _yaml_double(value)
    return yaml.dump(value).strip().removesuffix("\n...")


def _flags(ignorecase: bool, multiline: bool) -> int:
    return (re.I if ignorecase else 0) | (re.M if multiline else 0)


def _groups(match: re.Match[str] | None) -> tuple[str | Any, ...] | None:
    return None if match is None else match.groups() or (match.group(),)


def _regex_search(txt: str, rgx: str, ignorecase: bool = False, multiline: bool = False) -> Any:
    return _groups(re.search(rgx, txt, _flags(ignorecase, multiline)))


def _regex_match(txt: str, rgx: str, ignorecase: bool = False, multiline: bool = False) -> Any:
    return _groups(re.match(rgx, txt, _flags(ignorecase, multiline)))


def _regex_replace(
    txt: str, rgx: str, val: str, ignorecase: bool = False, multiline: bool = False
) -> str:
    return re.sub(rgx, val, txt, flags=_flags(ignorecase, multiline))


def _is_match(txt: str, rgx: str, ignorecase: bool = False, multiline: bool = False) -> bool:
    return re.match(rgx, txt, _flags(ignorecase, multiline)) is not None


def _raw(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def _digest(kind: str) -> Callable[[Any], str]:
    return lambda value: hashlib.new(kind, _raw(value), usedforsecurity=False).hexdigest()


def _hmac_fits(text: Any, secret: Any, challenge: Any) -> bool:
    made = hmac.new(_raw(secret), _raw(text), hashlib.sha256).digest()
    return hmac.compare_digest(base64.b64encode(made), _raw(challenge))


def _hmac(text: Any, secret: Any) -> str:
    return hmac.new(_raw(secret), _raw(text), hashlib.sha256).hexdigest()


def _random_hash(size: int = 9999999999, hash_type: str = "md5") -> str:
    return _digest(hash_type)(str(secrets.randbelow(int(size) + 1)))


def _random_text(size: int = 32) -> str:
    # A value in front of the filter is the length, as in Salt.
    return base64.b64encode(secrets.token_bytes(int(size))).decode()[: int(size)]


def _date(value: Any, form: str = "%Y-%m-%d") -> str:
    return _moment(value).strftime(form)


def _moment(value: Any) -> date:
    if isinstance(value, date):
        return value
    if value is None or value == "" or value == "now":
        return datetime.now()
    if isinstance(value, int | float) or re.fullmatch(r"\d{6,}(\.\d+)?", str(value)):
        return datetime.fromtimestamp(float(value))
    return datetime.fromisoformat(str(value))


def _number(text: Any) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except (TypeError, ValueError):
            continue
    return text


def _bytes_of(size: Any, default_unit: str = "B", handle_metric: bool = False) -> int:
    match = re.fullmatch(r"(\d+\.?\d*|\.\d+)\s*(.*)", str(size).strip())
    unit = ((match and match[2]) or default_unit).lower()
    if match is None or not re.fullmatch(r"b|[kmgtpezy](i?b)?", unit):
        return 0
    base = 1000 if handle_metric and re.fullmatch(r"[kmgtpezy]b", unit) else 1024
    return int(float(match[1]) * base ** _UNITS.index(unit[0]))


def _is_hex(value: Any) -> bool:
    try:
        int(value, 16)
    except (TypeError, ValueError):
        return False
    return True


def _snake(text: str) -> str:
    # A capital begins a word behind a small letter, or in front of one.
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=.)(?=[A-Z][a-z])", "_", text).lower()


def _camel(text: str, uppercamel: bool = False) -> str:
    first, *others = text.split("_")
    head = first.capitalize() if uppercamel else first
    return head + "".join(each.capitalize() for each in others)


TESTS: dict[str, Callable[..., bool]] = {
    "match": _is_match,
    "equalto": lambda value, other: value == other,
    "list": lambda value: isinstance(value, list),
}

FILTERS: dict[str, Callable[..., Any]] = {
    "python": lambda value: pprint.pformat(value).strip(),
    "yaml_dquote": _yaml_double,
    "yaml_squote": _yaml_single,
    "yaml_encode": _yaml_scalar,
    "quote": lambda text: shlex.quote(str(text)),
    "regex_escape": lambda text: re.escape(str(text)),
    "regex_search": _regex_search,
    "regex_match": _regex_match,
    "regex_replace": _regex_replace,
    "uuid": lambda value: str(uuid.uuid5(_NAMESPACE, str(value))),
    "base64_encode": lambda value: base64.b64encode(_raw(value)).decode(),
    "base64_decode": lambda value: base64.b64decode(_raw(value)).decode(),
    **{kind: _digest(kind) for kind in ("md5", "sha1", "sha256", "sha512")},
    "hmac": _hmac_fits,
    "hmac_compute": _hmac,
    "random_hash": _random_hash,
    "rand_str": _random_hash,
    "random_str": _random_text,
    "strftime": _date,
    "date_format": _date,
    "to_bytes": lambda text, encoding="utf-8", errors="strict": str(text).encode(encoding, errors),
    "to_num": _number,
    "str_to_num": _number,
    "human_to_bytes": _bytes_of,
    "is_hex": _is_hex,
    "contains_whitespace": lambda text: any(each.isspace() for each in text),
    "to_snake_case": _snake,
    "to_camelcase": _camel,
}
