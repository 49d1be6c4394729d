"""
The little of attrs that the command line can afford: the same names, with the same meaning.

To import attrs takes 20 ms, and each class that it makes up to 1 ms, since it writes source code
and compiles it. Here all classes share the same few methods: a class costs microseconds, and an
instance about what it costs with attrs. It is also 0.8 MiB in each process that would not have it
otherwise. Modules that every start of ``txsalt-cli``, the zygote or the minion's daemon load use
this one, all others use attrs. There are no slots, converters or validators; names of fields stay
as they are.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, dataclass_transform, overload  # Any: fields hold any value

_T = TypeVar("_T")
_REQUIRED: Any = object()
_SHAPE = "__light_shape__"


class Factory:
    """Makes the default of a field, anew for each instance."""

    def __init__(self, make: Callable[..., object], takes_self: bool = False) -> None:
        """``make`` gets the instance if it ``takes_self``; what was given, and earlier, is set."""
        self.make = make
        self.takes_self = takes_self


class Field:
    """One field of a class."""

    name: str = ""  # set when the class is made, as is the next
    kw_only: bool = False

    def __init__(
        self, default: Any, init: bool = True, repr: bool = True, metadata: Any = None
    ) -> None:
        """Take what ``field`` was told."""
        self.default = default
        self.init = init
        self.repr = repr
        self.metadata = metadata


class _Shape:
    """What the shared methods must know of a class."""

    def __init__(
        self, fields: dict[str, Field], own: tuple[str, ...], is_error: bool, has_post_init: bool
    ) -> None:
        self.fields = fields
        self.has_post_init = has_post_init
        self.own = own
        self.given = [name for name, each in fields.items() if each.init]
        self.names = fields.keys()
        # Attributes that whoever makes an instance sets afterwards.
        later = {n for n, each in fields.items() if not each.init and each.default is _REQUIRED}
        self.set_at_once = fields.keys() - later
        self.is_error = is_error
        self.placed = tuple(name for name in self.given if not fields[name].kw_only)
        made = {name: each for name, each in fields.items() if isinstance(each.default, Factory)}
        self.factories = [(name, each.default) for name, each in made.items()]
        self.defaults = {
            name: each.default
            for name, each in fields.items()
            if name not in made and each.default is not _REQUIRED
        }

    def named(self, args: tuple[object, ...]) -> dict[str, object]:
        """Return arguments without names by the names that they stand for."""
        if len(args) > len(self.placed):
            raise TypeError(f"{len(args)} arguments without names are too many")
        return dict(zip(self.placed, args, strict=False))


def field(
    *,
    default: Any = _REQUIRED,
    factory: Callable[[], object] | None = None,
    init: bool = True,
    repr: bool = True,
    metadata: Mapping[str, object] | None = None,
) -> Any:
    """Say more of a field than its type and its default."""
    return Field(default if factory is None else Factory(factory), init, repr, metadata)


@overload
def define(made: type[_T]) -> type[_T]: ...
@overload
def define(*, kw_only: bool = ..., eq: bool = ...) -> Callable[[type[_T]], type[_T]]: ...
@dataclass_transform(field_specifiers=(field,))
def define(made: type | None = None, *, kw_only: bool = False, eq: bool = True) -> Any:
    """Make a class of annotated fields; instances are equal if all their fields are."""
    if made is None:
        return lambda made: _made(made, kw_only, eq, frozen=False)
    return _made(made, kw_only, eq, frozen=False)


@overload
def frozen(made: type[_T]) -> type[_T]: ...
@overload
def frozen(*, kw_only: bool = ..., eq: bool = ...) -> Callable[[type[_T]], type[_T]]: ...
@dataclass_transform(field_specifiers=(field,), frozen_default=True)
def frozen(made: type | None = None, *, kw_only: bool = False, eq: bool = True) -> Any:
    """Make a class of annotated fields whose instances are values: hashable, never changed."""
    if made is None:
        return lambda made: _made(made, kw_only, eq, frozen=True)
    return _made(made, kw_only, eq, frozen=True)


def fields(made: type) -> dict[str, Field]:
    """Return the fields of a class by name: those of its bases first."""
    return dict(getattr(made, _SHAPE).fields)


def evolve(instance: _T, **changes: Any) -> _T:
    """Return a copy of an instance, of a class made here or by attrs, with some fields changed."""
    shape = getattr(instance, _SHAPE, None)
    if shape is None:
        import attrs

        return attrs.evolve(instance, **changes)  # type: ignore[misc]  # not known to be one
    given = {name: getattr(instance, name) for name in shape.given}
    return type(instance)(**{**given, **changes})


def _made(made: type, kw_only: bool, eq: bool, *, frozen: bool) -> type:
    found: dict[str, Field] = {}
    for each in reversed(made.__mro__[1:]):
        shape = vars(each).get(_SHAPE)
        if shape is None:
            continue
        for name in shape.own:
            found.pop(name, None)  # the last one who declares it says where it stands
            found[name] = shape.fields[name]
    own = _own_fields(made, kw_only)
    for name in own:
        found.pop(name, None)
    is_error = issubclass(made, BaseException)
    has_post_init = hasattr(made, "__attrs_post_init__")
    shape = _Shape(found | own, tuple(own), is_error, has_post_init)
    setattr(made, _SHAPE, shape)
    methods: dict[str, Any] = {"__init__": _init, "__repr__": _repr}
    methods["__match_args__"] = shape.placed
    if not is_error:  # each of those is only equal to itself
        methods |= {"__eq__": _eq, "__hash__": _hash if frozen else None} if eq else {}
        methods |= {"__setattr__": _refuse, "__delattr__": _refuse} if frozen else {}
    for name, method in methods.items():
        if name not in vars(made):
            setattr(made, name, method)
    return made


def _own_fields(made: type, kw_only: bool) -> dict[str, Field]:
    found = {}
    for name in made.__annotations__:
        value = vars(made).get(name, _REQUIRED)
        found[name] = each = value if isinstance(value, Field) else Field(value)
        each.name, each.kw_only = name, kw_only
        if value is not _REQUIRED:
            delattr(made, name)
    return found


# Any, from here on: the classes of the instances are not known here.
def _init(self: Any, *args: Any, **given: Any) -> None:
    shape = self.__light_shape__
    if args:
        given |= shape.named(args)
    values = self.__dict__
    if given.keys() == shape.names and not shape.is_error:
        values.update(given)  # the usual case of values from the wire: all were said
    else:
        _fill(self, shape, given)
    if shape.has_post_init:
        self.__attrs_post_init__()


def _fill(self: Any, shape: _Shape, given: dict[str, Any]) -> None:
    values = self.__dict__
    values.update(shape.defaults)
    values.update(given)
    for name, factory in shape.factories:
        if name not in given:
            values[name] = factory.make(self) if factory.takes_self else factory.make()
    if values.keys() != shape.set_at_once:
        wrong = sorted(values.keys() ^ shape.set_at_once)
        raise TypeError(f"{type(self).__name__}: missing or unknown: {', '.join(wrong)}")
    if shape.is_error:
        self.args = tuple(values[name] for name in shape.fields)


def _repr(self: Any) -> str:
    shown = (
        f"{name}={getattr(self, name)!r}"
        for name, each in self.__light_shape__.fields.items()
        if each.repr and hasattr(self, name)
    )
    return f"{type(self).__name__}({', '.join(shown)})"


def _eq(self: Any, other: object) -> Any:
    return vars(self) == vars(other) if type(other) is type(self) else NotImplemented


def _hash(self: Any) -> int:
    return hash((type(self), *(getattr(self, name) for name in self.__light_shape__.fields)))


def _refuse(self: Any, name: str, value: object = None) -> None:
    raise AttributeError(f"a {type(self).__name__} is a value: {name} stays as it is")
