"""
The workbench of one worker: everything that a command may reach, made once.
"""

import logging
import time
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from txsalt.config.master import MasterConfig
from txsalt.errors import KeyFileError
from txsalt.jobs.jid import JidClock
from txsalt.light import evolve
from txsalt.master.fileserver.roots import Roots
from txsalt.master.store import audit, master_key, user_keys
from txsalt.master.store.audit import Entry
from txsalt.master.store.batches import Batches
from txsalt.master.store.database import Connection
from txsalt.master.store.facts import FactsStore
from txsalt.master.store.identities import Identities, forget
from txsalt.master.store.jobs import Jobs
from txsalt.master.store.keys import KeyStore
from txsalt.master.store.mine import MineStore
from txsalt.master.store.nonces import Nonces
from txsalt.master.store.presence import Presence
from txsalt.master.store.secrets import Secrets
from txsalt.master.store.tokens import Tokens
from txsalt.master.worker.autosign import Autosign
from txsalt.master.worker.bus import Outgoing
from txsalt.master.worker.gatekeeper import Gatekeeper
from txsalt.master.worker.heard import Heard
from txsalt.master.worker.last_return import LastReturn
from txsalt.master.worker.refusals import Refusals
from txsalt.master.worker.sessions import Sessions
from txsalt.protocol.admission import MasterFace
from txsalt.targeting.ranges import Expand
from txsalt.wire import auth_loads, rsa

if TYPE_CHECKING:
    from txsalt.master.pillar.compiler import Pillar
    from txsalt.master.worker.logins.service import Logins

log = logging.getLogger(__package__)


