"""
A map that is made when somebody looks at it first.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any  # facts hold values of any type


class LazyDict(dict[str, Any]):
    """A dict whose entries come at the first look; also for code that insists on a dict."""

    def __init__(self, load: Callable[[], Mapping[str, Any]]) -> None:
        """``load`` is called once, or never; again only after it raised."""
        # Not empty: json looks at the size inside first, and at nothing else if that is 0.
        super().__init__({"": None})
        self._load: Callable[[], Mapping[str, Any]] | None = load

    def _fill(self) -> None:
        load, self._load = self._load, None
        if load is None:
            return
        try:
            found = load()
        except BaseException:
            self._load = load  # the next look must not find an empty map in place of facts
            raise
        super().clear()
        super().update(found)

    def __getitem__(self, key: str) -> Any:
        self._fill()
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self._fill()
        return super().__contains__(key)

    def __iter__(self) -> Iterator[str]:
        self._fill()
        return super().__iter__()

    def __len__(self) -> int:
        self._fill()
        return super().__len__()

    def __eq__(self, other: object) -> bool:
        self._fill()
        return super().__eq__(other)

    def __repr__(self) -> str:
        self._fill()
        return super().__repr__()

    __hash__ = None  # type: ignore[assignment]  # as of every dict


def _filled(name: str) -> Callable[..., Any]:
    method = getattr(dict, name)

    def call(self: LazyDict, *args: Any, **kwargs: Any) -> Any:
        self._fill()
        return method(self, *args, **kwargs)

    call.__name__, call.__doc__ = name, method.__doc__
    return call


for _name in (
    "get", "keys", "items", "values", "copy", "pop", "popitem", "setdefault", "update", "clear",
    "__ne__", "__setitem__", "__delitem__", "__or__", "__ror__", "__ior__", "__reversed__",
):  # fmt: skip
    setattr(LazyDict, _name, _filled(_name))
