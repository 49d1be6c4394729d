"""
One option of a configuration: its default, its kind and its documentation in one place.

A configuration is a frozen class whose field names are Salt's option names; each field is made
by ``option``.
"""

from collections.abc import Callable
from typing import Any

from txsalt.config.kinds import Kind, kind_of
from txsalt.light import Factory, Field, field, fields, frozen

_KEY = "txsalt"


@frozen
class Derived:
    """
    A default that follows from other options.

    ``make`` gets the configuration, in which only options declared earlier are set.
    """

    make: Callable[[Any], object]  # Any: the configuration class is not known here
    kind: Kind


@frozen(kw_only=True)
class Option:
    """What is known of an option besides its value; ``default`` may be a Derived."""

    name: str
    default: object
    doc: str
    kind: Kind
    secret: bool
    ours: bool


def option(
    default: object,
    *,
    doc: str,
    check: Kind | None = None,
    secret: bool = False,
    ours: bool = False,
) -> Any:
    """
    Declare an option as a field of a configuration class.

    ``check`` may be left out where the type of ``default`` says it all.  ``secret``: the value is
    never shown in a message.  ``ours``: Salt has no such option.  The result is Any, as that of
    ``light.field``, so that the annotation of the field counts.
    """
    if check is None:
        check = default.kind if isinstance(default, Derived) else kind_of(default)
    metadata = {_KEY: (default, doc, check, secret, ours)}
    return field(default=_field_default(default), metadata=metadata, repr=not secret)


def options_of(config_class: type) -> dict[str, Option]:
    """Return every option of ``config_class`` by name, in the order of declaration."""
    return {name: _option_of(each) for name, each in fields(config_class).items()}


def _option_of(declared: Field) -> Option:
    default, doc, kind, secret, ours = declared.metadata[_KEY]
    return Option(name=declared.name, default=default, doc=doc, kind=kind, secret=secret, ours=ours)


def _field_default(default: object) -> object:
    if isinstance(default, Derived):
        return Factory(default.make, takes_self=True)
    if isinstance(default, list | dict):
        return Factory(lambda: _copied(default))
    return default


def _copied(default: object) -> object:
    if isinstance(default, dict):
        return {name: _copied(value) for name, value in default.items()}
    return [_copied(value) for value in default] if isinstance(default, list) else default
