"""
What an option may hold: each kind reads a value as YAML gave it, or refuses it.

A kind never guesses: a number in quotes is a number, but a flag in quotes is not a flag, since
``"no"`` would be true.
"""

from collections.abc import Callable, Mapping

from txsalt.light import frozen

# The four names of the wire; wire/ keeps the code behind them.
ENCRYPTIONS = ("OAEP-SHA1", "OAEP-SHA224")
SIGNATURES = ("PKCS1v15-SHA1", "PKCS1v15-SHA224")
LOG_LEVELS = (
    "all",
    "garbage",
    "trace",
    "debug",
    "profile",
    "info",
    "warning",
    "error",
    "critical",
    "quiet",
)


@frozen
class Kind:
    """
    A sort of value.

    ``expects`` completes the sentence "… is expected"; ``read`` returns the value to keep or raises
    ValueError.
    """

    expects: str
    read: Callable[[object], object]
    takes_none: bool = False


def integer(least: int | None = None, most: int | None = None) -> Kind:
    """Make the kind of whole numbers within bounds, both included."""

    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise ValueError
        return int(_within(int(value), least, most))

    return Kind(f"a whole number{_bounds(least, most)}", read)


def number(least: float | None = None, most: float | None = None) -> Kind:
    """Make the kind of finite numbers within bounds, both included."""

    def read(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ValueError
        given = float(value) if isinstance(value, str) else value
        if not abs(given) < float("inf"):
            raise ValueError
        return _within(given, least, most)

    return Kind(f"a number{_bounds(least, most)}", read)


def one_of(*words: str) -> Kind:
    """
    Make the kind of some words; case does not count, the spelling given here is kept.

    "off" and "on" may stand without quotes, though YAML reads them as false and true.
    """
    spelling = {word.lower(): word for word in words}

    def read(value: object) -> str:
        if isinstance(value, bool):
            value = "on" if value else "off"
        if not isinstance(value, str) or value.lower() not in spelling:
            raise ValueError
        return spelling[value.lower()]

    return Kind(f"one of {', '.join(words)}", read)


def optional(kind: Kind) -> Kind:
    """Allow null besides ``kind``."""
    return Kind(
        f"{kind.expects}, or null",
        lambda value: None if value is None else kind.read(value),
        takes_none=True,
    )


def either(*kinds: Kind) -> Kind:
    """Allow any of ``kinds``; the first that can read the value wins."""

    def read(value: object) -> object:
        for kind in kinds:
            try:
                return kind.read(value)
            except ValueError:
                continue
        raise ValueError

    takes_none = any(kind.takes_none for kind in kinds)
    return Kind(" or ".join(kind.expects for kind in kinds), read, takes_none)


def _read_flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


def _read_text(value: object) -> str:
    # A host or an id of digits only is a number to YAML; Salt takes it as text, too.
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError
    return _without_nul(str(value))


def _read_filled_text(value: object) -> str:
    text_ = _read_text(value)
    if not text_.strip():
        raise ValueError
    return text_


def _read_words(value: object) -> list[str]:
    if not isinstance(value, list | tuple):
        raise ValueError
    return [_read_text(word) for word in value]


def _read_list(value: object) -> list[object]:
    if not isinstance(value, list | tuple):
        raise ValueError
    return list(value)


def _read_mapping(value: object) -> dict[object, object]:
    if not isinstance(value, Mapping):
        raise ValueError
    return dict(value)


def _read_maps_listed(value: object) -> dict[object, object]:
    return {name: each for part in _read_list(value) for name, each in _read_mapping(part).items()}


def _read_roots(value: object) -> dict[str, list[str]]:
    roots: dict[str, list[str]] = {}
    for environment, folders in _read_mapping(value).items():
        listed = [folders] if isinstance(folders, str) else folders
        roots[_read_text(environment)] = _read_words([] if listed is None else listed)
    return roots


def _read_one_or_more(value: object) -> list[str]:
    return [value] if isinstance(value, str) else _read_words(value)


def _read_keysize(value: object) -> int:
    size = _at_least_2048.read(value)
    if not isinstance(size, int) or size % 8:
        raise ValueError
    return size


def _without_nul(value: str) -> str:
    if "\0" in value:
        raise ValueError
    return value


def _within(value: float, least: float | None, most: float | None) -> float:
    if (least is not None and value < least) or (most is not None and value > most):
        raise ValueError
    return value


def _bounds(least: float | None, most: float | None) -> str:
    if least is not None and most is not None:
        return f" from {least} to {most}"
    if least is not None:
        return f" of at least {least}"
    return "" if most is None else f" of at most {most}"


_at_least_2048 = integer(2048, 16384)

flag = Kind("true or false", _read_flag)
text = Kind("text", _read_text)
filled_text = Kind("text that is not empty", _read_filled_text)
words = Kind("a list of texts", _read_words)
anything_listed = Kind("a list", _read_list)
mapping = Kind("a map", _read_mapping)
maps_listed = Kind("a list of maps, which are joined", _read_maps_listed)
roots = Kind("a map from environment to a list of folders", _read_roots)
one_or_more = Kind("text or a list of texts", _read_one_or_more)
port = integer(1, 65535)
keysize = Kind("a multiple of 8 from 2048 to 16384", _read_keysize)
log_level = one_of(*LOG_LEVELS)
encryption = one_of(*ENCRYPTIONS)
signature = one_of(*SIGNATURES)


def kind_of(default: object) -> Kind:
    """Guess the kind from a default; options that need bounds or null name theirs."""
    for type_, kind in _BY_TYPE:
        if isinstance(default, type_):
            return kind
    raise TypeError(f"an option with the default {default!r} must name its kind")


# bool before int: it is a subclass.
_BY_TYPE: tuple[tuple[type, Kind], ...] = (
    (bool, flag),
    (int, integer()),
    (float, number()),
    (str, text),
    (list, words),
    (dict, mapping),
)
