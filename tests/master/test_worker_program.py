"""The real worker program, between a router's socket and a daemon's pipes."""

import os
import signal
import subprocess
import sys
import time
from typing import Any

import zmq
from twisted.trial.unittest import SynchronousTestCase

from tests.master.place import FakeMinion, Place
from txsalt.wire import envelope, event, pipe, serial

SECONDS = 20


class Program:
    """A worker program and the ends that the daemon would hold."""

    def __init__(self, test: SynchronousTestCase, place: Place, **hello: Any) -> None:
        self.place = place
        os.makedirs(place.config.sock_dir, exist_ok=True)
        self.context = zmq.Context()
        test.addCleanup(self.context.destroy, linger=0)
        self.dealer = self.bind(zmq.DEALER, "workers-0")
        self.events = self.bind(zmq.PULL, "master_event_pull")
        self.publications = self.bind(zmq.PULL, "publish_pull")
        self.to_worker, self.from_worker = self.spawn()
        test.addCleanup(self.end)
        self.decoder = pipe.Decoder()
        self.frames: list[dict[str, Any]] = []
        self.say(
            {
                "kind": "hello",
                "index": 0,
                "config": place.config.as_map(),
                "secrets": place.secrets.as_map(),
                **hello,
            }
        )

    def bind(self, kind: int, name: str) -> Any:
        socket = self.context.socket(kind)
        socket.setsockopt(zmq.RCVTIMEO, SECONDS * 1000)
        socket.bind(f"ipc://{self.place.config.sock_dir}/{name}.ipc")
        return socket

    def spawn(self) -> tuple[int, int]:
        down_read, down_write = os.pipe()
        up_read, up_write = os.pipe()
        code = "import sys; from txsalt.master.worker.__main__ import logs, work; logs.start()"
        code += f"; sys.exit(work({down_read}, {up_write}))"
        self.process = subprocess.Popen(
            [sys.executable, "-c", code],
            pass_fds=(down_read, up_write),
            stderr=subprocess.PIPE,
            cwd=os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))),
        )
        os.close(down_read)
        os.close(up_write)
        return down_write, up_read

    def say(self, message: dict[str, Any]) -> None:
        os.write(self.to_worker, pipe.encode(message))

    def hear(self) -> dict[str, Any]:
        while not self.frames:
            data = os.read(self.from_worker, 65536)
            if not data:
                raise AssertionError(self.process.communicate(timeout=SECONDS)[1].decode())
            self.frames += self.decoder.feed(data)
        return self.frames.pop(0)

    def ask(self, payload: bytes) -> bytes:
        return self.ask_all(payload)[0]

    def ask_all(self, *payloads: bytes) -> list[bytes]:
        self.dealer.send_multipart(payloads)
        replies: list[bytes] = []
        while len(replies) < len(payloads):
            replies += self.dealer.recv_multipart()
        return replies

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
        for descriptor in (self.to_worker, self.from_worker):
            if descriptor >= 0:
                os.close(descriptor)

    def exit_code(self) -> int:
        return self.process.wait(SECONDS)


class WorkerProgramTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.place = Place(self)
        self.place.clock.now = time.time()
        self.minion = self.place.minion("m1")
        self.program = Program(self, self.place)
        self.assertEqual(self.program.hear(), {"kind": "ready"})

    def publish(self) -> dict[str, Any]:
        request = {
            "cmd": "publish",
            "tgt": "*",
            "fun": "test.ping",
            "key": self.place.root_key,
            "user": "root",
        }
        return serial.unpack(self.program.ask(envelope.write_clear_request(request)))["load"]

    def test_a_job_and_its_return(self) -> None:
        """
        A job is published and its return comes home, through the real sockets.
        """
        jid = self.publish()["jid"]
        # In one message, for the relay: the events first, then the job.
        *events, sent = self.program.publications.recv_multipart()
        self.assertEqual(
            [event.read_event(each)[0] for each in events],
            [f"salt/job/{jid}/new", f"salt/job/{jid}/publish"],
        )
        self.assertEqual(serial.unpack_bin(sent)["load"]["jid"], jid)
        load = {"cmd": "_return", "jid": jid, "fun": "test.ping", "return": True}
        self.assertIsNone(self.minion.open(self.program.ask(self.minion.seal(load))))
        tag, data = event.read_event(self.program.events.recv())
        self.assertEqual((tag, data["return"]), (f"salt/job/{jid}/ret/m1", True))
        self.assertIn("m1", self.place.bench.jobs.returns(jid))

    def test_garbage_and_then_a_request(self) -> None:
        """
        Broken requests are answered; the next good one is, too.
        """
        for payload in (b"", b"\xc1", b"\x91" * 1000, os.urandom(500)):
            self.assertEqual(serial.unpack(self.program.ask(payload)), "bad load")
        self.assertEqual(self.publish()["minions"], ["m1"])

    def test_new_secrets(self) -> None:
        """
        New secrets are used from the next request on, and the daemon is told.
        """
        secret = b"s" * 32
        aes = "B" * 74 + "A="
        message = {"kind": "secrets", "generation": 7, "aes": aes, "session_secret": secret}
        self.program.say(message)
        self.assertEqual(self.program.hear(), {"kind": "taken", "generation": 7})
        old = self.program.ask(self.minion.seal({"cmd": "_file_envs"}))
        self.assertEqual(serial.unpack(old), "bad load")
        self.place.bench.sessions.use(secret)
        renewed = FakeMinion(self.place, "m1", self.minion.key)
        reply = self.program.ask(renewed.seal({"cmd": "_file_envs"}))
        self.assertEqual(renewed.open(reply), ["base"])

    def test_revoked_key_reaches_the_daemon(self) -> None:
        """
        When a key is given back the daemon is asked for another shared key.
        """
        reply = self.program.ask(self.minion.seal({"cmd": "revoke_auth"}))
        self.assertIs(self.minion.open(reply), True)
        self.assertEqual(self.program.hear()["kind"], "rotate")

    def test_drain(self) -> None:
        """
        Told to drain, the program ends by itself, without an error.
        """
        self.program.say({"kind": "drain"})
        self.assertEqual(self.program.exit_code(), 0)

    def test_who_was_heard_just_before_the_end(self) -> None:
        """
        Whom a worker heard right before the master stops is not forgotten.
        """
        other = self.place.minion("m2")
        told: set[str] = set()
        for minion in (self.minion, other):
            minion.open(self.program.ask(minion.seal({"cmd": "_file_envs"})))
        self.program.say({"kind": "drain"})
        while told != {"m1", "m2"}:
            told |= self.program.hear()["times"].keys()
        self.assertEqual(self.program.exit_code(), 0)

    def test_terminate(self) -> None:
        """
        SIGTERM ends it as drain does; SIGINT, which a terminal sends to all, is not for it.
        """
        self.program.process.send_signal(signal.SIGINT)
        self.assertEqual(self.publish()["minions"], ["m1"])
        self.program.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.program.exit_code(), 0)

    def test_daemon_is_gone(self) -> None:
        """
        When the daemon dies, its workers end.
        """
        os.close(self.program.to_worker)
        self.program.to_worker = -1
        self.assertEqual(self.program.exit_code(), 0)

    def test_lean(self) -> None:
        """
        A worker carries no reactor and no YAML, and stays small.
        """
        with open(f"/proc/{self.program.process.pid}/maps") as file:
            self.assertNotIn("yaml", file.read())
        with open(f"/proc/{self.program.process.pid}/smaps_rollup") as file:
            lines = dict(line.split(":", 1) for line in file.read().splitlines()[1:])
        self.assertLess(int(lines["Private_Dirty"].split()[0]), 30_000)


class HelloTests(SynchronousTestCase):
    def test_unusable_configuration(self) -> None:
        """
        A configuration that cannot be used is one line of log and an exit code.
        """
        place = Place(self)
        program = Program(self, place, config={"nonsense": 1})
        error = program.process.communicate(timeout=SECONDS)[1].decode()
        self.assertEqual(program.process.returncode, 1)
        self.assertRegex(error, r"\AERROR txsalt\.master\.worker: .*nonsense.*\n\Z")
