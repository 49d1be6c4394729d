"""
Options of a master about jobs, events, the command line, and who may do what.
"""

from typing import Any

from txsalt.config import kinds
from txsalt.config.option import option
from txsalt.config.plain import Plain
from txsalt.light import frozen

_SECONDS = kinds.number(0)


@frozen(kw_only=True)
class MasterJobs(Plain):
    """Jobs, events and the command line."""

    timeout: float = option(
        5, doc="Seconds that the command line waits before it asks about a job.", check=_SECONDS
    )
    gather_job_timeout: float = option(
        10, doc="Seconds that minions have to say whether a job still runs.", check=_SECONDS
    )
    publish_timeout: float = option(
        30, doc="Seconds that the command line waits for the master to take a job.", check=_SECONDS
    )
    keep_jobs_seconds: int = option(
        86400, doc="Seconds that jobs and returns are kept.", check=kinds.integer(0)
    )
    job_cache: bool = option(True, doc="Keep jobs and returns.")
    minion_data_cache: bool = option(True, doc="Keep the grains and mine of minions.")
    presence_events: bool = option(False, doc="Send events when minions come and go.")
    auth_events: bool = option(True, doc="Send an event for each sign-in.")
    minion_data_cache_events: bool = option(
        True, doc="Send an event when the kept grains of a minion change."
    )
    cli_summary: bool = option(False, doc="Print a summary after the returns.")
    show_timeout: bool = option(True, doc="Name the minions that did not answer.")
    show_jid: bool = option(False, doc="Print the job id first.")
    output: str | None = option(
        None,
        doc="The form of output when the command line names none; null lets the function decide.",
        check=kinds.optional(kinds.text),
    )
    nodegroups: dict[str, Any] = option(  # Any: an expression or a list of its words
        {}, doc="Named targets: a map from name to a compound expression."
    )
    range_server: str = option("", doc="What the plug-in for targets by range asks: host:port.")


@frozen(kw_only=True)
class MasterAccess(Plain):
    """Who may do what."""

    peer: dict[str, Any] = option(
        {}, doc="Functions that minions may run on others: a map from id to functions."
    )
    peer_run: dict[str, Any] = option(
        {}, doc="Runners that minions may start: a map from id to runners."
    )
    mine_get: dict[str, Any] = option(
        {}, doc="Mine functions that minions may read: a map from id to functions; {} for all."
    )
    publisher_acl: dict[str, Any] = option(
        {}, doc="Functions that local users may run: a map from user to functions."
    )
    publisher_acl_blacklist: dict[str, Any] = option(
        {}, doc="What local users may not do: maps users and modules to lists."
    )
    client_acl_verify: bool = option(
        True,
        doc="Look up patterns of publisher_acl among all accounts of this machine, which may take "
        "long where they come from the network.",
    )
    sudo_acl: bool = option(False, doc="Let publisher_acl count for users who come by sudo.")
    external_auth: dict[str, Any] = option(
        {}, doc="Users that outside services vouch for, and their functions.", secret=True
    )
    token_expire: int = option(
        43200, doc="Seconds that a token of external_auth lasts.", check=kinds.integer(0)
    )
    token_expire_user_override: bool | dict[str, Any] = option(
        False,
        doc="Who may ask for tokens that last longer: true, or a map of lists.",
        check=kinds.either(kinds.flag, kinds.mapping),
    )
    keep_acl_in_token: bool = option(False, doc="Fix the rights of a token when it is made.")
