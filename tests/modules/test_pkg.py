"""Tests of the pkg modules: recorded output of apt and dnf, and this machine's packages."""

import itertools
import shutil
import tempfile
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.modules.tools import FakeTools, load
from txsalt.jobs.errors import CommandExecutionError, SaltInvocationError
from txsalt.modules import _apt, _dnf, _packages, _sources_list

LISTED = """\
install ok installed bash 5.2.15-2+b8 amd64
hold ok installed held 1.0 all
deinstall ok config-files gone 1.0 amd64
install ok installed libc6 2.36-9 i386
install ok installed libc6 2.36-9 amd64
purge ok installed doomed 3 all
install ok half-installed broken 1 amd64
unknown ok not-installed  amd64
"""
UPDATED = """\
Hit:1 http://deb.debian.org/debian bookworm InRelease
Get:2 http://deb.debian.org/debian-security bookworm-security InRelease [48.0 kB]
Ign:3 http://old.example/debian etch InRelease
Err:4 http://old.example/debian etch Release
  404  Not Found
Reading package lists...
"""
POLICY = """\
bash:
  Installed: 5.2.15-2+b7
  Candidate: 5.2.15-2+b8
  Version table:
     5.2.15-2+b8 500
        500 http://deb.debian.org/debian bookworm/main amd64 Packages
virtual:
  Installed: (none)
  Candidate: (none)
"""
QUERIED = "bash\t0\t5.1.8\t9.el9\tx86_64\nglibc\t0\t2.34\t100.el9\ti686\n" \
    "perl\t4\t5.32.1\t481.el9\tx86_64\ngpg-pubkey\t0\tfd431d51\t4ae0493b\t(none)\n"  # fmt: skip


class AptReadingTests(SynchronousTestCase):
    """What apt and dpkg write is read."""

    def test_packages(self) -> None:
        """
        Held and half-installed packages are installed; foreign architectures are part of the name.
        """
        found = _apt.read_packages(LISTED, "amd64")
        self.assertEqual(
            sorted(found["installed"]), ["bash", "broken", "held", "libc6", "libc6:i386"]
        )
        self.assertEqual(found["removed"], {"gone": ["1.0"]})
        self.assertEqual(found["purge_desired"], {"doomed": ["3"]})

    def test_update(self) -> None:
        """
        Each list is new, unchanged or lost.
        """
        found = _apt.read_update(UPDATED)
        self.assertEqual(list(found.values()), [None, True, False, False])
        self.assertIn("http://deb.debian.org/debian-security bookworm-security InRelease", found)

    def test_candidates(self) -> None:
        """
        A package that only others provide has no version.
        """
        found = _apt.read_candidates(POLICY)
        self.assertEqual(found, {"bash": "5.2.15-2+b8", "virtual": ""})

    def test_sources(self) -> None:
        """
        Repositories are read from lines and from paragraphs, disabled ones too.
        """
        folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        (folder / "sources.list.d").mkdir()
        (folder / "sources.list").write_text(
            "# a comment\n# deb http://a.example/x stable main\n"
            "deb [arch=amd64 signed-by=/k.gpg] http://b.example/x stable main contrib # note\n"
        )
        (folder / "sources.list.d/c.sources").write_text(
            "Types: deb deb-src\nURIs: http://c.example\nSuites: one two\nComponents: main\n"
            "Enabled: no\n"
        )
        found = _sources_list.repositories(str(folder))
        self.assertTrue(found["http://a.example/x"][0]["disabled"])
        second = found["http://b.example/x"][0]
        self.assertEqual(second["comps"], ["main", "contrib"])
        self.assertEqual((second["architectures"], second["signedby"]), (["amd64"], "/k.gpg"))
        self.assertEqual(len(found["http://c.example"]), 4)
        self.assertFalse(found["http://c.example"][0]["enabled"])


