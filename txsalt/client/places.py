"""Where clients look by themselves; apart, as completion needs no library of sockets."""

DEFAULT_CONFIG_DIR = "/etc/txsalt"
