"""A program is started, talked to, and ended."""

import os

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase, TestCase

from txsalt.process.ending import end_program
from txsalt.process.lines import LONGEST_LINE, Lines
from txsalt.process.spawn import Child, ExitStatus, spawn_program


class SpawnTests(TestCase):
    """One program."""

    timeout = 20

    def setUp(self) -> None:
        self.messages: list[dict] = []
        self.lines: list[str] = []
        self.exits: list[ExitStatus] = []
        self.waiting: list[tuple[str, Deferred[dict]]] = []
        self.child = self.spawn()

    def spawn(self) -> Child:
        child = spawn_program(
            reactor,
            "tests.fakes.programs",
            ["a", "b c"],
            on_message=self.received,
            on_output=self.lines.append,
            on_exit=self.exits.append,
        )

        def end() -> Deferred[ExitStatus]:
            child.signal("KILL")
            return child.ended

        self.addCleanup(end)
        return child

    def received(self, message: dict) -> None:
        self.messages.append(message)
        for waiter in list(self.waiting):
            if waiter[0] == message["kind"]:
                self.waiting.remove(waiter)
                waiter[1].callback(message)

    def ask(self, kind: str, expect: str, **fields: object) -> Deferred[dict]:
        answer: Deferred[dict] = Deferred()
        self.waiting.append((expect, answer))
        self.child.send({"kind": kind, **fields})
        return answer

    async def test_talk(self) -> None:
        """
        Messages go both ways, and the program has its arguments and nothing on its input.
        """
        ready = await self.ask("hello", "ready", config={"a": b"\xff"})
        self.assertEqual(ready["arguments"], ["a", "b c"])
        self.assertEqual(ready["hello"]["config"], {"a": b"\xff"})
        self.assertEqual(ready["pid"], self.child.pid)
        answer = await self.ask("stdin", "stdin")
        self.assertEqual(answer["data"], b"")
        self.assertEqual(answer["fds"][:5], ["0", "1", "2", "3", "4"])
        self.assertLessEqual(len(answer["fds"]), 6)  # and the one that lists them

    async def test_large(self) -> None:
        """
        Megabytes pass in both directions.
        """
        blob = os.urandom(5_000_000)
        self.assertEqual((await self.ask("echo", "echo", blob=blob))["blob"], blob)

    async def test_print(self) -> None:
        """
        What a program prints is a line for the log, not a message.
        """
        await self.ask("print", "printed", text="hello\nworld")
        self.child.close_input()
        self.assertEqual(await self.child.ended, ExitStatus(0, None))
        self.assertEqual(sorted(self.lines), ["and to stderr", "hello", "world"])

    async def test_exit_code(self) -> None:
        """
        The status says the exit code, and both ways to hear of it agree.
        """
        self.child.send({"kind": "exit", "code": 3})
        self.assertEqual(await self.child.ended, ExitStatus(3, None))
        self.assertEqual(self.exits, [ExitStatus(3, None)])
        self.child.send({"kind": "echo"})
        self.child.signal("TERM")
        self.child.close_input()

    async def test_signal(self) -> None:
        """
        The status says the signal.
        """
        self.child.send({"kind": "kill", "signal": 9})
        self.assertEqual(await self.child.ended, ExitStatus(None, 9))

    async def test_nonsense(self) -> None:
        """
        A program that speaks nonsense where messages are due is killed.
        """
        self.child.send({"kind": "nonsense"})
        self.assertEqual(await self.child.ended, ExitStatus(None, 9))

    async def test_descendant_holds_pipes(self) -> None:
        """
        The end is noticed though a descendant holds all descriptors.
        """
        self.child.send({"kind": "leave_child"})
        self.assertEqual(await self.child.ended, ExitStatus(7, None))

    async def test_failing_callback(self) -> None:
        """
        A callback that raises loses its own message only.
        """
        answer = self.ask("echo", "echo")
        self.waiting.insert(0, ("echo", answer.addCallback(lambda _: None)))
        await answer
        await self.ask("echo", "echo")
        self.flushLoggedErrors()

    async def test_ending(self) -> None:
        """
        A program that heeds the end of its input is not forced.
        """
        self.assertEqual(await end_program(self.child, reactor), ExitStatus(0, None))
        self.assertEqual(await end_program(self.child, reactor), ExitStatus(0, None))


class LinesTests(SynchronousTestCase):
    """Output becomes lines."""

    def cut(self, *portions: bytes) -> list[str]:
        got: list[str] = []
        lines = Lines(got.append)
        for portion in portions:
            lines.feed(portion)
        lines.end()
        return got

    def test_portions(self) -> None:
        """
        Lines are whole however they came; empty ones are left out.
        """
        self.assertEqual(self.cut(b"a", b"b\r\n\nc\xff", b"d"), ["ab", "c\\xffd"])

    def test_endless_line(self) -> None:
        """
        A line without an end is cut.
        """
        cut = self.cut(b"x" * (LONGEST_LINE * 2 + 5))
        self.assertEqual([len(line) for line in cut], [LONGEST_LINE, LONGEST_LINE, 5])
