"""
Bring the key of a repository to where apt looks for it.

Source: apt-secure(8), gpg(1); Salt 3008.3, modules/aptpkg.py add_repo_key.
"""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any  # functions of modules take and return whatever they like

from txsalt.jobs.errors import CommandExecutionError, SaltInvocationError
from txsalt.modules._atomic import write_whole
from txsalt.modules._tool import check_tool, operands

_ARMOR = b"-----BEGIN PGP"


def install_key(
    functions: Mapping[str, Any],
    given: Mapping[str, Any],
    signedby: str,
    saltenv: str,
    aptkey: bool,
) -> None:
    """
    Install the key that ``given`` names (key_url, key_text, or keyid and keyserver), if any.

    It goes to the file ``signedby``; without one to apt-key, if ``aptkey`` allows. Raises
    CommandExecutionError, and SaltInvocationError for half of a pair.
    """
    if given.get("keyid") or given.get("keyserver"):
        if not (given.get("keyid") and given.get("keyserver")):
            raise SaltInvocationError("both keyserver and keyid options required.")
        content = _received(functions, given["keyid"], str(given["keyserver"]))
    elif given.get("key_url"):
        place = functions["cp.cache_file"](given["key_url"], saltenv)
        if not place:
            raise CommandExecutionError(f"Error: file not found: {given['key_url']}")
        content = Path(place).read_bytes()
    elif given.get("key_text"):
        content = str(given["key_text"]).encode()
    else:
        return
    if signedby:
        _write(functions, content, signedby)
    elif aptkey:
        with tempfile.NamedTemporaryFile() as file:
            file.write(content)
            file.flush()
            check_tool(functions, ["apt-key", "add", file.name])
    else:
        raise SaltInvocationError("a key needs a file: say signed-by in the repository")


def _write(functions: Mapping[str, Any], content: bytes, path: str) -> None:
    """Write a key in the form that the name of its file means: .asc is text, all else is not."""
    armored = content.lstrip().startswith(_ARMOR)
    if armored != path.endswith(".asc"):
        content = _converted(functions, content, armored)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    write_whole(path, content, new_mode=0o644)


def _converted(functions: Mapping[str, Any], content: bytes, armored: bool) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "in"), Path(folder, "out")
        source.write_bytes(content)
        verb = "--dearmor" if armored else "--enarmor"
        gpg = ["gpg", "--homedir", folder, "--batch", "--yes", "--output", str(target)]
        check_tool(functions, [*gpg, verb, str(source)])
        # gpg calls any armor a file; apt reads keys only.
        return target.read_bytes().replace(b"PGP ARMORED FILE", b"PGP PUBLIC KEY BLOCK")


def _received(functions: Mapping[str, Any], keyid: Any, keyserver: str) -> bytes:
    # YAML reads digits as a number.
    keys = [hex(each) if isinstance(each, int) else str(each)
            for each in (keyid if isinstance(keyid, list) else [keyid])]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        gpg = ["gpg", "--homedir", folder, "--batch"]
        check_tool(functions, [*gpg, "--keyserver", keyserver, "--recv-keys", *operands(keys)])
        target = Path(folder, "keys")
        check_tool(functions, [*gpg, "--output", str(target), "--export", *keys])
        return target.read_bytes()
