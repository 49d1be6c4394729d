"""
Give a plain word the type that YAML 1.1 would: ``5`` is a number, ``yes`` a boolean.

Differences on purpose, as the stock command line has them: dates stay text, and leading zeros mean
nothing (``010`` is ten, as in a file mode that is meant to be written back).

Source: the YAML 1.1 type repository; PROTOCOL.md 12.1.
"""

import re

Scalar = str | int | float | bool | None

_WORDS: dict[str, Scalar] = {"~": None, "": None}
for _names, _value in (
    (("null",), None),
    (("true", "yes", "on"), True),
    (("false", "no", "off"), False),
):
    for _name in _names:
        _WORDS |= dict.fromkeys((_name, _name.capitalize(), _name.upper()), _value)

# Not compiled here: most words need none of them.
_INT = (
    r"(?P<sign>[-+]?)(?:0b(?P<two>[01_]+)|0x(?P<sixteen>[0-9a-fA-F_]+)|(?P<eight>0[0-7_]+)"
    r"|(?P<ten>0|[1-9][0-9_]*)|(?P<sixty>[1-9][0-9_]*(?::[0-5]?[0-9])+))"
)
_FLOAT = r"[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?"
_FLOAT_SIXTY = r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*"
_SPECIAL = r"([-+]?)\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
_MAX_DIGITS = 3500  # Python writes no number that has 4300, in decimal; longer words stay text


def typed(text: str) -> Scalar:
    """Return the value of an unquoted word, which is the text itself if nothing else fits."""
    if text in _WORDS:
        return _WORDS[text]
    if len(text) > _MAX_DIGITS or text[0] not in "+-.0123456789":
        return text
    if match := re.fullmatch(_INT, text):
        return _integer(match, text)
    if re.fullmatch(_FLOAT, text):
        return float(text.replace("_", ""))
    if re.fullmatch(_FLOAT_SIXTY, text):
        return _base_sixty(text, float)
    if match := re.fullmatch(_SPECIAL, text):
        return float(f"{match[1] or ''}{match[2] or match[3]}")
    return text


def _integer(match: re.Match[str], text: str) -> Scalar:
    sign = -1 if match["sign"] == "-" else 1
    try:
        if match["sixty"]:
            return int(_base_sixty(text, int))
        if match["eight"]:
            # Only a sign makes leading zeros octal, as on the stock command line.
            base = 8 if match["sign"] else 10
            return sign * int(match["eight"].replace("_", "").lstrip("0") or "0", base)
        if match["two"]:
            return sign * int(match["two"].replace("_", ""), 2)
        if match["sixteen"]:
            return sign * int(match["sixteen"].replace("_", ""), 16)
        return sign * int(match["ten"].replace("_", ""))
    except ValueError:
        return text  # nothing but underscores, as in 0x_


def _base_sixty(text: str, kind: type[int] | type[float]) -> int | float:
    sign = -1 if text.startswith("-") else 1
    total: int | float = 0
    for part in text.lstrip("+-").replace("_", "").split(":"):
        total = total * 60 + kind(part)
    return sign * total