class AptChangeTests(SynchronousTestCase):
    """What apt is asked to do."""

    def use(self, installed: list[str], answers: dict[str, Any]) -> FakeTools:
        """Load the modules; each list of packages is the next of ``installed``."""
        tools = FakeTools({"dpkg --get-selections": "bash install\n", **answers})
        given = iter(installed)
        plain = tools.run

        def run(cmd: list[str], **options: Any) -> dict[str, Any]:
            if cmd[0] == "dpkg-query":
                return {"retcode": 0, "stdout": next(given), "stderr": ""}
            return plain(cmd, **options)

        tools["cmd.run_all"] = run
        grains = {"osarch": "amd64"}
        shared: dict[str, Any] = {}
        for name in ("pkg_apt", "pkg_apt_info"):
            load(name, tools, __grains__=grains, __context__=shared)
        self.pkg = load("pkg_apt_change", tools, __grains__=grains, __context__=shared)
        return tools

    def test_install(self) -> None:
        """
        Versions and conditions become words of apt-get; what changed is returned.
        """
        after = LISTED + "install ok installed new 2 all\n"
        madison = "new | 3 | http://x\nnew | 2 | http://x\n"
        compare = {
            "dpkg --compare-versions 3 lt 3": (1, "", ""),
            "dpkg --compare-versions 2 lt 3": "",
        }
        answers = {"apt-get": "", "apt-cache madison new": madison, **compare}
        tools = self.use([LISTED, after], answers)
        changed = self.pkg.install(pkgs=["bash", {"new": "<3"}, {"held": "1.*"}])
        self.assertEqual(changed, {"new": {"old": "", "new": "2"}})
        argv = next(each for each in tools.ran if each[0] == "apt-get")
        self.assertEqual(argv[-4:], ["install", "bash", "new=2", "held=1.*"])
        self.assertIn("DPkg::Options::=--force-confold", argv)

    def test_failure(self) -> None:
        """
        When apt-get fails, the error has its complaint and what did change.
        """
        self.use([LISTED, ""], {"apt-get": (100, "", "E: Unable to locate package nope")})
        exc = self.assertRaises(CommandExecutionError, self.pkg.install, "nope")
        self.assertIn("Problem encountered installing package(s)", str(exc))
        self.assertIn("- E: Unable to locate package nope", str(exc))
        self.assertIn("'bash'", str(exc))

    def test_remove(self) -> None:
        """
        Patterns mean installed packages; nothing is run if there are none.
        """
        tools = self.use([LISTED, LISTED, LISTED], {"apt-get": ""})
        self.assertEqual(self.pkg.remove("nope*"), {})
        self.assertEqual(tools.ran, [])
        self.pkg.remove("lib*")
        self.assertEqual(tools.ran[-1][-3:], ["remove", "libc6", "libc6:i386"])

    def test_hold(self) -> None:
        """
        A package is held by its selection; an unknown one is a failure.
        """
        tools = self.use([], {"dpkg --set-selections": "", "dpkg --get-selections x": ""})
        self.assertFalse(self.pkg.hold("x")["x"]["result"])
        self.assertEqual(tools.inputs[-2], "x hold\n")
        self.assertRaises(SaltInvocationError, self.pkg.hold)


class DnfTests(SynchronousTestCase):
    """What rpm and dnf write is read, and what they are asked to do."""

    def test_packages(self) -> None:
        """
        Versions have epochs where there are any; keys are no packages.
        """
        found = _dnf.read_query(QUERIED, "x86_64")
        expected = {"bash": ["5.1.8-9.el9"], "glibc.i686": ["2.34-100.el9"],
                    "perl": ["4:5.32.1-481.el9"]}  # fmt: skip
        self.assertEqual(found, expected)

    def test_versions(self) -> None:
        """
        Versions are compared as rpm does.
        """
        ordered = ["1.0~rc1", "1.0", "1.0^git1", "1.0a", "1.0.1", "1.1-1", "1.1-2", "1:0.1"]
        for older, newer in itertools.pairwise(ordered):
            self.assertEqual(_dnf.compare(older, newer), -1, (older, newer))
            self.assertEqual(_dnf.compare(newer, older), 1, (older, newer))
        self.assertEqual(_dnf.compare("1.010", "1.10"), 0)
        self.assertEqual(_dnf.compare("1.1", "1.1-5"), 0)

    def test_changes(self) -> None:
        """
        Installing names versions as dnf wants them; what changed is returned.
        """
        tools = FakeTools({"rpm -qa": QUERIED, "dnf": ""})
        pkg = load("pkg_dnf", tools, __grains__={"osarch": "x86_64"})
        self.assertEqual(pkg.version("bash"), "5.1.8-9.el9")
        self.assertEqual(pkg.install(pkgs=[{"bash": "5.1.8-9.el9"}, "zsh"], fromrepo="base"), {})
        argv = ["dnf", "-y", "--disablerepo=*", "--enablerepo=base", "install"]
        self.assertIn([*argv, "bash-5.1.8-9.el9", "zsh"], tools.ran)
        self.assertEqual(pkg.remove("nope"), {})
        tools.answers = {**tools.answers, "dnf -q check-update": (100, "upgrades", "")}
        self.assertTrue(pkg.refresh_db())

    def test_holds(self) -> None:
        """
        Locked packages are found by name.
        """
        locks = "Last metadata expiration check: 0:10 ago\nnginx-1:1.20.1-14.el9.*\n"
        tools = FakeTools({"dnf -q versionlock list": locks, "dnf -q versionlock add": ""})
        pkg = load("pkg_dnf", tools)
        self.assertEqual(pkg.list_holds(full=False), ["nginx"])
        self.assertIn("already", pkg.hold("nginx")["nginx"]["comment"])
        self.assertEqual(pkg.hold("zsh")["zsh"]["changes"], {"old": "install", "new": "hold"})


class TargetTests(SynchronousTestCase):
    """Packages are named in many forms."""

    def test_forms(self) -> None:
        """
        Text with commas, lists and maps all name packages; twice the same is refused.
        """
        self.assertEqual(_packages.targets("a, b", None), {"a": None, "b": None})
        self.assertEqual(_packages.targets("a", None, 1.5), {"a": "1.5"})
        self.assertEqual(_packages.targets(None, ["a", {"b": "2"}]), {"a": None, "b": "2"})
        self.assertRaises(SaltInvocationError, _packages.targets, None, ["a", "a"])
