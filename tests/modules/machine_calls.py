"""
Calls about this machine that must answer the same with us and with Salt.

``same`` answers are equal, and so is the exit code that they give the job; ``alike`` ones change
from moment to moment and have the same keys, at two levels. What differs on purpose is not here:

* service.get_all on sysv: names such as x11-common stay whole; asking for the runlevel does not
  fail the job.
* cron.set_job and set_special without identifier: "present" when nothing changes, not "updated".
* disk.usage with options that make sizes unreadable to programs: entries, not {}.
* pkg.latest_version of several names, one unknown: a map, as for others.
* pkg.hold of an unknown package: a failure.
* user.chfullname and the like of an unknown user: an error that says so, not a traceback.
* system.get_computer_desc where systemd does not run: from /etc/machine-info.
* user.rename: True when it renamed.
* status.netstats: the last figure of each line as well.
"""

from typing import Any

Call = tuple[str, list[Any], dict[str, Any], str]

USER, RENAMED, GROUP = "txsthrow", "txsthrown", "txsgroup"
ROOT = "root"
FSTAB = "{here}/fstab"


def same(fun: str, *args: Any, **kwargs: Any) -> Call:
    """Write down a call whose answers are equal."""
    return fun, list(args), kwargs, "same"


def alike(fun: str, *args: Any, **kwargs: Any) -> Call:
    """Write down a call whose answers have the same keys."""
    return fun, list(args), kwargs, "alike"


def otherwise(fun: str, *args: Any, **kwargs: Any) -> Call:
    """Write down a call whose answers differ on purpose, made for what it does."""
    return fun, list(args), kwargs, "otherwise"


NETWORK = [
    *[same(f"network.{name}") for name in ["interfaces", "ip_addrs", "ip_addrs6", "ipaddrs"]],
    *[same(f"network.{name}") for name in ["subnets", "subnets6", "ip_networks", "ip_networks6"]],
    *[same(f"network.{name}") for name in ["routes", "default_route", "get_hostname", "get_fqdn"]],
    same("network.interface", "lo"),
    same("network.interface", "nope"),
    same("network.interface_ip", "lo"),
    same("network.hw_addr", "lo"),
    same("network.hwaddr", "nope"),
    same("network.ip_addrs", include_loopback=True),
    same("network.ip_addrs", "lo*", True),
    same("network.ip_addrs", type="private"),
    same("network.ip_addrs", cidr="127.0.0.0/8", include_loopback=True),
    same("network.ip_addrs6", include_loopback=True),
    same("network.ip_networks", verbose=True, include_loopback=True),
    same("network.in_subnet", "192.0.2.0/24"),
    same("network.in_subnet", "bad"),
    same("network.ip_in_subnet", "172.17.0.4", "172.16.0.0/12"),
    same("network.calc_net", "172.17.0.5", "255.255.255.240"),
    same("network.calc_net", "2a02:f6e:a000:80:84d8:8332:7866:4e07/64"),
    same("network.convert_cidr", "172.31.0.7/16"),
    same("network.is_private", "10.0.0.3"),
    same("network.is_private", "x"),
    same("network.is_loopback", "127.0.0.1"),
    same("network.reverse_ip", "10.0.0.3"),
    same("network.iphexval", "10.0.0.1"),
    same("network.ifacestartswith", "127"),
    same("network.get_route", "127.0.0.1"),
    same("network.routes", "inet6"),
    same("network.routes", "bad"),
    same("network.connect", "127.0.0.1", 1),
    same("network.connect", "", 1),
    same("network.connect", "127.0.0.1"),
]

DISKS = [
    alike("disk.usage"),
    alike("disk.inodeusage"),
    alike("disk.percent"),
    same("disk.percent", "/nope"),
    same("disk.usage", "!"),
    same("disk.inodeusage", "z"),
    same("disk.blkid"),
    same("disk.fstype", "/dev/nope"),
    same("disk.dump", "/dev/nope"),
    same("mount.active"),
    same("mount.active", extended=True),
    same("mount.swaps"),
    same("mount.is_mounted", "/"),
    same("mount.is_mounted", "/nope"),
    same("mount.umount", "/nope"),
    same("mount.mount", "/nope", "/dev/nope"),
    same("mount.swapoff", "/nope"),
    same("mount.get_mount_from_path", "/proc/self"),
    same("mount.get_device_from_path", "/"),
    same("mount.is_fuse_exec", "ls"),
    same("mount.is_fuse_exec", "nope"),
]

