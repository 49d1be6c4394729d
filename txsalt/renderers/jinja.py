"""
Fill in templates of Jinja, in its sandbox: names that are not known are errors.

Jinja is imported when the first template is rendered, not before: most jobs never need it.

Source: Salt 3008.3, utils/templates.py render_jinja_tmpl, utils/jinja.py SaltCacheLoader.
"""

import os
import re
import traceback
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from functools import lru_cache
from types import CodeType
from typing import TYPE_CHECKING, Any  # settings of Jinja are of many types

from txsalt.errors import TxsaltError
from txsalt.light import frozen
from txsalt.renderers.errors import RenderError
from txsalt.renderers.excerpt import excerpt

if TYPE_CHECKING:
    import jinja2

# What the options jinja_env and jinja_sls_env may set.
SETTINGS = frozenset(
    (
        "block_start_string", "block_end_string", "variable_start_string", "variable_end_string",
        "comment_start_string", "comment_end_string", "line_statement_prefix",
        "line_comment_prefix", "trim_blocks", "lstrip_blocks", "newline_sequence",
        "keep_trailing_newline",
    )
)  # fmt: skip
_LONGEST = 32 * 1024 * 1024  # characters of a filled in template
_KEPT = 256  # compiled templates


@frozen
class Found:
    """A template that another one includes or imports; ``where`` names it in errors."""

    text: str
    where: str


Find = Callable[[str], Found | None]

# Whether what runs now was called by a template.
is_filling: ContextVar[bool] = ContextVar("is_filling", default=False)


def render(
    text: str, where: str, context: Mapping[str, object], *, allow_undefined: bool = False
) -> str:
    """Fill in one text that includes no other; see Engine.render."""
    return Engine(allow_undefined=allow_undefined).render(text, where, context)


def place_of(relative: str) -> dict[str, str]:
    """Say where a template is, as templates are told: ``relative`` is its path below its root."""
    folder = os.path.dirname(relative)
    return {
        "tplfile": relative,
        "tpldir": folder or ".",
        "tpldot": folder.replace("/", "."),
    }


