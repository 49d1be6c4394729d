"""
The environment of Jinja that templates find: its sandbox, and what formulas expect beside it.

This is imported when the first template is rendered.
"""

import posixpath
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, NoReturn  # values of templates are of any type

import jinja2
from jinja2 import nodes, pass_context
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.sandbox import SandboxedEnvironment

from txsalt.renderers import jinja_data, jinja_filters, jinja_networks, json, yaml

Include = Callable[[str], jinja2.Template | None]

_LONGEST = 10_000_000  # entries or characters of a repeated list or text
_BITS = 100_000  # of a power


def make_environment(
    include: Include, allow_undefined: bool, settings: Mapping[str, Any]
) -> jinja2.Environment:
    """Make the environment; ``include`` gives other templates."""
    environment = _Environment(
        loader=_Loader(include),
        undefined=jinja2.Undefined if allow_undefined else jinja2.StrictUndefined,
        extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols", _Readers],
        # The engine keeps what was compiled; templates are loaded anew, as files may change.
        cache_size=0,
        **settings,
    )
    environment.policies["json.dumps_kwargs"] = {"sort_keys": False}
    for each in (jinja_data, jinja_filters, jinja_networks):
        environment.filters.update(each.FILTERS)
    environment.tests.update(jinja_filters.TESTS)
    environment.globals.update({"raise": _raise, "odict": dict, "show_full_context": _show})
    return environment


class _Environment(SandboxedEnvironment):
    intercepted_binops = frozenset(["*", "**"])

    def join_path(self, template: str, parent: str) -> str:
        if template.split("/", 1)[0] not in (".", ".."):
            return template
        path = posixpath.normpath(posixpath.join(posixpath.dirname(parent or ""), template))
        if path.split("/", 1)[0] == "..":
            raise jinja2.TemplateNotFound(template)
        return path

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        # Values may come from a peer, and one expression must not take all memory.
        if operator == "*":
            for one, other in ((left, right), (right, left)):
                repeated = isinstance(one, str | bytes | list | tuple) and isinstance(other, int)
                if repeated and len(one) * other > _LONGEST:
                    raise OverflowError(f"repeated to more than {_LONGEST} entries")
        elif isinstance(left, int) and isinstance(right, int) and _bits(left, right) > _BITS:
            raise OverflowError(f"a power of more than {_BITS} bits")
        return super().call_binop(context, operator, left, right)


class _Loader(jinja2.BaseLoader):
    def __init__(self, include: Include) -> None:
        self._include = include

    def load(
        self,
        environment: jinja2.Environment,
        name: str,
        globals: MutableMapping[str, Any] | None = None,
    ) -> jinja2.Template:
        template = self._include(name)
        if template is None:
            raise jinja2.TemplateNotFound(name)
        return template


class _Readers(Extension):
    """Statements that read data: load_yaml, import_yaml, load_json, import_json, import_text."""

    tags = {"load_yaml", "load_json", "load_text", "import_yaml", "import_json", "import_text"}

    def __init__(self, environment: jinja2.Environment) -> None:
        super().__init__(environment)
        environment.filters.update(
            {
                "yaml": jinja_filters.as_yaml,
                "json": jinja_filters.as_json,
                "load_yaml": lambda text: yaml.load(str(text), "YAML in a template"),
                "load_json": lambda text: json.load(str(text), "JSON in a template"),
                "load_text": str,
            }
        )

    def parse(self, parser: Parser) -> nodes.Node | list[nodes.Node]:
        tag = next(parser.stream)
        deed, _, form = tag.value.partition("_")
        read = f"load_{form}"
        if deed == "load":
            parser.stream.expect("name:as")
            target = parser.parse_assign_target()
            body = parser.parse_statements(("name:endload",), drop_needle=True)
            into = nodes.Filter(None, read, [], [], None, None)
            return nodes.AssignBlock(target, into, body, lineno=tag.lineno)
        module = nodes.Import(parser.parse_expression(), "_imported", False, lineno=tag.lineno)
        parser.stream.expect("name:as")
        target = parser.parse_assign_target()
        # Data files find the values of the call, not what was set in the importing template.
        parser.parse_import_context(module, False)
        text = nodes.Name("_imported", "load")
        value = nodes.Filter(text, read, [], [], None, None)
        return [module, nodes.Assign(target, value, lineno=tag.lineno)]


def _bits(base: int, power: int) -> int:
    return base.bit_length() * power


def _raise(message: object) -> NoReturn:
    raise jinja2.TemplateError(str(message))


@pass_context
def _show(context: jinja2.runtime.Context) -> dict[str, Any]:
    left_out = ("salt", "opts")
    return {key: value for key, value in context.get_all().items()
            if not callable(value) and key not in left_out}  # fmt: skip
