"""
Put the minion daemon together: the only place that sees the whole configuration.

Services start in this order and stop in reverse: no job comes in while others end, their returns
leave while the link is there, the sockets go last.

Source: house.md section 4.
"""

import os
import random
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool
from twisted.python.failure import Failure

from txsalt.config.minion import MinionConfig
from txsalt.config.schedule_file import path_of
from txsalt.events import tags
from txsalt.jobs.returner_names import names_in
from txsalt.minion.daemon import settings
from txsalt.minion.daemon.address import Resolver, parse_masters, system_lookup
from txsalt.minion.daemon.arrival import Arrival
from txsalt.minion.daemon.calls import Calls
from txsalt.minion.daemon.deliveries import Deliveries
from txsalt.minion.daemon.event_bus import EventBus, place_of
from txsalt.minion.daemon.facts import FactKeeper
from txsalt.minion.daemon.grains_child import collect
from txsalt.minion.daemon.interfaces import IMinionReactor
from txsalt.minion.daemon.job_fate import JobFate
from txsalt.minion.daemon.job_questions import JobQuestions
from txsalt.minion.daemon.job_runner import JobRunner
from txsalt.minion.daemon.lanes import Lanes
from txsalt.minion.daemon.link import Link
from txsalt.minion.daemon.listener import Listener
from txsalt.minion.daemon.local_questions import LocalQuestions, LocalReturns
from txsalt.minion.daemon.master_events import MasterEvents
from txsalt.minion.daemon.mine import MineUpdate
from txsalt.minion.daemon.outbox import Outbox
from txsalt.minion.daemon.returns import Returns
from txsalt.minion.daemon.road import MasterRoad
from txsalt.minion.daemon.schedule import Schedule
from txsalt.minion.daemon.schedule_book import ScheduleBook
from txsalt.minion.daemon.schedule_bus import ScheduleBus
from txsalt.minion.daemon.schedule_calls import ScheduleCalls
from txsalt.minion.daemon.schedule_memory import ScheduleMemory
from txsalt.minion.daemon.scheduled_runs import Outlets, ScheduledRuns
from txsalt.minion.daemon.serial_memory import SerialMemory
from txsalt.minion.daemon.zygote import Zygote
from txsalt.process.folder_lock import FolderLock
from txsalt.process.ordered import OrderedMultiService
from txsalt.sockets.context import SocketContext
from txsalt.sockets.publish import EventPublishSocket
from txsalt.sockets.push_pull import PullSocket
from txsalt.sockets.request import RequestSocket
from txsalt.sockets.subscribe import SubscribeSocket

# The runner's three waits (for the end, TERM, KILL), and some for the returns.
_RUNNER_DEADLINE = 20.0


class ZygoteService(Service):
    """Ends the zygote with the daemon."""

    name = "zygote"

    def __init__(self, zygote: Zygote) -> None:
        self._zygote = zygote

    def stopService(self) -> Deferred[None]:
        """End it, and what jobs it still has."""
        super().stopService()
        return self._zygote.stop()


def make_minion(
    config: MinionConfig,
    reactor: IMinionReactor,
    on_start_failure: Callable[[Failure], None] | None = None,
) -> OrderedMultiService:
    """Return the minion's services, wired; nothing is opened before they start."""
    context = SocketContext()
    link = _link(config, reactor, context)
    bus = _bus(config, reactor, context)
    returns = Returns(
        reactor,
        _outbox(config, "outbox"),
        link.request,
        settings.returns(config),
    )
    refreshes: dict[str, Callable[[], Deferred[None]]] = {}

    def waits(jid: str, reason: str) -> None:
        runner.waits(jid, reason)

    def about_jobs(fun: object, arg: Any) -> dict[str, Any] | None:
        return runner.about_jobs(fun, arg)

    def ask_schedule(arguments: dict[str, Any]) -> Any:
        return asked(arguments)

    calls = Calls(
        request=link.request,
        fire_local=bus.take,
        refreshes=refreshes,
        waits=waits,
        schedule=ask_schedule,
        jobs=about_jobs,
    )
    zygote = Zygote(reactor, config.as_map(), calls, idle_seconds=config.zygote_idle_seconds)
    collected = partial(collect, reactor, config.as_map())

    def facts_changed(grains: dict[str, Any], pillar: dict[str, Any]) -> None:
        zygote.set_facts(grains, pillar)
        book.use_facts(grains, pillar)
        schedule.facts_came()

    facts = FactKeeper(settings.facts(config), collected, link.request, facts_changed)
    deliveries = Deliveries(
        reactor,
        _outbox(config, "deliveries"),
        zygote.start,
        names_in(config.returners),
        most_mib=config.outbox_max_mib,
    )
    events = MasterEvents(link.request)
    fate = JobFate(returns.trouble)
    runner = JobRunner(
        reactor, zygote, settings.runner(config), returns.put, events.fire, fate, deliveries.take
    )
    outlets = Outlets(
        master=returns.put,
        returners=deliveries.put,
        always=tuple(names_in(config.schedule_returner)),
    )
    book, schedule = _schedule(config, reactor, ScheduledRuns(reactor, config.id, runner, outlets))
    asked = ScheduleBus(ScheduleCalls(book, schedule), book.listed, bus.fire)
    bus.on(tags.MANAGE_SCHEDULE, asked.from_bus)
    bus.on(tags.ASK_JOBS, JobQuestions(about_jobs, bus.fire).from_bus)
    bus.on(tags.ASK_SCHEDULE, LocalQuestions("arguments", asked, bus.fire).from_bus)
    kept = LocalReturns(config.id, returns.put)
    bus.on(tags.KEEP_RETURN, LocalQuestions("load", kept, bus.fire).from_bus)
    listener = Listener(
        reactor,
        settings.listener(config),
        _subscriber(config, context),
        lambda: facts.facts,
        runner.run,
        link.sign_in,
        partial(fate.heard, is_ours=False),
        SerialMemory(os.path.join(config.cachedir, "publication.serial")),
    )
    mine = MineUpdate(reactor, config.id, runner, returns.put if config.mine_return_job else None)

    def arrived() -> None:
        returns.hurry()
        schedule.master_came()

    arrival = Arrival(reactor, settings.arrival(config), link, listener, facts, mine, arrived)
    _wire_refreshes(refreshes, bus, events, facts, zygote)

    tree = OrderedMultiService(reactor, on_start_failure=on_start_failure)
    first: list[Service] = [FolderLock(config.cachedir), context, bus, link, returns, facts]
    for service in (*first, ZygoteService(zygote), deliveries):
        tree.add(service)
    tree.add(runner, stop_deadline=_RUNNER_DEADLINE)
    tree.add(schedule)
    tree.add(listener)
    tree.add(arrival)
    return tree


