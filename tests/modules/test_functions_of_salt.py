"""Which functions of Salt's same-named modules we have, against what docs/modules.md says."""

import ast
import re
import subprocess
from pathlib import Path
from typing import Any
from unittest import SkipTest

from twisted.trial.unittest import SynchronousTestCase

import txsalt.modules
from tests.interop import environments

LINE = "3008"
PAGE = Path(__file__).parents[2] / "docs/modules.md"
# Module → Salt's file, for this kind of system.
FILES = {
    "test": "test", "cmd": "cmdmod", "sys": "sysmod", "grains": "grains", "pillar": "pillar",
    "config": "config", "saltutil": "saltutil", "event": "event", "file": "file",
    "service": "systemd_service", "pkg": "aptpkg", "user": "useradd", "group": "groupadd",
    "cron": "cron", "hosts": "hosts", "mount": "mount", "disk": "disk", "status": "status",
    "ps": "ps", "network": "network", "system": "system", "schedule": "schedule", "cp": "cp",
    "mine": "mine", "publish": "publish", "key": "key",
}  # fmt: skip


def functions_in(path: Path) -> set[str]:
    """Read the public functions of a module, under the names that users call them by."""
    found, renamed = set(), {}
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            found.add(node.name)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if name == "__func_alias__":
                renamed = ast.literal_eval(node.value)
            elif name.startswith("_"):
                continue
            elif "alias_function" in ast.unparse(node.value) or (
                isinstance(node.value, ast.Name) and node.value.id in found
            ):  # "fetch = get", too
                found.add(name)
    return {renamed.get(name, name) for name in found}


def ours() -> dict[str, set[str]]:
    """Read the functions of our modules."""
    root = Path(txsalt.modules.__path__[0])
    found: dict[str, set[str]] = {}
    for path in root.rglob("*.py"):
        if path.name.startswith("_"):
            continue
        relative = path.relative_to(root)
        virtual = re.search(r'(?m)^__virtualname__ = "(\w+)"', path.read_text())
        name = relative.parts[0] if len(relative.parts) > 1 else relative.stem
        found.setdefault(virtual[1] if virtual else name, set()).update(functions_in(path))
    return found


def salts_folder() -> Path:
    """Find Salt's modules."""
    if not environments.is_ready(LINE):
        raise SkipTest(f"needs Salt: run python -m tests.interop.environments {LINE}")
    code = "import importlib.util as u; print(u.find_spec('salt').origin)"
    argv = [environments.command(LINE, "python"), "-c", code]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, cwd="/")
    return Path(done.stdout.strip()).parent / "modules"


class FunctionTests(SynchronousTestCase):
    """The list of what is left to Salt's own library."""

    maxDiff: Any = None

    def test_what_we_lack_is_written_down(self) -> None:
        """
        A function of Salt's that we do not have is in the document, and no other.
        """
        folder, here = salts_folder(), ours()
        lacking = {
            f"{module}.{name}"
            for module, file in FILES.items()
            for name in functions_in(folder / f"{file}.py") - here[module]
        }
        table = (
            PAGE.read_text().partition("## What is left to Salt's library")[2].partition("\n## ")[0]
        )
        written = {
            f"{module}.{name}"
            for module, names in re.findall(r"(?m)^\| `(\w+)` \| ([^|]*)\|", table)
            for name in re.findall(r"`(\w+)`", names)
        }
        self.assertEqual(written, lacking)

    def test_what_dnf_lacks_is_written_down(self) -> None:
        """
        Users of Red Hat's systems read which functions of pkg are missing.
        """
        mine = Path(txsalt.modules.__path__[0]) / "pkg_dnf.py"
        lacking = functions_in(salts_folder() / "yumpkg.py") - functions_in(mine)
        told = PAGE.read_text().partition("`pkg` on systems with dnf")[2].partition("It lacks:")[2]
        self.assertEqual(set(re.findall(r"`(\w+)`", told.partition(". ")[0])), lacking)
