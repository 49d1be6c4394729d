"""Values that look like options reach no tool; nor do names that lead out of their folder."""

from collections.abc import Callable
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.modules.file_case import FileCase
from tests.modules.tools import FakeTools, load
from txsalt.jobs.errors import SaltInvocationError

EVIL = "--pipe=touch /tmp/x"

# File of the module → calls with something that a tool would take for an option.
CALLS: dict[str, list[Callable[[Any], object]]] = {
    "pkg_apt": [lambda pkg: pkg.latest_version(EVIL, refresh=False)],
    "pkg_apt_info": [
        lambda pkg: pkg.owner(EVIL),
        lambda pkg: pkg.file_list(EVIL),
        lambda pkg: pkg.info_installed("bash", EVIL),
        lambda pkg: pkg.get_selections(EVIL),
        lambda pkg: pkg.show(EVIL),
        lambda pkg: pkg.list_repo_pkgs(EVIL),
    ],
    "pkg_apt_change": [
        lambda pkg: pkg.install(EVIL, normalize=False),
        lambda pkg: pkg.install(sources=[{"a": EVIL}]),
        lambda pkg: pkg.install(EVIL, version=">1", normalize=False),
    ],
    "pkg_dnf": [
        lambda pkg: pkg.owner(EVIL),
        lambda pkg: pkg.file_list(EVIL),
        lambda pkg: pkg.latest_version(EVIL, refresh=False),
        lambda pkg: pkg.install(EVIL),
        lambda pkg: pkg.upgrade(EVIL, refresh=False),
    ],
    "disk": [lambda disk: disk.fstype(EVIL), lambda disk: disk.dump(EVIL)],
    "mount": [lambda mount: mount.mount(EVIL, "/dev/x"), lambda mount: mount.mount("/x", EVIL)],
    "group": [lambda group: group.add(EVIL), lambda group: group.adduser(EVIL, "me")],
    "user": [lambda user: user.add(EVIL), lambda user: user.primary_group(EVIL)],
    "network_routes": [lambda network: network.get_route(EVIL)],
    "system": [lambda system: system.shutdown("-c")],
    "service_systemd": [
        lambda service: service.status("--host=elsewhere"),
        lambda service: service.start("-Helsewhere"),
    ],
    "service_sysv": [
        lambda service: service.status("../../tmp/mine"),
        lambda service: service.start("../../tmp/mine"),
        lambda service: service.start("--status-all"),
        lambda service: service.enable("--help"),
    ],
    "service_runit": [
        lambda service: service.status("../../tmp/mine"),
        lambda service: service.enable("../../tmp/mine"),
    ],
}


class OperandTests(SynchronousTestCase):
    """Who may look something up may not, for that, run commands."""

    def test_options_are_refused(self) -> None:
        """
        A name that begins with a dash is refused, before any tool gets it.
        """
        for name, calls in CALLS.items():
            tools = FakeTools({"": "", "dpkg-query": "", "rpm -qa": ""})
            module = load(name, tools, __grains__={"osarch": "amd64"})
            if hasattr(module, "need"):
                self.patch(module, "need", lambda tool: None)
            tools.setdefault("pkg.list_pkgs", lambda **given: {})
            tools.setdefault("pkg.get_selections", lambda **given: {"hold": []})
            tools.setdefault("service.get_all", list)
            for call in calls:
                self.assertRaises(SaltInvocationError, call, module)
            said = [word for argv in tools.ran for word in argv]
            self.assertFalse([each for each in said if EVIL in each or "tmp" in each], name)


class GrepTests(FileCase):
    """What is looked for may begin with a dash."""

    def test_pattern(self) -> None:
        """
        A pattern with a dash in front is looked for, and is no option.
        """
        path = self.made("a", b"one\n-v two\n")
        told = self.call("grep", path, "-v")
        self.assertEqual((told["retcode"], told["stdout"]), (0, "-v two"))
        self.assertEqual(self.call("grep", path, "ONE", "-i")["stdout"], "one")

    def test_open_quote(self) -> None:
        """
        A quote without its end is my mistake, and told as such.
        """
        path = str(self.made("a", mode=0o755))
        self.assertRaises(SaltInvocationError, self.call, "grep", path, "x", "it's")
        self.assertRaises(SaltInvocationError, self.functions["cmd.script"], path, "it's")
