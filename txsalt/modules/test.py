"""
Functions to try the minion with: answer, echo, sleep, fail.
"""

import builtins
import functools
import inspect
import os
import time
import traceback
from typing import Any  # echoes whatever it is given

from txsalt import __version__
from txsalt.jobs import errors

__func_alias__ = {"true_": "true", "false_": "false", "try_": "try"}


def ping() -> bool:
    """
    Answer True: the minion is there and works.

    Not an ICMP ping: the answer travels the whole way of a job.

    CLI Example: txsalt-cli '*' test.ping
    """
    return True


def echo(text: Any) -> Any:
    """
    Return the argument as it came.

    CLI Example: txsalt-cli '*' test.echo 'foo bar baz'
    """
    return text


def version() -> str:
    """
    Return the version of txsalt on the minion.

    The line of Salt that it is compatible with is the grain saltversion.
    """
    return __version__


def versions() -> dict[str, dict[str, str]]:
    """Return the versions of txsalt, of Python and of the libraries beneath."""
    import platform
    from importlib import metadata

    libraries = {}
    for name in ("Twisted", "txZMQ", "pyzmq", "msgpack", "cryptography", "attrs", "PyYAML"):
        try:
            libraries[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            libraries[name] = "Not Installed"
    return {
        "txsalt Version": {"txsalt": __version__},
        "Dependency Versions": {"Python": platform.python_version(), **libraries},
        "System Versions": {"machine": platform.machine(), "release": platform.release()},
    }


def versions_information() -> dict[str, dict[str, str]]:
    """Return the same as test.versions, under its older name."""
    return versions()


def versions_report() -> str:
    """Return the versions as text for a report."""
    lines = []
    for title, entries in versions().items():
        lines.append(f"{title}:")
        lines += [f"{name:>15}: {value}" for name, value in entries.items()]
        lines.append("")
    return "\n".join(lines)


def arg(*args: Any, **kwargs: Any) -> dict[str, Any]:
    """
    Return the arguments as the function got them, the fields of the job included.

    CLI Example: txsalt-cli '*' test.arg 1 "two" 3.1 txt="hello" wow='{a: 1, b: "hello"}'
    """
    return {"args": list(args), "kwargs": kwargs}


def arg_clean(*args: Any, **kwargs: Any) -> dict[str, Any]:
    """Return the arguments as the function got them, without the fields of the job."""
    return {"args": list(args), "kwargs": _clean(kwargs)}


def arg_repr(*args: Any, **kwargs: Any) -> dict[str, str]:
    """Return the arguments as Python would write them."""
    return {"args": repr(args), "kwargs": repr(kwargs)}


def arg_type(*args: Any, **kwargs: Any) -> dict[str, Any]:
    """Return the types of the arguments."""
    return {
        "args": [str(type(each)) for each in args],
        "kwargs": {key: str(type(value)) for key, value in kwargs.items()},
    }


def kwarg(**kwargs: Any) -> dict[str, Any]:
    """
    Return the keyword arguments.

    CLI Example: txsalt-cli '*' test.kwarg num=1 txt="two"
    """
    return kwargs


def sleep(length: Any) -> bool:
    """
    Wait for a number of seconds, then return True.

    CLI Example: txsalt-cli '*' test.sleep 20
    """
    time.sleep(int(length))
    return True


def rand_sleep(max: Any = 60) -> bool:
    """Wait for a random number of seconds up to max, then return True."""
    import random

    time.sleep(random.randint(0, int(max)))  # noqa: S311 - spreading load, no secret
    return True


def exception(message: str = "Test Exception") -> None:
    """Raise an exception with a message."""
    raise Exception(message)


def raise_exception(name: str, *args: Any, **kwargs: Any) -> bool:
    """
    Raise an exception by name: a built-in one, or one like salt.exceptions.CommandExecutionError.

    Returns False if there is no exception of that name.

    CLI Example: txsalt-cli '*' test.raise_exception TypeError "An integer is required"
    """
    if name.startswith(("salt.exceptions.", "txsalt.jobs.errors.")):
        found = getattr(errors, name.rpartition(".")[2], None)
    else:
        found = getattr(builtins, name, None)
    if not (isinstance(found, type) and issubclass(found, Exception)):
        return False
    raise found(*args, **_clean(kwargs))


def retcode(code: int = 42) -> bool:
    """Return True, with an exit code for the job."""
    __context__["retcode"] = code
    return True


def assertion(assertion: Any) -> None:
    """Raise an AssertionError if the argument is false."""
    if not assertion:
        raise AssertionError(assertion)


def true_() -> bool:
    """Return True."""
    return True


def false_() -> bool:
    """Return False."""
    return False


def try_(module: str, return_try_exception: bool = False, **kwargs: Any) -> Any:
    """Call a function; return None, or the exception's text if asked, where it raises."""
    try:
        return __salt__[module](**_clean(kwargs))
    except Exception as exc:
        return str(exc) if return_try_exception else None


def cross_test(func: str, args: Any = None) -> Any:
    """
    Call another function through __salt__.

    CLI Example: txsalt-cli '*' test.cross_test test.echo '["foo"]'
    """
    return __salt__[func](*(args or []))


def conf_test() -> Any:
    """Return the option test.foo, as config.option finds it."""
    return __salt__["config.option"]("test.foo")


def get_opts() -> dict[str, Any]:
    """Return the minion's options."""
    return dict(__opts__)


def opts_pkg() -> dict[str, Any]:
    """Return the minion's options with the grains."""
    return {**__opts__, "grains": dict(__grains__)}


def outputter(data: Any) -> Any:
    """Return the argument; it is shown as plain text."""
    return data


def provider(module: str) -> str:
    """
    Name the file that offers a module.

    CLI Example: txsalt-cli '*' test.provider cmd
    """
    files = {_file_of(__salt__[name]) for name in __salt__.names_of(module)}
    return module if module in files else min(files, default="")


def providers() -> dict[str, str]:
    """Name the file behind every module."""
    return {name: provider(name) for name in sorted({each.split(".")[0] for each in __salt__})}


def not_loaded() -> list[str]:
    """List the modules that are there but did not load on this machine."""
    __salt__.names()  # those not tried yet have no verdict
    return sorted(__salt__.failed_modules())


def module_report() -> dict[str, list[str]]:
    """List all modules and functions."""
    functions = list(__salt__)
    return {
        "functions": functions,
        "modules": sorted({each.split(".")[0] for each in functions}),
        "function_attrs": functions,
        "function_subs": functions,
        "missing_attrs": [],
        "missing_subs": [],
    }


def random_hash(size: int = 9999999999, hash_type: str | None = None) -> str:
    """
    Return the hash of a random number below size.

    CLI Example: txsalt-cli '*' test.random_hash hash_type=sha512
    """
    # Here, as above: who pings loads neither; they take 4 ms.
    import hashlib
    import secrets

    name = hash_type or __opts__.get("hash_type", "sha256")
    return hashlib.new(name, str(secrets.randbelow(int(size))).encode()).hexdigest()


def rand_str(size: int = 9999999999, hash_type: str | None = None) -> str:
    """Return the same as test.random_hash, under its older name."""
    return random_hash(size, hash_type)


def stack() -> str:
    """Return the stack of the call."""
    return "".join(traceback.format_stack())


def tty(*args: Any, **kwargs: Any) -> str:
    """Tell where this function went."""
    return "ERROR: This function has been moved to cmd.tty"


def fib(num: Any) -> tuple[int, float]:
    """
    Return the Fibonacci number and the seconds it took to compute.

    CLI Example: txsalt-cli '*' test.fib 3
    """
    number = int(num)
    if number < 0:
        raise ValueError("Negative number is not allowed!")
    start = time.time()
    low, high = 0, 1
    for _ in range(number):
        low, high = high, low + high
    return low, time.time() - start


def collatz(start: Any) -> tuple[list[int], float]:
    """
    Return the steps from a number down to 1 by the rule of Collatz, and the seconds it took.

    CLI Example: txsalt-cli '*' test.collatz 3
    """
    number = int(start)
    if number < 1:
        raise errors.SaltInvocationError("the start must be 1 or more")
    begin = time.time()
    steps = []
    while number != 1:
        steps.append(number)
        number = number // 2 if number % 2 == 0 else number * 3 + 1
    return steps, time.time() - begin


def _file_of(function: Any) -> str:
    function = function.func if isinstance(function, functools.partial) else function
    path = inspect.getsourcefile(inspect.unwrap(function)) or ""
    folder, file = os.path.split(path)
    top = os.path.dirname(os.path.abspath(__file__))
    # A module of ours that is a folder goes by the name of the folder.
    is_part = os.path.dirname(folder) == top or file == "__init__.py"
    return os.path.basename(folder) if is_part else file.removesuffix(".py")


def _clean(kwargs: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in kwargs.items() if not key.startswith("__")}
