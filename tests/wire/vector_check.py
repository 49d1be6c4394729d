"""
Check a folder of golden vectors against ``txsalt.wire`` and ``txsalt.protocol``.

Usage: python -m tests.wire.vector_check FOLDER

FOLDER has one folder for each Salt version (or is one itself), with keys.json and the vectors.
Prints a line for each vector that fails, then the numbers. Exit status: 0 all passed; 1 some
failed, or there are none; 2 the folder is not one of vectors.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any  # vectors are JSON

from tests.wire.vector_frames import Exchange
from tests.wire.vector_ring import Frame, Ring, VectorFailed, need

KEYS = "keys.json"
FORMAT = 1


def find_vectors(folder: Path) -> Iterator[Path]:
    """Yield every vector below ``folder``: each JSON file that lies beside a keys.json."""
    for keys in sorted(folder.rglob(KEYS)):
        yield from (path for path in sorted(keys.parent.glob("*.json")) if path.name != KEYS)


class Checker:
    """Checks vectors and keeps the key rings of the folders it has seen."""

    def __init__(self) -> None:
        self._scenarios: dict[Path, dict[str, Any]] = {}
        self._rings: dict[tuple[Path, str], Ring] = {}

    def check(self, path: Path) -> None:
        """Check one vector. Raises VectorFailed with a reason that names the frame."""
        document = _read(path)
        need(document.get("format") == FORMAT, f"unknown format {document.get('format')!r}")
        frames = document.get("frames")
        need(isinstance(frames, list) and frames, "no frames")
        ring = self._ring(path.parent, document.get("scenario"))
        exchange = Exchange(ring, strict=document.get("request_by") == "real Salt")
        for number, frame in enumerate(frames):
            with _naming(f"frame {number}", frame):
                exchange.check(Frame.read(frame))
        with _naming("the whole exchange", {}):
            exchange.finish()

    def _ring(self, folder: Path, scenario: Any) -> Ring:
        if folder not in self._scenarios:
            with _naming(KEYS, {}):
                self._scenarios[folder] = _read(folder / KEYS)["scenarios"]
        need(scenario in self._scenarios[folder], f"{KEYS} has no scenario {scenario!r}")
        if (folder, scenario) not in self._rings:
            with _naming(f"{KEYS}, scenario {scenario!r}", {}):
                self._rings[folder, scenario] = Ring.read(self._scenarios[folder][scenario])
        return self._rings[folder, scenario]


class _naming:
    """Turn any exception of a block into VectorFailed that says where it happened."""

    def __init__(self, where: str, frame: Any) -> None:
        crypto = frame.get("crypto") if isinstance(frame, dict) else None
        kind = crypto.get("kind") if isinstance(crypto, dict) else None
        self._where = f"{where} ({kind})" if kind else where

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, exc: BaseException | None, _trace: object) -> None:
        if isinstance(exc, Exception):
            name = "" if isinstance(exc, VectorFailed) else f"{type(exc).__name__}: "
            raise VectorFailed(f"{self._where}: {name}{exc}") from exc


def _read(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as exc:
        raise VectorFailed(f"{path.name} is not readable as JSON: {exc}") from exc
    need(isinstance(document, dict), f"{path.name} is not a JSON map")
    return document


def main(arguments: list[str]) -> int:
    """Check the folder named in ``arguments`` and return the exit status."""
    if len(arguments) != 1:
        print("usage: python -m tests.wire.vector_check FOLDER", file=sys.stderr)
        return 2
    folder = Path(arguments[0])
    if not folder.is_dir():
        print(f"{folder}: there is no such folder", file=sys.stderr)
        return 2
    if not any(folder.rglob(KEYS)):
        print(f"{folder}: no {KEYS} in it, so it holds no vectors", file=sys.stderr)
        return 2
    checker, passed, failed = Checker(), 0, 0
    for path in find_vectors(folder):
        try:
            checker.check(path)
            passed += 1
        except VectorFailed as exc:
            failed += 1
            print(f"FAIL {path.parent.name} {path.name} {exc}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
