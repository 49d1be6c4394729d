"""
Reach other machines, look up names, and rename this machine.

Source: Salt 3008.3, modules/network.py.
"""

import contextlib
import re
import socket
from pathlib import Path
from typing import Any  # users pass numbers or text

from txsalt.jobs.errors import SaltInvocationError
from txsalt.modules._routes import is_address
from txsalt.modules._text_file import read_text, write_text
from txsalt.modules._tool import check_tool, need, operand, run_tool, which

__virtualname__ = "network"


def ping(host: str, timeout: Any = False, return_boolean: bool = False) -> str | bool:
    """
    Send four echo requests; return what ping wrote, or with ``return_boolean`` whether they return.

    CLI Example: txsalt-cli '*' network.ping archlinux.org return_boolean=True timeout=3
    """
    argv = ["ping", *(["-W", timeout] if timeout else []), "-c", "4", _host(host)]
    done = run_tool(__salt__, argv, redirect_stderr=True)
    return done.retcode == 0 if return_boolean else done.stdout


def connect(host: str, port: Any = None, **kwargs: Any) -> dict[str, Any]:
    """
    Tell whether a port answers: {"result", "comment"}.

    ``proto`` is tcp or udp, ``family`` ipv4 or ipv6, ``timeout`` seconds (5).

    CLI Example: txsalt-cli '*' network.connect archlinux.org 80 timeout=3
    """
    for name, value in (("host", host), ("port", port)):
        if not value:
            return {"result": False, "comment": f"Required argument, {name}, is missing."}
    proto = "udp" if kwargs.get("proto") == "udp" else "tcp"
    families = {"ipv4": socket.AF_INET, "ipv6": socket.AF_INET6}
    family = families.get(kwargs.get("family") or "", socket.AF_UNSPEC)
    kind = socket.SOCK_DGRAM if proto == "udp" else socket.SOCK_STREAM
    try:
        found = socket.getaddrinfo(_host(host), port, family, kind)[0]
    except socket.gaierror:
        comment = f"Unable to resolve host {host} on {proto} port {port}"
        return {"result": False, "comment": comment}
    where = f"{host} ({found[4][0]}) on {proto} port {port}"
    try:
        _reach(found, float(kwargs.get("timeout", 5)))
    except OSError:
        return {"result": False, "comment": f"Unable to connect to {where}"}
    return {"result": True, "comment": f"Successfully connected to {where}"}


def dig(host: str) -> str:
    """
    Ask the name servers for a name; return what dig wrote.

    CLI Example: txsalt-cli '*' network.dig archlinux.org
    """
    need("dig")
    return run_tool(__salt__, ["dig", _host(host)], redirect_stderr=True).stdout


def traceroute(host: str) -> list[dict[str, Any]]:
    """
    Return the hops to a host: count, hostname, ip, ms1, ms2, ms3.

    CLI Example: txsalt-cli '*' network.traceroute archlinux.org
    """
    need("traceroute")
    done = run_tool(__salt__, ["traceroute", _host(host)], timeout=120)
    hops = (re.match(r"\s*(\d+)  (.*)", line) for line in done.stdout.splitlines())
    return [_hop(int(hop[1]), hop[2]) for hop in hops if hop]


def fqdns() -> dict[str, list[str]]:
    """
    Return the names that the addresses of this machine have in reverse: {"fqdns": [name, …]}.

    CLI Example: txsalt-cli '*' network.fqdns
    """
    names = set()
    for address in [*__salt__["network.ip_addrs"](), *__salt__["network.ip_addrs6"]()]:
        with contextlib.suppress(OSError):
            names.add(socket.getfqdn(socket.gethostbyaddr(address)[0]))
    return {"fqdns": sorted(names)}


def wol(mac: str, bcast: str = "255.255.255.255", destport: Any = 9) -> bool:
    """
    Wake up a machine by its hardware address.

    CLI Example: txsalt-cli '*' network.wol 08-00-27-13-69-77
    """
    digits = re.sub(r"[:.-]", "", mac)
    if not re.fullmatch("[0-9A-Fa-f]{12}", digits):
        raise SaltInvocationError(f"not a hardware address: {mac}")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sender.sendto(b"\xff" * 6 + bytes.fromhex(digits) * 16, (bcast, int(destport)))
    return True


def mod_hostname(hostname: str | None) -> bool:
    """
    Rename this machine, now and in /etc/hostname and the hosts file.

    CLI Example: txsalt-cli '*' network.mod_hostname master.example.com
    """
    if hostname is None:
        return False
    before = {socket.gethostname(), socket.getfqdn()} - {"localhost"}
    if Path("/run/systemd/system").is_dir() and which("hostnamectl"):
        if run_tool(__salt__, ["hostnamectl", "set-hostname", operand(hostname)]).retcode:
            return False
    else:
        check_tool(__salt__, ["hostname", operand(hostname)])
        write_text("/etc/hostname", f"{hostname}\n")
    hosts = read_text("/etc/hosts", missing="")
    if hosts:
        write_text("/etc/hosts", _renamed(hosts, before, hostname))
    return True


def get_bufsize(iface: str) -> dict[str, Any]:
    """
    Return the sizes of an interface's buffers, {} where ethtool is missing.

    CLI Example: txsalt-cli '*' network.get_bufsize eth0
    """
    if not which("ethtool"):
        return {}
    found: dict[str, Any] = {"result": False}
    suffix = "-max"
    text = run_tool(__salt__, ["ethtool", "-g", operand(iface)], redirect_stderr=True).stdout
    for line in text.splitlines():
        figure = re.match(r"(.+):\s+(\d+)$", line)
        if figure:
            found[figure[1].lower().replace(" ", "-") + suffix] = int(figure[2])
            found["result"] = True
        elif line.endswith("settings:"):
            suffix = ""
    return found if found["result"] else {**found, "comment": text}


def _reach(found: tuple[Any, ...], timeout: float) -> None:
    family, kind, proto, _, address = found
    with socket.socket(family, kind, proto) as probe:
        probe.settimeout(timeout)
        probe.connect(address)
        if kind == socket.SOCK_DGRAM:
            # Without an answer nobody knows whether a datagram arrived.
            probe.send(b"txsalt")
            probe.recv(255)


def _hop(count: int, text: str) -> dict[str, Any]:
    name = re.match(r"(\S+) \(([^)]+)\)", text)
    times = re.findall(r"([\d.]+) ms", text)
    if not name:
        return {"count": count, "hostname": "*"}
    found = {"count": count, "hostname": name[1], "ip": name[2]}
    return found | {f"ms{at}": float(each) for at, each in enumerate(times, start=1)}


def _host(host: Any) -> str:
    """Give a host as a tool may take it: never an option, never several words."""
    text = str(host)
    if is_address(text):
        return text
    kept = re.sub(r"[^A-Za-z0-9._-]", "", text[:255]).lstrip("-")
    if not kept:
        raise SaltInvocationError(f"not a host: {text!r}")
    return kept


def _renamed(text: str, before: set[str], after: str) -> str:
    return "".join(after if each in before else each for each in re.split(r"(\s+)", text))
