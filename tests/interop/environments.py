"""
Build the virtual environments of real Salt that the interop tests run against.

``python -m tests.interop.environments`` makes one for each line, unless it is there already.
They live in ``$TXSALT_INTEROP_CACHE``, by default ``${XDG_CACHE_HOME:-~/.cache}/txsalt/interop``:
outside the checkout, so that a fresh clone finds them again. A symbolic link there to an
environment is used as it is.
"""

import argparse
import configparser
import fcntl
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def _needs_of_ours() -> tuple[str, ...]:
    """What txsalt itself needs: the checkout is run from where it is, and not installed."""
    setup = configparser.ConfigParser()
    setup.read(Path(__file__).parents[2] / "setup.cfg")
    lines = setup["options"]["install_requires"].splitlines()
    return tuple(line.replace(" ", "") for line in lines if line and not line.startswith("#"))


# A line is one long-lived release of Salt; each wants the newest of its kind. "guest" is the Salt
# that lives beside txsalt in one environment, with a package of more modules for it.
LINES = {
    "3008": ("salt==3008.*",),
    "3006": ("salt==3006.*",),
    "guest": ("salt==3008.*", "saltext.consul==1.*", *_needs_of_ours()),
}


def cache_folder() -> Path:
    """The folder that holds ``salt-LINE`` and ``salt-LINE.stamp`` for each line."""
    given = os.environ.get("TXSALT_INTEROP_CACHE")
    if given:
        return Path(given).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser().absolute() / "txsalt" / "interop"


def command(line: str, name: str) -> str:
    """The path of a program of Salt's, such as ``salt-minion``, in the environment of ``line``."""
    return str(cache_folder() / f"salt-{line}" / "bin" / name)


def is_ready(line: str) -> bool:
    """Whether the environment of ``line`` is whole and as asked for."""
    place = cache_folder() / f"salt-{line}"
    if not (place / "bin" / "salt").exists() or not _python_runs(place):
        return False
    return place.is_symlink() or _stamp(line).get("asked") == _asked(line)


def build(line: str) -> None:
    """Make the environment of ``line`` anew; raises CalledProcessError with the output shown."""
    place = cache_folder() / f"salt-{line}"
    stamp = _stamp_path(line)
    stamp.unlink(missing_ok=True)  # First: without a stamp a half-made environment is never used.
    if place.is_symlink():
        place.unlink()
    shutil.rmtree(place, ignore_errors=True)
    _say(line, f"making a virtual environment in {place}")
    _run([sys.executable, "-m", "venv", str(place)])
    _say(line, f"installing {' '.join(LINES[line])} (a minute or two)")
    pip = [str(place / "bin" / "python"), "-m", "pip", "install", "--disable-pip-version-check"]
    _run([*pip, "--quiet", *LINES[line]])
    version = _run([command(line, "salt"), "--version"]).strip()
    stamp.write_text(json.dumps({"asked": _asked(line), "found": version}, indent=1) + "\n")
    _say(line, f"ready: {version}")


def main(arguments: list[str]) -> int:
    """Build what is missing; return 0 when every line is ready, 1 with the reason shown if not."""
    parser = argparse.ArgumentParser(prog="tests.interop.environments", description=__doc__)
    parser.add_argument(
        "--rebuild", action="store_true", help="make them anew, with the newest Salt"
    )
    parser.add_argument("lines", nargs="*", default=[], help=f"of {', '.join(LINES)}; default: all")
    options = parser.parse_args(arguments)
    unknown = set(options.lines) - set(LINES)
    if unknown:
        parser.error(f"no such line: {', '.join(sorted(unknown))}")
    with _one_builder():
        for line in options.lines or LINES:
            if is_ready(line) and not options.rebuild:
                _say(line, f"ready in {cache_folder()}")
                continue
            try:
                build(line)
            except subprocess.CalledProcessError as error:
                _say(line, f"failed: {' '.join(error.cmd)}\n{error.output}")
                return 1
    return 0


@contextmanager
def _one_builder() -> Iterator[None]:
    """Two runs at once would install over each other: the second waits for the first."""
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _asked(line: str) -> dict[str, object]:
    return {"pins": list(LINES[line]), "python": platform.python_version()}


def _stamp_path(line: str) -> Path:
    return cache_folder() / f"salt-{line}.stamp"


def _stamp(line: str) -> dict[str, object]:
    try:
        return dict(json.loads(_stamp_path(line).read_text()))
    except (OSError, ValueError):
        return {}


def _python_runs(place: Path) -> bool:
    """A cache from another machine may point at a Python that is not here."""
    try:
        return subprocess.run([place / "bin" / "python", "-c", ""], check=False).returncode == 0
    except OSError:
        return False


def _run(argv: list[str]) -> str:
    # PYTHONPATH and an active virtual environment of ours must not leak into Salt's.
    clean = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    done = subprocess.run(
        argv, env=clean, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, argv, done.stdout)
    return done.stdout.splitlines()[-1] if done.stdout else ""


def _say(line: str, text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} Salt {line}: {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
