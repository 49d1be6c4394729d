"""
Find files by what they are, and lines by what they say.

Source: Salt 3008.3, modules/file.py find, grep, patch; utils/find.py.
"""

import glob
import os
import shutil
from typing import Any  # users pass whatever they typed

from txsalt.jobs.errors import CommandExecutionError, SaltInvocationError
from txsalt.modules._tool import operand, split_words
from txsalt.modules.file import _find
from txsalt.modules.file._paths import expand


def find(path: str, *args: Any, **kwargs: Any) -> Any:
    """
    Find files below the folders that a shell pattern names; sorted.

    Criteria: name, iname (shell patterns), regex, iregex (of the name), type (letters b c d f l p
    s), owner, group (names or numbers), size ([+-]number[b k m g t]), mtime ([+-]2w3d4h5m6s: at
    least, or with - at most so old), grep (regex in the content), mindepth, maxdepth.
    Actions: print (of path name size type mode mtime user group md5), delete (types as above, a:
    all), exec (a command, {} is the path, no shell). With test=True nothing is deleted or executed.

    CLI Example: txsalt-cli '*' file.find /var/log name=\\*.[0-9] mtime=+30d size=+10m delete
    """
    if "delete" in args:
        kwargs["delete"] = "f"
    elif "print" in args:
        kwargs["print"] = "path"
    try:
        search = _find.parse(kwargs)
    except ValueError as exc:
        return f"error: {exc}"
    found = [item for top in glob.glob(expand(path)) for item in search.run(top)]
    try:
        return sorted(found)
    except TypeError:  # names of users, and numbers of those who have none
        return sorted(found, key=str)


def grep(path: str, pattern: str, *opts: Any) -> dict[str, Any]:
    """
    Run grep on the files that a shell pattern names; return what cmd.run_all does.

    Options come one by one, each begins with - and is separate from its value.

    CLI Example: txsalt-cli '*' file.grep /etc/sysconfig/network-scripts/ifcfg-eth0 ipaddr -- -i
    """
    words = []
    for option in opts:
        parts = split_words(str(option))
        if len(parts) > 1:
            raise SaltInvocationError(f"{option!r}: give options of grep one by one")
        words += parts
    names = glob.glob(expand(path)) or [expand(path)]
    return __salt__["cmd.run_all"](
        ["grep", *words, "-e", pattern, "--", *names], python_shell=False
    )


def patch(originalfile: str, patchfile: str, options: str = "",
          dry_run: bool = False) -> dict[str, Any]:  # fmt: skip
    """
    Run patch on a file or folder; return what cmd.run_all does.

    CLI Example: txsalt-cli '*' file.patch /opt/file.txt /tmp/file.txt.patch
    """
    program = shutil.which("patch")
    if not program:
        raise CommandExecutionError("the program patch is missing; install the package patch")
    words = [program, *split_words(options)]
    if dry_run:
        words.append("--dry-run")
    if not {"-N", "--forward"} & set(words):
        words.append("--forward")
    if not any(word.startswith(("-r", "--reject-file")) for word in words[1:]):
        words.append("--reject-file=-")
    words += ["-i", patchfile]
    if os.path.isdir(originalfile):
        words += ["-d", originalfile]
        if not any(word.startswith(("-p", "--strip=")) for word in words[1:]):
            words.append("--strip=0")
    else:
        words.append(operand(originalfile))
    return __salt__["cmd.run_all"](words, python_shell=False)
