"""The minion daemon against a small master, over real sockets, with real jobs."""

import os
import tempfile

import zmq
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from tests.fakes.small_master import SmallMaster, key
from tests.sockets.support import until
from txsalt.client.own_minion import NoMinion, ask_about_jobs
from txsalt.config.minion import MinionConfig
from txsalt.light import evolve
from txsalt.minion.daemon.event_bus import place_of
from txsalt.minion.daemon.service import make_minion
from txsalt.sockets.context import SocketContext
from txsalt.sockets.publish import PublishSocket
from txsalt.sockets.router import RouterSocket
from txsalt.wire import event


class MinionDaemonTests(TestCase):
    timeout = 60

    async def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="txm", dir="/tmp")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.master = SmallMaster()
        self.context = SocketContext(reactor)
        self.context.startService()
        self.addCleanup(self.context.stopService)
        self.router = RouterSocket(self.context, "tcp://127.0.0.1:*", self.answer)
        self.publisher = PublishSocket(self.context, "tcp://127.0.0.1:*")
        self.master.publish_port = self.publisher.port
        self.config = MinionConfig(
            id="m1",
            master="127.0.0.1",
            master_port=self.router.port,
            config_dir=self.folder,
            root_dir=self.folder,
            pki_dir=f"{self.folder}/pki",
            cachedir=f"{self.folder}/cache",
            sock_dir=f"{self.folder}/run",
            extension_modules=f"{self.folder}/ext",
            acceptance_wait_time=0.05,
            return_retry_timer=0.3,
            return_retry_timer_max=0.5,
            recon_default=50,
            recon_max=50,
            random_reauth_delay=0.01,
        )
        os.makedirs(self.config.pki_dir)
        with open(f"{self.config.pki_dir}/minion.pem", "wb") as file:
            file.write(key("minion").pem())

    def answer(self, route: list[bytes], payload: bytes) -> None:
        reply = self.master.reply(payload)
        if reply is not None:
            self.router.reply(route, reply)

    async def start(self, **changes: object) -> None:
        self.failures = []
        self.minion = make_minion(evolve(self.config, **changes), reactor, self.failures.append)
        self.addCleanup(self.minion.stopService)
        await self.minion.startService()
        self.assertEqual(self.failures, [])

    async def ready(self) -> None:
        await until(lambda: any(e["tag"] == "salt/minion/m1/start" for e in self.events()))

    def events(self) -> list[dict]:
        return self.master.sent("_minion_event")

    def publish(self, fun: object, arg: list, jid: str, **fields: object) -> None:
        self.publisher.send([self.master.publish(fun, arg, jid, **fields)])

    async def result(self, jid: str) -> dict:
        await until(lambda: any(r["jid"] == jid for r in self.master.sent("_return")))
        return next(r for r in self.master.sent("_return") if r["jid"] == jid)

    async def test_a_job_from_end_to_end(self) -> None:
        """
        The minion signs in, fetches its pillar, says that it is up, runs a job and returns it.
        """
        await self.start()
        await self.ready()
        self.assertEqual(len(self.master.sent("_pillar")), 1)
        self.assertEqual(
            [e["tag"] for e in self.events()], ["minion_start", "salt/minion/m1/start"]
        )
        self.publish("test.ping", [], "20260101000000000001")
        returned = await self.result("20260101000000000001")
        self.assertIs(returned["return"], True)
        self.assertIs(returned["success"], True)
        self.assertEqual(returned["retcode"], 0)
        self.assertEqual(returned["fun"], "test.ping")

    async def test_key_files(self) -> None:
        """
        The minion's key is its own; the master's is kept on first acceptance.
        """
        os.unlink(f"{self.config.pki_dir}/minion.pem")
        await self.start()
        await self.ready()
        self.assertEqual(os.stat(f"{self.config.pki_dir}/minion.pem").st_mode & 0o777, 0o400)
        with open(f"{self.config.pki_dir}/minion_master.pub") as file:
            self.assertEqual(file.read().strip(), self.master.key.public.pem)

    async def test_rotated_key(self) -> None:
        """
        The first job under a new shared key is run: the minion signs in again and opens it then.
        """
        await self.start()
        await self.ready()
        self.master.rotate()
        self.publish("test.ping", [], "20260101000000000002")
        returned = await self.result("20260101000000000002")
        self.assertIs(returned["return"], True)
        self.assertEqual(len(self.master.sign_ins), 2)

    async def test_forged_publications_cost_one_sign_in(self) -> None:
        """
        However many publications nobody's key opens, they cost one sign-in, and jobs still run.
        """
        await self.start()
        await self.ready()
        forger = SmallMaster()
        for number in range(300):
            self.publisher.send([forger.publish("test.ping", [], f"{number}")])
        self.publish("test.ping", [], "20260101000000000003")
        await self.result("20260101000000000003")
        await until(lambda: len(self.master.sign_ins) == 2)
        for number in range(300):
            self.publisher.send([forger.publish("test.ping", [], f"{number}")])
        self.publish("test.ping", [], "20260101000000000004")
        await self.result("20260101000000000004")
        self.assertEqual(len(self.master.sign_ins), 2)
        self.assertEqual(len(self.master.sent("_return")), 2)

    async def test_replayed_and_unsigned_publications(self) -> None:
        """
        A publication that is sent again, or that the master did not sign, runs nothing.
        """
        await self.start()
        await self.ready()
        frame = self.master.publish("test.ping", [], "20260101000000000005")
        self.publisher.send([frame])
        self.publisher.send([frame])
        signing, self.master.sealer.key = self.master.sealer.key, None
        self.publish("test.ping", [], "20260101000000000006")
        self.master.sealer.key = signing
        self.publish("test.ping", [], "20260101000000000007")
        await self.result("20260101000000000007")
        await self.result("20260101000000000005")
        jids = sorted(load["jid"] for load in self.master.sent("_return"))
        self.assertEqual(jids, ["20260101000000000005", "20260101000000000007"])

    async def test_replayed_after_a_restart(self) -> None:
        """
        A recorded publication runs nothing either after the minion was started anew.
        """
        await self.start()
        await self.ready()
        frame = self.master.publish("test.ping", [], "20260101000000000022")
        self.publisher.send([frame])
        await self.result("20260101000000000022")
        await self.minion.stopService()
        self.master.loads.clear()
        await self.start()
        await self.ready()
        self.publisher.send([frame])
        self.publish("test.ping", [], "20260101000000000023")
        await self.result("20260101000000000023")
        self.assertEqual([each["jid"][-2:] for each in self.master.sent("_return")], ["23"])
        self.assertEqual(os.stat(f"{self.config.cachedir}/publication.serial").st_mode, 0o100600)

    async def test_new_session_key(self) -> None:
        """
        When the master renewed the session key, a return gets through all the same.
        """
        await self.start()
        await self.ready()
        self.master.forget_sessions()
        self.publish("test.ping", [], "20260101000000000008")
        await self.result("20260101000000000008")
        self.assertEqual(len(self.master.sign_ins), 2)

    async def test_lost_return(self) -> None:
        """
        A return that the master did not acknowledge is sent again, also by the next run.
        """
        await self.start()
        await self.ready()
        self.master.answers["_return"] = lambda _: "silent"
        self.publish("test.ping", [], "20260101000000000009")
        await self.result("20260101000000000009")
        await self.minion.stopService()
        self.assertEqual(len(os.listdir(f"{self.config.cachedir}/outbox")), 1)
        self.master.loads.clear()
        del self.master.answers["_return"]
        await self.start()
        await self.result("20260101000000000009")
        await until(lambda: not os.listdir(f"{self.config.cachedir}/outbox"))

    async def test_find_job_and_kill(self) -> None:
        """
        A running job is found and can be killed while no other could start.
        """
        await self.start(process_count_max=1)
        await self.ready()
        self.publish("test.sleep", [60], "20260101000000000010")
        self.publish("saltutil.find_job", ["20260101000000000010"], "20260101000000000011")
        found = await self.result("20260101000000000011")
        self.assertEqual(found["return"]["fun"], "test.sleep")
        await until(lambda: self.pid_of("20260101000000000010") != 0)
        self.publish("saltutil.kill_job", ["20260101000000000010"], "20260101000000000012")
        await self.result("20260101000000000012")
        killed = await self.result("20260101000000000010")
        self.assertIs(killed["success"], False)
        self.assertIn("SIGKILL", killed["return"])

    async def test_asked_on_this_machine(self) -> None:
        """
        A program of this machine lists, finds and ends jobs; so does a function within a job.
        """
        await self.start()
        await self.ready()
        jid = "20260101000000000020"
        self.publish("test.sleep", [60], jid)
        await until(lambda: self.pid_of(jid) != 0)
        [found] = (await self.ask("saltutil.running"))["return"]
        self.assertEqual((found["jid"], found["fun"]), (jid, "test.sleep"))
        self.assertEqual((await self.ask("saltutil.is_running", "cmd.*"))["return"], [])
        self.assertFalse((await self.ask("saltutil.signal_job", jid, "nonsense"))["success"])
        with open(f"{self.folder}/asks.py", "w") as file:
            file.write(
                "def jids():\n    return [x['jid'] for x in __salt__['saltutil.running']()]\n"
            )
        os.makedirs(f"{self.config.extension_modules}/modules")
        os.rename(f"{self.folder}/asks.py", f"{self.config.extension_modules}/modules/asks.py")
        self.publish("asks.jids", [], "20260101000000000021")
        returned = await self.result("20260101000000000021")
        self.assertEqual(returned["return"], [jid, "20260101000000000021"])
        await self.ask("saltutil.kill_job", jid)
        self.assertIn("SIGKILL", (await self.result(jid))["return"])
        await self.minion.stopService()
        await self.assertFailure(self.ask("saltutil.running", patience=0.2), NoMinion)

    def ask(self, fun: str, *arg: object, patience: float = 10) -> Deferred[dict]:
        config = self.config.as_map()
        return deferToThread(ask_about_jobs, config, fun, arg, patience)

    def pid_of(self, jid: str) -> int:
        runner = self.minion.getServiceNamed("job runner")
        return next((each["pid"] for each in runner.records() if each["jid"] == jid), 0)

    async def test_target_of_others(self) -> None:
        """
        Only jobs whose target this minion matches run; pillar targets see the pillar.
        """
        await self.start()
        await self.ready()
        self.publish("test.ping", [], "20260101000000000013", tgt="db*")
        self.publish("test.ping", [], "20260101000000000014", tgt="color:red", tgt_type="pillar")
        self.publish("test.ping", [], "20260101000000000015", tgt="color:blue", tgt_type="pillar")
        await self.result("20260101000000000015")
        self.assertEqual(len(self.master.sent("_return")), 1)

    async def test_pending_then_accepted(self) -> None:
        """
        A minion whose key waits asks again and again, with a new nonce each time.
        """
        self.master.verdict = True
        await self.start()
        await until(lambda: len(self.master.sign_ins) >= 3)
        self.master.verdict = None
        await self.ready()
        nonces = [each.nonce for each in self.master.sign_ins]
        self.assertEqual(len(set(nonces)), len(nonces))

    async def test_local_bus(self) -> None:
        """
        A local program hears events, learns when it is live, and reaches the master.
        """
        await self.start()
        await self.ready()
        place = place_of("m1", self.config.sock_dir, "sha256")
        context = zmq.Context()
        self.addCleanup(context.destroy, 0)
        sub, push = context.socket(zmq.SUB), context.socket(zmq.PUSH)
        sub.connect(place.publish)
        push.connect(place.pull)
        sub.subscribe(b"mine/")
        sub.subscribe(b"/salt/minion/minion_mod_refresh_complete")
        sub.subscribe(b"txsalt/live/abc")
        await until(lambda: bool(sub.poll(0)))
        self.assertEqual(event.read_event(sub.recv()), ("txsalt/live/abc", {}))
        push.send(event.write_event("mine/own", {"a": 1}))
        await until(lambda: bool(sub.poll(0)))
        tag, data = event.read_event(sub.recv())
        self.assertEqual((tag, data["a"]), ("mine/own", 1))
        push.send(event.write_event("fire_master", {"tag": "shop/open", "data": {"till": 2}}))
        await until(lambda: any(e["tag"] == "shop/open" for e in self.events()))
        push.send(event.write_event("pillar_refresh", {}))
        await until(lambda: len(self.master.sent("_pillar")) == 2)
        push.send(b"no event at all")
        push.send(event.write_event("fire_master", {"tag": "shop/shut", "data": {}}))
        await until(lambda: any(e["tag"] == "shop/shut" for e in self.events()))
        push.send(event.write_event("module_refresh", {}))
        await until(lambda: bool(sub.poll(0)))
        self.assertIs(event.read_event(sub.recv())[1]["complete"], True)

    async def test_reconnect(self) -> None:
        """
        When the master's job port comes back, the minion signs in again and says that it is up.
        """
        await self.start()
        await self.ready()
        port = self.publisher.port
        self.publisher.close()
        await until(lambda: not self.minion.getServiceNamed("arrival").is_connected)
        self.master.rotate()
        self.master.loads.clear()
        self.publisher = PublishSocket(self.context, f"tcp://127.0.0.1:{port}")
        await self.ready()
        self.publish("test.ping", [], "20260101000000000016")
        await self.result("20260101000000000016")

    async def test_second_daemon(self) -> None:
        """
        A second daemon on the same folder does not start, and says why; the first goes on.
        """
        await self.start()
        await self.ready()
        failures = []
        await make_minion(self.config, reactor, failures.append).startService()
        self.assertIn("another txsalt daemon works in", str(failures[0].value))
        self.publish("test.ping", [], "20260101000000000017")
        await self.result("20260101000000000017")

    async def test_stop_ends_jobs(self) -> None:
        """
        A stop leaves no process behind, and nothing that stops the next start.
        """
        await self.start()
        await self.ready()
        self.publish("test.sleep", [1], "20260101000000000018")
        await until(lambda: self.pid_of("20260101000000000018") != 0)
        pid = self.pid_of("20260101000000000018")
        await self.minion.stopService()
        self.assertRaises(ProcessLookupError, os.kill, pid, 0)
        await self.result("20260101000000000018")
        self.master.loads.clear()
        await self.start()
        await self.ready()
