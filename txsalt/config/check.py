"""
Check what the files set against what a configuration class knows.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from txsalt.config.files import Findings, Setting
from txsalt.config.option import Option

_OF_MODULES = "module_options"  # collects what no option is called, for modules
_ALIKE = 0.8  # of 1: how much a name of modules may resemble an option before it is told
_LONGEST = 60  # characters of a wrong value that are shown


def check_settings(
    settings: Mapping[str, Setting], known: Mapping[str, Option], findings: Findings
) -> dict[str, Any]:
    """
    Return the values of the known options, read by their kinds.

    Wrong values become problems; unknown names, and names without a value, become warnings. Where
    there is an option ``module_options``, it collects the values of unknown names: they may be
    misspelt, but they may as well be options of somebody's modules.
    """
    values: dict[str, Any] = {}  # Any: each option has its own kind
    unknown: dict[str, Setting] = {}
    for name, setting in _renamed(settings, findings).items():
        if name not in known:
            unknown[name] = setting
        elif name == "config_dir":
            findings.problems.append(
                f"{setting.path}: config_dir is set by --config-dir and cannot be set in a file."
            )
        elif setting.value is None and not known[name].kind.takes_none:
            findings.warnings.append(f"{setting.path}: {name} has no value; its default is used.")
        else:
            _read_value(known[name], setting, values, findings)
    if unknown and _OF_MODULES in known:
        of_modules = {name: setting.value for name, setting in unknown.items()}
        values[_OF_MODULES] = {**values.get(_OF_MODULES, {}), **of_modules}
        unknown = {name: setting for name, setting in unknown.items() if "." not in name}
    if unknown:
        _warn_of_unknown(unknown, known, findings)
    return values


def _read_value(
    option: Option, setting: Setting, values: dict[str, Any], findings: Findings
) -> None:
    try:
        values[option.name] = option.kind.read(setting.value)
    except (ValueError, OverflowError):
        shown = "has a value that is not shown here" if option.secret else _shown(setting.value)
        findings.problems.append(
            f"{setting.path}: {option.name} {shown}, but {option.kind.expects} is expected."
        )


def _shown(value: object) -> str:
    text = repr(value)
    return f"is {text if len(text) <= _LONGEST else text[:_LONGEST] + '…'}"


def _renamed(settings: Mapping[str, Setting], findings: Findings) -> dict[str, Setting]:
    # Old names that files of long-standing users still hold.
    renamed = dict(settings)
    if (old := renamed.pop("environment", None)) is not None:
        renamed.setdefault("saltenv", old)
        findings.warnings.append(f"{old.path}: environment is now called saltenv.")
    if (old := renamed.pop("keep_jobs", None)) is not None:
        hours = old.value
        is_number = isinstance(hours, int | float) and not isinstance(hours, bool)
        seconds = int(hours * 3600) if is_number and abs(hours) < 1e9 else hours
        renamed.setdefault("keep_jobs_seconds", Setting(seconds, old.path))
        findings.warnings.append(f"{old.path}: keep_jobs (hours) is now keep_jobs_seconds.")
    # A word of Python, which cannot be the name of a field.
    if (also := renamed.pop("return", None)) is not None:
        renamed.setdefault("returners", also)
    return renamed


def _warn_of_unknown(
    unknown: Mapping[str, Setting], known: Iterable[str], findings: Findings
) -> None:
    from difflib import get_close_matches

    from txsalt.config.salt_names import SALT_NAMES

    # A name of somebody's modules need not be told, unless it is all but one that is known.
    of_modules = _OF_MODULES in known
    known = list(known)
    for name, setting in unknown.items():
        if name in SALT_NAMES:
            continue
        near = get_close_matches(name, known, n=1, cutoff=_ALIKE if of_modules else 0.6)
        if near or not of_modules:
            hint = f"; did you mean {near[0]}?" if near else "."
            findings.warnings.append(f"{setting.path}: {name!r} is not an option{hint}")
    unused = sorted(name for name in unknown if name in SALT_NAMES)
    if unused:
        findings.warnings.append(f"Known to Salt, not used by txsalt yet: {', '.join(unused)}.")
