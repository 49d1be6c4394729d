"""Where clients look by themselves; apart, as completion needs no library of sockets."""

import os

# The variable saves -c at a master in a folder of its own; daemons do not look at it.
DEFAULT_CONFIG_DIR = os.environ.get("TXSALT_CONFIG_DIR") or "/etc/txsalt"
