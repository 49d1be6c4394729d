"""
Ask PAM about a user, through a program that may hang without harm; see ``pam.py``.

The options are those of ``external_auth: pam`` that begin with ``^``: ``^service`` (login), the
file of PAM's rules, and ``^confdir``, a folder with such files instead of the system's.
"""

import grp
import json
import logging
import os
import pwd
import subprocess
import sys
from collections.abc import Mapping
from typing import Any  # options are what YAML holds

from attrs import frozen

log = logging.getLogger(__name__)

_SECONDS = 15.0
_SYSTEM = ("PATH", "LANG", "LC_ALL")


@frozen(kw_only=True)
class Pam:
    """PAM with the options of one section of ``external_auth``."""

    service: str = "login"
    confdir: str | None = None

    @classmethod
    def of(cls, section: Mapping[str, Any]) -> "Pam":
        """Read the options; callers of the network have no say in them."""
        folder = section.get("^confdir")
        return cls(
            service=str(section.get("^service") or "login"),
            confdir=str(folder) if folder else None,
        )

    def vouches(self, user: str, password: str) -> bool:
        """Tell whether the password is right and the account is in use."""
        return self._ask(user, password)

    def is_in_use(self, user: str) -> bool:
        """Tell whether the account exists and is neither locked nor expired."""
        try:
            pwd.getpwnam(user)
        except KeyError:
            return False
        return self._ask(user, None)

    def groups(self, user: str) -> list[str]:
        """Return the names of the user's groups, the main one too."""
        try:
            numbers = os.getgrouplist(user, pwd.getpwnam(user).pw_gid)
        except KeyError:
            return []
        return [name for number in numbers if (name := _group_name(number))]

    def _ask(self, user: str, password: str | None) -> bool:
        question = {
            "service": self.service,
            "confdir": self.confdir,
            "user": user,
            "password": password,
        }
        argv = [sys.executable, "-P", "-m", f"{__package__}.pam"]
        try:
            done = subprocess.run(
                argv,
                input=json.dumps(question).encode(),
                capture_output=True,
                timeout=_SECONDS,
                check=False,
                env={name: os.environ[name] for name in _SYSTEM if name in os.environ},
                cwd="/",
            )
            answer = json.loads(done.stdout)
        except (OSError, ValueError, subprocess.TimeoutExpired) as exc:
            # Its words are not logged: they might repeat the question.
            log.error("PAM gave no answer about user %s: %s", user, type(exc).__name__)
            return False
        if answer.get("ok") is not True:
            log.info("PAM refused user %s: %s", user, answer.get("reason"))
        return answer.get("ok") is True


def _group_name(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return ""
