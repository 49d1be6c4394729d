"""
Accept or reject keys without a human: the operator's rules.

A rule file counts only if nobody but its owner can write it, since it decides who gets in.

Source: PROTOCOL section 6.6.
"""

import fnmatch
import os
import re
import stat
from collections.abc import Callable, Iterable
from typing import Any  # grains hold any msgpack value

from txsalt.config.master import MasterConfig
from txsalt.errors import BadName
from txsalt.protocol.admission import Automatic
from txsalt.wire import names

_LONGEST = 4 * 1024 * 1024  # bytes of one rule file


class Autosign:
    """The rules of one master, read again whenever a file has changed."""

    def __init__(self, config: MasterConfig, stub_folder: str, clock: Callable[[], float]) -> None:
        """``stub_folder`` holds empty files, each named after an id and good for one time."""
        self._config = config
        self._stubs = stub_folder
        self._clock = clock
        self._lines: dict[str, tuple[tuple[int, int, int], list[str]]] = {}

    def judge(self, minion_id: str, grains: dict[str, Any] | None) -> Automatic:
        """Say what the rules want of a new key. A stub counts, but is not used up: ``consume``."""
        if self._listed(self._config.autoreject_file, minion_id):
            return Automatic.REJECT
        if self.always_signs(minion_id, grains) or self._has_stub(minion_id):
            return Automatic.SIGN
        return Automatic.NONE

    def always_signs(self, minion_id: str, grains: dict[str, Any] | None) -> bool:
        """Tell whether an id gets in without using up a stub."""
        return (
            self._config.auto_accept
            or self._listed(self._config.autosign_file, minion_id)
            or self._grain_allows(grains)
        )

    def consume(self, minion_id: str) -> bool:
        """Use up the stub of an id; False if another request was faster."""
        try:
            os.unlink(os.path.join(self._stubs, names.minion_id(minion_id)))
        except FileNotFoundError:
            return False
        return True

    def _has_stub(self, minion_id: str) -> bool:
        path = os.path.join(self._stubs, names.minion_id(minion_id))
        try:
            status = os.lstat(path)
        except OSError:
            return False
        if not stat.S_ISREG(status.st_mode):
            return False
        if self._clock() - status.st_mtime > self._config.autosign_timeout * 60:
            self.consume(minion_id)
            return False
        return True

    def _listed(self, path: str | None, minion_id: str) -> bool:
        return path is not None and any(_matches(minion_id, line) for line in self._lines_of(path))

    def _grain_allows(self, grains: dict[str, Any] | None) -> bool:
        folder = self._config.autosign_grains_dir
        if not folder or not grains:
            return False
        for name, value in grains.items():
            if not _is_file_name(name):
                continue
            # The lines are text, so text is what is compared: 4 in a grain is "4" in the file.
            if str(value) in self._lines_of(os.path.join(folder, name)):
                return True
        return False

    def _lines_of(self, path: str) -> Iterable[str]:
        try:
            status = os.stat(path)
            if not self._is_trusted(status):
                return ()
            mark = (status.st_mtime_ns, status.st_ino, status.st_size)
            known = self._lines.get(path)
            if known is None or known[0] != mark:
                known = self._lines[path] = (mark, _read_lines(path))
            return known[1]
        except (OSError, UnicodeDecodeError):
            return ()

    def _is_trusted(self, status: os.stat_result) -> bool:
        if not stat.S_ISREG(status.st_mode) or status.st_mode & stat.S_IWOTH:
            return False
        return self._config.permissive_pki_access or not status.st_mode & stat.S_IWGRP


def _read_lines(path: str) -> list[str]:
    with open(path, encoding="utf-8") as file:
        lines = file.read(_LONGEST).splitlines()
    return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]


def _matches(minion_id: str, rule: str) -> bool:
    if minion_id == rule or fnmatch.fnmatchcase(minion_id, rule):
        return True
    try:
        return re.fullmatch(rule, minion_id) is not None
    except re.error:
        return False  # a glob that is no regular expression


def _is_file_name(name: object) -> bool:
    try:
        return not names.minion_id(name).startswith(".")
    except BadName:
        return False