class Bench:
    """What commands work with. Raises KeyFileError or StoreError while it is being made."""

    def __init__(
        self,
        config: MasterConfig,
        secrets: Secrets,
        connection: Connection,
        out: Outgoing,
        clock: Callable[[], float] = time.time,
        last_return: str | None = None,
        started: float = 0.0,
    ) -> None:
        """
        ``clock`` returns Unix time; ``last_return`` is the path of this worker's note; ``started``
        is when the daemon began to watch who is there.
        """
        self.config = config
        self.clock = clock
        self.started = started
        self.out = out
        self.secrets = secrets
        self.keys = KeyStore(config.pki_dir)
        self.jobs = Jobs(connection)
        self.batches = Batches(connection)
        self.facts = FactsStore(connection)
        self.mine = MineStore(connection)
        self.identities = Identities(connection)
        self.files = Roots(config.file_roots, config.hash_type)
        self.autosign = Autosign(config, self.keys.autosign_folder, clock)
        self.refusals = Refusals(clock)
        self.last_return = LastReturn(last_return)
        self.presence = Presence(connection)
        self.nonces = Nonces(connection, config.publish_session)
        self.heard = Heard(clock, lambda times: out.tell_daemon("heard", times=times))
        self.master_key = master_key.load(
            f"{config.pki_dir}/{master_key.NAME}.pem", config.key_pass
        )
        self.tokens = Tokens(config.cachedir, secrets.session_secret)
        self.sessions = Sessions(self.keys, secrets.session_secret, config.publish_session)
        self.gatekeeper = Gatekeeper(
            self.sessions,
            user_keys.load_all(config.cachedir),
            own_user=config.user,
            limited_users=config.publisher_acl,
            aes=secrets.aes,
            minimum_version=config.minimum_auth_version,
            ttl=config.request_server_ttl,
        )
        self._connection = connection
        self._jids = JidClock()
        self._pillar: Pillar | None = None
        self._logins: Logins | None = None
        self._expand: Expand | None = None
        self._signer = _load_signer(config)
        self._stored_signature = _load_signature(config)
        self._faces: dict[str, MasterFace] = {}

    def use(self, secrets: Secrets) -> None:
        """Take new secrets."""
        self.secrets = secrets
        self.sessions.use(secrets.session_secret)
        self.gatekeeper.use(secrets.aes)
        self._faces.clear()

    def face(self, sig_algo: str) -> MasterFace:
        """Return what signed replies need; made once for each shared key and algorithm."""
        face = self._faces.get(sig_algo)
        if face is None:
            plain = next(iter(self._faces.values()), None) or MasterFace.make(
                self.master_key, self.config.publish_port, self.secrets.aes
            )
            face = self._faces[sig_algo] = evolve(plain, pub_sig=self._pub_sig(sig_algo))
        return face

    def pillar(self) -> "Pillar":
        """Return what compiles pillars; made when the first is asked for, as it brings YAML."""
        if self._pillar is None:
            from txsalt.master.pillar.compiler import Pillar
            from txsalt.master.pillar.order import PillarOptions
            from txsalt.master.pillar.sources import rules_of

            config = self.config
            options = PillarOptions(
                nodegroups=config.nodegroups,
                pillarenv=config.pillarenv,
                merge_lists=config.pillar_merge_lists,
                overwrite=config.pillar_source_merging_strategy == "overwrite",
                includes_win=config.pillar_includes_override_sls,
                hide_errors=config.pillar_safe_render_error,
                rules=rules_of(config.as_map()),
            )
            self._pillar = Pillar(options, Roots(config.pillar_roots))
        return self._pillar

    def logins(self) -> "Logins":
        """Return what judges passwords and tokens; made for the first who shows one."""
        if self._logins is None:
            from txsalt.master.worker.logins.service import Logins

            self._logins = Logins(self.config, self.tokens, self.refusals, self.clock)
        return self._logins

    def ranges(self) -> Expand:
        """Return what expands ranges; the plug-in is looked for when the first one is used."""

        def expand(text: str) -> Collection[str]:
            if self._expand is None:
                from txsalt.master.worker.ranges import expander

                self._expand = expander(self.config)
            return self._expand(text)

        return expand

    def new_jid(self) -> str:
        """Return a job id that this worker has not given yet; another one may have."""
        return self._jids.make(datetime.fromtimestamp(self.clock(), UTC))

    @property
    def waiting(self) -> bool:
        """Whether ``flush`` may have something to do soon."""
        return self.refusals.waiting or self.heard.waiting

    def flush(self) -> None:
        """Do what is done about once a second."""
        self.refusals.flush()
        self.heard.flush()

    def forget(self, minion_id: str) -> None:
        """Delete what is kept about an id whose key is gone."""
        forget(self._connection, minion_id)

    def note(self, *entries: Entry) -> None:
        """Write changes to the audit log; one that cannot be written is an error in the log."""
        try:
            audit.append(self.config.pki_dir, list(entries), self.clock())
        except KeyFileError as exc:
            # The change is made, and whoever asked for it has to learn that.
            log.error("%s", exc)

    def key_removed(self, reason: str) -> None:
        """Ask the daemon for another shared key, as somebody who holds it must not."""
        if self.config.rotate_aes_key:
            self.out.tell_daemon("rotate", reason=reason)

    def _pub_sig(self, sig_algo: str) -> str | None:
        if self._stored_signature is not None:
            return self._stored_signature
        if self._signer is None:
            return None
        signed = self._signer.sign(self.master_key.public.pem.encode(), sig_algo)
        return auth_loads.write_pub_sig(signed)


def _load_signer(config: MasterConfig) -> rsa.PrivateKey | None:
    if not config.master_sign_pubkey:
        return None
    path = f"{config.pki_dir}/{config.master_sign_key_name}.pem"
    return master_key.load(path, config.signing_key_pass)


def _load_signature(config: MasterConfig) -> str | None:
    if not (config.master_sign_pubkey and config.master_use_pubkey_signature):
        return None
    path = f"{config.pki_dir}/{config.master_pubkey_signature or 'master_pubkey_signature'}"
    try:
        with open(path, encoding="ascii") as file:
            return file.read(rsa.MAX_PEM_CHARACTERS)
    except (OSError, UnicodeDecodeError) as exc:
        raise KeyFileError(path, str(exc)) from exc
