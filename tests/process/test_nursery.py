"""Programs forked from a template are programs like others."""

import os
import resource
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import DeferredQueue
from twisted.trial.unittest import TestCase

from txsalt.process.ending import end_program
from txsalt.process.nursery import ForkedChild, Nursery
from txsalt.process.spawn import ExitStatus


class NurseryTests(TestCase):
    """A nursery of echoing children."""

    timeout = 30

    def setUp(self) -> None:
        self.lines: list[str] = []
        self.nursery = Nursery(reactor, "tests.fakes.forked", self.lines.append)
        self.addCleanup(self.nursery.stop)

    def spawn(self) -> tuple[ForkedChild, "DeferredQueue[dict[str, Any]]"]:
        heard: DeferredQueue[dict[str, Any]] = DeferredQueue()
        return self.nursery.spawn(heard.put), heard

    async def echo(
        self, child: ForkedChild, heard: "DeferredQueue[dict[str, Any]]"
    ) -> dict[str, Any]:
        child.send({"kind": "echo", "text": "grüße"})
        return await heard.get()

    async def test_messages(self) -> None:
        """
        Each child gets its own messages and answers for itself, as a process of its own.
        """
        one, from_one = self.spawn()
        two, from_two = self.spawn()
        first, second = await self.echo(one, from_one), await self.echo(two, from_two)
        self.assertEqual(first["text"], "grüße")
        self.assertEqual((one.pid, two.pid), (first["pid"], second["pid"]))
        self.assertNotEqual(one.pid, two.pid)
        # The second inherits nothing that belongs to the first.
        self.assertEqual(first["fds"], second["fds"])

    async def test_killed(self) -> None:
        """
        A killed child is reported with its signal; the others go on, and another can be forked.
        """
        one, from_one = self.spawn()
        two, from_two = self.spawn()
        await self.echo(one, from_one)
        one.signal("KILL")
        self.assertEqual(await one.ended, ExitStatus(None, 9))
        self.assertEqual((await self.echo(two, from_two))["text"], "grüße")
        three, from_three = self.spawn()
        self.assertEqual((await self.echo(three, from_three))["text"], "grüße")

    async def test_nothing_left_to_fork_with(self) -> None:
        """
        Where the system has no descriptors, or no memory, for another child, that one ends at once
        and the log says why; the others go on, and later another can be forked.
        """
        one, from_one = self.spawn()
        await self.echo(one, from_one)
        template = self.nursery.pid
        assert template is not None
        used = len(os.listdir(f"/proc/{template}/fd"))
        before = resource.prlimit(template, resource.RLIMIT_NOFILE)
        resource.prlimit(template, resource.RLIMIT_NOFILE, (used, before[1]))
        two, _ = self.spawn()
        self.assertEqual(await two.ended, ExitStatus(1, None))
        self.assertEqual(self.lines, ["ERROR a worker cannot be forked: Too many open files"])
        self.assertEqual((await self.echo(one, from_one))["text"], "grüße")
        resource.prlimit(template, resource.RLIMIT_NOFILE, before)
        three, from_three = self.spawn()
        self.assertEqual((await self.echo(three, from_three))["text"], "grüße")

    async def test_exit_code(self) -> None:
        """
        A child that ends by itself is reported with its exit code.
        """
        one, _ = self.spawn()
        one.send({"kind": "exit", "code": 7})
        self.assertEqual(await one.ended, ExitStatus(7, None))

    async def test_end_of_input(self) -> None:
        """
        A child ends when its input is closed.
        """
        one, from_one = self.spawn()
        await self.echo(one, from_one)
        self.assertEqual(await end_program(one, reactor), ExitStatus(0, None))

    async def test_template_killed(self) -> None:
        """
        When the template is killed its children are reported gone, and the next spawn starts anew.
        """
        one, from_one = self.spawn()
        await self.echo(one, from_one)
        assert self.nursery._template is not None
        self.nursery._template.signal("KILL")
        self.assertEqual(await one.ended, ExitStatus(None, 9))
        two, from_two = self.spawn()
        self.assertEqual((await self.echo(two, from_two))["text"], "grüße")

    async def test_output(self) -> None:
        """
        What a child prints comes as lines, not as messages.
        """
        one, heard = self.spawn()
        one.send({"kind": "print", "text": "hello"})
        await heard.get()
        while not self.lines:
            await self.echo(one, heard)
        self.assertEqual(self.lines, ["hello"])
