"""
Change users: ids, home, shell, groups and the parts of the comment field.

Each function returns True if the user is as asked for in the end, which usermod is not run for when
it is so already.

Source: Salt 3008.3, modules/useradd.py.
"""

from typing import Any  # ids come as numbers or text

from txsalt.jobs.errors import CommandExecutionError
from txsalt.modules._accounts import GECOS, find_user, gecos, group_names, user_info
from txsalt.modules._tool import need, operand, run_tool

__virtualname__ = "user"


def chuid(name: str, uid: int, root: str | None = None) -> bool:
    """
    Change the id of a user.

    CLI Example: txsalt-cli '*' user.chuid foo 4376
    """
    return _change(name, "uid", uid, ["-u"], root)


def chgid(name: str, gid: int, root: str | None = None) -> bool:
    """
    Change the first group of a user.

    CLI Example: txsalt-cli '*' user.chgid foo 4376
    """
    return _change(name, "gid", gid, ["-g"], root)


def chshell(name: str, shell: str, root: str | None = None) -> bool:
    """
    Change the shell of a user.

    CLI Example: txsalt-cli '*' user.chshell foo /bin/zsh
    """
    return _change(name, "shell", shell, ["-s"], root)


def chhome(name: str, home: str, persist: bool = False, root: str | None = None) -> bool:
    """
    Change the home of a user; with ``persist`` its files are moved there.

    CLI Example: txsalt-cli '*' user.chhome foo /home/users/foo True
    """
    return _change(name, "home", home, [*(["-m"] if persist else []), "-d"], root)


def chgroups(name: str, groups: Any, append: bool = False, root: str | None = None) -> bool:
    """
    Put a user into groups, a list or names with commas; out of others unless ``append``.

    CLI Example: txsalt-cli '*' user.chgroups foo wheel,root
    """
    wanted = groups.split(",") if isinstance(groups, str) else [str(each) for each in groups]
    if set(wanted) == set(group_names(str(name), root)):
        return True
    need("usermod")
    option = ["-R", root] if root is not None else []
    argv = ["usermod", *option, *(["-a"] if append else []), "-G", ",".join(wanted), operand(name)]
    done = run_tool(__salt__, argv)
    if done.retcode and "not found in" in done.stderr:
        # A user of a directory service: usermod knows files only, gpasswd takes any name.
        added = [run_tool(__salt__, ["gpasswd", "-a", name, operand(group)]) for group in wanted]
        return all(each.retcode == 0 for each in added)
    return done.retcode == 0


def chfullname(name: str, fullname: Any, root: str | None = None) -> bool:
    """
    Change the full name of a user.

    CLI Example: txsalt-cli '*' user.chfullname foo "Foo Bar"
    """
    return _change_gecos(name, "fullname", fullname, root)


def chroomnumber(name: str, roomnumber: Any, root: str | None = None) -> bool:
    """
    Change the room number of a user.

    CLI Example: txsalt-cli '*' user.chroomnumber foo 123
    """
    return _change_gecos(name, "roomnumber", roomnumber, root)


def chworkphone(name: str, workphone: Any, root: str | None = None) -> bool:
    """
    Change the work phone number of a user.

    CLI Example: txsalt-cli '*' user.chworkphone foo 7735550123
    """
    return _change_gecos(name, "workphone", workphone, root)


def chhomephone(name: str, homephone: Any, root: str | None = None) -> bool:
    """
    Change the home phone number of a user.

    CLI Example: txsalt-cli '*' user.chhomephone foo 7735551234
    """
    return _change_gecos(name, "homephone", homephone, root)


def chother(name: str, other: Any, root: str | None = None) -> bool:
    """
    Change the last part of the comment field of a user.

    CLI Example: txsalt-cli '*' user.chother foobar
    """
    return _change_gecos(name, "other", other, root)


def chloginclass(name: str, loginclass: str, root: str | None = None) -> bool:
    """Return False: there are no login classes on Linux."""
    return False


def _change(name: str, key: str, value: Any, option: list[str], root: str | None) -> bool:
    before = _info(name, root)
    if not before:
        raise CommandExecutionError(f"User '{name}' does not exist")
    if before[key] == value:
        return True
    _usermod(root, [*option, value, operand(name)])
    return bool(_info(name, root).get(key) == value)


def _change_gecos(name: str, key: str, value: Any, root: str | None) -> bool:
    text = "" if value is None else str(value)
    entry = find_user(str(name), root)
    if entry is None:
        raise CommandExecutionError(f"User '{name}' does not exist")
    parts = gecos(entry)
    if parts[key] == text:
        return True
    parts[key] = text
    _usermod(root, ["-c", ",".join(parts[each] for each in GECOS).rstrip(","), operand(name)])
    after = find_user(str(name), root)
    return after is not None and gecos(after)[key] == text


def _usermod(root: str | None, words: list[Any]) -> None:
    need("usermod")
    run_tool(__salt__, ["usermod", *(["-R", root] if root is not None else []), *words])


def _info(name: str, root: str | None) -> dict[str, Any]:
    entry = find_user(str(name), root)
    return {} if entry is None else user_info(entry, root)
