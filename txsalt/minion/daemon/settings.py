"""
Cut the configuration into the plain values that each service gets.
"""

import os
from collections.abc import Sequence
from functools import partial

from txsalt.config.minion import MinionConfig
from txsalt.minion.daemon.arrival import ArrivalSettings
from txsalt.minion.daemon.facts import FactSettings
from txsalt.minion.daemon.job_runner import RunnerSettings, pool_limit
from txsalt.minion.daemon.keys import KeyFiles
from txsalt.minion.daemon.link import LinkSettings
from txsalt.minion.daemon.listener import ListenerSettings
from txsalt.minion.daemon.returns import ReturnSettings
from txsalt.minion.daemon.sign_in_loop import SignInSettings
from txsalt.protocol.sign_in import Identity
from txsalt.sockets.tuning import Tuning

_MINUTE = 60.0
_MAX_MESSAGE = 64 * 1024 * 1024
_FIRST_MS, _FIRST_SPREAD_MS = 100, 400  # of the first reconnect


def key_files(config: MinionConfig) -> KeyFiles:
    """Where the keys are."""
    return KeyFiles(
        pki_dir=config.pki_dir,
        keysize=config.keysize,
        passphrase=config.key_pass,
        group_may_read=config.permissive_pki_access,
        signing_key_name=os.path.basename(config.master_sign_key_name),
    )


def link(config: MinionConfig) -> LinkSettings:
    """How to sign in and to ask."""
    return LinkSettings(
        make_identity=partial(
            Identity,
            minion_id=config.id,
            enc_algo=config.encryption_algorithm,
            sig_algo=config.signing_algorithm,
            hash_type=config.hash_type,
            master_finger=config.master_finger,
            verify_master_pubkey_sign=config.verify_master_pubkey_sign,
            always_verify_signature=config.always_verify_signature,
        ),
        with_signing_key=config.verify_master_pubkey_sign,
        sign_in=SignInSettings(
            timeout=config.auth_timeout,
            tries=config.auth_tries,
            wait=config.acceptance_wait_time,
            wait_max=config.acceptance_wait_time_max,
            rejected_retry=config.rejected_retry,
        ),
        request_timeout=config.request_channel_timeout,
        request_tries=config.request_channel_tries,
    )


def listener(config: MinionConfig) -> ListenerSettings:
    """What publications are taken."""
    return ListenerSettings(
        minion_id=config.id,
        filtered=config.zmq_filtering,
        require_signature=config.sign_pub_messages,
        jids=config.minion_jid_queue_hwm,
    )


def returns(config: MinionConfig) -> ReturnSettings:
    """When returns are sent again, and how many may wait."""
    least = config.return_retry_timer
    most = max(least, config.return_retry_timer_max)
    return ReturnSettings(timer=least, timer_max=most, most_mib=config.outbox_max_mib)


def facts(config: MinionConfig) -> FactSettings:
    """Of which environments the pillar is."""
    return FactSettings(
        minion_id=config.id,
        saltenv=config.saltenv,
        pillarenv=config.pillarenv,
    )


def runner(config: MinionConfig) -> RunnerSettings:
    """How many jobs run at once, and how long."""
    return RunnerSettings(
        minion_id=config.id,
        limit=pool_limit(config.process_count_max),
        timeout=config.job_timeout or None,
        state_queue=config.state_queue,
        memory_mib=config.job_memory_max,
    )


def arrival(config: MinionConfig) -> ArrivalSettings:
    """What follows a sign-in."""
    has_mine = config.mine_enabled and bool(config.mine_functions)
    # 4506 counts as "not set", since it stands in many files as the other port's number.
    port = config.publish_port if config.publish_port != config.master_port else None
    return ArrivalSettings(
        minion_id=config.id,
        publish_port=port,
        legacy_start_event=config.enable_legacy_startup_events,
        start_event_grains=_names(config.start_event_grains),
        autosign_grains=_names(config.autosign_grains),
        startup_delay=config.random_startup_delay,
        reconnect_delay=min(1.0, config.random_reauth_delay),
        lost_after=config.retry_dns or 30.0,
        mine_every=config.mine_interval * _MINUTE if has_mine else 0.0,
        ping_every=config.ping_interval * _MINUTE,
        grains_every=config.grains_refresh_every * _MINUTE,
    )


def subscribe_tuning(config: MinionConfig, chance: float) -> Tuning:
    """How the job connection reconnects; ``chance`` is between 0 and 1."""
    if config.recon_default is None:
        # Short as long as the master was away: most are only started again.
        first, most = _FIRST_MS + _FIRST_SPREAD_MS * chance, config.recon_max
        return Tuning(
            max_message=_MAX_MESSAGE,
            reconnect_ms=int(first),
            reconnect_max_ms=max(int(first), int(most)),
        )
    first = config.recon_default + (config.recon_max * chance if config.recon_randomize else 0)
    return Tuning(
        max_message=_MAX_MESSAGE,
        reconnect_ms=max(1, int(first)),
        reconnect_max_ms=max(1, int(config.recon_default + config.recon_max)),
    )


def request_tuning() -> Tuning:
    """How request connections behave; a master that restarts is found soon."""
    return Tuning(max_message=_MAX_MESSAGE, reconnect_ms=500, reconnect_max_ms=5000)


def _names(values: Sequence[object]) -> tuple[str, ...]:
    return tuple(str(value) for value in values)
