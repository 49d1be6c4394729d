"""Tests of the network module: recorded output of ip and files of the kernel, and this machine."""

import json
import os
import socket

from twisted.trial.unittest import SynchronousTestCase

from tests.modules.tools import FakeTools, load, real
from txsalt.jobs.errors import CommandExecutionError, SaltInvocationError
from txsalt.modules import _routes, _tool

ADDRESSES = json.dumps([
    {"ifname": "lo", "flags": ["LOOPBACK", "UP"], "address": "00:00:00:00:00:00", "addr_info": [
        {"family": "inet", "local": "127.0.0.1", "prefixlen": 8, "scope": "host", "label": "lo"}]},
    {"ifname": "eth0", "link_index": 7, "flags": ["UP"], "address": "02:00:00:00:00:01",
     "addr_info": [
        {"family": "inet", "local": "10.1.0.2", "prefixlen": 16, "broadcast": "10.1.255.255",
         "label": "eth0"},
        {"family": "inet", "local": "10.1.0.3", "prefixlen": 16, "secondary": True,
         "label": "eth0:1"},
        {"family": "inet6", "local": "fe80::1", "prefixlen": 64, "scope": "link"}]},
    {"ifname": "tun0", "link": "eth0", "flags": [], "addr_info": [
        {"family": "inet", "local": "8.8.8.1", "address": "8.8.8.2", "prefixlen": 32}]},
    {},
])  # fmt: skip
ROUTES = """Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT
eth0 00000000 010200C0 0003 0 0 0 00000000 0 0 0
eth0 000200C0 00000000 0001 0 0 0 00FFFFFF 0 0 0
lo 0000007F 00000000 0205 0 0 0 000000FF 0 0 0
"""
ROUTES6 = (
    "fe800000000000000000000000000000 40 00000000000000000000000000000000 00 "
    "00000000000000000000000000000000 00000100 00000002 00000000 00000001 eth0\n"
    "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
    "00000000000000000000000000000000 ffffffff 00000001 00000000 00200200 lo\n"
)


class AddressTests(SynchronousTestCase):
    """Interfaces as ip writes them."""

    def setUp(self) -> None:
        self.tools = FakeTools({"ip -json address show": ADDRESSES})
        self.network = load("network", self.tools)

    def test_interfaces(self) -> None:
        """
        Secondary addresses, peers, parents and interfaces that are down are told of.
        """
        found = self.network.interfaces()
        self.assertEqual(sorted(found), ["eth0", "lo", "tun0"])
        self.assertEqual((found["eth0"]["parent"], found["tun0"]["parent"]), ("if7", "eth0"))
        self.assertEqual(found["eth0"]["inet"][0]["netmask"], "255.255.0.0")
        self.assertEqual(found["eth0"]["secondary"][0]["type"], "inet")
        self.assertEqual(found["tun0"]["inet"][0]["netmask"], "255.255.255.255")
        self.assertFalse(found["tun0"]["up"])

    def test_addresses(self) -> None:
        """
        Addresses are sorted and chosen by interface, network and kind.
        """
        self.assertEqual(self.network.ip_addrs(), ["8.8.8.1", "10.1.0.2", "10.1.0.3"])
        self.assertEqual(self.network.ip_addrs("eth*,lo"), ["10.1.0.2", "10.1.0.3"])
        self.assertEqual(self.network.ip_addrs(type="public"), ["8.8.8.1"])
        self.assertEqual(self.network.ip_addrs("lo", include_loopback=True), ["127.0.0.1"])
        self.assertEqual(self.network.subnets("eth0"), ["10.1.0.0/16"])
        self.assertTrue(self.network.in_subnet("10.1.0.0/16"))
        self.assertEqual(self.network.ifacestartswith("10.1"), ["eth0"])

    def test_broken_ip(self) -> None:
        """
        Output that is not JSON is an error that says so.
        """
        network = load("network", FakeTools({"ip -json": "oops"}))
        self.assertRaises(CommandExecutionError, network.interfaces)