FILES = [
    same("hosts.list_hosts"),
    same("hosts.get_ip", "a"),
    same("hosts.get_ip", "zz"),
    same("hosts.get_alias", "10.0.0.1"),
    same("hosts.get_alias", "10.9.9.9"),
    same("hosts.has_pair", "10.0.0.1", "a"),
    same("hosts.has_pair", "10.0.0.1", ["a", "b"]),
    same("hosts.set_host", "10.0.0.2", "x y", "why"),
    same("hosts.add_host", "10.0.0.2", "z"),
    same("hosts.rm_host", "10.0.0.1", "a"),
    same("hosts.rm_host", "10.0.0.1", "nope"),
    same("hosts.set_comment", "10.0.0.2", "new"),
    same("hosts.set_comment", "10.0.0.2", "new"),
    same("hosts.set_comment", "9.9.9.9", "new"),
    same("hosts.add_host", "10.0.0.9", "q"),
    same("hosts.set_host", "10.0.0.1", " "),
    same("hosts.list_hosts"),
    same("mount.fstab"),
    same("mount.set_fstab", "/mnt/a", "/dev/sda1", "ext4", config="{here}/none"),
    same("mount.set_fstab", "/mnt/a", "/dev/sda1", "ext4", config=FSTAB),
    same("mount.set_fstab", "/mnt/a", "/dev/sda1", "ext4", config=FSTAB),
    same("mount.set_fstab", "/mnt/b", "/dev/sda1", "ext4", "noatime,ro", config=FSTAB),
    same("mount.set_fstab", "/mnt/b", "/dev/sda1", "ext4", "ro,noatime", config=FSTAB),
    same("mount.set_fstab", "/mnt/b", "/dev/sda1", "ext4", "rw", config=FSTAB, not_change=True),
    same("mount.set_fstab", "/mnt/b", "/dev/sda1", "ext4", "rw", config=FSTAB, test=True),
    same("mount.set_fstab", "/mnt/b", "x", "ext4", "rw", config=FSTAB, match_on="name"),
    same("mount.set_fstab", "/mnt/b", "x", "ext4", config=FSTAB, match_on="bad"),
    same("mount.set_fstab", "/mnt/t", "tmpfs", "tmpfs", ["size=1m"], config=FSTAB),
    same("mount.set_fstab", "/mnt/u", "tmpfs", "tmpfs", config=FSTAB),
    same("mount.rm_fstab", "/mnt/t", "tmpfs", FSTAB),
    same("mount.rm_fstab", "/mnt/nope", "tmpfs", FSTAB),
    same("mount.fstab", FSTAB),
    same("mount.write_mount_cache", "/mnt/a", "/dev/a", True, "ext4", "defaults"),
    same("mount.read_mount_cache", "/mnt/a"),
    same("mount.delete_mount_cache", "/mnt/a"),
    same("mount.delete_mount_cache", "/mnt/a"),
    same("mount.read_mount_cache", "/mnt/a"),
]

