"""
Find the secret that lets this user command the local master.

The master keeps one key file for each user that may: ``{cachedir}/.{user}_key``, readable by
that user only.

Source: PROTOCOL section 10.1.
"""

import os
import pwd

from attrs import field, frozen

from txsalt.errors import KeyFileError


@frozen
class Credentials:
    """A user's name and key string, as the publish request carries them."""

    user: str
    key: str = field(repr=False)


def find(cachedir: str, master_user: str) -> Credentials:
    """
    Return the credentials of the user who runs this process.

    Raises KeyFileError that says which file could not be read, and what to do.
    """
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
            failure = failure or f"there is no {path}; has the master been started?"
        except (OSError, UnicodeError) as exc:
            failure = failure or f"{path}: {getattr(exc, 'strerror', None) or exc}"
        else:
            return Credentials(f"sudo_{sudo}" if sudo and name == "root" else name, key)
    raise KeyFileError(
        os.path.join(cachedir, f".{name}_key"),
        f"user {name} may not command this master: {failure}",
    )


def _user_name() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
