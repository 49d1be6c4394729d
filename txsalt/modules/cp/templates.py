"""
Fetch a file that is a template, and bring what it becomes to its place.

Source: Salt 3008.3, modules/cp.py get_template, fileclient.py get_template.
"""

import logging
import os
from typing import Any  # templates find values of any type
from urllib.parse import urlsplit

from txsalt.jobs.errors import CommandExecutionError
from txsalt.modules._atomic import write_whole
from txsalt.modules._template import ENGINES, context_of, fill_file
from txsalt.modules.cp import _cache, _url
from txsalt.renderers.errors import RenderError

log = logging.getLogger(__name__)


def get_template(path: str, dest: str, template: str = "jinja", saltenv: str | None = None,
                 makedirs: bool = False, **kwargs: Any) -> str:  # fmt: skip
    """
    Fetch a file, fill it in, and bring it to ``dest``; return where it is.

    It finds what all templates find, the further named arguments, and the map ``context`` among
    them. Without ``dest`` it goes to the cache. "" if the master has no such file, if its folder
    does not exist (unless ``makedirs``), or for an engine other than jinja; a job of this function
    has failed then, with exit code 1. What is wrong in the template is an error.

    CLI Example: txsalt-cli '*' cp.get_template salt://path/to/template /minion/dest
    """
    saltenv = saltenv or __opts__.get("saltenv") or "base"
    place = __salt__["cp.cache_file"](path, saltenv)
    if not place or not os.path.isfile(place):
        return _nothing(kwargs)
    if template not in ENGINES:
        log.error("%s: there is no template engine %s", path, template)
        return _nothing(kwargs)
    own = {name: value for name, value in kwargs.items() if not name.startswith("__")}
    known = context_of(globals(), {"saltenv": saltenv})
    values = {**known, **own, **(own.get("context") or {})}
    try:
        content = fill_file(globals(), place, path, values)
        target = dest or _place(path, saltenv)
        folder = os.path.dirname(target)
        if folder and not os.path.isdir(folder):
            if dest and not makedirs:
                return _nothing(kwargs)
            os.makedirs(folder, exist_ok=True)
        # It may hold what only this user may read, such as pillar.
        write_whole(target, content, new_mode=0o600)
    except RenderError as exc:
        raise CommandExecutionError(f"the template cannot be filled in: {exc}") from exc
    except OSError as exc:
        raise CommandExecutionError(f"{exc.filename or path}: {exc.strerror or exc}") from exc
    return target


def _nothing(given: dict[str, Any]) -> str:
    if "__pub_jid" in given:
        __context__["retcode"] = 1
    return ""


def _place(path: str, saltenv: str) -> str:
    """Say where what a template becomes is kept: not where the template itself is."""
    cachedir = __opts__["cachedir"]
    if urlsplit(path).scheme in ("http", "https"):
        return f"{_cache.web_copy(cachedir, path, saltenv)}.filled"
    name = path.removeprefix("file://") if not path.startswith(_url.SALT) else ""
    relative = _url.inside(name.lstrip("/")) if name else _url.split(path, saltenv)[0]
    return os.path.join(cachedir, "extrn_files", _url.one_name(saltenv), relative)
