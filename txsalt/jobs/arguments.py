"""
Type the words of the command line, and sort what came into arguments and keywords.

Both ends do a part: the command line gives each word the type that YAML would (``5`` is a number),
and gathers ``name=value`` into one trailing map marked ``__kwarg__``. The minion reads such maps,
and itself makes a keyword of each text of the form ``name=value``.

Source: PROTOCOL.md 12.1.
"""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from txsalt.jobs.errors import InvalidArguments, SaltInvocationError
from txsalt.jobs.flow import NotFlow, read

if TYPE_CHECKING:
    import inspect

MARK = "__kwarg__"

# Not compiled here: the command line pays for what it needs.
_KEYWORD = r"([^\d\W][\w.-]*)=(?!=)(.*)"
_DIGITS_AND_UNDERSCORES = r"[0-9_]*_[0-9_]*"


def parse_words(words: Sequence[str]) -> list[Any]:
    """Turn the words after the function's name into the ``arg`` list of a publication."""
    arg: list[Any] = []
    keywords: dict[str, Any] = {}
    for word in words:
        keyword = split_keyword(word)
        if keyword is None:
            arg.append(_not_a_jid(typed_word(word)))
        else:
            keywords[keyword[0]] = typed_word(keyword[1])
    return [*arg, {MARK: True, **keywords}] if keywords else arg


def split_keyword(word: str) -> tuple[str, str] | None:
    """Split ``name=value``; None for other words, also for ``a==b`` and what has line breaks."""
    match = re.fullmatch(_KEYWORD, word)
    return (match[1], match[2]) if match else None


def typed_word(word: str) -> Any:
    """
    Return the value that a word stands for: that of YAML, where it is sure to be meant.

    Text stays as it is when it has tabs or line breaks, when ``#`` would cut it, when it is a map
    without braces or a list without brackets, and whenever it is no YAML.
    """
    stripped = word.strip()
    if stripped in ("", "---", "...", "!", "|") or any(sign in word for sign in "\t\r\n"):
        return word
    if word == "None":
        return None
    if re.fullmatch(_DIGITS_AND_UNDERSCORES, stripped):
        return word  # YAML would drop the underscores
    try:
        value = read(word)
    except NotFlow:
        return word
    if "#" in word and (value is None or isinstance(value, str)):
        return word  # not a comment: nobody comments an argument
    if isinstance(value, list | dict) and word[0] not in "[{":
        return word
    return value


def load_args_and_kwargs(
    func_signature: "inspect.Signature",
    arg: Sequence[Any],
    publication: Mapping[str, Any] | None = None,
) -> tuple[list[Any], dict[str, Any]]:
    """
    Sort the ``arg`` list of a publication into arguments and keywords for a function.

    A function with ``**kwargs`` also gets each field of the publication as ``__pub_<field>``.
    Raises SaltInvocationError for keywords that the function does not have, and InvalidArguments
    when the call would not fit its signature.
    """
    names, takes_any = _keywords_of(func_signature)
    args, keywords = sort_arguments(arg)
    unknown = [f"{name}={value}" for name, value in keywords.items() if name not in names]
    if unknown and not takes_any:
        listed = ", ".join(unknown)
        raise SaltInvocationError(f"The following keyword arguments are not valid: {listed}")
    if takes_any:
        keywords |= {f"__pub_{name}": value for name, value in (publication or {}).items()}
    try:
        func_signature.bind(*args, **keywords)
    except TypeError as exc:
        raise InvalidArguments(str(exc)) from None
    return args, keywords


def sort_arguments(arg: Sequence[Any]) -> tuple[list[Any], dict[str, Any]]:
    """Sort the ``arg`` list of a publication, whatever the function's signature."""
    args: list[Any] = []
    keywords: dict[str, Any] = {}
    for value in arg:
        found = _keywords_in(value)
        if found is None:
            args.append(value)
        else:
            keywords |= found
    return args, keywords


def _keywords_of(signature: "inspect.Signature") -> tuple[set[str], bool]:
    # Here: who makes calls has it loaded, and the command line, which makes none, saves 6 ms.
    import inspect

    kinds = inspect.Parameter
    named = (kinds.POSITIONAL_OR_KEYWORD, kinds.KEYWORD_ONLY)
    parameters = signature.parameters.values()
    names = {parameter.name for parameter in parameters if parameter.kind in named}
    return names, any(parameter.kind is kinds.VAR_KEYWORD for parameter in parameters)


def _keywords_in(value: Any) -> dict[str, Any] | None:
    """Return the keywords that one entry of ``arg`` holds; None if it is a plain argument."""
    if isinstance(value, dict) and value.get(MARK) is True:
        return {str(name): item for name, item in value.items() if name != MARK}
    keyword = split_keyword(value) if isinstance(value, str) else None
    return None if keyword is None else {keyword[0]: typed_word(keyword[1])}


def _not_a_jid(value: Any) -> Any:
    """Keep job ids as text: as numbers they would not fit into msgpack, nor be found."""
    # By its size: Python writes no number of many thousand digits, which hex digits may make.
    return str(value) if type(value) is int and 10**19 <= value < 10**20 else value
