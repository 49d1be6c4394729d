"""
Fill in the templates of execution modules: commands, scripts, paths and files.

A template finds salt (all functions), grains, pillar, opts and saltenv; files, too, what their
callers give (defaults and context). What it includes and imports comes from the file roots of its
environment.

Source: Salt 3008.3, modules/cmdmod.py _render_cmd, script; utils/templates.py AliasedLoader.
"""

from collections.abc import Iterator, Mapping
from typing import Any  # functions and options are of any type

from txsalt.jobs.errors import CommandExecutionError
from txsalt.light import frozen
from txsalt.renderers.errors import RenderError
from txsalt.renderers.jinja import Engine, Found

ENGINES = ("jinja",)
# In templates commands go through a shell, as those that users type.
_ALIASES = {"cmd.run": "cmd.shell"}


def filled_command(module: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return ``cmd`` and ``cwd`` of a call, filled in if its ``template`` says so.

    ``module`` is the globals of the function, ``given`` its options. Of a list each word is filled
    in by itself. Raises CommandExecutionError.
    """
    cmd, cwd = given["cmd"], given.get("cwd")
    if not given.get("template"):
        return {"cmd": cmd, "cwd": cwd}
    context = context_of(module, given)

    def one(value: Any) -> str:
        return fill(module, given, str(value), "the command", context)

    words = [one(word) for word in cmd] if isinstance(cmd, list | tuple) else one(cmd)
    where = fill(module, given, str(cwd), "cwd", context) if cwd else cwd
    return {"cmd": words, "cwd": where}


def fill(
    module: Mapping[str, Any],
    given: Mapping[str, Any],
    text: str,
    where: str,
    context: Mapping[str, Any] | None = None,
) -> str:
    """
    Return ``text`` as the option ``template`` of a call says: filled in, or as it is.

    ``where`` names the text in errors; without ``context`` it is that of the call. Raises
    CommandExecutionError, with the place, also for engines other than jinja.
    """
    template = given.get("template")
    if not template:
        return text
    if template != "jinja":
        raise CommandExecutionError(
            f"Attempted to render file paths with unavailable engine {template}"
        )
    known = context_of(module, given) if context is None else context
    try:
        return _engine(module, known["saltenv"]).render(text, where, known, _relative(where))
    except RenderError as exc:
        raise CommandExecutionError(f"the template cannot be filled in: {exc}") from exc


def fill_file(
    module: Mapping[str, Any], path: str, where: str, context: Mapping[str, Any]
) -> bytes:
    """
    Return the content of a file, filled in; one that is not text as it is.

    ``where`` names it in errors. Raises RenderError, and OSError if it cannot be read.
    """
    with open(path, "rb") as file:
        raw = file.read()
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return raw
    engine = _engine(module, context["saltenv"])
    return engine.render(text, where, context, _relative(where)).encode()


def _relative(where: str) -> str:
    """Give the path in the file roots that a salt:// address means; "" for other places."""
    scheme, mark, path = where.partition("salt://")
    return path.partition("?")[0] if mark and not scheme else ""


def _engine(module: Mapping[str, Any], saltenv: str) -> Engine:
    opts = module["__opts__"]

    def find(name: str) -> Found | None:
        place = module["__salt__"]["cp.cache_file"](f"salt://{name}", saltenv)
        if not place:
            return None
        try:
            with open(place, encoding="utf-8") as file:
                return Found(file.read(), f"salt://{name}")
        except UnicodeDecodeError as exc:
            raise RenderError(where=f"salt://{name}", reason="is not text in UTF-8") from exc

    blocks = {each: opts.get(f"jinja_{each}", False) for each in ("trim_blocks", "lstrip_blocks")}
    settings = {**blocks, **(opts.get("jinja_env") or {})}
    return Engine(find, allow_undefined=bool(opts.get("allow_undefined")), settings=settings)


def context_of(module: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a template of a call finds; ``pillar`` and ``pillarenv`` compile a new pillar."""
    pillar = module["__pillar__"]
    if given.get("pillar") is not None or given.get("pillarenv") is not None:
        pillar = module["__salt__"]["pillar.items"](
            pillar=given.get("pillar"), pillarenv=given.get("pillarenv")
        )
    return {
        "salt": _Salt(module["__salt__"]),
        "grains": module["__grains__"],
        "pillar": pillar,
        "opts": module["__opts__"],
        "saltenv": given.get("saltenv") or module["__opts__"].get("saltenv") or "base",
    }


class _Salt(Mapping[str, Any]):
    """The functions as templates name them: ``salt['test.echo']`` and ``salt.test.echo``."""

    def __init__(self, functions: Mapping[str, Any]) -> None:
        self._functions = functions

    def __getitem__(self, name: str) -> Any:
        return self._functions[_ALIASES.get(name, name)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._functions)

    def __len__(self) -> int:
        return len(self._functions)

    def __getattr__(self, module: str) -> "_Members":
        if module.startswith("_"):
            raise AttributeError(module)
        return _Members(self, module)


@frozen
class _Members:
    """One module's functions as attributes."""

    _salt: _Salt
    _module: str

    def __getattr__(self, name: str) -> Any:
        try:
            return self._salt[f"{self._module}.{name}"]
        except KeyError:
            raise AttributeError(f"{self._module}.{name}") from None