class Engine:
    """
    Fills in templates; what it has compiled it keeps.

    ``find`` gives the templates that others include, by their path below the root of all; a path
    that begins with ./ or ../ is one from the including template on. ``settings`` are those of
    Jinja; unknown ones are passed over.
    """

    def __init__(
        self,
        find: Find | None = None,
        *,
        allow_undefined: bool = False,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        from txsalt.renderers.jinja_environment import make_environment

        known = {key: value for key, value in (settings or {}).items() if key in SETTINGS}
        self._texts: dict[str, str] = {}
        self._compiled = lru_cache(_KEPT)(self._compile)
        self._environment = make_environment(self._include, allow_undefined, known)
        self._own = dict(self._environment.globals)
        self._find = find

    def render(
        self, text: str, where: str, context: Mapping[str, object], relative: str = ""
    ) -> str:
        """
        Return ``text`` with the values of ``context`` filled in; its last line feed stays.

        ``where`` names the text in errors, ``relative`` is its path below the root. Included and
        imported templates find the values of ``context``, too. Raises RenderError, whatever went
        wrong.
        """
        import jinja2

        self._texts[where] = text
        # As globals: what is imported without its context finds them all the same.
        self._environment.globals = {**self._own, **context}
        filling = is_filling.set(True)
        try:
            template = self._template(text, relative, where, {})
            return _bounded(template.generate()) + self._line_feed(text)
        except jinja2.TemplateSyntaxError as exc:
            raise self._syntax_error(exc, where) from exc
        except jinja2.UndefinedError as exc:
            raise self._error(exc, where, f"Jinja variable {exc.message}") from exc
        except jinja2.TemplateNotFound as exc:
            raise self._error(exc, where, f"there is no template {exc.name}") from exc
        except TxsaltError as exc:
            raise self._error(exc, where, str(exc)) from exc
        # Expressions call whatever the context offers, which raises what it likes.
        except Exception as exc:
            raise self._error(exc, where, f"{type(exc).__name__}: {exc}") from exc
        finally:
            is_filling.reset(filling)
            self._texts.clear()
            self._environment.globals = self._own

    def origin(
        self, text: str, where: str, context: Mapping[str, object], relative: str, line: int
    ) -> int | None:
        """
        Say which line of a template gives line number ``line`` of what it becomes.

        The template is filled in once more: for errors that come later, such as those of YAML.
        Of an include it is the line that puts it there; behind the end, the last that gives
        something. None if that is not known.
        """
        self._environment.globals = {**self._own, **context}
        try:
            template = self._template(text, relative, where, {})
            # Jinja's own entrance to templates wraps this, and hides at which line it is.
            parts = template.root_render_func(template.new_context())
            code = str(self._environment.compile(text, relative, where, raw=True)).splitlines()
            return _origin(parts, template, code, text, line)
        except Exception:
            return None  # it went well before; then the place is not worth an error
        finally:
            self._texts.clear()
            self._environment.globals = self._own

    def _line_feed(self, text: str) -> str:
        # Jinja drops the last one, of included templates, too: there people count on it.
        dropped = text.endswith("\n") and not self._environment.keep_trailing_newline
        return "\n" if dropped else ""

    def _compile(self, text: str, name: str, where: str) -> CodeType:
        return self._environment.compile(text, name, where)

    def _template(
        self, text: str, name: str, where: str, values: Mapping[str, Any]
    ) -> "jinja2.Template":
        import jinja2

        code = self._compiled(text, name, where)
        known = self._environment.make_globals(dict(values))
        return jinja2.Template.from_code(self._environment, code, known)

    def _include(self, name: str) -> "jinja2.Template | None":
        found = self._find(name) if self._find else None
        if found is None:
            return None
        self._texts[found.where] = found.text
        return self._template(found.text, name, found.where, place_of(name))

    def _syntax_error(self, exc: "jinja2.TemplateSyntaxError", where: str) -> RenderError:
        place = exc.filename if exc.filename in self._texts else where
        return self._at(place, exc.lineno, f"Jinja syntax error: {exc.message}")

    def _error(self, exc: Exception, where: str, reason: str) -> RenderError:
        # Jinja rewrites tracebacks: its frames tell the lines of templates.
        for frame in reversed(traceback.extract_tb(exc.__traceback__)):
            if frame.filename in self._texts:
                return self._at(frame.filename, frame.lineno, reason)
        return RenderError(where=where, reason=reason)

    def _at(self, where: str, line: int | None, reason: str) -> RenderError:
        shown = "" if line is None else excerpt(self._texts[where], line)
        return RenderError(where=where, reason=reason, line=line, excerpt=shown)


def _origin(parts: Any, template: Any, code: list[str], text: str, wanted: int) -> int | None:
    """Follow the parts of an output; ``code`` is the program that Jinja makes of ``text``."""
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    at, last = 1, None  # the line of the output at which the next part begins
    for part in parts:
        number = parts.gi_frame.f_lineno
        source = template.get_corresponding_lineno(number)
        is_text = re.match(r"\s*yield ['\"]", code[number - 1]) is not None
        if is_text and (head := re.match(r"\s*\S[^\n]*\n|.+", part, re.DOTALL)):
            # Jinja does not tell where plain text stands, but behind what it told last.
            found = text.find(head[0], starts[min(source, len(starts)) - 1])
            source = text.count("\n", 0, found) + 1 if found >= 0 else source
        ends = part.count("\n")
        # A line that only ends here belongs to the part that fills it.
        if at + ends - part.endswith("\n") >= wanted:
            return source + wanted - at if is_text else source
        at, last = at + ends, source
    return last  # behind the end


def _bounded(parts: Any) -> str:
    kept, length = [], 0
    for part in parts:
        length += len(part)
        if length > _LONGEST:
            raise OverflowError(f"more than {_LONGEST} characters")
        kept.append(part)
    return "".join(kept)
