"""
Calls of the basic modules, made with Salt's functions and with ours; the answers must be the same.

A call is a function, its arguments and keywords. Run as a program by the Python of an environment
of real Salt, this reads {"config", "grains", "pillar", "calls"} on standard input and writes the
answers; it imports nothing of ours, as nothing of ours is installed there.
"""

import json
import sys
from collections.abc import Callable
from typing import Any

Call = tuple[str, list[Any], dict[str, Any]]

GRAINS = {
    "os": "Debian",
    "os_family": "Debian",
    "osrelease": "12",
    "kernel": "Linux",
    "id": "web-01",
    "roles": ["web", "db"],
    "ip4_interfaces": {"eth0": ["10.0.0.1", "10.0.0.2"]},
    "deep": {"a": {"b": 1}},
    "nothing": None,
    "path": "/usr/bin:/bin",
    "shell": "/bin/sh",
}
PILLAR = {
    "pkg": {"apache": "httpd", "vim": {"v": 9}},
    "users": [{"name": "a", "uid": 1}, {"name": "b", "uid": 2}],
    "role": "web",
    "both": "pillar",
    "empty": None,
    "off": False,
}
CONFIG = {"id": "web-01", "mine_interval": 60, "both": "config", "x.y": 5, "x.z": 6}
LOOKUP = {"Deb*": {"a": {"b": 1}, "l": [1]}, "default": 5, "base": {"a": {"c": 2}, "l": [2]}}


def _calls(module: str, *calls: tuple[Any, ...]) -> list[Call]:
    made: list[Call] = []
    for function, *rest in calls:
        keywords = rest.pop() if rest and isinstance(rest[-1], _Keywords) else {}
        made.append((f"{module}.{function}", rest, dict(keywords)))
    return made


class _Keywords(dict[str, Any]):
    """Keywords of a call, to tell them from an argument that is a map."""


def _with(**keywords: Any) -> _Keywords:
    return _Keywords(keywords)


TEST = _calls(
    "test",
    ("ping",),
    ("true",),
    ("false",),
    ("echo", "x"),
    ("echo", {"a": [1, None]}),
    ("echo", 5),
    ("arg", 1, "a", _with(x=1, y="z")),
    ("arg_type", 1, "a", 1.5, None, [1], _with(x={})),
    ("arg_repr", 1, "a", _with(x=None)),
    ("arg_clean", 1, _with(x=2)),
    ("kwarg", _with(a=1, b=2)),
    ("retcode",),
    ("retcode", 7),
    ("outputter", "x"),
    ("assertion", True),
    ("assertion", False),
    ("raise_exception", "ValueError", "x"),
    ("try_", "test.ping"),
    ("try_", "test.assertion", _with(assertion=False)),
    ("echo",),
    ("sleep", 0),
    ("cross_test", "test.ping"),
    ("get_opts", 1),
    ("exception", "boom"),
    ("tty", "x", "y"),
)

