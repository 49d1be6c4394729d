"""
Read the files of one configuration and join them.

The order is Salt's: the main file, then ``default_include``, then ``include``.  What an included
file says wins over the main file; maps and lists that several included files set are joined.
"""

import glob
import os
from contextlib import suppress
from typing import Any

from txsalt.config import simple_yaml
from txsalt.light import define, field, frozen

# Any in this file: what YAML holds, before an option's kind has looked at it.
_READ_MOST = 4 * 1024 * 1024  # bytes of one file; a log given by mistake is no configuration


@frozen
class Setting:
    """The value of an option as YAML gave it, and the file that set it last."""

    value: Any
    path: str


@define
class Findings:
    """What is to be told about a configuration: whole sentences."""

    warnings: list[str] = field(factory=list)
    problems: list[str] = field(factory=list)


def read_settings(path: str, default_include: str, findings: Findings) -> dict[str, Setting]:
    """
    Return all that the file ``path`` and the files it includes set, by option name.

    A missing file is a warning, one that cannot be read a problem; both go to ``findings``.
    """
    if _is_missing(path):
        findings.warnings.append(f"There is no file {path}; every option has its default.")
        main: dict[str, Setting] = {}
    else:
        main = _read_file(path, findings)
    settings = dict(main)
    pattern = main["default_include"].value if "default_include" in main else default_include
    settings.update(_read_included(pattern, path, findings, quiet=True, parents=(path,)))
    if "include" in main:
        wanted = main["include"].value
        settings.update(_read_included(wanted, path, findings, quiet=False, parents=(path,)))
    return settings


def _read_included(
    patterns: object, origin: str, findings: Findings, *, quiet: bool, parents: tuple[str, ...]
) -> dict[str, Setting]:
    joined: dict[str, Setting] = {}
    for pattern in _patterns(patterns):
        place = os.path.join(os.path.dirname(origin), os.path.expanduser(pattern))
        paths = sorted(glob.glob(place))
        if not paths and (reason := _hindrance(os.path.dirname(place))):
            findings.problems.append(f"{os.path.dirname(place)} cannot be read: {reason}.")
            continue
        if not paths and not quiet:
            findings.warnings.append(f"{origin}: include {pattern!r} matches no file.")
        for path in paths:
            _join(joined, _read_with_includes(path, findings, parents))
    return joined


def _is_missing(path: str) -> bool:
    # A file that is there, but out of reach, must not count as one that sets nothing.
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        pass  # told when it is read
    return False


def _hindrance(folder: str) -> str:
    """Say why a folder cannot be looked through; nothing if it can, or is not there."""
    if glob.has_magic(folder):
        return ""
    try:
        os.close(os.open(folder or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as exc:
        return exc.strerror or str(exc)
    return ""


def _read_with_includes(
    path: str, findings: Findings, parents: tuple[str, ...]
) -> dict[str, Setting]:
    if path in parents:
        findings.problems.append(f"{path} includes itself, by way of {parents[-1]}.")
        return {}
    settings = _read_file(path, findings)
    include = settings.pop("include", None)
    if include is not None:
        parents = (*parents, path)
        inner = _read_included(include.value, path, findings, quiet=False, parents=parents)
        settings.update(inner)
    return settings


def _patterns(value: object) -> list[str]:
    # A value of another kind is reported with the other options.
    listed = value if isinstance(value, list) else [value]
    return [each for each in listed if isinstance(each, str) and each]


def _join(settings: dict[str, Setting], more: dict[str, Setting]) -> None:
    for name, setting in more.items():
        value = setting.value
        if name in settings:
            value = _merged(settings[name].value, value)
        settings[name] = Setting(value, setting.path)


def _merged(old: Any, new: Any) -> Any:
    if isinstance(old, dict) and isinstance(new, dict):
        joined = dict(old)
        for key, value in new.items():
            joined[key] = _merged(old[key], value) if key in old else value
        return joined
    if isinstance(old, list) and isinstance(new, list):
        return old + [each for each in new if each not in old]
    return new


def _read_file(path: str, findings: Findings) -> dict[str, Setting]:
    try:
        content = _read_yaml(_read_text(path), path)
    except _NotYaml as exc:
        findings.problems.append(str(exc))
        return {}
    except UnicodeDecodeError as exc:
        findings.problems.append(f"{path} is not UTF-8: {exc.reason} at byte {exc.start}.")
        return {}
    except OSError as exc:
        findings.problems.append(f"{path} cannot be read: {exc.strerror or exc}.")
        return {}
    if content is None:
        return {}
    if not isinstance(content, dict):
        findings.problems.append(f"{path} must be a map of options, as in 'interface: 0.0.0.0'.")
        return {}
    return {str(name): Setting(value, path) for name, value in content.items()}


class _NotYaml(Exception):
    """A file that is no YAML, and where."""


def _read_yaml(text: str, path: str) -> Any:
    with suppress(simple_yaml.NotSimple):
        return simple_yaml.read(text)
    # Here, as most files are simple, and to load YAML takes longer than to read them.
    from txsalt.renderers import yaml
    from txsalt.renderers.errors import RenderError

    try:
        return yaml.load(text, path)
    except RenderError as exc:
        raise _NotYaml(str(exc)) from exc


def _read_text(path: str) -> str:
    with open(path, "rb") as file:
        content = file.read(_READ_MOST + 1)
    if len(content) > _READ_MOST:
        raise OSError(f"it has more than {_READ_MOST} bytes")
    return content.decode("utf-8-sig")
