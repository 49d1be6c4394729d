"""
Salt's runners, for help and completion: those that the master has, and what replaces others.
"""

# What each answers, in a few words.
HERE = {
    "jobs.active": "jobs that minions which are there have not answered yet",
    "jobs.exit_success": "who has returned a success: JID",
    "jobs.last_run": "the newest job: function=, target=, metadata=",
    "jobs.list_job": "one job with its results: JID",
    "jobs.list_jobs": "jobs: search_function=, search_target=, start_time=, …",
    "jobs.list_jobs_filter": "the newest N jobs: COUNT",
    "jobs.lookup_jid": "what minions returned: JID, missing=True",
    "jobs.master": "runners that run now",
    "jobs.print_job": "one job with its results, by its id: JID",
    "manage.alived": "as manage.list_state",
    "manage.allowed": "as manage.list_state",
    "manage.down": "ids of minions that are not there: tgt=, tgt_type=",
    "manage.joined": "as manage.list_state",
    "manage.list_not_state": "ids that are not there: subset=",
    "manage.list_state": "ids that are there: subset=, show_ip=True",
    "manage.not_alived": "as manage.list_not_state",
    "manage.not_allowed": "as manage.list_not_state",
    "manage.not_joined": "as manage.list_not_state",
    "manage.not_present": "as manage.list_not_state",
    "manage.not_reaped": "as manage.list_not_state",
    "manage.present": "as manage.list_state",
    "manage.reaped": "as manage.list_state",
    "manage.status": "ids that are up, and that are down: tgt=, tgt_type=",
    "manage.up": "ids of minions that are there: tgt=, tgt_type=",
    "manage.versions": "versions, by how they compare to the master's",
}
# A module, or a function, and what stands for it.
ELSEWHERE = {
    "auth.del_token": "txsalt-cli token revoke",
    "auth.mk_token": "txsalt-cli token create",
    "cache.grains": "txsalt-cli TARGET grains.items",
    "cache.pillar": "txsalt-cli TARGET pillar.items",
    "event.send": "txsalt-cli event fire TAG key=value",
    "manage.bootstrap": "the package manager, or ssh: txsalt starts nothing on foreign machines",
    "manage.bootstrap_psexec": "the package manager: txsalt starts nothing on foreign machines",
    "manage.key_regen": "txsalt-cli key delete, then remove the minion's key files",
    "manage.safe_accept": "txsalt-cli key finger ID, there call --local key.finger; key accept ID",
    "saltutil.kill": "txsalt-cli job kill JID",
    "state.event": "txsalt-cli event watch",
    "survey": "txsalt-cli TARGET FUNCTION --out json",
}


def instead_of(name: str) -> str:
    """Return what stands for a runner that is not here; "" if nothing does."""
    return ELSEWHERE.get(name) or ELSEWHERE.get(name.partition(".")[0], "")
