"""A pool of programs stays whole."""

from collections.abc import Callable

from twisted.internet import reactor
from twisted.internet.defer import Deferred, DeferredQueue
from twisted.trial.unittest import TestCase

from txsalt.process import ending
from txsalt.process.pool import PoolEvents, ProgramPool
from txsalt.process.spawn import Child, ExitStatus, spawn_program


def spawn_fake(index: int, on_message: Callable[[dict], None]) -> Child:
    """Start the program that the tests use."""
    return spawn_program(
        reactor,
        "tests.fakes.programs",
        [],
        on_message=on_message,
        on_output=lambda line: None,
    )


class PoolTests(TestCase):
    """Two workers."""

    timeout = 20

    def setUp(self) -> None:
        self.ready: DeferredQueue[tuple[int, Child]] = DeferredQueue()
        self.gone: DeferredQueue[tuple[int, ExitStatus]] = DeferredQueue()
        self.messages: DeferredQueue[tuple[int, dict]] = DeferredQueue()
        self.pool = ProgramPool(
            reactor,
            spawn_fake,
            2,
            lambda index: {"kind": "hello", "index": index},
            PoolEvents(
                on_ready=lambda *fact: self.ready.put(fact),
                on_message=lambda *fact: self.messages.put(fact),
                on_gone=lambda *fact: self.gone.put(fact),
            ),
        )
        self.addCleanup(self.pool.stop, 0.1)
        self.pool.start()

    async def all_ready(self) -> None:
        indexes = {(await self.ready.get())[0], (await self.ready.get())[0]}
        self.assertEqual(indexes, {0, 1})

    async def test_replaced(self) -> None:
        """
        A killed worker is reported and another takes its place; the others go on.
        """
        await self.all_ready()
        before = self.pool.child(1)
        self.pool.child(0).signal("KILL")
        self.assertEqual(await self.gone.get(), (0, ExitStatus(None, 9)))
        index, child = await self.ready.get()
        self.assertEqual(index, 0)
        self.assertIs(self.pool.child(0), child)
        self.assertIs(self.pool.child(1), before)

    async def test_broadcast(self) -> None:
        """
        A message to all reaches all.
        """
        await self.all_ready()
        self.pool.broadcast({"kind": "echo", "text": "ä"})
        answers = [await self.messages.get(), await self.messages.get()]
        self.assertEqual({index for index, _ in answers}, {0, 1})

    async def test_stop(self) -> None:
        """
        Workers that drain end by themselves, and nothing is left.
        """
        await self.all_ready()
        await self.pool.stop(10)
        self.assertEqual([self.pool.child(0), self.pool.child(1)], [None, None])
        statuses = [(await self.gone.get())[1], (await self.gone.get())[1]]
        self.assertEqual(statuses, [ExitStatus(0, None)] * 2)
        await self.pool.stop(10)

    async def test_stop_a_stubborn_worker(self) -> None:
        """
        A worker that heeds neither message nor TERM is killed.
        """
        self.patch(ending, "_AFTER_EOF", 0.05)
        self.patch(ending, "_AFTER_TERM", 0.05)
        await self.all_ready()
        self.pool.broadcast({"kind": "stubborn"})
        await self.messages.get()
        await self.messages.get()
        await self.pool.stop(0.05)
        self.assertEqual((await self.gone.get())[1], ExitStatus(None, 9))

    async def test_stop_between_two(self) -> None:
        """
        A stop while a worker waits for its next start leaves no timer.
        """
        await self.all_ready()
        self.pool.child(0).signal("KILL")
        await self.gone.get()
        stopped: Deferred[None] = self.pool.stop(10)
        await stopped
        self.assertIsNone(self.pool.child(0))
