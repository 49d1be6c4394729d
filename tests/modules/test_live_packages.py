"""Tests of the pkg modules with the real apt and dnf, in copies of this machine."""

import glob
from typing import Any

from twisted.trial.unittest import SkipTest

from tests.modules.machine_copy import CopyCase, call, need_programs, sh

DEBIAN = """\
set -e
rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/*
mkdir -p /srv/repo/txa/DEBIAN /srv/repo/txa/etc
cd /srv/repo
for version in 1.0-1 2:2.0-1; do
    echo $version > txa/etc/txa.conf
    echo /etc/txa.conf > txa/DEBIAN/conffiles
    printf 'Package: txa\\nVersion: %s\\nArchitecture: all\\nMaintainer: a <a@example.com>\\n' \
        $version > txa/DEBIAN/control
    echo 'Description: a test' >> txa/DEBIAN/control
    dpkg-deb --build txa txa-$version.deb
done
for file in *.deb; do
    dpkg-deb --field $file
    echo Filename: ./$file
    echo Size: $(stat --format %s $file)
    echo SHA256: $(sha256sum $file | cut -d' ' -f1)
    echo
done > Packages
echo 'deb [trusted=yes] file:/srv/repo ./' > /etc/apt/sources.list
"""
RED_HAT = """\
set -e
build() {
    printf 'Name: %s\\nVersion: %s\\nEpoch: %s\\nRelease: 1\\nSummary: s\\nLicense: MIT\\n' \
        $1 $2 $3 > /tmp/spec
    printf "BuildArch: noarch\\n$4%%description\\nd\\n%%install\\n" >> /tmp/spec
    printf "mkdir -p %%{buildroot}/opt/$1\\ntouch %%{buildroot}/opt/$1/file\\n" >> /tmp/spec
    printf "%%files\\n/opt/$1/file\\n" >> /tmp/spec
    rpmbuild -bb --define '_rpmdir /srv/repo' /tmp/spec
}
build txa 1.0 0 ''
build txa 2.0 3 ''
build txb 1.0 0 'Requires: txa\\n'
createrepo_c /srv/repo
mkdir -p /etc/yum.repos.d /etc/dnf/vars
rm -f /etc/yum.repos.d/* /etc/dnf/plugins/local.conf
printf '[main]\\ngpgcheck=0\\nbest=False\\n' > /etc/dnf/dnf.conf
echo 9 > /etc/dnf/vars/releasever
printf '[txrepo]\\nname=tx\\nbaseurl=file:///srv/repo\\n' > /etc/yum.repos.d/tx.repo
"""


def ready(script: str) -> tuple[dict[str, Any], Any]:
    """A step and its check: run a script that must succeed."""
    return sh(f"( {script} ) 2>&1"), lambda outcome: outcome[0] == 0


def says(text: str) -> Any:
    """A check: the outcome is an error that says so."""
    return lambda outcome: isinstance(outcome, dict) and text in outcome.get("text", "")


class LiveAptTests(CopyCase):
    """Packages of a Debian."""

    def setUp(self) -> None:
        super().setUp()
        need_programs(**{"apt-get": "apt", "dpkg-deb": "dpkg"})

    def test_life(self) -> None:
        """
        A package is installed, held, upgraded and removed; its configuration goes when purged.
        """
        old, new = "1.0-1", "2:2.0-1"
        self.check([
            ready(DEBIAN),
            (call("pkg.refresh_db"), lambda told: told["file:/srv/repo ./ Packages"]),
            (call("pkg.latest_version", "txa", refresh=False), new),
            (call("pkg.install", "txa", version=old), {"txa": {"old": "", "new": old}}),
            (call("pkg.version", "txa"), old),
            (call("pkg.upgrade_available", "txa", refresh=False), True),
            (call("pkg.owner", "/etc/txa.conf"), "txa"),
            (call("pkg.file_list", "txa"), lambda told: "/etc/txa.conf" in told["files"]),
            (call("pkg.hold", "txa"), lambda told: told["txa"]["result"]),
            (call("pkg.upgrade", refresh=False), {}),
            (call("pkg.unhold", "txa"), lambda told: told["txa"]["result"]),
            (call("pkg.upgrade", refresh=False), {"txa": {"old": old, "new": new}}),
            (call("pkg.remove", "txa"), {"txa": {"old": new, "new": ""}}),
            (call("pkg.list_pkgs", removed=True), lambda found: "txa" in found),
            (call("pkg.purge", "txa"), lambda told: "txa" in told["removed"]),
            (call("pkg.install", "txnope"), says("Unable to locate package txnope")),
            (call("pkg.install", sources=[{"txa": f"/srv/repo/txa-{old}.deb"}]),
             {"txa": {"old": "", "new": old}}),
        ], grains={"os_family": "Debian", "osarch": "amd64"})  # fmt: skip


