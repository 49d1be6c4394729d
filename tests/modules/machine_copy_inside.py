"""
Make a copy of this machine and play steps in it; a program, see machine_copy.

As ``outside`` it stands in namespaces of its own, mounts the overlay, and runs itself as
``inside`` there, by chroot or under a systemd or runit that it boots. A step is {"fun", "args",
"kwargs"} or {"sh"}, and may have "until". The outcome of each is {"value"} or {"error", "text"}.
"""

import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
TREE = str(Path(__file__).parents[2])

_ASKED = "/txsalt-asked.json"
_TOLD = "/txsalt-told.json"
_PATIENCE = 30.0  # seconds for what is to become true
_GROUPS = ("/sys/fs/cgroup", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified")
_UNIT = """\
[Unit]
SuccessAction=exit-force
FailureAction=exit-force
[Service]
Type=oneshot
ExecStart={python} {program} inside
StandardError=journal+console
"""
_SECOND_STAGE = """\
mkdir -p /etc/service
runsvdir -P /etc/service >/dev/null 2>&1 &
exec {python} {program} inside"""


def outside() -> None:
    """Make the copy, have the steps played, write what came of them."""
    asked = json.load(sys.stdin)
    root = _mount(asked["folder"])
    Path(f"{root}{_ASKED}").write_text(json.dumps(asked))
    if asked["boot"] == "systemd":
        _boot_systemd(root, asked["folder"])
    elif asked["boot"] == "runit":
        _boot_runit(root)
    else:
        _run(["chroot", root, sys.executable, __file__, "inside"])
    sys.stdout.write(Path(f"{root}{_TOLD}").read_text())


def inside() -> None:
    """Play the steps that were asked for."""
    sys.path.insert(0, TREE)
    from txsalt.loader.functions import Functions
    from txsalt.loader.scan import package

    asked = json.loads(Path(_ASKED).read_text())
    outcomes = []
    os.environ["PATH"] = PATH
    os.environ.setdefault("HOME", "/root")
    for step in asked["steps"]:
        # A new context for each, as each job has it: nothing is remembered from the last.
        dunders = {"__opts__": {"id": "one"}, "__grains__": asked["grains"], "__pillar__": {}}
        functions = Functions([package("txsalt.modules")], {**dunders, "__context__": {}})
        outcomes.append(_play(step, functions))
    Path(_TOLD).write_text(json.dumps(outcomes, default=str))


def remove_groups(folder: str) -> None:
    """Remove the control groups that a systemd in a copy left behind."""
    for base in _GROUPS:
        top = os.path.join(base, os.path.basename(folder))
        for path, _, _ in os.walk(top, topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(path)


def _play(step: dict[str, Any], functions: Any) -> dict[str, Any]:
    deadline = time.monotonic() + _PATIENCE
    while True:
        outcome = _once(step, functions)
        is_awaited = "until" in step and outcome.get("value") != step["until"]
        if not is_awaited or time.monotonic() > deadline:
            return outcome
        time.sleep(0.1)


def _once(step: dict[str, Any], functions: Any) -> dict[str, Any]:
    if "sh" in step:
        done = subprocess.run(step["sh"], shell=True, capture_output=True, text=True, check=False)
        return {"value": [done.returncode, (done.stdout + done.stderr).strip()]}
    try:
        return {"value": functions[step["fun"]](*step["args"], **step["kwargs"])}
    except Exception as exc:
        return {"error": type(exc).__name__, "text": str(exc)}


def _mount(folder: str) -> str:
    _run(["mount", "-t", "tmpfs", "none", folder])
    upper, work, root = (f"{folder}/{name}" for name in ("upper", "work", "root"))
    for each in (upper, work, root):
        os.mkdir(each)
    layers = f"lowerdir=/,upperdir={upper},workdir={work}"
    _run(["mount", "-t", "overlay", "-o", layers, "overlay", root])
    for place in sorted({TREE, sys.prefix, sys.base_prefix}):
        # They may be on file systems of their own, which an overlay of / does not show.
        os.makedirs(f"{root}{place}", exist_ok=True)
        _run(["mount", "--bind", "-o", "ro", place, f"{root}{place}"])
    for name in ("run", "tmp"):
        _run(["mount", "-t", "tmpfs", "none", f"{root}/{name}"])
    _run(["mount", "-t", "proc", "proc", f"{root}/proc"])
    for name in ("dev", "sys"):
        _run(["mount", "--rbind", f"/{name}", f"{root}/{name}"])
    return root


def _boot_systemd(root: str, folder: str) -> None:
    """Boot systemd in the copy; its only wish are the steps, after which it ends."""
    for name in ("sys", "dev", "proc", "run", "tmp"):
        _run(["umount", "-R", f"{root}/{name}"])  # systemd-nspawn mounts its own
    units = Path(root, "etc/systemd/system")
    unit = _UNIT.format(python=sys.executable, program=__file__)
    (units / "txsalt-play.service").write_text(unit)
    (units / "txsalt-play.target").write_text("[Unit]\nWants=txsalt-play.service\n")
    _enter_group(os.path.basename(folder))
    _run(["mount", "-t", "tmpfs", "none", "/run"])  # what systemd-nspawn notes there is for us
    _run(["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "-D", root, "--boot",
          "--", "systemd.unit=txsalt-play.target"])  # fmt: skip


def _boot_runit(root: str) -> None:
    """Boot runit in the copy; its second stage, which ends with the steps, supervises services."""
    stages = Path(root, "etc/runit")
    stages.mkdir(exist_ok=True)
    for number, text in enumerate((":", _SECOND_STAGE, ":"), 1):
        stage = stages / str(number)
        stage.unlink(missing_ok=True)
        stage.write_text(f"#!/bin/sh\n{text.format(python=sys.executable, program=__file__)}\n")
        stage.chmod(0o755)
    _run(["mount", "--bind", "/dev/null", f"{root}/dev/console"])
    # Process 1 ends by switching its machine off: the kernel kills it, which is no failure here.
    _run(["unshare", "--pid", "--fork", f"--mount-proc={root}/proc", "chroot", root, "runit"],
         accept=Path(f"{root}{_TOLD}"))  # fmt: skip


def _enter_group(name: str) -> None:
    for base in _GROUPS:
        if os.path.exists(f"{base}/cgroup.procs"):
            os.mkdir(f"{base}/{name}")
            Path(base, name, "cgroup.procs").write_text(str(os.getpid()))


def _run(words: list[str], *, accept: Path | None = None) -> None:
    """Run a program to its end; if it fails so do we, unless it made the file ``accept``."""
    done = subprocess.run(
        words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        env={"PATH": PATH, "HOME": "/root", "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    if done.returncode and not (accept and accept.exists()):
        sys.exit(f"{' '.join(words)}: {done.stdout[-1500:]}{done.stderr[-1500:]}")


if __name__ == "__main__":
    outside() if sys.argv[1] == "outside" else inside()
