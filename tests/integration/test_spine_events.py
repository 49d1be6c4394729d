"""The event bus of our master, seen by an outsider that has only pyzmq and msgpack."""

import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager

import msgpack
import zmq

from tests.integration.spine import SpineCase
from tests.interop.harness import TxMinion
from tests.interop.watchers import has_tag


class EventTests(SpineCase):
    """Two minions; whoever may use the sockets hears everything."""

    ids = ("web1", "web2")

    @contextmanager
    def socket(self, kind: int, name: str) -> Iterator["zmq.Socket[bytes]"]:
        """A socket of an outsider, connected to one end of the bus."""
        context = zmq.Context()
        try:
            socket = context.socket(kind)
            socket.set(zmq.RCVHWM, 1)
            socket.connect(f"ipc://{self.master.sock_dir}/{name}.ipc")
            yield socket
        finally:
            context.destroy(linger=2000)

    def test_sign_in_and_start(self) -> None:
        """
        A new minion's sign-in, its acceptance by a person, and its start are events.
        """
        minion = TxMinion(self.master, "new1")
        self.addCleanup(minion.remove)
        self.addCleanup(minion.kill)
        with self.master.listening() as watcher:
            minion.start()
            _, seen = watcher.wait(lambda tag, data: tag == "salt/auth", 30)
            self.assertEqual((seen["id"], seen["act"], seen["result"]), ("new1", "pend", True))
            self.assertIn("BEGIN PUBLIC KEY", seen["pub"])
            self.assertEqual(self.master.cli("key", "accept", "new1", "--yes").returncode, 0)
            _, seen = watcher.wait(has_tag("salt/key"), 10)
            self.assertEqual((seen["id"], seen["act"], seen["result"]), ("new1", "accepted", True))
            watcher.wait(lambda tag, data: data.get("act") == "accept" and tag == "salt/auth", 15)
            _, seen = watcher.wait(has_tag("salt/minion/new1/start"), 15)
            self.assertEqual((seen["id"], seen["cmd"]), ("new1", "_minion_event"))
            self.assertEqual(self.master.cli("key", "delete", "new1", "--yes").returncode, 0)
            watcher.wait(lambda tag, data: tag == "salt/key" and data["act"] == "delete", 10)

    def test_job(self) -> None:
        """
        A job is an event before it is published, one when it is, and one for each return.
        """
        with self.master.listening() as watcher:
            jid = self.master.cli("*", "test.echo", "x", "--async").stdout.strip()
            _, new = watcher.wait(has_tag(f"salt/job/{jid}/new"), 10)
            self.assertEqual((new["fun"], new["arg"], new["tgt"]), ("test.echo", ["x"], "*"))
            self.assertEqual((new["jid"], set(new["minions"])), (jid, set(self.ids)))
            for minion_id in self.ids:
                _, ret = watcher.wait(has_tag(f"salt/job/{jid}/ret/{minion_id}"), 10)
                self.assertEqual((ret["return"], ret["retcode"], ret["success"]), ("x", 0, True))
                self.assertEqual((ret["id"], ret["jid"]), (minion_id, jid))
                self.assertIn("_stamp", ret)
            tags = [tag for tag, _ in watcher.seen() if tag.startswith(f"salt/job/{jid}/")]
            self.assertEqual(len(tags), 4, tags)
            self.assertEqual(tags[0], f"salt/job/{jid}/new")
            self.assertIn(f"salt/job/{jid}/publish", tags)

    def test_event_of_a_minion(self) -> None:
        """
        What a minion sends arrives with its id; tags that are the master's word are refused.
        """
        with self.master.listening() as watcher:
            words = ("web1", "event.send", "shop/grüße", '{"n": 3}')
            self.assertEqual(self.master.cli(*words).returncode, 0)
            _, seen = watcher.wait(has_tag("shop/grüße"), 10)
            self.assertEqual((seen["id"], seen["data"]["n"]), ("web1", 3))
            self.master.cli("web1", "event.send", "salt/key", '{"act": "accept"}')
            self.master.cli("web1", "event.send", "shop/after")
            watcher.wait(has_tag("shop/after"), 10)
            self.assertNotIn("salt/key", [tag for tag, _ in watcher.seen()])

    def test_event_of_an_outsider(self) -> None:
        """
        An outsider that may use the socket sends an event, and all who listen get it, stamped.
        """
        with self.master.listening() as watcher, self.socket(zmq.PUSH, "master_event_pull") as push:
            push.send(b"shop/order\n\n" + msgpack.packb({"n": 1, "raw": b"\xff", "text": "ü"}))
            _, seen = watcher.wait(has_tag("shop/order"), 5)
            self.assertEqual((seen["n"], seen["raw"], seen["text"]), (1, b"\xff", "ü"))
            self.assertIn("_stamp", seen)

    def test_rubbish_of_an_outsider(self) -> None:
        """
        What is no event is dropped; the next event arrives.
        """
        with self.master.listening() as watcher, self.socket(zmq.PUSH, "master_event_pull") as push:
            for rubbish in (b"", b"\n\n", b"tag", b"tag\n\n", b"tag\n\n\xc1", b"\xff\n\n\x80"):
                push.send(rubbish)
            push.send_multipart([b"two", b"frames"])
            push.send(b"shop/sane\n\n" + msgpack.packb({}))
            watcher.wait(has_tag("shop/sane"), 5)

    def test_slow_subscriber(self) -> None:
        """
        A subscriber that never reads costs nobody anything.
        """
        with (
            self.socket(zmq.SUB, "master_event_pub") as slow,
            self.master.listening() as watcher,
            self.socket(zmq.PUSH, "master_event_pull") as push,
        ):
            slow.subscribe(b"")
            watcher.wait(lambda tag, data: tag.startswith("txsalt/live/"), 5)
            for number in range(3000):
                push.send(b"shop/flood\n\n" + msgpack.packb({"n": number, "fill": "x" * 2000}))
                if number % 500 == 499:
                    watcher.wait(lambda tag, data, n=number: data.get("n") == n, 10)
            flood = [data["n"] for tag, data in watcher.seen() if tag == "shop/flood"]
            self.assertEqual(flood, list(range(3000)))
            began = time.monotonic()
            self.assertEqual(self.master.cli("-L", "web1,web2", "test.ping").returncode, 0)
            self.assertLess(time.monotonic() - began, 5)

    def test_watch(self) -> None:
        """
        txsalt-cli event shows the events whose tags begin as asked, and ends as asked.
        """
        answer = self.master.cli("event", "nothing/such", "--timeout", "0.2")
        self.assertEqual((answer.returncode, answer.stdout), (1, ""))
        self.assertIn("no event within", answer.stderr)
        # Its return comes while the next command listens.
        self.master.cli("web1", "cmd.run", "sleep 1", "--async")
        answer = self.master.cli("event", "salt/job/", "--json", "--count", "1", "-t", "10")
        self.assertEqual((answer.returncode, answer.stderr), (0, ""), str(answer))
        self.assertEqual(answer.data["data"]["fun"], "cmd.run")

    def test_fire(self) -> None:
        """
        What is fired in pairs, as a map or both is an event with that data; a stray word is not.
        """
        with self.master.listening() as watcher:
            words = ("event", "fire", "shop/open", "till=2", '{"by": {"name": "ci"}}')
            self.assertEqual(self.master.cli(*words).returncode, 0)
            _, data = watcher.wait(has_tag("shop/open"), 10)
            self.assertEqual((data["till"], data["by"]), (2, {"name": "ci"}))
            answer = self.master.cli("event", "fire", "shop/shut", "now")
            self.assertEqual(answer.returncode, 64, str(answer))
            self.assertIn("'now' is neither key=value nor a map", answer.stderr)

    def test_modes(self) -> None:
        """
        The sockets are for the owner and its group, and never for everybody.
        """
        folders = [
            self.master.sock_dir,
            *(each.root / "run" for each in self.fleet.minions.values()),
        ]
        for folder in folders:
            sockets = list(folder.glob("*.ipc"))
            self.assertTrue(sockets, folder)
            self.assertEqual(folder.stat().st_mode & 0o007, 0, folder)
            for path in sockets:
                self.assertEqual(stat.S_IMODE(path.stat().st_mode) & 0o117, 0, path)
                self.assertEqual(stat.S_IMODE(path.stat().st_mode) & 0o600, 0o600, path)
