"""
Look up users, make and delete them.

Functions that change something return True or False; the job fails with the exit code of the tool.
``root`` is a file tree to work on instead of this machine.

Source: Salt 3008.3, modules/useradd.py.
"""

import re
from pathlib import Path
from typing import Any  # ids come as numbers or text

from txsalt.jobs.errors import CommandExecutionError
from txsalt.modules._accounts import (
    find_group,
    find_user,
    group_names,
    user_info,
    users,
)
from txsalt.modules._tool import need, operand, operands, run_tool


def info(name: str, root: str | None = None) -> dict[str, Any]:
    """
    Return a user: name, uid, gid, groups, home, shell, passwd, fullname, roomnumber, …; or {}.

    CLI Example: txsalt-cli '*' user.info root
    """
    entry = find_user(str(name), root)
    return {} if entry is None else user_info(entry, root)


def getent(refresh: bool = False, root: str | None = None) -> list[dict[str, Any]]:
    """
    Return all users as info does; remembered while the job runs, unless ``refresh``.

    CLI Example: txsalt-cli '*' user.getent
    """
    if refresh or "user.getent" not in __context__:
        __context__["user.getent"] = [user_info(each, root) for each in users(root)]
    return __context__["user.getent"]


def list_users(root: str | None = None) -> list[str]:
    """
    Return the names of all users, sorted.

    CLI Example: txsalt-cli '*' user.list_users
    """
    return sorted(each.pw_name for each in users(root))


def list_groups(name: str) -> list[str]:
    """
    Return the names of the groups that a user is in, sorted.

    CLI Example: txsalt-cli '*' user.list_groups www-data
    """
    return group_names(str(name))


def primary_group(name: str) -> str:
    """
    Return the name of a user's first group.

    CLI Example: txsalt-cli '*' user.primary_group www-data
    """
    return run_tool(__salt__, ["id", "-g", "-n", operand(name)], redirect_stderr=True).stdout


def get_loginclass(name: str) -> bool:
    """Return False: there are no login classes on Linux."""
    return False


def add(
    name: str,
    uid: Any = None,
    gid: Any = None,
    groups: Any = None,
    home: str | None = None,
    shell: str | None = None,
    unique: bool = True,
    system: bool = False,
    fullname: str = "",
    roomnumber: str = "",
    workphone: str = "",
    homephone: str = "",
    other: str = "",
    createhome: bool = True,
    loginclass: str | None = None,
    nologinit: bool = False,
    root: str | None = None,
    usergroup: bool | None = None,
    local: bool = False,
) -> bool:
    """
    Make a user; False if useradd refuses.

    unique=False allows an id that another has; usergroup says whether a group of the same name is
    made; nologinit leaves lastlog alone; local uses the tools of libuser.

    CLI Example: txsalt-cli '*' user.add name <uid> <gid> <groups> <home> <shell>
    """
    argv: list[Any] = ["luseradd" if local else "useradd"]
    argv += ["-s", shell] if shell else []
    argv += ["-u", uid] if uid not in (None, "") else []
    argv += _group_option(name, gid, groups, usergroup, local)
    argv += [("-n" if local else "-N")] if usergroup is False else []
    argv += ([] if local else ["-m"]) if createhome else ["-M"]
    argv += ["-l"] if nologinit else []
    argv += ["-d", home] if home is not None else []
    argv += [] if unique else ["-o"]
    argv += ["-r"] if system else []
    argv += ["-R", root] if root is not None and not local else []
    need(argv[0])
    if run_tool(__salt__, [*argv, operand(name)]).retcode:
        return False
    _complete(name, groups, root, fullname, roomnumber, workphone, homephone, other)
    return True


def delete(
    name: str,
    remove: bool = False,
    force: bool = False,
    root: str | None = None,
    local: bool = False,
) -> bool:
    """
    Delete a user; with ``remove`` also the home and mail, with ``force`` even while logged in.

    CLI Example: txsalt-cli '*' user.delete name remove=True force=True
    """
    argv = ["luserdel" if local else "userdel"]
    argv += ["-r"] if remove else []
    argv += ["-f"] if force and not local else []
    argv += ["-R", root] if root is not None and not local else []
    need(argv[0])
    done = run_tool(__salt__, [*argv, operand(name)])
    # Debian's userdel exits with 12 if the user, now deleted, had no mail file.
    no_mail = done.retcode == 12 and re.search(r"var/(spool/)?mail", done.stderr)
    return done.retcode == 0 or bool(no_mail)


def _group_option(
    name: str, gid: Any, groups: Any, usergroup: bool | None, local: bool
) -> list[Any]:
    if gid not in (None, ""):
        return ["-g", gid]
    if usergroup:
        return [] if local else ["-U"]
    names = groups.split(",") if isinstance(groups, str) else groups or []
    if name in names and _makes_user_groups():
        group = find_group(name)
        # useradd refuses to make a group that is there already.
        return ["-g", group.gr_gid] if group is not None else []
    return []


def _makes_user_groups() -> bool:
    try:
        text = Path("/etc/login.defs").read_text(errors="replace")
    except OSError:
        return False
    return re.search(r"^\s*USERGROUPS_ENAB\s+yes\b", text, re.MULTILINE) is not None


def _complete(name: str, groups: Any, root: str | None, *gecos: str) -> None:
    """Set what useradd was not told."""
    if groups:
        __salt__["user.chgroups"](name, groups, root=root)
    names = ("chfullname", "chroomnumber", "chworkphone", "chhomephone", "chother")
    for function, value in zip(names, gecos, strict=True):
        if value:
            __salt__[f"user.{function}"](name, value, root=root)


def rename(name: str, new_name: str, root: str | None = None) -> bool:
    """
    Give a user another name.

    CLI Example: txsalt-cli '*' user.rename name new_name
    """
    if find_user(str(new_name), root) is not None:
        raise CommandExecutionError(f"User '{new_name}' already exists")
    if find_user(str(name), root) is None:
        raise CommandExecutionError(f"User '{name}' does not exist")
    option = ["-R", root] if root is not None else []
    run_tool(__salt__, ["usermod", *option, "-l", *operands([new_name, name])])
    return find_user(str(new_name), root) is not None
