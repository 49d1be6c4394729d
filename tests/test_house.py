"""
The house rules, kept by machine: who may import whom, the doors of outside libraries, file sizes.

The rules are those of docs/architecture.md; a room that is not in the table here does not exist.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

import txsalt

ROOT = Path(txsalt.__file__).parent
MAX_LINES = 400

# Room → rooms it may import, besides itself and errors. The longest matching prefix counts.
ALLOWED = {
    "wire": set(),
    "protocol": {"wire"},
    "events": {"wire"},
    "schedule": set(),
    "jobs": {"wire", "renderers"},
    "targeting": {"wire"},
    "rights": {"wire", "targeting"},
    "outputters": {"wire"},
    "renderers": set(),
    "config": {"wire", "renderers"},
    "loader": {"jobs"},
    "modules": {"jobs", "renderers", "loader", "schedule", "targeting"},
    "returners": {"jobs"},
    "sockets": {"wire"},
    "process": {"wire", "protocol"},
    # A call without a master compiles its pillar as a master does.
    "client": {
        "wire", "events", "jobs", "config", "protocol",
        "master.store", "master.fileserver", "master.pillar",
    },
    # A call runs jobs and collects grains in its own process; of the daemon it takes only what
    # knows no reactor: the key files and the words about a sign-in that failed.
    "cli": {
        "client", "config", "outputters", "jobs", "protocol", "events", "swarm",
        "minion.jobrunner", "minion.grains", "minion.daemon",
    },
    "swarm": {"wire", "protocol", "targeting", "jobs"},
    "tap": {"config", "master.daemon", "minion.daemon", "process"},
    "master.store": {"wire", "protocol", "targeting", "rights", "jobs"},
    "master.fileserver": {"wire"},
    "master.pillar": {"wire", "targeting", "renderers"},
    "master.mine": {"wire", "targeting", "master.store"},
    "master.worker": {
        "wire", "protocol", "events", "jobs", "targeting", "rights", "config", "loader",
        "master.store", "master.fileserver", "master.pillar", "master.mine",
    },
    "master.daemon": {
        "wire", "protocol", "events", "jobs", "config", "sockets", "process", "master.store",
    },
    "minion.grains": {"config", "wire", "renderers", "jobs", "loader"},
    "minion.jobrunner": {"wire", "events", "jobs", "loader", "modules", "returners"},
    "minion.daemon": {
        "wire", "protocol", "events", "jobs", "targeting", "config", "sockets", "process",
        "schedule",
    },
}  # fmt: skip

# Outside library → the only rooms that may import it.
DOORS = {
    "txzmq": {"sockets"},
    "msgpack": {"wire"},
    "cryptography": {"wire"},
    "OpenSSL": set(),
    "automat": {"protocol"},
    "yaml": {"renderers"},
    "jinja2": {"renderers"},
    "cronsim": {"schedule"},
    "psycopg": {"returners"},
    "sqlite3": {"master.store", "returners"},
    "zmq": {"sockets", "master.worker", "client", "minion.grains"},  # grains tell its version
}
REACTOR_ROOMS = {"sockets", "process", "tap", "master.daemon", "minion.daemon"}


def sources() -> Iterator[tuple[Path, str]]:
    """Every module of the package with the name of its room."""
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).parts
        if len(parts) == 1 or path.name == "__init__.py":
            continue
        nested = parts[0] in ("master", "minion")
        yield path, ".".join(parts[:2] if nested else parts[:1])


def imports(path: Path) -> Iterator[str]:
    """Every absolute module name that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""
            if (node.module or "").startswith("txsalt"):
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


def called(path: Path) -> Iterator[str]:
    """The last name of everything that a file calls."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            target = node.func
            yield target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")


def uses_shell(path: Path) -> bool:
    """Whether a file passes ``shell=True`` to anything."""
    return any(
        keyword.arg == "shell" and getattr(keyword.value, "value", None) is True
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        for keyword in node.keywords
    )


class HouseTests(SynchronousTestCase):
    """The plan of the house is the house."""

    def test_every_room_is_in_the_table(self) -> None:
        """
        No folder exists that the plan does not know.
        """
        self.assertEqual({room for _, room in sources()} - set(ALLOWED), set())

    def test_directions(self) -> None:
        """
        A room imports only the rooms that the plan lets it import.
        """
        wrong = []
        for path, room in sources():
            for name in imports(path):
                parts = name.split(".")
                if parts[0] != "txsalt" or len(parts) < 2 or parts[1] == "errors":
                    continue
                nested = parts[1] in ("master", "minion") and len(parts) > 2
                target = ".".join(parts[1:3] if nested else parts[1:2])
                if target not in ALLOWED or target == room or target in ALLOWED[room]:
                    continue
                wrong.append(f"{path.relative_to(ROOT)} imports {name}")
        self.assertEqual(wrong, [])

    def test_doors(self) -> None:
        """
        Each outside library is imported by its own rooms only.
        """
        wrong = [
            f"{path.relative_to(ROOT)} imports {name}"
            for path, room in sources()
            for name in imports(path)
            if (door := DOORS.get(name.split(".")[0])) is not None and room not in door
        ]
        self.assertEqual(wrong, [])

    def test_who_blocks_does_not_import_twisted(self) -> None:
        """
        Only the reactor rooms import twisted.
        """
        wrong = [
            str(path.relative_to(ROOT))
            for path, room in sources()
            if room not in REACTOR_ROOMS
            and any(n.split(".")[0] == "twisted" for n in imports(path))
        ]
        self.assertEqual(wrong, [])

    def test_processes_are_spawned_in_one_room(self) -> None:
        """
        spawnProcess is called in process/ only, and nothing runs a shell.
        """
        wrong = [
            str(path.relative_to(ROOT))
            for path, room in sources()
            if room != "process" and "spawnProcess" in called(path)
        ]
        self.assertEqual(wrong, [])
        shells = [str(path) for path, _ in sources() if uses_shell(path)]
        self.assertEqual(shells, [])

    def test_no_file_is_too_long(self) -> None:
        """
        When a file passes 400 lines, its room needs a wall.
        """
        long = [
            f"{path.relative_to(ROOT.parent)}: {count} lines"
            for base in (ROOT, ROOT.parent / "tests", ROOT.parent / "benchmarks")
            for path in sorted(base.rglob("*.py"))
            if (count := len(path.read_text().splitlines())) > MAX_LINES
        ]
        self.assertEqual(long, [])

    def test_packages_of_twisted_stay_open(self) -> None:
        """
        No __init__.py in twisted/ or twisted/plugins/: it would hide Twisted itself.
        """
        found = list((ROOT.parent / "twisted").rglob("__init__.py"))
        self.assertEqual(found, [])
