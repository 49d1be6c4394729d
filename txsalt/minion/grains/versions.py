"""
Grains of the minion program and of Python.

``saltversion`` is the line of Salt that this minion is compatible with, so that files that ask for
it find what they need; ``txsaltversion`` is our own version.
"""

import hashlib
import os
import sys
from collections.abc import Mapping
from typing import Any  # options and grains hold values of any type

import txsalt

COMPATIBLE = (3008,)


def minion(config: Mapping[str, Any]) -> dict[str, Any]:
    """Give id, master and versions."""
    id = config.get("id") or ""
    digest = int(hashlib.sha256(str(id).encode()).hexdigest(), 16)
    return {
        "id": id,
        "master": config.get("master") or "",
        "server_id": digest % 2**31,
        "saltversion": ".".join(map(str, COMPATIBLE)),
        "saltversioninfo": list(COMPATIBLE),
        "saltpath": os.path.dirname(txsalt.__file__),
        "txsaltversion": txsalt.__version__,
    }


def libraries(config: Mapping[str, Any]) -> dict[str, Any]:
    """Give the version of the ZeroMQ library, and whose certificates web servers are checked by."""
    import zmq  # Here: only who collects grains pays for it.

    return {"zmqversion": zmq.zmq_version(), "ca_truststore": "os"}


def python(config: Mapping[str, Any]) -> dict[str, Any]:
    """Give version, executable and search path of Python."""
    return {
        "pythonversion": list(sys.version_info),
        "pythonexecutable": sys.executable,
        "pythonpath": list(sys.path),
    }
