"""
Filters of templates for lists and maps.

Each does what the one of that name does in Salt; lists of what cannot be hashed work, too.

Source: Salt 3008.3, utils/jinja.py, data.py, dictupdate.py.
"""

import posixpath
import random
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from typing import Any  # values of templates are of any type

from txsalt.renderers.lookup import walk


def _sequence(value: Any) -> Any:
    return value if isinstance(value, list | tuple | set | dict) else [value]


def _to_bool(value: Any) -> bool:
    if isinstance(value, bool) or value is None:
        return bool(value)
    if isinstance(value, str):
        return value.lower() in ("yes", "1", "true")
    if isinstance(value, int):
        return value > 0
    return not isinstance(value, Hashable) and len(value) > 0


def _is_hashable(value: Any) -> bool:
    return isinstance(value, Hashable)


def _unique(values: Iterable[Any]) -> Any:
    if _is_hashable(values):
        return set(values)
    found: list[Any] = []
    for each in values:
        if each not in found:
            found.append(each)
    return found


def _union(one: Any, other: Any) -> Any:
    if _is_hashable(one) and _is_hashable(other):
        return set(one) | set(other)
    return _unique([*one, *other])


def _intersect(one: Any, other: Any) -> Any:
    if _is_hashable(one) and _is_hashable(other):
        return set(one) & set(other)
    return _unique([each for each in one if each in other])


def _difference(one: Any, other: Any) -> Any:
    if _is_hashable(one) and _is_hashable(other):
        return set(one) - set(other)
    return _unique([each for each in one if each not in other])


def _symmetric(one: Any, other: Any) -> Any:
    if _is_hashable(one) and _is_hashable(other):
        return set(one) ^ set(other)
    common = _intersect(one, other)
    return _unique([each for each in (*one, *other) if each not in common])


def _average(values: Any) -> float:
    return float(values) if _is_hashable(values) else float(sum(values) / len(values))


def _is_iterable(value: Any, ignore: Any = (str,)) -> bool:
    return not (ignore and isinstance(value, ignore)) and isinstance(value, Iterable)


def _flatten(data: list[Any], levels: int | None = None, preserve_nulls: bool = False) -> list[Any]:
    def parts(entries: list[Any], left: int | None) -> Iterator[Any]:
        for each in entries:
            if each in (None, "None", "null") and not preserve_nulls:
                continue
            if isinstance(each, list) and (left is None or left >= 1):
                yield from parts(each, None if left is None else left - 1)
            else:
                yield each

    return list(parts(data, levels))


def _changed(old: Mapping[Any, Any], new: Mapping[Any, Any]) -> dict[Any, Any]:
    found = {}
    for key in {**(old or {}), **(new or {})}:
        before, after = (old or {}).get(key, ""), (new or {}).get(key, "")
        if key not in old or key not in new or before != after:
            found[key] = {"old": before, "new": after}
    return found


def _changed_lists(old: list[Any], new: list[Any]) -> dict[str, list[Any]]:
    found = {
        "new": [each for each in new if each not in old],
        "old": [each for each in old if each not in new],
    }
    return {key: each for key, each in found.items() if each}


def _exactly(values: Iterable[Any], amount: int = 1) -> bool:
    return sum(1 for each in values if each) == amount


def _sample(values: Any, size: int, seed: Any = None) -> list[Any]:
    chance = random.Random(None if seed is None else str(seed))  # noqa: S311 - no secret
    return chance.sample(values, size)


def _entries(data: Any) -> list[dict[str, Any]]:
    pairs = data.items() if isinstance(data, Mapping) else enumerate(data)
    return [{"key": key, "value": value} for key, value in pairs]


def _of_entries(entries: Iterable[Mapping[str, Any]]) -> dict[Any, Any]:
    found = {}
    for entry in entries:
        lower = {str(key).lower(): value for key, value in entry.items()}
        key = lower.get("key") or lower.get("name")
        if key:
            found[key] = lower.get("value")
    return found


def _at(data: dict[Any, Any], keys: str, delimiter: str) -> tuple[dict[Any, Any], str]:
    """Give the map in which the last of the keys is or will be; maps on the way are made."""
    *above, last = keys.split(delimiter)
    for key in above:
        if not isinstance(data.get(key), dict):
            data[key] = {}
        data = data[key]
    return data, last


def _set_key(data: Any, keys: str, value: Any, delimiter: str = ":", **_: Any) -> Any:
    place, last = _at(data, keys, delimiter)
    place[last] = value
    return data


def _changed_key(empty: type, deed: str) -> Callable[..., Any]:
    def change(data: Any, keys: str, value: Any, delimiter: str = ":", **_: Any) -> Any:
        place, last = _at(data, keys, delimiter)
        if place.get(last) is None:
            place[last] = empty()
        if not isinstance(place[last], empty):
            raise TypeError(f"{keys} holds a {type(place[last]).__name__}, no {empty.__name__}")
        getattr(place[last], deed)(value)
        return data

    return change


FILTERS: dict[str, Callable[..., Any]] = {
    "skip": lambda value: "",
    "sequence": _sequence,
    "to_bool": _to_bool,
    "unique": _unique,
    "union": _union,
    "intersect": _intersect,
    "difference": _difference,
    "symmetric_difference": _symmetric,
    "avg": _average,
    "is_list": lambda value: isinstance(value, list),
    "is_iter": _is_iterable,
    "sorted_ignorecase": lambda values: sorted(values, key=str.lower),
    "flatten": _flatten,
    "traverse": lambda data, key, default=None, delimiter=":": walk(data, key, default, delimiter),
    "compare_dicts": _changed,
    "compare_lists": _changed_lists,
    "exactly_n_true": _exactly,
    "exactly_one_true": _exactly,
    "random_sample": _sample,
    "random_shuffle": lambda values, seed=None: _sample(values, len(values), seed),
    "substring_in_list": lambda text, entries: any(text in each for each in entries),
    "to_entries": _entries,
    "from_entries": _of_entries,
    "path_join": lambda *parts: posixpath.join(*map(str, parts)),
    "set_dict_key_value": _set_key,
    "update_dict_key_value": _changed_key(dict, "update"),
    "append_dict_key_value": _changed_key(list, "append"),
    "extend_dict_key_value": _changed_key(list, "extend"),
}
