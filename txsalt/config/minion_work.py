"""
Options of a minion about its name, its grains, its modules and its jobs.
"""

from typing import Any

from txsalt.config import kinds
from txsalt.config.option import option
from txsalt.config.plain import Plain
from txsalt.light import frozen

_COUNT = kinds.integer(0)


@frozen(kw_only=True)
class MinionName(Plain):
    """The name of this minion."""

    id: str = option(
        "", doc="The name of this minion. Empty means: the kept one, else that of the machine."
    )
    minion_id_caching: bool = option(
        True, doc="Keep the name that was found in the file minion_id beside this file."
    )
    append_domain: str = option("", doc="A domain to append to a name that does not end in it.")
    minion_id_lowercase: bool = option(False, doc="Make the found name lower-case.")
    minion_id_remove_domain: bool | str = option(
        False,
        doc="Remove every domain (true), or the one named here, from the found name.",
        check=kinds.either(kinds.flag, kinds.text),
    )


@frozen(kw_only=True)
class MinionFacts(Plain):
    """Grains, mine and beacons."""

    grains: dict[str, Any] = option(
        {}, doc="Grains of your own: a map from name to value.", secret=True
    )
    grains_cache: bool = option(False, doc="Keep grains on disk between starts.")
    grains_cache_expiration: int = option(300, doc="Seconds that they count.", check=_COUNT)
    grains_deep_merge: bool = option(
        False, doc="Join maps of several grains modules and of the file grains."
    )
    grains_refresh_every: float = option(
        0, doc="Minutes between two refreshes of the grains; 0 for none.", check=kinds.number(0)
    )
    enable_fqdns_grains: bool = option(
        False,
        doc="Look up the names of all addresses, for the grain fqdns. Slow where no name server "
        "answers.",
    )
    enable_gpu_grains: bool = option(True, doc="Look for graphics processors.")
    enable_lspci: bool = option(True, doc="Let lspci do so.")
    pillar_mask_output: bool = option(
        False,
        doc="pillar.get, item, items and ext return ********** for values, but to templates and "
        "where a call says unmask=True. Salt 3008 does so by default.",
    )
    start_event_grains: list[str] = option([], doc="Grains that the start event tells.")
    enable_legacy_startup_events: bool = option(
        True, doc="Send the start event with its old tag minion_start, too."
    )
    mine_enabled: bool = option(True, doc="Send the mine.")
    mine_functions: dict[str, Any] | list[str] = option(
        {},
        doc="Functions whose results the mine holds: a map from name to arguments.",
        check=kinds.either(kinds.mapping, kinds.words),
        secret=True,
    )
    mine_interval: float = option(
        60, doc="Minutes between two updates of the mine.", check=kinds.number(0)
    )
    mine_return_job: bool = option(False, doc="Keep updates of the mine as jobs on the master.")
    beacons: dict[str, Any] = option(
        {}, doc="What is watched on this machine: a map from beacon to settings.", secret=True
    )


@frozen(kw_only=True)
class MinionWork(Plain):
    """Modules and jobs."""

    module_dirs: list[str] = option(
        [], doc="More folders with modules, or with folders named after kinds of them."
    )
    grains_dirs: list[str] = option([], doc="More folders with grains modules.")
    utils_dirs: list[str] = option([], doc="More folders with utility modules.")
    extmod_whitelist: dict[str, list[str]] = option(
        {}, doc="By kind (modules, grains, ...), the only modules that are synced from the master."
    )
    extmod_blacklist: dict[str, list[str]] = option(
        {}, doc="By kind, modules that are not synced from the master."
    )
    clean_dynamic_modules: bool = option(
        True, doc="Remove synced modules that the master has no more."
    )
    salt_modules: str = option(
        "auto",
        doc="Where the salt package is installed, too: run functions that txsalt lacks with it "
        "(auto), never (off), or before txsalt's own ones (prefer).",
        check=kinds.one_of("auto", "off", "prefer"),
        ours=True,
    )
    disable_modules: list[str] = option([], doc="Execution modules that are not loaded.")
    whitelist_modules: list[str] = option(
        [], doc="The only execution modules that are loaded; empty for all."
    )
    multiprocessing: bool = option(
        True, doc="Run each job in a process. txsalt does so in any case."
    )
    process_count_max: int = option(
        -1,
        doc="Jobs that run at once; others wait, the users in turn. -1: two for each core, and at "
        "least four.",
        check=kinds.integer(-1),
    )
    state_queue: bool | int = option(
        False,
        doc="Of state runs there is one at a time: a second one is refused (false), waits (true), "
        "or waits if fewer than so many are there. The argument queue of a run comes first.",
        check=kinds.either(kinds.flag, kinds.integer(0)),
    )
    minion_jid_queue_hwm: int = option(
        100, doc="Job ids that are kept so that no job runs twice.", check=kinds.integer(1)
    )
    multifunc_ordered: bool = option(
        False, doc="Return several functions as a list in order, not as a map by name."
    )
    cache_jobs: bool = option(False, doc="Keep returns on the minion, too.")
    outbox_fsync: bool = option(
        False,
        doc="Flush each return to the disk before it is sent, so that it outlives a power cut. "
        "Costs some milliseconds for each job.",
        ours=True,
    )
    outbox_max_mib: int = option(
        512,
        doc="MiB of returns that may wait on disk until the master has stored them, for any time, "
        "and as much for returners. Beyond that the oldest are dropped, and the log names them. "
        "0 for no limit.",
        check=kinds.integer(0),
        ours=True,
    )
    zygote_idle_seconds: float = option(
        300,
        doc="Seconds without a job after which the program that starts jobs is ended. The next "
        "job starts it again.",
        check=kinds.number(1),
        ours=True,
    )
    job_memory_max: int = option(
        0,
        doc="MiB of address space that a job, and each command that it starts, may have; 0 for no "
        "limit. Less than 128 is too little for most jobs.",
        check=kinds.integer(0),
        ours=True,
    )
    job_timeout: float = option(
        0,
        doc="Seconds after which a job is killed; 0 for never.",
        check=kinds.number(0),
        ours=True,
    )


