"""
Find what lets this user command the local master: a key file, a token, or a password.

The master keeps one key file for each user that may: ``{cachedir}/.{user}_key``, readable by
that user only.

Source: PROTOCOL sections 10.1 to 10.3.
"""

import os
import pwd
from typing import Any  # loads are maps of any msgpack value

from txsalt.errors import KeyFileError, MasterUnreachable
from txsalt.light import field, frozen

TOKEN_FILE = "~/.txsalt_token"  # noqa: S105 - a path
TOKEN_VARIABLE = "TXSALT_TOKEN"  # noqa: S105 - a name


@frozen
class Credentials:
    """A user's name and key string, as requests carry them."""

    user: str
    key: str = field(repr=False)

    def on(self, load: dict[str, Any]) -> dict[str, Any]:
        """Return the load with what proves who sends it."""
        return {**load, "key": self.key, "user": self.user}


@frozen
class Token:
    """A token of a master."""

    token: str = field(repr=False)

    def on(self, load: dict[str, Any]) -> dict[str, Any]:
        """Return the load with what proves who sends it."""
        return _with(load, {"token": self.token})


@frozen
class Password:
    """A user, who says so (``eauth``: pam or file), and the password."""

    eauth: str
    username: str
    password: str = field(repr=False)

    def on(self, load: dict[str, Any]) -> dict[str, Any]:
        """Return the load with what proves who sends it."""
        proof = {"eauth": self.eauth, "username": self.username, "password": self.password}
        return _with(load, proof)


Proof = Credentials | Token | Password


def find(cachedir: str, master_user: str) -> Proof:
    """
    Return the credentials of the user who runs this process.

    A token in the environment comes first, one in the home folder last. Raises KeyFileError that
    says which file could not be read, and what to do; MasterUnreachable if there was no master yet.
    """
    given = os.environ.get(TOKEN_VARIABLE, "").strip()
    if given:
        return Token(given)
    name = _user_name()
    sudo = os.environ.get("SUDO_USER", "")
    owners = (master_user, name, "root") if name == "root" else (name,)
    failure = ""
    for owner in dict.fromkeys(each for each in owners if each):
        path = os.path.join(cachedir, f".{owner}_key")
        try:
            with open(path, encoding="ascii") as file:
                key = file.read().strip()
        except FileNotFoundError:
            continue
        except (OSError, UnicodeError) as exc:
            failure = failure or f"{path}: {getattr(exc, 'strerror', None) or exc}"
        else:
            return Credentials(f"sudo_{sudo}" if sudo and name == "root" else name, key)
    stored = stored_token()
    if stored is not None:
        return stored
    path = os.path.join(cachedir, f".{name}_key")
    if not failure:
        if not _was_started(cachedir):
            raise MasterUnreachable(path, "there is no such key file; has the master been started?")
        failure = (
            f"there is no {path}; the master makes one at its start for each user of publisher_acl"
        )
    raise KeyFileError(path, f"user {name} may not command this master: {failure}")


def _was_started(cachedir: str) -> bool:
    """Tell whether there was ever a master: each makes a key file for root, whoever it runs as."""
    try:
        os.stat(os.path.join(cachedir, ".root_key"))
    except FileNotFoundError:
        return False
    except OSError:
        pass  # the folder is closed to us, so somebody made it
    return True


def stored_token() -> Token | None:
    """Return the token in the user's home folder, if there is one that only the user can read."""
    path = os.path.expanduser(TOKEN_FILE)
    try:
        with open(path, encoding="ascii") as file:
            status = os.fstat(file.fileno())
            if status.st_mode & 0o077 or status.st_uid != os.geteuid():
                return None
            token = file.read(1024).strip()
    except (OSError, UnicodeError):
        return None
    return Token(token) if token else None


def store_token(token: str) -> str:
    """Keep a token in the user's home folder and return where. Raises KeyFileError."""
    path = os.path.expanduser(TOKEN_FILE)
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(path, flags, 0o600), "w", encoding="ascii") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(token + "\n")
    except OSError as exc:
        raise KeyFileError(path, exc.strerror or str(exc)) from exc
    return path


def _with(load: dict[str, Any], proof: dict[str, Any]) -> dict[str, Any]:
    # In a publish request they are inside ``kwargs``, in all others at the top.
    if load.get("cmd") == "publish":
        plain = {name: value for name, value in load.items() if name not in ("key", "user")}
        return {**plain, "kwargs": {**(load.get("kwargs") or {}), **proof}}
    return {**load, **proof}


def _user_name() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
