"""
Show the results of a state run: one block for each state, and a summary for each minion.

What is no map of state results (compile errors, other values) is shown nested.

Source: PROTOCOL.md 12.3 (state results).
"""

from collections.abc import Mapping
from typing import Any

from txsalt.outputters.colors import Colors
from txsalt.outputters.nested import indented
from txsalt.outputters.text import lines_of, to_text

_SEPARATOR = "_|-"
_LABEL = 12  # columns that a label takes, with its colon


def render(data: Mapping[str, Any], colors: Colors) -> str:
    """Write each minion's states in the order in which they ran."""
    lines: list[str] = []
    for minion, value in data.items():
        lines.append(f"{colors.key(to_text(minion))}:")
        if _is_state_results(value):
            lines += _states(to_text(minion), value, colors)
        else:
            lines += indented(value, 4, colors)
    return "\n".join(lines)


def _is_state_results(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and bool(value)
        and all(
            isinstance(key, str) and key.count(_SEPARATOR) == 3 and isinstance(item, Mapping)
            for key, item in value.items()
        )
    )


def _states(minion: str, results: Mapping[str, Any], colors: Colors) -> list[str]:
    lines = []
    for key in sorted(results, key=lambda key: _number(results[key].get("__run_num__"))):
        lines += _state(key, results[key], colors)
    return lines + _summary(minion, list(results.values()), colors)


def _state(key: str, result: Mapping[str, Any], colors: Colors) -> list[str]:
    module, id, name, function = key.split(_SEPARATOR)
    outcome = result.get("result")
    changes = result.get("changes") or {}
    paint = colors.failure if outcome is False else colors.value if changes else colors.text
    fields = {
        "ID": result.get("__id__", id),
        "Function": f"{module}.{function}",
        "Name": result.get("name", name),
        "Result": outcome,
        "Comment": result.get("comment", ""),
        "Started": result.get("start_time", ""),
        "Duration": f"{_number(result.get('duration')):.3f} ms",
    }
    lines = [paint("----------")]
    for label, value in fields.items():
        first, *rest = lines_of(value)
        lines.append(paint(f"{label:>{_LABEL}}: {first}".rstrip()))
        lines += [paint(f"{'':{_LABEL + 2}}{line}".rstrip()) for line in rest]
    lines.append(paint(f"{'Changes':>{_LABEL}}:"))
    return lines + (indented(changes, _LABEL + 2, colors) if changes else [])


def _summary(minion: str, results: list[Mapping[str, Any]], colors: Colors) -> list[str]:
    failed = sum(result.get("result") is False for result in results)
    unchanged = sum(result.get("result") is None for result in results)
    changed = sum(bool(result.get("changes")) for result in results)
    notes = [f"{word}={count}" for word, count in (("unchanged", unchanged), ("changed", changed))]
    notes = [note for note in notes if not note.endswith("=0")]
    seconds = sum(_number(result.get("duration")) for result in results) / 1000
    title = f"Summary for {minion}"
    rule = "-" * len(title)
    succeeded = f"Succeeded: {len(results) - failed}"
    return [
        "",
        title,
        rule,
        colors.text(succeeded) + (f" ({', '.join(notes)})" if notes else ""),
        (colors.failure if failed else colors.text)(f"Failed:    {failed}"),
        rule,
        f"Total states run: {len(results)}",
        f"Total run time:   {seconds:.3f} s",
    ]


def _number(value: Any) -> float:
    """Read a duration, which may be a number or a text such as ``3.2 ms``; 0 for others."""
    if isinstance(value, str):
        value = value.removesuffix("ms").strip()
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0
