"""
Play calls of execution functions in folders of their own, and tell what came of each.

Run as a program by the Python of an environment of real Salt, it plays a list of calls (JSON on
standard input: {"folder", "calls"}) with Salt's functions and writes the outcomes as JSON. It
imports nothing of ours, as nothing of ours is installed there.
"""

import json
import os
import shutil
import stat
import sys
from collections.abc import Callable
from typing import Any

GRAINS = {"kernel": "Linux", "os_family": "Debian", "os": "Debian"}
HERE = "{here}"  # stands for the folder of the call in arguments and outcomes


def play(find: Callable[[str], Callable[..., Any]], call: dict[str, Any], folder: str) -> Any:
    """
    Make the files of a call, call its function, and give {"value" or "error", "tree"}.

    A call is {"fun", "args", "kwargs", "files": {name: text, or None for a folder}, "links"}, and
    may have "raw" (the texts are bytes), "only" (fields of the answer), "unordered" and "treeless".
    """
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for name, text in call.get("files", {}).items():
        path = os.path.join(folder, name)
        if text is None:
            os.makedirs(path, exist_ok=True)
            continue
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(text.encode("latin-1") if call.get("raw") else text.encode())
        os.chmod(path, 0o640)
    for name, target in call.get("links", {}).items():
        os.symlink(_fill(target, folder), os.path.join(folder, name))
    outcome: dict[str, Any] = {}
    try:
        value = find(call["fun"])(
            *_fill(call.get("args", []), folder), **_fill(call.get("kwargs", {}), folder)
        )
        if call.get("only") and isinstance(value, dict):
            value = {key: value.get(key) for key in call["only"]}
        if call.get("unordered"):
            value = sorted(value)
        outcome["value"] = _clean(value, folder)
    except Exception as exc:
        known = {"CommandExecutionError", "SaltInvocationError"}
        name = type(exc).__name__
        outcome["error"] = name if name in known else "other"
        outcome["text"] = str(exc)
    outcome["tree"] = {} if call.get("treeless") else tree(folder)
    return outcome


def stage_of(folder: str) -> str:
    """Name the folder that calls are played in."""
    return os.path.join(folder, "stage")


def settings(folder: str) -> dict[str, Any]:
    """Give the options that both sides share; the cache is new for each call."""
    stage = stage_of(folder)
    return {
        "file_client": "local",
        "cachedir": os.path.join(stage, "cache"),
        "file_roots": {
            "base": [os.path.join(stage, "roots", "base")],
            "dev": [os.path.join(stage, "roots", "dev")],
        },
    }


def tree(folder: str) -> dict[str, Any]:
    """Give every path of a folder with its mode and content, or where it points."""
    found: dict[str, Any] = {}
    for top, folders, names in os.walk(folder):
        if top == folder and "cache" in folders:
            folders.remove("cache")
        for name in sorted([*folders, *names]):
            path = os.path.join(top, name)
            mode = os.lstat(path).st_mode
            key = os.path.relpath(path, folder)
            if stat.S_ISLNK(mode):
                found[key] = ["link", os.readlink(path).replace(folder, HERE)]
            elif stat.S_ISREG(mode):
                with open(path, "rb") as file:
                    found[key] = [oct(stat.S_IMODE(mode)), file.read().decode("latin-1")]
            else:
                found[key] = [oct(mode)]
    return found


def _fill(value: Any, folder: str) -> Any:
    if isinstance(value, str):
        return value.replace(HERE, folder)
    if isinstance(value, list):
        return [_fill(each, folder) for each in value]
    if isinstance(value, dict):
        return {key: _fill(each, folder) for key, each in value.items()}
    return value


def _clean(value: Any, folder: str) -> Any:
    """Make a value fit for JSON, with the folder's own name taken out."""
    if isinstance(value, str):
        return value.replace(folder, HERE)
    if isinstance(value, bytes):
        return {"bytes": value.decode("latin-1")}
    if isinstance(value, dict):
        return {str(_clean(key, folder)): _clean(each, folder) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(each, folder) for each in value]
    return value


def main() -> None:
    """Play calls with real Salt."""
    import salt.config
    import salt.loader

    asked = json.load(sys.stdin)
    opts = salt.config.minion_config(None)
    opts.update(
        {
            "root_dir": asked["folder"],
            **settings(asked["folder"]),
            "test": False,
            "grains": GRAINS,
        }
    )
    functions = salt.loader.minion_mods(opts, utils=salt.loader.utils(opts))
    place = stage_of(asked["folder"])
    outcomes = [play(functions.__getitem__, call, place) for call in asked["calls"]]
    json.dump(outcomes, sys.stdout)


if __name__ == "__main__":
    main()