CRON = [
    same("cron.list_tab", ROOT),
    same("cron.set_job", ROOT, "*", "*", "*", "*", 1, "/bin/weekly"),
    same("cron.set_job", ROOT, "5", "*", "*", "*", 1, "/bin/weekly"),
    same("cron.set_job", ROOT, "5", 4, "*", "*", 1, "/bin/x", identifier="X", comment="two\nlines"),
    same("cron.set_job", ROOT, "5", 4, "*", "*", 1, "/bin/x", identifier="X"),
    same("cron.set_job", ROOT, "5", 4, "*", "*", 1, "/bin/y", identifier="X"),
    same("cron.set_job", ROOT, "5", 4, "*", "*", 1, "/bin/y", identifier="X", commented=True),
    same("cron.set_job", ROOT, "1", "*", "*", "*", "*", "/bin/weekly", identifier="W"),
    same("cron.raw_cron", ROOT),
    same("cron.list_tab", ROOT),
    same("cron.set_special", ROOT, "@daily", "/bin/d", identifier="D"),
    same("cron.set_special", ROOT, "@daily", "/bin/d", identifier="D"),
    same("cron.set_special", ROOT, "@hourly", "/bin/d", identifier="D"),
    same("cron.set_special", ROOT, "@reboot", "/bin/y", identifier="X"),
    same("cron.raw_cron", ROOT),
    same("cron.set_job", ROOT, 1, 2, 3, 4, 5, "/bin/d", identifier="D"),
    same("cron.raw_cron", ROOT),
    same("cron.set_env", ROOT, "A", "b"),
    same("cron.set_env", ROOT, "A", "b"),
    same("cron.set_env", ROOT, "A", "c"),
    same("cron.set_env", ROOT, "E"),
    same("cron.raw_cron", ROOT),
    same("cron.rm_env", ROOT, "A"),
    same("cron.rm_env", ROOT, "A"),
    same("cron.get_entry", ROOT, "D"),
    same("cron.get_entry", ROOT, cmd="/bin/d"),
    same("cron.get_entry", ROOT, "nope"),
    same("cron.rm_job", ROOT, "/bin/d", identifier="D", minute=9),
    same("cron.rm_job", ROOT, "/bin/d", identifier="D", minute=1),
    same("cron.rm", ROOT, "/bin/nope"),
    same("cron.rm_special", ROOT, "/bin/y", identifier="X"),
    same("cron.rm_special", ROOT, "/bin/nope"),
    same("cron.ls", ROOT),
]

PACKAGES = [
    same("pkg.list_pkgs"),
    same("pkg.list_pkgs", removed=True),
    same("pkg.list_pkgs", versions_as_list=True),
    same("pkg.list_repos"),
    same("pkg.get_selections"),
    same("pkg.get_selections", "bash", state="hold"),
    same("pkg.version", "bash"),
    same("pkg.version", "nope"),
    same("pkg.version", "bash", "nope"),
    same("pkg.version", "bas*"),
    same("pkg.list_repo_pkgs", "bash", "nope"),
    same("pkg.latest_version", "bash", refresh=False),
    same("pkg.latest_version", "bash", refresh=False, show_installed=True),
    same("pkg.list_upgrades", refresh=False),
    same("pkg.version_cmp", "1.0", "1.1"),
    same("pkg.version_cmp", "2:1.0", "1.1"),
    same("pkg.version_cmp", "2:1.0", "1.0", ignore_epoch=True),
    same("pkg.version_cmp", "1.0~rc1", "1.0"),
    same("pkg.owner", "/bin/bash"),
    same("pkg.owner", "/nope"),
    same("pkg.owner", "/usr/bin/dpkg", "/nope"),
    same("pkg.which", "/usr/bin/dpkg"),
    same("pkg.which", "/nope"),
    same("pkg.file_list", "bash"),
    same("pkg.file_dict", "hostname"),
    same("pkg.file_list", "nope"),
    alike("pkg.info_installed", "bash"),
    same("pkg.info_installed", "nope"),
    same("pkg.info_installed", "nope", failhard=False),
    same("pkg.normalize_name", "bash:amd64"),
    same("pkg.parse_arch", "bash:amd64"),
    same("pkg.remove", "nope"),
    same("pkg.purge", "nope"),
    same("pkg.install"),
    same("pkg.hold"),
    same("pkg.unhold", "nope"),
    same("pkg.show", "bash", filter="version,section"),
    same("pkg.autoremove", list_only=True),
    same("pkg.set_selections", selection={"bad": ["x"]}),
]