CMD = _calls(
    "cmd",
    ("run", "echo hi"),
    ("run", "echo hi; exit 3", _with(python_shell=True)),
    ("run", "echo a b", _with(python_shell=False)),
    ("run", ["echo", "a b", "$HOME"]),
    ("run", "echo $X", _with(env={"X": 5}, python_shell=True)),
    ("run", "echo $X", _with(env=[{"X": "y"}], python_shell=True)),
    (
        "run",
        "env | sort",
        _with(clean_env=True, env={"A": "b"}, shell="/bin/sh", python_shell=True),
    ),
    ("run", "cat", _with(stdin="text")),
    ("run", "cat", _with(stdin="a\\nb")),
    ("run", "cat", _with(stdin="a\\nb", stdin_raw_newlines=True)),
    ("run", "pwd", _with(cwd="/usr")),
    ("run", "pwd", _with(cwd="/no/such")),
    ("run", "echo hi", _with(rstrip=False)),
    ("run", "echo o; echo e >&2", _with(python_shell=True)),
    ("run", "false", _with(ignore_retcode=True)),
    ("run", "false", _with(raise_err=True)),
    ("run", "exit 3", _with(python_shell=True, success_retcodes=[3])),
    ("run", "exit 3", _with(python_shell=True, success_retcodes="3,4")),
    ("run", "echo fine; exit 3", _with(python_shell=True, success_stdout=["fine"])),
    ("run", "echo bad >&2; exit 3", _with(python_shell=True, success_stderr=["bad"])),
    ("run", "sleep 5", _with(timeout=1)),
    ("run", "umask", _with(umask="077", python_shell=True)),
    ("run", "no-such-program-here", _with(python_shell=False)),
    ("run", "echo hi", _with(hide_output=True)),
    ("run", "echo hi", _with(bg=True)),
    ("run", "id -un", _with(runas="no-such-user")),
    ("run", "locale", _with(reset_system_locale=True)),
    ("run", "printf '\\303\\244'", _with(python_shell=True)),
    ("run", "echo hi", _with(output_loglevel="quiet")),
    ("run", "echo hi", _with(prepend_path="/x")),
    ("shell", "echo a | tr a b"),
    ("shell", "echo *; true", _with(python_shell=False)),
    ("shell", "echo o; echo e >&2; exit 3", _with(redirect_stderr=False)),
    ("shell", "exit 3", _with(raise_err=True)),
    ("run", "echo $PATH $SHELL $MAIL", _with(python_shell=True, runas="nobody")),
    ("run_stdout", "echo o; echo e >&2", _with(python_shell=True, redirect_stderr=True)),
    ("run_stderr", "echo o; echo e >&2", _with(python_shell=True, redirect_stderr=True)),
    ("run_stdout", "echo o; echo e >&2", _with(python_shell=True)),
    ("run_stderr", "echo o; echo e >&2", _with(python_shell=True)),
    ("run_all", "echo o; echo e >&2; exit 4", _with(python_shell=True)),
    ("run_all", "echo o; echo e >&2", _with(python_shell=True, redirect_stderr=True)),
    ("retcode", "exit 5", _with(python_shell=True)),
    ("retcode", "true"),
    ("retcode", "false", _with(bg=True)),
    ("run_all", "false", _with(bg=True)),
    ("which", "sh"),
    ("which", "no-such-program"),
    ("which", None),
    ("which_bin", ["nope", "sh"]),
    ("which_bin", "sh"),
    ("has_exec", "sh"),
    ("has_exec", "nope"),
    ("script", "/no/such/script"),
    ("exec_code", "sh", "echo $1 $2", _with(args=["a", "b"])),
    ("exec_code_all", "sh", "echo o; echo e >&2; exit 6"),
    ("exec_code", "sh", "pwd", _with(cwd="/usr")),
)

GRAINS_CALLS = _calls(
    "grains",
    ("get", "os"),
    ("get", "ip4_interfaces:eth0:1"),
    ("get", "deep:a:b"),
    ("get", "x"),
    ("get", "x", 5),
    ("get", "nothing"),
    ("get", "deep/a/b", _with(delimiter="/")),
    ("item", "os", "x"),
    ("item", "deep:a", "roles"),
    ("item", "os", "x", _with(default="d")),
    ("fetch", "deep:a:b"),
    ("has_value", "os"),
    ("has_value", "nothing"),
    ("has_value", "deep:x"),
    ("equals", "os", "Debian"),
    ("equals", "osrelease", 12),
    ("ls",),
    ("items",),
    ("items", _with(sanitize=True)),
    ("filter_by", LOOKUP),
    ("filter_by", LOOKUP, "os"),
    ("filter_by", LOOKUP, "os", _with(base="base")),
    ("filter_by", LOOKUP, "x"),
    ("filter_by", LOOKUP, "x", _with(default="Deb*", merge={"a": {"z": 1}})),
    ("filter_by", {"web": 1, "db": 2}, "roles"),
    ("filter_by", {"db": 2}, "roles"),
    ("filter_by", {}, "os"),
    ("setval", "own", 1),
    ("get", "own"),
    ("setval", "m", {"a": {"b": [1]}}),
    ("get", "m:a:b:0"),
    ("setvals", {"p": 1, "q": None}),
    ("get", "q"),
    ("append", "list", "x"),
    ("append", "list", "y"),
    ("append", "list", "x"),
    ("append", "list", ["v", "w"]),
    ("append", "own", 2),
    ("append", "own", 2, _with(convert=True)),
    ("append", "m:a:b", 2),
    ("append", "new:one", 1),
    ("get", "m"),
    ("remove", "list", "x"),
    ("remove", "list", "nope"),
    ("remove", "p", 1),
    ("set", "s", 1),
    ("set", "s", 1),
    ("set", "s", 2),
    ("set", "s", [1]),
    ("set", "s", [1], _with(force=True)),
    ("set", "s", 5),
    ("set", "t:u:v", 1),
    ("set", "t:u:w", 2),
    ("get", "t"),
    ("set", "t:u:v:x", 3),
    ("set", "t:u:v:x", 3, _with(force=True)),
    ("set", "t", 1),
    ("set", "m:a:b:c", 1),
    ("delval", "p"),
    ("get", "p"),
    ("delkey", "p"),
    ("delkey", "t"),
    ("delkey", "t", _with(force=True)),
    ("get", "t", "gone"),
    ("set", "m:a", None, _with(destructive=True, force=True)),
    ("get", "m"),
)