class LiveDnfTests(CopyCase):
    """Packages of a Red Hat system, which the copy of this machine is made to be."""

    def setUp(self) -> None:
        super().setUp()
        need_programs(dnf="dnf", rpmbuild="rpm", createrepo_c="createrepo-c")

    def play_dnf(self, table: list[tuple[dict[str, Any], Any]]) -> None:
        """Play with packages txa 1.0-1, txa 3:2.0-1 and txb 1.0-1, which needs txa."""
        grains = {"os_family": "RedHat", "osarch": "x86_64"}
        self.check([ready(RED_HAT), *table], grains=grains)

    def test_life(self) -> None:
        """
        Packages are found, installed, upgraded, installed again and removed with who needs them.
        """
        old, new = "1.0-1", "3:2.0-1"
        self.play_dnf([
            (call("pkg.get_repo", "txrepo"), {"name": "tx", "baseurl": "file:///srv/repo"}),
            (call("pkg.refresh_db"), None),
            (call("pkg.latest_version", "txa", "nope"), {"txa": new, "nope": ""}),
            (call("pkg.install", "txa", version=old), {"txa": {"old": "", "new": old}}),
            (call("pkg.refresh_db"), True),
            (call("pkg.list_upgrades"), {"txa": new}),
            (call("pkg.owner", "/opt/txa/file"), "txa"),
            (call("pkg.file_list", "txa"), {"errors": [], "files": ["/opt/txa/file"]}),
            (call("pkg.install", pkgs=["txa", "txb"], reinstall=True),
             {"txa": {"old": old, "new": old}, "txb": {"old": "", "new": old}}),
            (call("pkg.upgrade"), {"txa": {"old": old, "new": new}}),
            (call("pkg.install", "txa", version=old), {"txa": {"old": new, "new": old}}),
            (call("pkg.install", "nope"), says("Unable to find a match: nope")),
            (call("pkg.remove", "txa"),
             {"txa": {"old": old, "new": ""}, "txb": {"old": old, "new": ""}}),
            (call("pkg.install", sources=[{"txa": f"/srv/repo/noarch/txa-{old}.noarch.rpm"}]),
             {"txa": {"old": "", "new": old}}),
            (call("pkg.list_pkgs"), {"txa": old}),
        ])  # fmt: skip

    def test_hold(self) -> None:
        """
        A held package stays at its version until it is no longer held.
        """
        if not glob.glob("/usr/lib/python3*/*-packages/dnf-plugins/versionlock.py"):
            raise SkipTest("needs dnf versionlock: apt-get install dnf-plugins-core")
        self.play_dnf([
            (call("pkg.install", "txa", version="1.0-1"), lambda told: "txa" in told),
            (call("pkg.hold", "txa"), lambda told: told["txa"]["changes"]["new"] == "hold"),
            (call("pkg.list_holds"), ["txa-0:1.0-1.*"]),
            (call("pkg.upgrade"), {}),
            (call("pkg.unhold", "txa"), lambda told: told["txa"]["changes"]["new"] == "install"),
            (call("pkg.list_holds"), []),
        ])  # fmt: skip
