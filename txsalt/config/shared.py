"""
Options that master and minion share, with the same meaning and default.
"""

from typing import Any

from txsalt.config import kinds
from txsalt.config.option import option
from txsalt.config.plain import Plain
from txsalt.light import frozen


@frozen(kw_only=True)
class SharedPlaces(Plain):
    """Files and folders common to both."""

    config_dir: str = option(
        "/etc/txsalt",
        doc="The folder of this file. It is set by --config-dir and cannot be set here.",
        ours=True,
    )
    root_dir: str = option(
        "/",
        doc="Prepended to cachedir, sock_dir, pki_dir, log_file, pidfile and extension_modules. "
        "A path that lies in root_dir already, and the default of pki_dir, stay as they are.",
    )
    user: str = option("", doc="The user to run as, if root starts it; empty: whoever starts it.")
    include: list[str] = option(
        [],
        doc="Further files to read after this one: paths or patterns, relative to this file. "
        "A later file wins; maps that several included files set are merged.",
        check=kinds.one_or_more,
    )


@frozen(kw_only=True)
class SharedLogs(Plain):
    """Logs."""

    log_level: str = option(
        "warning",
        doc=f"The least level that is logged to the terminal: {', '.join(kinds.LOG_LEVELS)}.",
        check=kinds.log_level,
    )
    log_level_logfile: str | None = option(
        None,
        doc="The least level that is logged to log_file; null means the same as log_level.",
        check=kinds.optional(kinds.log_level),
    )
    log_granular_levels: dict[str, str] = option(
        {}, doc="Levels for single parts of the program: a map from logger name to level."
    )


@frozen(kw_only=True)
class SharedLinks(Plain):
    """Connections."""

    ipv6: bool | None = option(
        None,
        doc="Use IPv6; null means that the addresses decide.",
        check=kinds.optional(kinds.flag),
    )
    tcp_keepalive: bool = option(True, doc="Let the kernel probe idle connections.")
    tcp_keepalive_idle: float = option(
        300,
        doc="Seconds of silence before the first probe; -1 for the system's.",
        check=kinds.number(-1),
    )
    tcp_keepalive_cnt: float = option(
        -1,
        doc="Lost probes before a connection counts as dead; -1 for the system's.",
        check=kinds.number(-1),
    )
    tcp_keepalive_intvl: float = option(
        -1, doc="Seconds between probes; -1 for the system's.", check=kinds.number(-1)
    )
    zmq_filtering: bool = option(
        False, doc="Publish jobs for lists of minions only to these; both sides must agree."
    )
    max_event_size: int = option(
        1048576, doc="The largest event, in bytes, that is passed on.", check=kinds.integer(1)
    )


@frozen(kw_only=True)
class SharedKeys(Plain):
    """Keys."""

    keysize: int = option(
        2048, doc="The size in bits of an RSA key that is made here.", check=kinds.keysize
    )
    key_pass: str | None = option(
        None,
        doc="The passphrase of the private key, if it has one.",
        check=kinds.optional(kinds.text),
        secret=True,
    )
    permissive_pki_access: bool = option(
        False, doc="Let the group of the files in pki_dir read them."
    )


@frozen(kw_only=True)
class SharedStates(Plain):
    """Environments and states."""

    hash_type: str = option(
        "sha256",
        doc="The hash of files and fingerprints.",
        check=kinds.one_of("md5", "sha1", "sha224", "sha256", "sha384", "sha512"),
    )
    renderer: str = option("jinja|yaml", doc="The renderers of sls files that do not name any.")
    failhard: bool = option(False, doc="Stop a state run at the first state that fails.")
    state_top: str = option("top.sls", doc="The name of the top file of states.")
    state_top_saltenv: str | None = option(
        None,
        doc="The only environment whose top file counts; null for all.",
        check=kinds.optional(kinds.text),
    )
    state_auto_order: bool = option(True, doc="Run states in the order of their sls files.")
    state_events: bool = option(False, doc="Send an event for each state that ran.")
    state_aggregate: bool | list[str] = option(
        False,
        doc="Join states of a kind, such as packages: true, or a list of kinds.",
        check=kinds.either(kinds.flag, kinds.words),
    )
    top_file_merging_strategy: str = option(
        "merge",
        doc="How top files of several environments are joined.",
        check=kinds.one_of("merge", "merge_all", "same"),
    )
    env_order: list[str] = option([], doc="The order in which environments are joined.")
    default_top: str = option("base", doc="The environment that stands in with strategy same.")
    saltenv: str | None = option(
        None,
        doc="The environment to use when a call names none.",
        check=kinds.optional(kinds.text),
    )
    pillarenv: str | None = option(
        None,
        doc="The pillar environment to use when a call names none; null for all.",
        check=kinds.optional(kinds.text),
    )
    file_roots: dict[str, list[str]] = option(
        {"base": ["/srv/salt"]},
        doc="The folders that are served as salt://, for each environment; the first folder that "
        "has a file wins. Patterns such as /srv/formulas/* are expanded at start.",
        check=kinds.roots,
    )
    pillar_roots: dict[str, list[str]] = option(
        {"base": ["/srv/pillar"]},
        doc="The folders with pillar files, for each environment.",
        check=kinds.roots,
    )
    pillar_source_merging_strategy: str = option(
        "smart",
        doc="How pillar from several files is joined.",
        check=kinds.one_of("none", "recurse", "aggregate", "overwrite", "smart", "list"),
    )
    pillar_merge_lists: bool = option(
        False, doc="Join lists of several pillar files instead of letting the last one win."
    )
    pillar_includes_override_sls: bool = option(
        False, doc="Let an included pillar file win over the one that includes it."
    )
    schedule: dict[str, Any] = option(  # Any: jobs are free maps
        {}, doc="Jobs that run by the clock: a map from name to job.", secret=True
    )
