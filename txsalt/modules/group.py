"""
Look up groups, make, change and delete them.

Functions that change something return True or False; the job fails with the exit code of the tool.
``root`` is a file tree to work on instead of this machine; ``local`` uses the tools of libuser.

Source: Salt 3008.3, modules/groupadd.py.
"""

from typing import Any  # ids come as numbers or text

from txsalt.modules._accounts import find_group, group_info, groups
from txsalt.modules._tool import need, operand, run_tool


def info(name: str, root: str | None = None) -> dict[str, Any]:
    """
    Return a group: name, gid, passwd, members; or {}.

    CLI Example: txsalt-cli '*' group.info foo
    """
    entry = find_group(str(name), root)
    return {} if entry is None else group_info(entry)


def getent(refresh: bool = False, root: str | None = None) -> list[dict[str, Any]]:
    """
    Return all groups as info does; remembered while the job runs, unless ``refresh``.

    CLI Example: txsalt-cli '*' group.getent
    """
    if refresh or "group.getent" not in __context__:
        __context__["group.getent"] = [group_info(each) for each in groups(root)]
    return __context__["group.getent"]


def add(
    name: str,
    gid: Any = None,
    system: bool = False,
    root: str | None = None,
    non_unique: bool = False,
    local: bool = False,
) -> bool:
    """
    Make a group; ``non_unique`` allows an id that another has.

    CLI Example: txsalt-cli '*' group.add foo 3456
    """
    argv: list[Any] = ["lgroupadd" if local else "groupadd"]
    argv += ["-g", gid] if gid else []
    argv += ["-o"] if gid and non_unique and not local else []
    argv += ["-r"] if system else []
    return _succeeds([*argv, *([] if local else _tree(root)), operand(name)])


def delete(name: str, root: str | None = None, local: bool = False) -> bool:
    """
    Delete a group.

    CLI Example: txsalt-cli '*' group.delete foo
    """
    tool = "lgroupdel" if local else "groupdel"
    return _succeeds([tool, *([] if local else _tree(root)), operand(name)])


def chgid(name: str, gid: int, root: str | None = None, non_unique: bool = False) -> bool:
    """
    Change the id of a group; False if there is no such group, or groupmod refuses.

    CLI Example: txsalt-cli '*' group.chgid foo 4376
    """
    entry = find_group(str(name), root)
    if entry is None:
        return False
    if entry.gr_gid == gid:
        return True
    _succeeds(["groupmod", *_tree(root), *(["-o"] if non_unique else []), "-g", gid, operand(name)])
    after = find_group(str(name), root)
    return after is not None and after.gr_gid == gid


def adduser(name: str, username: str, root: str | None = None) -> bool:
    """
    Put a user into a group.

    CLI Example: txsalt-cli '*' group.adduser foo bar
    """
    return _succeeds(["gpasswd", "--add", username, operand(name), *_long_tree(root)])


def deluser(name: str, username: str, root: str | None = None) -> bool:
    """
    Take a user out of a group; True as well if it was not in it.

    CLI Example: txsalt-cli '*' group.deluser foo bar
    """
    if username not in info(name, root).get("members", []):
        return True
    return _succeeds(["gpasswd", "--del", username, operand(name), *_long_tree(root)])


def members(name: str, members_list: Any, root: str | None = None) -> bool:
    """
    Make users, names with commas between, the only members of a group.

    CLI Example: txsalt-cli '*' group.members foo 'user1,user2,user3'
    """
    names = members_list if isinstance(members_list, str) else ",".join(map(str, members_list))
    return _succeeds(["gpasswd", "--members", names, operand(name), *_long_tree(root)])


def _succeeds(argv: list[Any]) -> bool:
    need(argv[0])
    return run_tool(__salt__, argv).retcode == 0


def _tree(root: str | None) -> list[str]:
    return [] if root is None else ["-R", root]


def _long_tree(root: str | None) -> list[str]:
    return [] if root is None else ["--root", root]
