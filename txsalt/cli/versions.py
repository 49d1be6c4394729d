"""``--versions-report``: what this command line stands on, for whoever reports a mistake."""

import locale
import platform
import sys
from importlib import metadata

from txsalt import __version__
from txsalt.minion.grains.versions import libraries

# By the names under which they are installed.
LIBRARIES = (
    "attrs", "automat", "cronsim", "cryptography", "distro", "Jinja2", "msgpack", "psutil",
    "psycopg", "pyOpenSSL", "PyYAML", "pyzmq", "Twisted", "txZMQ",
)  # fmt: skip


def report() -> str:
    """Return the versions of txsalt, its libraries and the system, laid out as Salt does."""
    parts = {
        "txsalt Version": {"txsalt": __version__},
        "Python Version": {"Python": sys.version.replace("\n", "")},
        "Dependency Versions": {name: _version(name) for name in LIBRARIES}
        | {"ZMQ": str(libraries({})["zmqversion"])},
        "System Versions": {
            "locale": locale.getpreferredencoding(False),
            "machine": platform.machine(),
            "release": platform.release(),
            "system": platform.system(),
        },
    }
    return "\n\n".join(
        "\n".join([f"{title}:", *(f"{name:>15}: {value}" for name, value in entries.items())])
        for title, entries in parts.items()
    )


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "Not Installed"