@frozen(kw_only=True)
class MinionFunctions(Plain):
    """What functions heed."""

    cmd_blacklist_glob: list[str] = option(
        [],
        doc="Commands that users may not type, as patterns: 'rm *'. What modules run by themselves "
        "is not touched.",
        check=kinds.one_or_more,
    )
    cmd_whitelist_glob: list[str] = option(
        [],
        doc="The only commands that users may type, as patterns; empty for all.",
        check=kinds.one_or_more,
    )
    cmd_safe: bool = option(
        True, doc="Keep the shell away from the commands that modules run, unless they ask for it."
    )
    test: bool = option(
        False, doc="Let functions that know how to only say what they would change."
    )
    backup_mode: str = option(
        "", doc="Where copies of files go before they are changed: minion, or empty for none."
    )
    file_client: str = option(
        "remote",
        doc="Where salt:// is: at the master (remote), or in file_roots of this machine (local).",
        check=kinds.one_of("remote", "local"),
    )
    nodegroups: dict[str, Any] = option(
        {},
        doc="Names for targets, for the top files of a minion without a master.",
        check=kinds.either(kinds.mapping, kinds.maps_listed),
    )
    pillar_raise_on_missing: bool = option(
        False, doc="Make it an error if pillar.get finds nothing and is given no default."
    )
    pillarenv_from_saltenv: bool = option(
        False, doc="Let functions of the pillar use the environment that a call names for states."
    )
    jinja_env: dict[str, Any] = option({}, doc="Settings of Jinja for templates of files.")
    jinja_lstrip_blocks: bool = option(False, doc="Strip blanks before a Jinja block.")
    jinja_trim_blocks: bool = option(False, doc="Strip the line feed after a Jinja block.")
    allow_undefined: bool = option(
        False, doc="Let unknown names in templates stand for an empty text."
    )
    aptpkg_refresh_db_timeout: float = option(
        30, doc="Seconds that pkg.refresh_db waits for apt-get.", check=kinds.number(0)
    )


@frozen(kw_only=True)
class MinionReturners(Plain):
    """Where returns go besides the master, and the schedule."""

    returners: str | list[str] = option(
        "",
        doc="Returners that get the result of every job besides the master: a name, several with "
        "commas, or a list. May be written as return, the name that Salt has for it.",
        check=kinds.either(kinds.text, kinds.words),
        ours=True,
    )
    returner_dirs: list[str] = option([], doc="More folders with returners.")
    schedule_returner: str | list[str] = option(
        "",
        doc="Returners that get the results of all scheduled jobs.",
        check=kinds.either(kinds.text, kinds.words),
    )
    scheduler_before_connect: bool = option(
        False,
        doc="Run scheduled jobs before the first sign-in, too. Otherwise they wait for it, though "
        "at most a minute.",
    )
    module_options: dict[str, Any] = option(
        {},
        doc="Options of modules and returners. Everything in a file that is no option of the "
        "minion is one, as returner.http.url, and need not be written here. Modules find it in "
        "__opts__ by its own name.",
        secret=True,
        ours=True,
    )
