"""
Read the arguments of LocalClient's verbs: what job they mean, and who asks for it.

Source: Salt 3008.3, client/__init__.py: names of keywords.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any  # arguments are any msgpack value

from txsalt.client.credentials import Password, Proof, Token
from txsalt.client.steps import Job

Target = str | list[str] | tuple[str, ...]
Function = str | list[str] | tuple[str, ...]

# Of Salt's keyword arguments those that travel in the publication.
_EXTRA = ("metadata", "module_executors", "executor_opts", "ret_config", "ret_kwargs")
_LOGIN = ("token", "eauth", "username", "password")
_OURS = ("deadline", "delimiter", "full_return", "jid")
# They change how Salt's own programs show a job, and nothing here.
_NO_MATTER = ("hide_timeout", "listen", "progress", "show_jid", "show_timeout", "verbose")
_KNOWN = frozenset((*_EXTRA, *_LOGIN, *_OURS, *_NO_MATTER))


def proof_of(keywords: Mapping[str, Any]) -> Proof | None:
    """
    Return what ``token``, or ``eauth``, ``username`` and ``password`` prove; None without them.

    Raises TypeError if one of the latter is missing: nobody asks in another name unawares.
    """
    given = {name: str(keywords[name]) for name in _LOGIN if keywords.get(name)}
    if "token" in given:
        return Token(given["token"])
    if not given:
        return None
    missing = [name for name in _LOGIN[1:] if name not in given]
    if missing:
        raise TypeError(f"a login needs {' and '.join(missing)} as well")
    return Password(given["eauth"], given["username"], given["password"])


def job_of(
    tgt: Target,
    fun: Function,
    arg: Sequence[Any] = (),
    timeout: float | None = None,
    tgt_type: str = "glob",
    ret: str = "",
    kwarg: dict[str, Any] | None = None,
    **kwargs: Any,
) -> Job:
    """Return the job of a verb with the usual arguments. Raises TypeError as ``make_job``."""
    return make_job(tgt, fun, arg, timeout, tgt_type, ret, kwarg, kwargs)


def make_job(
    tgt: Target,
    fun: Function,
    arg: Sequence[Any],
    timeout: float | None,
    tgt_type: str,
    ret: str,
    kwarg: dict[str, Any] | None,
    more: dict[str, Any],
) -> Job:
    """Return a job; ``more`` are further keywords. Raises TypeError for one that nobody knows."""
    _check(more, _KNOWN)
    return Job(
        tgt=target(tgt, tgt_type),
        fun=fun if isinstance(fun, str) else list(fun),
        arg=[list(each) for each in arg] if not isinstance(fun, str) else _arguments(arg, kwarg),
        tgt_type=tgt_type,
        delimiter=str(more.get("delimiter") or ":"),
        timeout=timeout,
        deadline=more.get("deadline"),
        ret=ret,
        extra={name: more[name] for name in _EXTRA if more.get(name)},
    )


def target(tgt: Target, tgt_type: str) -> str | list[str]:
    """Return a target as it travels: a list of ids may have been written as one text."""
    if tgt_type == "list" and isinstance(tgt, str):
        return split_list(tgt)
    return tgt if isinstance(tgt, str) else list(tgt)


def split_list(text: str) -> list[str]:
    """Return the ids of a list that is one text: with commas between them, or else blanks."""
    return [each.strip() for each in text.split(",")] if "," in text else text.split()


def _arguments(arg: Sequence[Any], kwarg: dict[str, Any] | None) -> list[Any]:
    # One argument may come without a list around it, as Salt's users write it.
    words = [arg] if isinstance(arg, str | bytes) else list(arg)
    return [*words, {"__kwarg__": True, **kwarg}] if kwarg else words


def _check(names: Collection[str], known: Collection[str]) -> None:
    for name in names:
        if name not in known:
            import difflib

            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else "; arguments of the function: kwarg"
            raise TypeError(f"no keyword of this call is {name!r}{hint}")
