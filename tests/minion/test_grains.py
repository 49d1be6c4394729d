"""Facts about this machine."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from txsalt.minion.grains import distribution, network, versions
from txsalt.minion.grains.collect import collect
from txsalt.wire.pipe import Decoder, encode

ROOT = Path(__file__).parents[2]


class CollectTests(SynchronousTestCase):
    """Sources together."""

    def setUp(self) -> None:
        """Make a configuration folder."""
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.config: dict[str, Any] = {"id": "web-01", "config_dir": str(self.folder)}

    def test_this_machine(self) -> None:
        """
        All grains that targets and states rely on are there.
        """
        grains = collect({**self.config, "enable_fqdns_grains": False})
        needed = [
            "os",
            "os_family",
            "osfullname",
            "osrelease",
            "osrelease_info",
            "osfinger",
            "osarch",
            "kernel",
            "kernelrelease",
            "kernelversion",
            "kernelparams",
            "cpuarch",
            "num_cpus",
            "cpu_model",
            "cpu_flags",
            "mem_total",
            "swap_total",
            "ipv4",
            "ipv6",
            "ip_interfaces",
            "ip4_interfaces",
            "ip6_interfaces",
            "hwaddr_interfaces",
            "fqdn",
            "host",
            "domain",
            "localhost",
            "nodename",
            "fqdn_ip4",
            "fqdn_ip6",
            "fqdns",
            "ip_gw",
            "ip4_gw",
            "ip6_gw",
            "dns",
            "id",
            "master",
            "server_id",
            "virtual",
            "init",
            "locale_info",
            "pythonversion",
            "pythonpath",
            "pythonexecutable",
            "path",
            "systempath",
            "shell",
            "pid",
            "uid",
            "gid",
            "username",
            "groupname",
            "cwd",
            "disks",
            "ssds",
            "num_gpus",
            "gpus",
            "efi",
            "saltversion",
            "saltversioninfo",
            "saltpath",
            "txsaltversion",
            "lsb_distrib_id",
            "transactional",
            "ps",
        ]
        self.assertEqual([name for name in needed if name not in grains], [])
        self.assertIn("127.0.0.1", grains["ipv4"])
        self.assertEqual(grains["ip4_interfaces"]["lo"], ["127.0.0.1"])
        self.assertEqual(grains["num_cpus"], os.cpu_count())
        self.assertEqual(grains["id"], "web-01")
        json.dumps(grains)

    def test_source_that_fails(self) -> None:
        """
        A source that fails is named in the log; the others stand.
        """

        def broken(config: object) -> dict:
            raise ValueError("no such bus")

        with self.assertLogs("txsalt.minion.grains") as logs:
            grains = collect(self.config, {"bus": broken, "fine": lambda config: {"a": 1}})
        self.assertEqual(grains, {"a": 1})
        self.assertIn("grains: bus failed", logs.output[0])

    def test_source_that_hangs(self) -> None:
        """
        A source that hangs is named in the log and does not hold up the others.
        """
        release = threading.Event()
        self.addCleanup(release.set)

        def stuck(config: object) -> dict:
            release.wait()
            return {"late": 1}

        with self.assertLogs("txsalt.minion.grains") as logs:
            grains = collect(
                self.config, {"slow": stuck, "fine": lambda config: {"a": 1}}, limit=0.05
            )
        self.assertEqual(grains, {"a": 1})
        self.assertIn("grains: slow took over 0.05 s", logs.output[0])

    def test_static_grains(self) -> None:
        """
        My own grains win over what was found; the options win over the file.
        """
        (self.folder / "grains").write_text("roles: [web]\na: file\nboth: file\n")
        config = {**self.config, "grains": {"both": "option"}}
        grains = collect(config, {"one": lambda config: {"a": "found", "b": "found"}})
        expected = {"roles": ["web"], "a": "file", "b": "found", "both": "option"}
        self.assertEqual(grains, expected)

    def test_grains_file_that_is_wrong(self) -> None:
        """
        A grains file that is no YAML, or no map, is named in the log and left out.
        """
        for text in ("a: [", "- list\n", "\x00\x01"):
            (self.folder / "grains").write_text(text)
            with self.assertLogs("txsalt.minion.grains") as logs:
                self.assertEqual(collect(self.config, {"none": lambda config: {}}), {})
            self.assertIn(str(self.folder / "grains"), logs.output[0])

    def test_empty_grains_file(self) -> None:
        """
        An empty grains file is no mistake.
        """
        (self.folder / "grains").write_text("")
        self.assertEqual(collect(self.config, {"none": lambda config: {}}), {})


class ProgramTests(SynchronousTestCase):
    """python -m txsalt.minion.grains."""

    def test_by_hand(self) -> None:
        """
        By hand it prints JSON.
        """
        done = subprocess.run(
            [sys.executable, "-m", "txsalt.minion.grains"],
            cwd=ROOT,
            capture_output=True,
            check=True,
        )
        self.assertEqual(json.loads(done.stdout)["kernel"], os.uname().sysname)

    def test_for_the_daemon(self) -> None:
        """
        The daemon gets one frame; the process id in it is the daemon's own.
        """
        to_child, ours_out = os.pipe()
        ours_in, from_child = os.pipe()
        # The shell puts the pipes where a daemon would, whatever numbers they have here.
        words = f'exec "{sys.executable}" -m txsalt.minion.grains --pipe'
        child = subprocess.Popen(
            ["/bin/bash", "-c", f"{words} 3<&{to_child} 4>&{from_child}"],
            cwd=ROOT,
            pass_fds=(to_child, from_child),
        )
        os.close(to_child)
        os.close(from_child)
        os.write(ours_out, encode({"kind": "hello", "config": {"id": "db-01"}}))
        os.close(ours_out)
        with open(ours_in, "rb") as stream:
            (message,) = Decoder().feed(stream.read())
        self.assertEqual(child.wait(), 0)
        self.assertEqual((message["kind"], message["grains"]["id"]), ("grains", "db-01"))
        self.assertEqual(message["grains"]["pid"], os.getpid())


class DistributionTests(SynchronousTestCase):
    """Names that users target by."""

    def test_known_distributions(self) -> None:
        """
        os, os_family and osfinger are those that Salt users know.
        """
        for release, expected in (
            (
                {"NAME": "Debian GNU/Linux", "ID": "debian", "VERSION_ID": "12"},
                ("Debian", "Debian", "Debian-12"),
            ),
            (
                {"NAME": "Ubuntu", "ID": "ubuntu", "ID_LIKE": "debian", "VERSION_ID": "24.04"},
                ("Ubuntu", "Debian", "Ubuntu-24.04"),
            ),
            (
                {"NAME": "Rocky Linux", "ID": "rocky", "VERSION_ID": "9.4"},
                ("Rocky", "RedHat", "Rocky Linux-9"),
            ),
            (
                {"NAME": "Red Hat Enterprise Linux", "ID": "rhel", "VERSION_ID": "9.4"},
                ("RedHat", "RedHat", "Red Hat Enterprise Linux-9"),
            ),
            (
                {"NAME": "Fedora Linux", "ID": "fedora", "VERSION_ID": "41"},
                ("Fedora", "RedHat", "Fedora Linux-41"),
            ),
            (
                {"NAME": "openSUSE Leap", "ID": "opensuse-leap", "VERSION_ID": "15.6"},
                ("SUSE", "Suse", "Leap-15"),
            ),
            ({"NAME": "Arch Linux", "ID": "arch"}, ("Arch", "Arch", "Arch Linux-")),
            (
                {"NAME": "New Thing", "ID": "new", "ID_LIKE": "debian", "VERSION_ID": "1"},
                ("New Thing", "Debian", "New Thing-1"),
            ),
        ):
            grains = distribution.from_os_release(release)
            found = (grains["os"], grains["os_family"], grains["osfinger"])
            self.assertEqual(found, expected)

    def test_release_in_parts(self) -> None:
        """
        The release is split into numbers.
        """
        grains = distribution.from_os_release({"NAME": "Ubuntu", "VERSION_ID": "24.04"})
        self.assertEqual((grains["osrelease_info"], grains["osmajorrelease"]), ([24, 4], 24))

    def test_lsb(self) -> None:
        """
        lsb-release wins over os-release.
        """
        text = 'DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=24.04\nDISTRIB_DESCRIPTION="Ubuntu 24.04 LTS"\n'
        found = distribution.lsb({"NAME": "Other"}, text)
        self.assertEqual(found["lsb_distrib_id"], "Ubuntu")
        self.assertEqual(found["lsb_distrib_description"], "Ubuntu 24.04 LTS")
        self.assertEqual(distribution.lsb({"NAME": "Other"}, "")["lsb_distrib_id"], "Other")


class NetworkTests(SynchronousTestCase):
    """Resolver and identity."""

    def test_resolv_conf(self) -> None:
        """
        Name servers are told by version; comments and nonsense are passed over.
        """
        text = (
            "# mine\nnameserver 10.0.0.1\nnameserver fe80::1%eth0 ; why\nnameserver nonsense\n"
            "search a.example b.example\noptions ndots:2\ndomain a.example\nsortlist\n"
        )
        found = network.parse_resolv_conf(text)
        self.assertEqual(found["ip4_nameservers"], ["10.0.0.1"])
        self.assertEqual(found["ip6_nameservers"], ["fe80::1%eth0"])
        self.assertEqual(found["search"], ["a.example", "b.example"])
        self.assertEqual((found["options"], found["domain"]), (["ndots:2"], "a.example"))

    def test_server_id(self) -> None:
        """
        The server id follows from the minion's id as it does in Salt.
        """
        self.assertEqual(versions.minion({"id": "web-01"})["server_id"], 2123178878)