def _outbox(config: MinionConfig, name: str) -> Outbox:
    return Outbox(os.path.join(config.cachedir, name), fsync=config.outbox_fsync)


def _schedule(
    config: MinionConfig, reactor: IMinionReactor, runs: ScheduledRuns
) -> tuple[ScheduleBook, Schedule]:
    def changed() -> None:
        schedule.look_again()

    book = ScheduleBook(
        config.schedule, path_of(config.config_dir, config.default_include), changed
    )
    memory = ScheduleMemory(os.path.join(config.cachedir, "schedule.json"))
    early = config.scheduler_before_connect
    schedule = Schedule(reactor, config.id, book, memory, runs, before_connect=early)
    return book, schedule


def _link(config: MinionConfig, reactor: IMinionReactor, context: SocketContext) -> Link:
    tuning = settings.request_tuning()
    lanes = Lanes(lambda endpoint: RequestSocket(context, endpoint, reactor, tuning=tuning))
    road = MasterRoad(
        parse_masters(config.master, config.master_port),
        Resolver(reactor, system_lookup(reactor), config.ipv6),
        lanes,
    )

    def in_thread(function: Callable[..., object], *arguments: object) -> Deferred[object]:
        return deferToThreadPool(reactor, reactor.getThreadPool(), function, *arguments)

    return Link(reactor, road, settings.key_files(config), settings.link(config), in_thread)


def _bus(config: MinionConfig, reactor: IMinionReactor, context: SocketContext) -> EventBus:
    return EventBus(
        reactor,
        place_of(config.id, config.sock_dir, config.hash_type),
        partial(EventPublishSocket, context),
        partial(PullSocket, context, max_message=config.max_event_size),
        max_event_size=config.max_event_size,
    )


def _subscriber(config: MinionConfig, context: SocketContext) -> Callable[..., SubscribeSocket]:
    tuning = settings.subscribe_tuning(config, random.random())  # noqa: S311 - spreads reconnects

    def subscribe(
        endpoint: str,
        topics: Sequence[bytes],
        on_message: Callable[[list[bytes]], None],
        on_state: Callable[[str], None],
    ) -> SubscribeSocket:
        return SubscribeSocket(context, endpoint, topics, on_message, on_state, tuning=tuning)

    return subscribe


def _wire_refreshes(
    refreshes: dict[str, Callable[[], Deferred[None]]],
    bus: EventBus,
    events: MasterEvents,
    facts: FactKeeper,
    zygote: Zygote,
) -> None:
    async def renew_modules() -> None:
        # Modules may bring grains.
        await facts.refresh_grains()
        zygote.renew()
        bus.fire("/salt/minion/minion_mod_refresh_complete", {"complete": True})

    async def renew_pillar() -> None:
        await facts.refresh_pillar()
        bus.fire("/salt/minion/minion_pillar_refresh_complete", {"complete": True})

    refreshes["modules"] = lambda: Deferred.fromCoroutine(renew_modules())
    refreshes["pillar"] = lambda: Deferred.fromCoroutine(renew_pillar())
    refreshes["grains"] = facts.refresh_grains
    for tag, what in (
        (tags.MODULE_REFRESH, "modules"),
        (tags.PILLAR_REFRESH, "pillar"),
        (tags.GRAINS_REFRESH, "grains"),
    ):
        bus.on(tag, partial(_refresh, refreshes[what]))
    bus.on(tags.FIRE_MASTER, events.from_bus)


def _refresh(refresh: Callable[[], Deferred[None]], _: dict[str, Any]) -> None:
    # Never fails: what goes wrong is logged where it happens.
    refresh()