PILLAR_CALLS = _calls(
    "pillar",
    ("get", "pkg:apache"),
    ("get", "pkg:vim"),
    ("get", "x"),
    ("get", "x", 5),
    ("get", "empty"),
    ("get", "empty", 5),
    ("get", "off", 5),
    ("get", "users:0:name"),
    ("get", "users:uid"),
    ("get", "pkg|apache", _with(delimiter="|")),
    ("get", "pkg", {"vim": {"w": 1}}, _with(merge=True)),
    ("get", "users", [1], _with(merge=True)),
    ("get", "x", {"a": 1}, _with(merge=True)),
    ("get", "pkg", _with(unmask=False)),
    ("get", "users", _with(unmask=False)),
    ("get", "empty", _with(unmask=False)),
    ("get", "off", _with(unmask=False)),
    ("get", "x", 5, _with(unmask=False)),
    ("get", "role", _with(unmask=True)),
    ("item", "role", "pkg", _with(unmask=False)),
    ("raw", _with(unmask=False)),
    ("keys", "pkg", _with(unmask=False)),
    ("fetch", "role"),
    ("item", "pkg:vim:v", "x"),
    ("item", "x", _with(default=5)),
    ("raw",),
    ("raw", "role"),
    ("raw", "x"),
    ("keys", "pkg"),
    ("keys", "x"),
    ("keys", "role"),
    ("filter_by", {"w*": "yes", "default": "no"}, "role"),
    ("filter_by", {"default": "no"}, "x"),
)

CONFIG_CALLS = _calls(
    "config",
    ("get", "mine_interval"),
    ("get", "both"),
    ("get", "os"),
    ("get", "pkg:apache"),
    ("get", "none", 5),
    ("get", "both", _with(omit_opts=True)),
    ("get", "role", _with(omit_pillar=True)),
    ("get", "os", _with(omit_grains=True)),
    ("option", "both"),
    ("option", "none"),
    ("option", "none", 5),
    ("option", "x.*", _with(wildcard=True)),
    ("merge", "both"),
    ("merge", "none", []),
    ("dot_vals", "x"),
    ("manage_mode", "644"),
    ("manage_mode", 755),
    ("manage_mode", "0o755"),
    ("manage_mode", None),
    ("backup_mode",),
    ("backup_mode", "both"),
    ("valid_fileproto", "salt://a"),
    ("valid_fileproto", "x://a"),
    ("valid_fileproto", "/a"),
)

SYS = _calls(
    "sys",
    ("argspec", "test.echo"),
    ("argspec", "test.arg"),
    ("argspec", "cmd.which"),
    ("argspec", "grains.get"),
    ("argspec", "config.option"),
    ("argspec", "nothing.here"),
    ("list_functions", "test.ping"),
    ("list_functions", "nothing.here"),
    ("doc", "nothing.here"),
)

KEY = _calls(
    "key",
    ("finger",),
    ("finger", "md5"),
    ("finger", _with(hash_type="sha512")),
    ("finger_master",),
    ("finger_master", "sha1"),
)

CALLS = [*TEST, *CMD, *GRAINS_CALLS, *PILLAR_CALLS, *CONFIG_CALLS, *SYS, *KEY]


def answers(
    find: Callable[[str], Callable[..., Any]], shared: dict[str, Any], calls: list[Call]
) -> list[dict[str, Any]]:
    """Make the calls; each answer is {"return" or "error", "retcode"}."""
    given = []
    for fun, args, keywords in calls:
        shared.pop("retcode", None)
        try:
            # Written at once: later calls may change the same lists and maps.
            value = json.dumps(find(fun)(*args, **keywords), default=str)
            answer: dict[str, Any] = {"return": json.loads(value)}
        except Exception as exc:
            answer = {"error": type(exc).__name__}
        given.append({**answer, "retcode": shared.get("retcode", 0)})
    return given


def main() -> None:
    """Answer with Salt's functions."""
    import logging

    import salt.config
    import salt.loader
    import salt.utils.secret

    salt.utils.secret.mask_pillar.set(False)
    logging.disable(logging.CRITICAL)
    asked = json.load(sys.stdin)
    opts = salt.config.minion_config(None)
    # "local": grains.setval asks no minion to collect grains anew.
    opts.update(asked["config"], grains=asked["grains"], pillar=asked["pillar"], local=True)
    opts.update(file_client="local")
    context: dict[str, Any] = {}
    utils = salt.loader.utils(opts, context=context)
    functions = salt.loader.minion_mods(opts, context=context, utils=utils)
    print(json.dumps(answers(functions.__getitem__, context, asked["calls"]), default=str))


if __name__ == "__main__":
    main()
