"""
Keep the hosts file (option ``hosts.file``, default /etc/hosts).

Source: Salt 3008.3, modules/hosts.py.
"""

import os
from typing import Any  # an entry is a map, or a list with one comment line

from txsalt.modules._text_file import lines_of, read_text, write_text

Hosts = dict[str, Any]


def list_hosts() -> Hosts:
    """
    Return the entries, {address: {"aliases": [name, …], "comment"?}}, and comment lines.

    Comment lines have keys that count them: {"comment-0": [line]}.

    CLI Example: txsalt-cli '*' hosts.list_hosts
    """
    found: Hosts = {}
    comments = 0
    for line in (each.strip() for each in lines_of(_read())):
        if line.startswith("#"):
            found[f"comment-{comments}"] = [line]
            comments += 1
        elif line:
            words, comment = _split(line)
            if not words:
                continue
            entry = found.setdefault(words[0], {})
            entry.setdefault("aliases", []).extend(words[1:])
            if comment:
                entry["comment"] = comment
    return found


def get_ip(host: str) -> str:
    """
    Return the address of a name, "" if there is none.

    CLI Example: txsalt-cli '*' hosts.get_ip gateway
    """
    entries = list_hosts().items()
    return next((ip for ip, each in entries if host in _aliases(each)), "")


def get_alias(ip: str) -> list[str]:
    """
    Return the names of an address, in the order of the file.

    CLI Example: txsalt-cli '*' hosts.get_alias 127.0.0.1
    """
    return _aliases(list_hosts().get(ip, {}))


def has_pair(ip: str, alias: str | list[str]) -> bool:
    """
    Tell whether an address has a name, or all names of a list.

    CLI Example: txsalt-cli '*' hosts.has_pair 127.0.0.1 localhost
    """
    hosts = list_hosts()
    wanted = set(alias) if isinstance(alias, list) else {alias}
    return ip in hosts and wanted <= set(_aliases(hosts[ip]))


def set_host(ip: str, alias: str, comment: str | None = None) -> bool:
    """
    Make a name, or several with blanks between, the only ones of an address.

    An empty name removes the address.

    CLI Example: txsalt-cli '*' hosts.set_host 10.0.0.9 'db1 db1.example.com'
    """
    new = f"{ip}\t\t{alias}" + (f"\t\t# {comment}" if comment else "") + os.linesep
    new = new if alias.strip() else ""
    lines: list[str] = []
    done = False
    for line in lines_of(_read()):
        if line.split()[:1] != [ip]:
            lines.append(line)
        elif not done:
            lines.append(new)
            done = True
    if not done:
        if lines and not lines[-1].endswith("\n"):
            lines[-1] += os.linesep
        lines.append(new)
    return _write("".join(lines))


def add_host(ip: str, alias: str) -> bool:
    """
    Give an address one more name.

    CLI Example: txsalt-cli '*' hosts.add_host 10.0.0.9 db1
    """
    if has_pair(ip, alias):
        return True
    hosts = list_hosts()
    names = alias if isinstance(alias, list) else [alias]
    hosts.setdefault(ip, {}).setdefault("aliases", []).extend(names)
    return _write(_render(hosts))


def rm_host(ip: str, alias: str) -> bool:
    """
    Remove a name of an address, and the line when it was the last one.

    CLI Example: txsalt-cli '*' hosts.rm_host 10.0.0.9 db1
    """
    if not has_pair(ip, alias):
        return True
    lines = []
    for line in lines_of(_read()):
        words, comment = _split(line.strip())
        if words[:1] != [ip]:
            lines.append(line)
            continue
        kept = [word for word in words[1:] if word != alias]
        if kept:
            note = f"# {comment}" if comment else ""
            lines.append(f"{ip}\t\t{' '.join(kept)} {note}{os.linesep}")
    return _write("".join(lines))


def set_comment(ip: str, comment: str) -> bool:
    """
    Write a comment behind the names of an address; False if there is no such address.

    CLI Example: txsalt-cli '*' hosts.set_comment 10.0.0.9 'the database'
    """
    hosts = list_hosts()
    if ip not in hosts:
        return False
    if hosts[ip].get("comment") == comment:
        return True
    hosts[ip]["comment"] = comment
    return _write(_render(hosts))


def _aliases(entry: Any) -> list[str]:
    return list(entry.get("aliases", [])) if isinstance(entry, dict) else []


def _split(line: str) -> tuple[list[str], str]:
    text, _, comment = line.partition("#")
    return text.split(), comment.lstrip()


def _render(hosts: Hosts) -> str:
    lines = []
    for ip, entry in hosts.items():
        if isinstance(entry, list):
            lines += entry
            continue
        comment = f"\t\t# {entry['comment']}" if entry.get("comment") else ""
        lines.append(f"{ip}\t\t{' '.join(_aliases(entry))}{comment}".strip())
    return "".join(f"{line}{os.linesep}" for line in lines)


def _path() -> str:
    return __salt__["config.option"]("hosts.file") or "/etc/hosts"


def _read() -> str:
    return read_text(_path(), missing="")


def _write(text: str) -> bool:
    write_text(_path(), text)
    return True
