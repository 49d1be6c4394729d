"""
Fill in templates of Jinja, in its sandbox: names that are not known are errors.

Jinja is imported when the first template is rendered, not before: most jobs never need it.

Source: Salt 3008.3, utils/templates.py render_jinja_tmpl.
"""

import shlex
import traceback
from collections.abc import Mapping

from txsalt.errors import TxsaltError
from txsalt.renderers.errors import RenderError
from txsalt.renderers.excerpt import excerpt


def render(
    text: str, where: str, context: Mapping[str, object], *, allow_undefined: bool = False
) -> str:
    """
    Return ``text`` with the values of ``context`` filled in; the last line feed stays.

    ``where`` names the text in errors. ``{% do %}``, ``{% break %}``, ``{% continue %}`` and the
    filter ``quote`` (one word for a shell) are there; other files cannot be included. With
    ``allow_undefined`` an unknown name is an empty text. Raises RenderError, whatever went wrong.
    """
    import jinja2
    from jinja2.sandbox import SandboxedEnvironment

    environment = SandboxedEnvironment(
        undefined=jinja2.Undefined if allow_undefined else jinja2.StrictUndefined,
        keep_trailing_newline=True,
        extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"],
    )
    environment.filters["quote"] = lambda value: shlex.quote(str(value))
    try:
        return environment.from_string(text).render(context)
    except jinja2.TemplateSyntaxError as exc:
        raise _error(text, where, f"not Jinja: {exc.message}", exc.lineno) from exc
    except jinja2.UndefinedError as exc:
        raise _error(text, where, str(exc.message), _line(exc)) from exc
    except TxsaltError as exc:
        raise _error(text, where, f"a function failed: {exc}", _line(exc)) from exc
    # Expressions call whatever the context offers, which raises what it likes.
    except Exception as exc:
        raise _error(text, where, f"{type(exc).__name__}: {exc}", _line(exc)) from exc


def _line(exc: Exception) -> int | None:
    # Jinja rewrites tracebacks: its frames tell the lines of the template.
    frames = traceback.extract_tb(exc.__traceback__)
    return next((each.lineno for each in reversed(frames) if each.filename == "<template>"), None)


def _error(text: str, where: str, reason: str, line: int | None) -> RenderError:
    shown = "" if line is None else excerpt(text, line)
    return RenderError(where=where, reason=reason, line=line, excerpt=shown)