PROCESSES = [
    *[alike(f"ps.{name}") for name in ["cpu_times", "virtual_memory", "network_io_counters"]],
    *[same(f"ps.{name}") for name in ["num_cpus", "boot_time", "total_physical_memory"]],
    *[same(f"ps.{name}") for name in ["disk_partitions", "get_users"]],
    alike("ps.disk_usage", "/"),
    same("ps.proc_info", 1, ["pid", "name"]),
    same("ps.proc_info", 99999999),
    same("ps.kill_pid", 99999999),
    same("ps.pgrep", "no such thing"),
    same("ps.pkill", "no such thing"),
    same("ps.status", "nope"),
    same("ps.status", ""),
    same("ps.disk_io_counters", "nope"),
    same("ps.network_io_counters", "nope"),
    same("ps.boot_time", "%Y"),
    same("ps.psaux", "no such thing at all"),
    same("ps.ss", "nothing like it"),
    *[alike(f"status.{name}") for name in ["diskstats", "netdev"]],
    same("status.w"),
    same("status.custom"),
    same("system.get_system_date", "-0500"),
    same("system.get_system_date", "bad"),
    same("system.set_system_time", "bad"),
    same("system.set_system_date", "bad"),
    same("system.get_computer_name"),
    same("system.has_settable_hwclock"),
]

LOOKING_AT_ACCOUNTS = [
    same("user.list_users"),
    same("user.getent"),
    same("group.getent"),
    same("user.info", "root"),
    same("user.info", "nope"),
    same("user.list_groups", "root"),
    same("user.primary_group", "root"),
    same("user.primary_group", "nope"),
    same("user.get_loginclass", "root"),
    same("user.chshell", "nope", "/bin/sh"),
    same("user.rename", "nope", "nope2"),
    same("user.rename", "nope", "root"),
    same("group.info", "root"),
    same("group.info", "nope"),
    same("group.chgid", "nope", 5),
    same("group.deluser", "nope", "root"),
]

CHANGING_ACCOUNTS = [
    same("group.add", GROUP, 4777),
    same("group.add", GROUP),
    same("group.chgid", GROUP, 4778),
    same("group.chgid", GROUP, 4778),
    same("group.info", GROUP),
    same("user.add", USER, 4790, 4778, home="/tmp/none", shell="/bin/sh", fullname="A B",
         roomnumber="1", workphone="2", homephone="3", other="o", createhome=False),
    same("user.info", USER),
    same("user.add", USER),
    same("user.chuid", USER, 4791),
    same("user.chgid", USER, 100),
    same("user.chshell", USER, "/bin/bash"),
    same("user.chhome", USER, "/tmp/other"),
    same("user.chgroups", USER, f"{GROUP},adm"),
    same("user.chgroups", USER, ["adm"], append=True),
    same("user.chgroups", USER, "nosuchgroup"),
    same("user.chfullname", USER, "C D"),
    same("user.chroomnumber", USER, 9),
    same("user.chworkphone", USER, ""),
    same("user.chhomephone", USER, None),
    same("user.chother", USER, "x,y"),
    same("user.chloginclass", USER, "z"),
    same("user.info", USER),
    same("user.list_groups", USER),
    same("user.primary_group", USER),
    same("group.adduser", "games", USER),
    same("group.adduser", "games", USER),
    same("group.deluser", "games", USER),
    same("group.deluser", "games", USER),
    same("group.adduser", "nosuchgroup", USER),
    same("group.members", GROUP, USER),
    same("group.info", GROUP),
    same("group.members", GROUP, "nosuchuser"),
    otherwise("user.rename", USER, RENAMED),
    same("user.info", RENAMED),
    same("user.list_groups", RENAMED),
    same("user.delete", RENAMED),
    same("user.delete", RENAMED),
    same("user.info", RENAMED),
    same("group.delete", GROUP),
    same("group.delete", GROUP),
    same("user.add", USER, groups=["adm"], usergroup=True),
    same("user.list_groups", USER),
    same("user.delete", USER, True, True),
    same("group.info", USER),
]  # fmt: skip

SYSV = [
    same("service.start", "nope"),
    same("service.status", "nope"),
]
