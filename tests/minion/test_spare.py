"""The child that waits for its job, with real processes."""

import os
import signal

from tests.minion.test_zygote import ZygoteTestCase, alive, ok
from tests.sockets.support import until


class SpareTests(ZygoteTestCase):
    """One child is prepared before there is a job for it."""

    def children(self) -> list[int]:
        """The processes of the zygote's."""
        pid = self.zygote_pid()
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            return [int(each) for each in file.read().split()]

    async def spare(self) -> int:
        """The pid of the spare, once there is one and nothing else."""
        await until(lambda: not self.zygote.running and len(self.children()) == 1)
        return self.children()[0]

    async def warm(self) -> int:
        """The pid of the spare, after a first job."""
        await self.run_job("echo", 0)
        return await self.spare()

    async def test_next_job(self) -> None:
        """
        The next job runs in the child that waits for it, and another one waits after that.
        """
        spare = await self.warm()
        self.assertEqual((await self.run_job("prepared")).result, ok(spare))
        other = await self.spare()
        self.assertNotEqual(other, spare)
        self.assertEqual((await self.run_job("own_group")).result, ok([other, other]))

    async def test_facts(self) -> None:
        """
        A job has the facts of its time, never those of the child that waited before they came.
        """
        self.zygote.set_facts({"os": "A"}, {"secret": 1})
        spare = await self.warm()
        self.zygote.set_facts({"os": "B"}, {})
        job = self.start("facts")
        self.assertEqual((await job.ended).result, ok([job.jid, {"id": "web1"}, {"os": "B"}, {}]))
        self.assertNotEqual(job.pid, spare)
        await until(lambda: not alive(spare))

    async def test_renewed(self) -> None:
        """
        After a renewal, as for new modules, the child that waited is gone, though a job still runs.
        """
        old = self.start("sleep", 60)
        await until(lambda: len(self.children()) == 2)
        [spare] = set(self.children()) - {old.pid}
        self.zygote.renew()
        await until(lambda: not alive(spare))
        old.signal(signal.SIGKILL)
        await old.ended

    async def test_killed(self) -> None:
        """
        A waiting child that somebody kills, or that is stopped and killed, costs no job.
        """
        for numbers in ([signal.SIGKILL], [signal.SIGSTOP, signal.SIGKILL]):
            spare = await self.warm()
            for number in numbers:
                os.kill(spare, number)
            await until(lambda pid=spare: not alive(pid))
            self.assertEqual((await self.run_job("echo", 1)).result, ok(1))

    async def test_large_load(self) -> None:
        """
        A job with megabytes of arguments runs as well.
        """
        await self.warm()
        for size in (60_000, 70_000, 5_000_000):
            self.assertEqual((await self.run_job("echo", bytes(size))).result, ok(bytes(size)))

    async def test_ends_with_the_zygote(self) -> None:
        """
        The child that waits ends with its zygote, however that ends.
        """
        for number in (signal.SIGTERM, signal.SIGKILL):
            spare = await self.warm()
            os.kill(self.zygote_pid(), number)
            await until(lambda pid=spare: not alive(pid))
            await until(lambda: self.zygote._current is None)

    async def test_beside_a_long_job(self) -> None:
        """
        A child waits also while a long job runs; both are ended at the stop.
        """
        job = self.start("sleep", 60)
        await until(lambda: len(self.children()) == 2)
        pids = self.children()
        self.assertIn(job.pid, pids)
        await self.zygote.stop()
        self.assertFalse([pid for pid in pids if alive(pid)])
