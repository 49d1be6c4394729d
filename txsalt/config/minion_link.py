"""
Options of a minion about its master: where it is, how keys are checked, when to try again.
"""

from txsalt.config import kinds
from txsalt.config.option import option
from txsalt.config.plain import Plain
from txsalt.config.shared import SharedLinks
from txsalt.light import frozen

_SECONDS = kinds.number(0)
_COUNT = kinds.integer(0)


@frozen(kw_only=True)
class MinionLinks(SharedLinks):
    """The master and the way to it."""

    master: str | list[str] = option(
        "salt",
        doc="The master: a name or an address, or a list of them.",
        check=kinds.either(kinds.filled_text, kinds.words),
    )
    master_port: int = option(4506, doc="The master's port for requests.", check=kinds.port)
    publish_port: int | None = option(
        None,
        doc="The master's port for jobs; null means the one that the master tells at sign-in.",
        check=kinds.optional(kinds.port),
    )
    source_interface_name: str = option(
        "", doc="The network interface whose address connections come from."
    )
    source_address: str = option("", doc="The address that connections come from.")
    source_ret_port: int = option(
        0, doc="The local port of the request connection; 0 for any.", check=kinds.integer(0, 65535)
    )
    source_publish_port: int = option(
        0, doc="The local port of the job connection; 0 for any.", check=kinds.integer(0, 65535)
    )
    retry_dns: float = option(
        30, doc="Seconds between two tries to resolve the master's name.", check=_SECONDS
    )
    retry_dns_count: int | None = option(
        None, doc="Tries to resolve it; null for no end.", check=kinds.optional(_COUNT)
    )
    recon_default: float | None = option(
        None,
        doc="Milliseconds before the first reconnect; null: 100 to 500 by chance. The delay "
        "doubles with each try.",
        check=kinds.optional(_SECONDS),
    )
    recon_max: float = option(
        10000, doc="Milliseconds that the delay may grow to, besides the first.", check=_SECONDS
    )
    recon_randomize: bool = option(
        True,
        doc="Choose the first delay by chance, so that minions do not come all at once: with "
        "recon_default, up to recon_max more than that.",
    )
    request_channel_timeout: float = option(
        60, doc="Seconds to wait for the reply to a request.", check=_SECONDS
    )
    request_channel_tries: int = option(
        3, doc="How often a request is tried.", check=kinds.integer(1)
    )
    return_retry_timer: float = option(
        5, doc="The least seconds before a return is sent again.", check=_SECONDS
    )
    return_retry_timer_max: float = option(
        10, doc="The most seconds before a return is sent again.", check=_SECONDS
    )
    return_retry_tries: int = option(
        3, doc="How often a return is tried in a row.", check=kinds.integer(1)
    )
    ping_interval: float = option(
        0, doc="Minutes between two pings of the master; 0 for none.", check=_SECONDS
    )


@frozen(kw_only=True)
class MinionSignIn(Plain):
    """Signing in, and whom to trust."""

    acceptance_wait_time: float = option(
        10, doc="Seconds between two tries while the key is not accepted.", check=_SECONDS
    )
    acceptance_wait_time_max: float = option(
        0, doc="Seconds that this delay may grow to; 0 means that it does not.", check=_SECONDS
    )
    rejected_retry: bool = option(False, doc="Go on trying after the master rejected the key.")
    auth_timeout: float = option(5, doc="Seconds to wait for a sign-in.", check=_SECONDS)
    auth_tries: int = option(
        7, doc="How often a sign-in is tried in a row.", check=kinds.integer(1)
    )
    random_reauth_delay: float = option(
        10,
        doc="The most seconds, chosen by chance, before signing in again after a new session key.",
        check=_SECONDS,
    )
    random_startup_delay: float = option(
        0, doc="The most seconds, chosen by chance, before the first sign-in.", check=_SECONDS
    )
    open_mode: bool = option(False, doc="Trust a master whose key changed. For rescue only.")
    master_finger: str = option(
        "", doc="The fingerprint that the master's key must have at the first sign-in."
    )
    verify_master_pubkey_sign: bool = option(
        False, doc="Ask for a signature on the master's key and check it."
    )
    always_verify_signature: bool = option(
        False, doc="Check that signature at every sign-in, not only when the key changed."
    )
    master_sign_key_name: str = option(
        "master_sign",
        doc="The file name, without .pub, of the key that signs the master's key.",
        check=kinds.filled_text,
    )
    sign_pub_messages: bool = option(
        True, doc="Refuse jobs that the master did not sign; false is Salt's default."
    )
    minion_sign_messages: bool = option(False, doc="Sign returns.")
    encryption_algorithm: str = option(
        "OAEP-SHA1", doc="How keys are encrypted at sign-in.", check=kinds.encryption
    )
    signing_algorithm: str = option(
        "PKCS1v15-SHA1", doc="How messages are signed.", check=kinds.signature
    )
    autosign_grains: list[str] = option(
        [], doc="Grains that are told at sign-in, for the master's autosign_grains_dir."
    )
