"""Repositories of apt, changed in a copy of this machine, by us and by Salt."""

import json
import shlex
from pathlib import Path
from typing import Any
from unittest import SkipTest

from tests.interop import environments
from tests.modules import repos_by_salt
from tests.modules.machine_copy import CopyCase, call, need_programs, play, sh

LINE = "3008"
GRAINS = {"os": "Debian", "os_family": "Debian", "osarch": "amd64"}
NEW = "deb [signed-by=/k.gpg] http://x.example/debian stable main"
A = "deb http://a.example/d stable"
B = "deb http://b.example/d one"
DIRECTORY = "/etc/apt/sources.list.d"
LIST = """\
# top
deb http://a.example/d stable main contrib # note
# deb http://off.example/d stable main
"""
SOURCES = """\
Types: deb
URIs: http://b.example/d
Suites: one two
Components: main extra
Signed-By: /k.gpg

Types: deb
URIs: http://c.example/d
Suites: c
Components: main
Signed-By: /k.gpg
"""
Call = tuple[str, list[Any], dict[str, Any]]
CALLS: list[Call] = [
    ("mod_repo", [NEW], {}),
    ("mod_repo", [NEW], {"file": f"{DIRECTORY}/x.list"}),
    ("mod_repo", [NEW], {"file": f"{DIRECTORY}/x.sources"}),
    ("mod_repo", [NEW], {"file": f"{DIRECTORY}/x.list", "comments": ["a", "b"],
                         "architectures": "amd64,i386", "comps": "main,contrib"}),
    ("mod_repo", [f"{A} main"], {"disabled": True}),
    ("mod_repo", [f"{A} main"], {"comps": "main,contrib,non-free"}),
    ("mod_repo", ["deb http://off.example/d stable main"], {"enabled": True}),
    ("mod_repo", ["deb [signed-by=/k.gpg] http://b.example/d one main"], {"disabled": True}),
    ("mod_repo", ["deb [signed-by=/k.gpg] http://b.example/d one main extra"],
     {"comps": "main,extra,more"}),
    ("mod_repo", ["deb [signed-by=/o.gpg arch=amd64] http://b.example/d one main extra"], {}),
    ("mod_repo", ["nonsense"], {}),
    ("mod_repo", ["ppa:some/one"], {}),
    ("del_repo", [f"{A} contrib"], {}),
    ("del_repo", [f"{A} main contrib"], {}),
    ("del_repo", [f"{B} main extra"], {}),
    ("del_repo", [f"{B} extra"], {}),
    ("del_repo", ["deb http://c.example/d c main"], {}),
    ("del_repo", ["deb http://none.example/d c main"], {}),
    ("get_repo", ["deb http://b.example/d two main"], {}),
    ("get_repo", [f"{A} nope"], {}),
    ("get_repo", [A], {}),
]  # fmt: skip
SHOW = f'for f in /etc/apt/sources.list {DIRECTORY}/*; do echo "== $f"; cat $f; done'


def written(path: str, text: str) -> str:
    """A line of shell that writes a file."""
    return f"printf %s {shlex.quote(text)} > {path}"


def start(sources: str = SOURCES) -> dict[str, Any]:
    """A step: the files as they are before each call."""
    clear = f"mkdir -p {DIRECTORY}; rm -f {DIRECTORY}/*"
    return sh(f"{clear}; {written('/etc/apt/sources.list', LIST)}; "
              f"{written(f'{DIRECTORY}/b.sources', sources)}")  # fmt: skip


class RepositoryTests(CopyCase):
    """mod_repo and del_repo."""

    def setUp(self) -> None:
        super().setUp()
        need_programs(**{"apt-get": "apt"})

    def test_as_salt(self) -> None:
        """
        Each call answers what Salt answers, and leaves the same files.
        """
        if not environments.is_ready(LINE):
            raise SkipTest(f"needs Salt: run python -m tests.interop.environments {LINE}")
        program = [environments.command(LINE, "python"), str(Path(repos_by_salt.__file__))]
        calls = [
            (name, args, given if name == "get_repo" else {**given, "refresh": False})
            for name, args, given in CALLS
        ]
        asked = {"start": start()["sh"], "show": SHOW, "calls": calls}
        words = shlex.join([*program, json.dumps(asked)])
        (theirs,) = play([sh(f"cd /; {words} 2>/dev/null")])
        steps = [[start(), call(f"pkg.{name}", *args, **given), sh(SHOW)]
                 for name, args, given in calls]  # fmt: skip
        ours = play([step for each in steps for step in each], grains=GRAINS)
        self.assertEqual(len(ours), 3 * len(calls), ours)
        for at, (answer, shown) in enumerate(json.loads(theirs["value"][1])):
            our = ours[3 * at + 1]
            self.assertEqual({key: our.get(key) for key in answer}, answer, calls[at])
            self.assertEqual(ours[3 * at + 2]["value"][1], shown, calls[at])

    def test_what_is_not_ours_stays(self) -> None:
        """
        Comments and unknown fields of a paragraph stay where they are; apt reads the result.
        """
        text = SOURCES.replace("URIs: http://b", "# why\nX-Own: 1\nURIs: http://b")
        after = text.replace("Suites: one two", "Suites: two", 1)
        new = f"{DIRECTORY}/n.sources"
        listed = "apt-get update --print-uris"
        gone = f"File {new} containing repo '{NEW}' has been removed."

        def is_read(value: Any) -> bool:
            has = "http://x.example/debian/dists/stable/" in value[1]
            return has and "b.example/d/dists/two/" in value[1] and "/one/" not in value[1]

        table: list[tuple[dict[str, Any], Any]] = [
            (start(text), [0, ""]),
            (
                call("pkg.del_repo", f"{B} main extra", refresh=False),
                f"Repo '{B} main extra' has been removed from {DIRECTORY}/b.sources.\n",
            ),
            (sh(f"cat {DIRECTORY}/b.sources"), [0, after.strip()]),
            (call("pkg.mod_repo", NEW, file=new, refresh=False), lambda found: NEW in found),
            (sh(listed), is_read),
            (call("pkg.del_repo", NEW, refresh=False), gone),
            (sh(f"ls {DIRECTORY}"), [0, "b.sources"]),
        ]
        self.check(table, grains=GRAINS)

    def test_key(self) -> None:
        """
        The key comes to the file of signed-by, in the form that its name means.
        """
        need_programs(gpg="gpg")
        make = (
            "export GNUPGHOME=$(mktemp -d); "
            "gpg --batch --passphrase '' --quick-gen-key a@b.example rsa2048 sign never; "
            "gpg --armor --export > /tmp/key.asc; gpgconf --kill all"
        )
        table: list[tuple[dict[str, Any], Any]] = [(sh(make), lambda value: value[0] == 0)]
        for name, begins in (("new/k.gpg", "no"), ("new/k.asc", "yes")):
            path = f"/etc/apt/{name}"
            repo = NEW.replace("/k.gpg", path)
            armored = f"head -c 5 {path} | grep -qa -e ----- && echo yes || echo no"
            table += [
                (start(), [0, ""]),
                (
                    call("pkg.mod_repo", repo, key_url="/tmp/key.asc", refresh=False),
                    lambda found: len(found) == 1,
                ),
                (sh(f"gpg --show-keys {path} 2>/dev/null | grep -c a@b.example"), [0, "1"]),
                (sh(armored), [0, begins]),
            ]
        self.check(table, grains=GRAINS)
