"""
Read the arguments of LocalClient's verbs: what job they mean, and who asks for it.

Source: Salt 3008.3, client/__init__.py: names of keywords.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any  # arguments are any msgpack value

from txsalt.client.credentials import Password, Proof, Token
from txsalt.client.steps import Job, split_list

Target = str | list[str] | tuple[str, ...]
Function = str | list[str] | tuple[str, ...]

# Of Salt's keyword arguments those that travel in the publication.
_EXTRA = ("metadata", "module_executors", "executor_opts", "ret_config", "ret_kwargs")
_LOGIN = ("token", "eauth", "username", "password")
_OURS = ("deadline", "delimiter", "full_return")
# They change how Salt's own programs show a job, and nothing here.
_NO_MATTER = ("hide_timeout", "listen", "progress", "show_jid", "show_timeout", "verbose")
_KNOWN = frozenset((*_EXTRA, *_LOGIN, *_OURS, *_NO_MATTER))
_OF_A_JOB_THAT_IS_THERE = frozenset(
    (*_LOGIN, *_NO_MATTER, "block", "expect_minions", "tgt", "tgt_type")
)
_KINDS = frozenset(
    """
    compound compound_pillar_exact glob grain grain_pcre ipcidr list nodegroup pcre pillar
    pillar_exact pillar_pcre range
    """.split()  # noqa: SIM905 - one reads a text better than a list of quoted names
)
# Arguments of verbs, which may be meant by a name that is none.
_NAMED = frozenset(
    ("arg", "batch", "fun", "jid", "kwarg", "ret", "seed", "subset", "tgt", "tgt_type", "timeout")
)


def proof_of(keywords: Mapping[str, Any]) -> Proof | None:
    """
    Return what ``token``, or ``eauth``, ``username`` and ``password`` prove; None without them.

    Raises TypeError if one of the latter is missing, or what is given is empty: nobody asks in
    another name unawares.
    """
    given = {name: str(keywords[name]) for name in _LOGIN if keywords.get(name) is not None}
    if given.get("token"):
        return Token(given["token"])
    if not given:
        return None
    if list(given) == ["token"]:
        raise TypeError("the token is empty")
    missing = [name for name in _LOGIN[1:] if not given.get(name)]
    if missing:
        raise TypeError(f"a login needs {' and '.join(missing)} as well")
    return Password(given["eauth"], given["username"], given["password"])


def own_proof(login: Mapping[str, Any]) -> Proof | None:
    """Return what a client's own keywords prove, which are a login's and no others; as above."""
    _check(login, frozenset(_LOGIN), frozenset(["config", "config_dir"]))
    return proof_of(login)


def check_following(more: Collection[str]) -> None:
    """Raise TypeError for a keyword that nobody knows who follows a job."""
    _check(more, _OF_A_JOB_THAT_IS_THERE, frozenset(["jid", "minions", "timeout"]))


def make_job(
    tgt: Target,
    fun: Function,
    arg: Sequence[Any] = (),
    timeout: float | None = None,
    tgt_type: str = "glob",
    ret: str = "",
    kwarg: dict[str, Any] | None = None,
    **more: Any,
) -> Job:
    """
    Return the job that a verb's arguments mean.

    Raises TypeError for a keyword of no verb and a target or time that is none, ValueError for an
    unknown kind of target.
    """
    _check(more, _KNOWN, _NAMED)
    _check_target(tgt, tgt_type)
    if timeout is not None and not isinstance(timeout, int | float):
        raise TypeError(f"timeout is a number of seconds, not {timeout!r}")
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


def _check_target(tgt: object, tgt_type: str) -> None:
    if not isinstance(tgt, str | list | tuple):
        raise TypeError(f"a target is a text or a list of ids, not {tgt!r}")
    if tgt_type not in _KINDS:
        raise ValueError(f"no kind of target is {tgt_type!r}{_near(tgt_type, _KINDS)}")


def _near(name: object, known: Collection[str]) -> str:
    import difflib

    near = difflib.get_close_matches(str(name), sorted(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _arguments(arg: Sequence[Any], kwarg: dict[str, Any] | None) -> list[Any]:
    # One argument may come without a list around it, as Salt's users write it.
    words = [arg] if isinstance(arg, str | bytes) else list(arg)
    return [*words, {"__kwarg__": True, **kwarg}] if kwarg else words


def _check(names: Collection[str], known: frozenset[str], named: frozenset[str]) -> None:
    for name in names:
        if name not in known:
            hint = _near(name, (known | named) - {*_NO_MATTER})
            if not hint and "kwarg" in named:
                hint = "; arguments of the function go into kwarg"
            raise TypeError(f"no keyword of this call is {name!r}{hint}")
