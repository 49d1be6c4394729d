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
# Module → Salt's file, for this kind of system.
FILES = {
    "test": "test", "cmd": "cmdmod", "sys": "sysmod", "grains": "grains", "pillar": "pillar",
    "config": "config", "saltutil": "saltutil", "event": "event", "file": "file",
    "service": "systemd_service", "pkg": "aptpkg", "user": "useradd", "group": "groupadd",
    "cron": "cron", "hosts": "hosts", "mount": "mount", "disk": "disk", "status": "status",
    "ps": "ps", "network": "network", "system": "system", "schedule": "schedule", "cp": "cp",
    "mine": "mine", "publish": "publish",
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


class FunctionTests(SynchronousTestCase):
    """The list of what is left to Salt's own library."""

    maxDiff: Any = None

    def test_what_we_lack_is_written_down(self) -> None:
        """
        A function of Salt's that we do not have is in the document, and no other.
        """
        if not environments.is_ready(LINE):
            raise SkipTest(f"needs Salt: run python -m tests.interop.environments {LINE}")
        code = "import importlib.util as u; print(u.find_spec('salt').origin)"
        argv = [environments.command(LINE, "python"), "-c", code]
        done = subprocess.run(argv, capture_output=True, text=True, check=True, cwd="/")
        folder = Path(done.stdout.strip()).parent / "modules"
        here = ours()
        lacking = {
            f"{module}.{name}"
            for module, file in FILES.items()
            for name in functions_in(folder / f"{file}.py") - here[module]
        }
        page = (Path(__file__).parents[2] / "docs/modules.md").read_text()
        table = page.partition("## What is left to Salt's library")[2].partition("\n## ")[0]
        written = {
            f"{module}.{name}"
            for module, names in re.findall(r"(?m)^\| `(\w+)` \| ([^|]*)\|", table)
            for name in re.findall(r"`(\w+)`", names)
        }
        self.assertEqual(written, lacking)
