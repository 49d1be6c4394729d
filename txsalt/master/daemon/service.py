"""
Compose the master: which services there are, what each is given, in which order they start.

``make_master`` and ``Master`` are the only ones that see the whole configuration.
"""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any  # the reactor, which mypy cannot see through zope

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from txsalt.config.master import MasterConfig
from txsalt.errors import LocalError
from txsalt.events import tags
from txsalt.jobs import jid
from txsalt.master.daemon.batches import Batches
from txsalt.master.daemon.event_publisher import EventPublisher
from txsalt.master.daemon.foundation import Foundation, lay
from txsalt.master.daemon.maintenance import Maintenance
from txsalt.master.daemon.presence import Presence
from txsalt.master.daemon.publish_relay import PublishRelay
from txsalt.master.daemon.request_router import RequestRouter
from txsalt.master.daemon.shared_key import SharedKey
from txsalt.master.daemon.spare_memory import SpareMemory
from txsalt.master.daemon.watchdog import Watchdog
from txsalt.master.daemon.worker_pool import WorkerPool
from txsalt.master.store import drop_file
from txsalt.process.folder_lock import FolderLock
from txsalt.process.ordered import OrderedMultiService
from txsalt.sockets.context import SocketContext
from txsalt.wire import endpoint

MOST_NUDGES = 100  # minions that are addressed one by one; for more of them all are pinged
_REMOVALS = frozenset({"delete", "deleted", "reject", "rejected"})