class RouteTests(SynchronousTestCase):
    """Routes as the kernel writes them."""

    def test_routes(self) -> None:
        """
        Addresses are turned round, and flags become letters.
        """
        found = _routes.routes(ROUTES)
        self.assertEqual(found[0]["gateway"], "192.0.2.1")
        self.assertEqual([each["flags"] for each in found], ["UG", "U", "!H"])
        self.assertEqual(found[1]["netmask"], "255.255.255.0")
        found = _routes.routes6(ROUTES6)
        self.assertEqual([each["flags"] for each in found], ["U", "!n"])
        self.assertEqual([each["destination"] for each in found], ["fe80::/64", "::/0"])

    def test_neighbours(self) -> None:
        """
        A neighbour that does not answer has no hardware address.
        """
        text = (
            "IP address HW type Flags HW address Mask Device\n"
            "192.0.2.1 0x1 0x2 02:fc:00:00:00:05 * eth0\n"
            "192.0.2.9 0x1 0x0 00:00:00:00:00:00 * eth0\n"
        )
        known = {"02:fc:00:00:00:05": "192.0.2.1", "<incomplete>": "192.0.2.9"}
        self.assertEqual(_routes.neighbours(text), known)


class ProbeTests(SynchronousTestCase):
    """Other machines are reached by tools and sockets."""

    def test_ping(self) -> None:
        """
        A host can be neither an option nor a command of a shell.
        """
        tools = FakeTools({"ping": (1, "no", "")})
        probe = load("network_probe", tools)
        self.assertFalse(probe.ping("-f; rm host.example", timeout=3, return_boolean=True))
        self.assertEqual(tools.ran, [["ping", "-W", "3", "-c", "4", "frmhost.example"]])
        self.assertRaises(SaltInvocationError, probe.ping, ";;;")

    def test_missing_tool(self) -> None:
        """
        A tool that is missing is named, with the package that has it.
        """
        self.patch(os, "environ", {"PATH": "/nowhere"})
        self.patch(_tool, "_SBIN", ())
        probe = load("network_probe", FakeTools({}))
        exc = self.assertRaises(CommandExecutionError, probe.dig, "example.com")
        self.assertIn(
            "'dig' cannot be found; install the package bind-utils or bind9-dnsutils", str(exc)
        )

    def test_connect(self) -> None:
        """
        A port that listens answers, one that does not is named.
        """
        functions = real()
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            self.assertTrue(functions["network.connect"]("127.0.0.1", port)["result"])
        answer = functions["network.connect"]("127.0.0.1", port, timeout=1)
        self.assertEqual(answer["result"], False)
        self.assertIn(f"on tcp port {port}", answer["comment"])

    def test_traceroute(self) -> None:
        """
        Hops that answer have times, others a star.
        """
        text = (
            "traceroute to x (1.2.3.4), 30 hops max, 60 byte packets\n"
            " 1  gw (10.0.0.1)  0.512 ms  0.6 ms  0.7 ms\n 2  * * *\n"
        )
        probe = load("network_probe", FakeTools({"traceroute": text}))
        self.patch(probe, "need", lambda name: None)
        self.assertEqual(
            probe.traceroute("x"),
            [
                {"count": 1, "hostname": "gw", "ip": "10.0.0.1", "ms1": 0.512, "ms2": 0.6,
                 "ms3": 0.7},
                {"count": 2, "hostname": "*"},
            ],
        )  # fmt: skip

    def test_rename(self) -> None:
        """
        Only the old name is replaced in a line of the hosts file, and blanks stay as they are.
        """
        probe = load("network_probe", FakeTools({}))
        line = "10.0.0.1\told.example  old older\n"
        renamed = probe._renamed(line, {"old", "old.example"}, "new")
        self.assertEqual(renamed, "10.0.0.1\tnew  new older\n")

    def test_wake_up(self) -> None:
        """
        What is no hardware address wakes nobody.
        """
        self.assertRaises(SaltInvocationError, real()["network.wol"], "not one")
