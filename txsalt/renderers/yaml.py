"""
Read and write YAML: plain values only, no Python objects, no key twice in a map.

Numbers and dates are what people mean by them in states and pillar, as with Salt: 0644 is a mode,
written as the number 644, and a date is text.

This is the only door to PyYAML, with libyaml behind it: the loader in pure Python is about ten
times slower, and a master reads pillar for thousands of minions.

Source: Salt 3008.3, utils/yamlloader.py.
"""

from types import ModuleType
from typing import Any

import yaml

from txsalt.errors import LocalError
from txsalt.renderers.errors import RenderError
from txsalt.renderers.excerpt import excerpt


def require_libyaml(module: ModuleType) -> None:
    """Raise LocalError if ``module``, PyYAML, was built without libyaml."""
    if not getattr(module, "__with_libyaml__", False):
        raise LocalError(
            "PyYAML was built without libyaml, which txsalt needs; "
            "install libyaml and then PyYAML again, or a wheel of PyYAML."
        )


require_libyaml(yaml)

_DEEPEST = 200  # levels of lists and maps in each other, in texts past _SAFE_BOUND
_ONE_LINE = 2**31 - 1  # columns
_SAFE_BOUND = 2000  # the composer survives this many levels
_FREE_NODES, _MOST_TIMES = 100_000, 10  # what aliases may make of a document


class _Loader(yaml.CSafeLoader):
    """Reads numbers without regard to zeros in front, and dates as text."""

    def integer(self, node: yaml.ScalarNode) -> int:  # fmt: skip
        if node.value.startswith("0") and not node.value.startswith(("0b", "0x")):
            node.value = node.value.lstrip("0") or "0"
        return int(self.construct_yaml_int(node))


_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.integer)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _Loader.construct_yaml_str)


class _Dumper(yaml.CSafeDumper):
    """Writes a value again each time it occurs: people read the text, anchors confuse them."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def load(text: str, where: str) -> Any:  # Any: whatever the text says
    """
    Return the one document in ``text`` as maps, lists, texts, numbers, flags, bytes or None.

    ``where`` names the text in errors.  An empty text is None.  Raises RenderError.
    """
    try:
        _refuse_depth(text, where)
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            if node is None:
                return None
            _refuse_duplicates(loader, node, text, where)
            if "&" in text and "*" in text:
                _refuse_growth(node, where)
            return loader.construct_document(node)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as exc:
        reason = exc.problem or exc.context or "not YAML"
        raise _error(text, where, reason, exc.problem_mark or exc.context_mark) from exc
    except yaml.YAMLError as exc:
        reason = getattr(exc, "reason", None) or str(exc).partition("\n")[0]
        raise RenderError(where=where, reason=str(reason)) from exc
    except RecursionError as exc:
        raise RenderError(where=where, reason="nested too deeply") from exc
    # Values that look like numbers and are none; text that is not Unicode.
    except (ValueError, OverflowError, TypeError, AttributeError, LookupError) as exc:
        raise RenderError(where=where, reason=f"a value cannot be read: {exc}") from exc


def dump(value: object, *, flow: bool = False, style: str | None = None) -> str:
    """
    Return ``value`` as YAML in block style, or with ``flow`` on one line; maps in their order.

    ``style`` is the quote that texts get. Raises RenderError for a value that is not plain, or
    contains itself.
    """
    try:
        return str(
            yaml.dump(
                value,
                Dumper=_Dumper,
                default_flow_style=flow,
                default_style=style,
                allow_unicode=True,
                sort_keys=False,
                # Parts of other texts are not broken: what is around them would end.
                width=_ONE_LINE if flow or style else 100,
            )
        )
    except (yaml.YAMLError, UnicodeEncodeError) as exc:
        raise RenderError(where="a value", reason=f"cannot be written as YAML: {exc}") from exc
    except RecursionError as exc:
        raise RenderError(where="a value", reason="nested too deeply for YAML") from exc


def _refuse_depth(text: str, where: str) -> None:
    # The composer of libyaml recurses on the C stack: some ten thousand brackets end the process.
    # A level takes a bracket or at least half a column, so most texts need no second parse.
    columns = max(map(len, text.splitlines()), default=0)
    if text.count("[") + text.count("{") + 2 * columns <= _SAFE_BOUND:
        return
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                raise _error(text, where, "nested too deeply", event.start_mark)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _refuse_duplicates(loader: _Loader, root: yaml.Node, text: str, where: str) -> None:
    # Before construction, which merges "<<" into the nodes: an own key may repeat a merged one.
    waiting, seen = [root], set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting.extend(node.value)
        elif isinstance(node, yaml.MappingNode):
            _check_keys(loader, node, text, where)
            waiting.extend(value for _, value in node.value)


def _refuse_growth(root: yaml.Node, where: str) -> None:
    # A few lines of aliases of aliases stand for more values than a machine can hold, and a pillar
    # that quotes a grain lets a minion write them.
    sizes: dict[int, int] = {}
    waiting: list[tuple[yaml.Node, bool]] = [(root, False)]
    while waiting:
        node, is_known_below = waiting.pop()
        below = _nodes_in(node)
        if is_known_below:
            sizes[id(node)] = 1 + sum(sizes[id(each)] for each in below)
        elif id(node) not in sizes:
            sizes[id(node)] = 0  # for one that contains itself
            waiting.append((node, True))
            waiting.extend((each, False) for each in below)
    if sizes[id(root)] > _FREE_NODES + _MOST_TIMES * len(sizes):
        raise RenderError(where=where, reason="aliases make too many values of it")


def _nodes_in(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.SequenceNode):
        return list(node.value)
    if isinstance(node, yaml.MappingNode):
        return [each for pair in node.value for each in pair]
    return []


def _check_keys(loader: _Loader, node: yaml.MappingNode, text: str, where: str) -> None:
    first_lines: dict[object, int] = {}
    for key_node, _ in node.value:
        if not isinstance(key_node, yaml.ScalarNode) or key_node.tag == "tag:yaml.org,2002:merge":
            continue
        key = loader.construct_object(key_node)
        mark = key_node.start_mark
        if key in first_lines:
            reason = f"the key {key!r} is already in this map, on line {first_lines[key]}"
            raise _error(text, where, reason, mark)
        first_lines[key] = mark.line + 1


def _error(text: str, where: str, reason: str, mark: yaml.Mark | None) -> RenderError:
    if mark is None:
        return RenderError(where=where, reason=reason)
    return RenderError(
        where=where,
        reason=reason,
        line=mark.line + 1,
        column=mark.column + 1,
        excerpt=excerpt(text, mark.line + 1),
    )
