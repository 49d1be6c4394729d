"""
Read and change the lines of an fstab; lines that are no entry are kept as they are.

Source: fstab(5); Salt 3008.3, modules/mount.py.
"""

from collections.abc import Mapping, Sequence

from txsalt.jobs.errors import CommandExecutionError, SaltInvocationError

FIELDS = ("device", "name", "fstype", "opts", "dump", "pass_num")

# Any number of these can be mounted from one "device", so the mount point tells them apart.
_BY_NAME = frozenset(
    [
        "none",
        "tmpfs",
        "sysfs",
        "proc",
        "fusectl",
        "debugfs",
        "securityfs",
        "devtmpfs",
        "cgroup",
        "nfs",
        "nfs4",
        "glusterfs",
        "btrfs",
        "ceph",
    ]
)

Entry = dict[str, str]


def read_line(line: str) -> Entry | None:
    """Give the entry of a line; None if it is empty, a comment or has too few or many fields."""
    words = line.split()
    if line.startswith("#") or not 4 <= len(words) <= 6:
        return None
    return dict(zip(FIELDS, words + ["0"] * (6 - len(words)), strict=True))


def escaped(path: str) -> str:
    """Write a device or mount point as fstab has it: blanks in it are octal numbers."""
    return path.replace("\\ ", " ").replace(" ", "\\040").replace("\t", "\\011")


def checked(entry: Entry) -> Entry:
    """
    Give back an entry that is one line when written; raises SaltInvocationError for others.

    A line that cannot be read keeps a machine from booting.
    """
    for key, value in entry.items():
        if len(value.split()) != 1 or value.split()[0] != value:
            raise SaltInvocationError(f"{key} is {value!r}; fstab needs one word")
    return entry


def write_line(entry: Mapping[str, str]) -> str:
    """Give the line of an entry."""
    first = "{device}\t\t{name}\t{fstype}\t{opts}\t".format_map(entry)
    return f"{first}{entry['dump']} {entry['pass_num']}\n"


def same(entry: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """Tell whether an entry has all wanted fields; the order of options does not matter."""
    return all(
        sorted(entry[key].split(",")) == sorted(value.split(","))
        if key == "opts"
        else entry[key] == value
        for key, value in wanted.items()
    )


def criteria(entry: Mapping[str, str], match_on: str | Sequence[str]) -> Entry:
    """
    Give the fields that find the old line of an entry; raises CommandExecutionError.

    "auto" is the mount point for file systems without a device of their own, else the device.
    """
    if match_on == "auto":
        names = ["name"] if entry["fstype"] in _BY_NAME else ["device"]
    elif isinstance(match_on, str):
        names = [match_on]
    elif isinstance(match_on, list | tuple):
        names = list(match_on)
    else:
        raise CommandExecutionError("match_on must be a string or list of strings")
    unknown = [name for name in names if name not in FIELDS]
    if unknown:
        raise CommandExecutionError(f"Unrecognized keys in match_on: {', '.join(unknown)}")
    return {name: entry[name] for name in names}


def change(
    lines: Sequence[str], entry: Entry, match_on: str | Sequence[str], not_change: bool
) -> tuple[str, list[str]]:
    """
    Put an entry in place of the old lines, or at the end.

    Gives "present", "change" or "new", and the lines afterwards.
    """
    wanted = criteria(entry, match_on)
    result = ""
    after = []
    for line in lines:
        found = read_line(line)
        if found is None or not same(found, wanted):
            after.append(line)
        elif not_change or same(found, entry):
            result = "present"
            after.append(line)
        else:
            result = "change"
            after.append(write_line(entry))
    if result:
        return result, after
    if after and not after[-1].endswith("\n"):
        after[-1] += "\n"
    return "new", [*after, write_line(entry)]