class Master(OrderedMultiService):
    """
    The master as one service.

    Nothing is opened or written before it starts. ``startService`` raises a LocalError if the
    start fails at once, as with a port in use.
    """

    log = Logger()

    def __init__(
        self, config: MasterConfig, reactor: Any, on_start_failure: Callable[[Failure], None]
    ) -> None:
        super().__init__(reactor, on_start_failure=on_start_failure)
        self._config = config
        self._reactor = reactor
        self._failed = on_start_failure
        self._lock = FolderLock(config.cachedir)
        self._drop_path = os.path.join(config.cachedir, drop_file.NAME)
        self._presence: Presence | None = None

    def startService(self) -> "Deferred[None]":
        """Lay the foundation, then start every service in order."""
        try:
            self._lock.startService()
            foundation = lay(self._config)
        except LocalError:
            self._lock.stopService()
            self._failed(Failure())
            return succeed(None)
        for warning in foundation.warnings:
            self.log.warn("{warning}", warning=warning)
        self._compose(foundation)
        return super().startService().addCallback(self._tell, foundation)

    def stopService(self) -> "Deferred[None]":
        """Stop every service, the last one first."""
        if self._presence is not None:
            self._presence.leave()
        return super().stopService().addBoth(self._stopped)

    def _tell(self, _: None, foundation: Foundation) -> None:
        if self.running:
            self.log.info(
                "master is up: requests on port {ret_port}, publications on port {publish_port},"
                " fingerprint {finger}",
                ret_port=self._config.ret_port,
                publish_port=self._config.publish_port,
                finger=foundation.key.public.fingerprint(self._config.hash_type),
            )

    def _stopped(self, result: Any) -> Any:
        for service in list(self.services):
            self.removeService(service)
        return result

    def _compose(self, foundation: Foundation) -> None:
        config, reactor, started = self._config, self._reactor, time.time()
        context = SocketContext(reactor, io_threads=2)
        publisher = EventPublisher(
            context,
            self._ipc("master_event_pull"),
            self._ipc("master_event_pub"),
            hwm=config.salt_event_pub_hwm,
            journal_folder=config.cachedir,
        )
        relay = PublishRelay(
            context,
            self._ipc("publish_pull"),
            endpoint.tcp(config.interface, config.publish_port),
            hwm=config.pub_hwm,
            filtering=config.zmq_filtering,
        )
        presence = Presence(
            reactor,
            publisher,
            foundation.store_path,
            event_interval=config.loop_interval if config.presence_events else 0,
            started=started,
        )
        self._presence = presence
        relay.watcher, relay.audience = presence.watcher, presence.audience
        relay.fire = publisher.collect
        shared_key = SharedKey(
            reactor,
            relay,
            foundation.secrets,
            pki_dir=config.pki_dir,
            signing_key=foundation.key if config.sign_pub_messages else None,
            sig_algo=config.publish_signing_algorithm,
            interval=config.aes_rotation_interval,
        )
        router = RequestRouter(
            context,
            endpoint.tcp(config.interface, config.ret_port),
            lambda worker: self._ipc(f"workers-{worker}"),
            reactor,
        )
        plain = config.as_map()
        pool = WorkerPool(
            reactor,
            router,
            config.worker_threads,
            lambda worker: {
                "kind": "hello",
                "index": worker,
                "config": plain,
                "secrets": shared_key.secrets.as_map(),
                "started": started,
            },
            shared_key.rotate,
        )
        batches = Batches(reactor, publisher, relay, foundation.store_path, presence.standing)
        pool.listeners["heard"] = presence.heard
        pool.listeners["batch"] = batches.begin
        pool.listeners["batch_stop"] = batches.stop
        pool.on_gone = batches.look_again
        maintenance = Maintenance(
            reactor,
            interval=config.loop_interval,
            store_path=foundation.store_path,
            keep_seconds=config.keep_jobs_seconds,
            drop_path=self._drop_path,
            on_rotate=shared_key.rotate,
        )
        watchdog = Watchdog(reactor, config.worker_time_max, router.in_hand, pool.kill)
        spare_memory = SpareMemory(reactor, lambda: router.arrivals)
        self._connect(publisher, relay, shared_key, pool)
        # The door opens last: a request that arrived first would find no worker.
        for service in (
            self._lock,
            context,
            publisher,
            presence,
            relay,
            shared_key,
            pool,
            batches,
            maintenance,
            router,
            watchdog,
            spare_memory,
        ):
            self.add(service)

    def _connect(
        self,
        publisher: EventPublisher,
        relay: PublishRelay,
        shared_key: SharedKey,
        pool: WorkerPool,
    ) -> None:
        shared_key.give_secrets = pool.give_secrets
        removed: set[str] = set()

        def rotated() -> None:
            # Key tools leave it next to their event, in case nobody hears that.
            with suppress(FileNotFoundError):
                os.unlink(self._drop_path)
            publisher.fire(tags.ROTATE_AES_KEY, {"rotate_aes_key": True})
            # Whoever was removed reads this in vain, asks to be let in again, and is seen to wait.
            idle, most = sorted(removed), MOST_NUDGES
            removed.clear()
            if self._config.ping_on_rotate or len(idle) > most:
                relay.publish(_ping())
            elif idle:
                relay.nudge(_ping() | {"tgt": idle, "tgt_type": "list"}, idle)

        def key_changed(_: str, data: dict[str, Any]) -> None:
            act = "deleted" if data.get("act") == "delete" else data.get("act")
            self.log.info("key of {id}: {act}", id=data.get("id"), act=act)
            if not self._config.rotate_aes_key:
                return
            if data.get("act") in _REMOVALS and data.get("result", True):
                removed.add(str(data.get("id")))
                shared_key.rotate(f"the key of {data.get('id')} was removed")

        shared_key.on_rotated = rotated
        publisher.listen(tags.KEY, key_changed)

    def _ipc(self, name: str) -> str:
        return f"ipc://{self._config.sock_dir}/{name}.ipc"


def make_master(
    config: MasterConfig, reactor: Any, on_start_failure: Callable[[Failure], None]
) -> Master:
    """Return the master as one service; what keeps it from starting goes to the last argument."""
    return Master(config, reactor, on_start_failure)


def _ping() -> dict[str, Any]:
    return {
        "fun": "test.ping",
        "arg": [],
        "tgt": "*",
        "jid": jid.make(datetime.now(UTC)),
        "ret": "",
        "tgt_type": "glob",
        "user": "",
    }
