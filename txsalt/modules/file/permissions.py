"""
Bring owner, group, mode and attributes of a file to what they should be.

Source: Salt 3008.3, modules/file.py check_perms, lsattr, chattr.
"""

import os
import re
import shutil
from typing import Any  # users pass names or numbers

from txsalt.jobs.errors import CommandExecutionError, SaltInvocationError
from txsalt.modules.file import attributes
from txsalt.modules.file._paths import expand, octal

_LETTERS = re.compile("[aAcCdDeijPsStTu]")


def check_perms(name: str, ret: dict[str, Any] | None, user: Any, group: Any, mode: Any,
                attrs: str | None = None, follow_symlinks: bool = False,
                seuser: str | None = None, serole: str | None = None, setype: str | None = None,
                serange: str | None = None) -> tuple[dict[str, Any], dict[str, Any]]:  # fmt: skip
    """
    Set what differs of owner, group, mode and attributes; None leaves it as it is.

    Returns ``ret`` (made if empty) with changes, comment and result, and a map with the old values
    (luser, lgroup, lmode) and the new ones that were needed (cuser, cgroup, cmode). With the option
    test nothing is set. SELinux labels are not managed: naming one is a failure.

    CLI Example: txsalt-cli '*' file.check_perms /etc/sudoers '{}' root root 400
    """
    name, mode = expand(name), octal(mode)
    ret = ret or {"name": name, "changes": {}, "comment": "", "result": True}
    said, ret["comment"] = ret["comment"], []
    test = bool(__opts__.get("test"))
    is_link = os.path.islink(name) and not follow_symlinks
    old = attributes.stats(name, follow_symlinks=follow_symlinks)
    perms = {
        "luser": old["uid"] if isinstance(user, int) else old["user"],
        "lgroup": old["gid"] if isinstance(group, int) else old["group"],
        "lmode": old["mode"],
    }
    if user and user not in (old["user"], old["uid"]):
        perms["cuser"] = user
    if group and group not in (old["group"], old["gid"]):
        perms["cgroup"] = group
    if not test:
        _set(name, ret, perms, old, {"user": user, "group": group, "mode": mode, "link": is_link})
    _compare(name, ret, perms, {"user": user, "group": group, "mode": None if is_link else mode},
             follow_symlinks)  # fmt: skip
    if attrs is not None and not os.path.isdir(name) and not is_link:
        _check_attributes(name, ret, attrs)
    if seuser or serole or setype or serange:
        ret["result"] = False
        ret["comment"].append("Failed to get selinux attributes")
    if isinstance(said, str):
        ret["comment"] = "; ".join([said, *ret["comment"]] if said else ret["comment"])
    if test and ret["changes"]:
        ret["result"] = None
    return ret, perms


def lsattr(path: str) -> dict[str, list[str]] | None:
    """
    Return the attributes that chattr sets, as a map from path to letters; None without lsattr.

    CLI Example: txsalt-cli '*' file.lsattr /path/to/file
    """
    if not shutil.which("lsattr"):
        return None
    if not os.path.exists(path):
        raise SaltInvocationError(f"{path}: there is no such file or folder")
    text = __salt__["cmd.run"](["lsattr", "--", path], ignore_retcode=True, python_shell=False)
    found = {}
    for line in text.splitlines():
        letters, _, file = line.partition(" ")
        if file and not line.startswith("lsattr: "):
            found[file.strip()] = _LETTERS.findall(letters)
    return found


def chattr(*files: str, **kwargs: Any) -> bool:
    """
    Add or remove attributes of files; False if chattr complains.

    CLI Example: txsalt-cli '*' file.chattr foo1.txt foo2.txt operator=add attributes=ai
    """
    signs = {"add": "+", "remove": "-"}
    operator, letters = kwargs.get("operator"), kwargs.get("attributes")
    if operator not in signs:
        raise SaltInvocationError("give operator: add or remove")
    if letters is None:
        raise SaltInvocationError(f"give attributes, of {_LETTERS.pattern}")
    words = ["chattr", f"{signs[operator]}{letters}"]
    if kwargs.get("flags") is not None:
        words.append(f"-{kwargs['flags']}")
    if kwargs.get("version") is not None:
        words += ["-v", str(kwargs["version"])]
    return not __salt__["cmd.run"]([*words, "--", *files], python_shell=False)


def _missing(wanted: str, present: list[str]) -> tuple[str, str]:
    """Give the letters to add and those to remove; e (extents) can never be removed."""
    old, new = set(present), set(wanted)
    if "e" in old:
        new.add("e")
    return "".join(sorted(new - old)), "".join(sorted(old - new))


def _set(name: str, ret: dict[str, Any], perms: dict[str, Any], old: dict[str, Any],
         wanted: dict[str, Any]) -> None:  # fmt: skip
    if "cuser" in perms or "cgroup" in perms:
        change = attributes.lchown if wanted["link"] else attributes.chown
        user = old["uid"] if wanted["user"] is None else wanted["user"]
        group = old["gid"] if wanted["group"] is None else wanted["group"]
        try:
            problem = change(name, user, group)
        except CommandExecutionError:
            ret["result"] = False
        else:
            if problem:
                ret["result"] = False
                ret["comment"].append(problem)
            elif not wanted["link"]:
                attributes.set_mode(name, old["mode"])  # the system takes setuid off
    if wanted["mode"] is not None and not wanted["link"] and wanted["mode"] != old["mode"]:
        perms["cmode"] = wanted["mode"]
        attributes.set_mode(name, wanted["mode"])


def _compare(name: str, ret: dict[str, Any], perms: dict[str, Any], wanted: dict[str, Any],
             follow: bool) -> None:  # fmt: skip
    """Write down what changed, what would (test), and what should have but did not."""
    new = attributes.stats(name, follow_symlinks=follow)
    reached = {
        "user": (new["user"], new["uid"]),
        "group": (new["group"], new["gid"]),
        "mode": (new["mode"],),
    }
    for field, value in wanted.items():
        if value is None or (field != "mode" and not value):
            continue
        if value in reached[field]:
            if f"c{field}" in perms:
                ret["changes"][field] = value
        elif __opts__.get("test"):
            ret["changes"][field] = value
        else:
            ret["result"] = False
            ret["comment"].append(f"Failed to change {field} to {value}")


def _check_attributes(name: str, ret: dict[str, Any], wanted: str) -> None:
    present = (lsattr(name) or {}).get(name)
    if present is None:
        return  # no lsattr here, or a file system without attributes
    to_add, to_remove = _missing(wanted, present)
    if not to_add and not to_remove:
        return
    reached = wanted
    if not __opts__.get("test"):
        if to_add:
            chattr(name, operator="add", attributes=to_add)
        if to_remove:
            chattr(name, operator="remove", attributes=to_remove)
        now = (lsattr(name) or {}).get(name, [])
        if any(_missing(wanted, now)):
            ret["result"] = False
            ret["comment"].append(f"Failed to change attributes to {wanted}")
            reached = "".join(now)
    if "".join(present) != reached:
        ret["changes"]["attrs"] = {"old": "".join(present), "new": reached}
