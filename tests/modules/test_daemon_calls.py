"""Functions that ask the minion daemon: events, mine, refresh."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.modules.calls import FakeContext, modules
from txsalt.jobs.errors import CommandExecutionError, SaltInvocationError


class DaemonCallTests(SynchronousTestCase):
    """The modules event, mine and saltutil."""

    def setUp(self) -> None:
        """Load the modules."""
        self.context = FakeContext(
            {"cachedir": self.mktemp(), "mine_functions": {"test.ping": []}},
            {"os": "Debian", "cpu": 2},
            {"secret": 1},
        )
        self.functions = modules(self.context)

    def call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Call a function."""
        return self.functions[name](*args, **kwargs)

    def sent(self) -> dict:
        """Give the arguments of the only call to the daemon."""
        ((_, arguments),) = self.context.calls
        return arguments

    def test_event_send(self) -> None:
        """
        An event has the keywords, the job's fields and the data, which win.
        """
        self.assertIs(self.call("event.send", "a/b", {"x": 1}, y=2, __pub_jid="3"), True)
        data = {"x": 1, "y": 2, "__pub_jid": "3"}
        self.assertEqual(self.sent(), {"tag": "a/b", "data": data, "local": False})

    def test_event_with_facts(self) -> None:
        """
        Grains, pillar and environment are sent only where asked for.
        """
        self.call("event.send", "t", with_grains=["os"], with_pillar=True, with_env=["PATH"])
        data = self.sent()["data"]
        self.assertEqual(data["grains"], {"os": "Debian"})
        self.assertEqual(data["pillar"], {"secret": 1})
        self.assertEqual(list(data["environ"]), ["PATH"])

    def test_event_fire(self) -> None:
        """
        event.fire stays on this minion.
        """
        self.call("event.fire", {"x": 1}, "t")
        self.assertEqual(self.sent(), {"tag": "t", "data": {"x": 1}, "local": True})

    def test_mine_update(self) -> None:
        """
        The functions of the options are run and stored, those that fail left out.
        """
        wanted = {
            "test.ping": [],
            "x": {"mine_function": "test.echo", "text": 5},
            "y": [{"mine_function": "test.echo"}, "z"],
            "nope.nope": [],
            "test.exception": [],
        }
        with self.assertLogs("txsalt.modules.mine"):
            self.assertIs(self.call("mine.update", mine_functions=wanted), True)
        load = self.sent()["load"]
        self.assertEqual(load["data"], {"test.ping": True, "x": 5, "y": "z"})
        self.assertEqual((load["cmd"], load["clear"], load["id"]), ("_mine", False, "web-01"))

    def test_mine_update_clear(self) -> None:
        """
        The wire never carries clear, whatever is asked.
        """
        self.call("mine.update", clear=True)
        self.assertIs(self.sent()["load"]["clear"], False)
        self.assertEqual(self.sent()["load"]["data"], {"test.ping": True})

    def test_mine_send_with_access(self) -> None:
        """
        A value can be meant for some minions only.
        """
        self.call("mine.send", "a", "v", mine_function="test.echo", allow_tgt="web*")
        expected = {
            "__data__": "v",
            "__saltmine_acl__": 1,
            "allow_tgt": "web*",
            "allow_tgt_type": "glob",
        }
        self.assertEqual(self.sent()["load"]["data"], {"a": expected})

    def test_mine_send_of_nothing(self) -> None:
        """
        A function that fails is not stored.
        """
        with self.assertLogs("txsalt.modules.mine"):
            self.assertIs(self.call("mine.send", "no.such"), False)
        self.assertEqual(self.context.calls, [])

    def test_mine_get(self) -> None:
        """
        Values of others come by minion; one's own can be left out.
        """
        self.context.answer = {"web-01": 1, "db-01": 2}
        found = self.call("mine.get", "*", "test.ping", exclude_minion=True)
        self.assertEqual(found, {"db-01": 2})
        load = {
            "cmd": "_mine_get",
            "id": "web-01",
            "tgt": "*",
            "fun": "test.ping",
            "tgt_type": "glob",
        }
        self.assertEqual(self.sent(), {"load": load})

    def test_mine_forget(self) -> None:
        """
        One value or all can be removed.
        """
        self.call("mine.delete", "a")
        self.call("mine.flush")
        commands = [arguments["load"]["cmd"] for _, arguments in self.context.calls]
        self.assertEqual(commands, ["_mine_delete", "_mine_flush"])

    def test_mine_valid(self) -> None:
        """
        It is told what the options ask for and the minion has.
        """
        self.assertEqual(self.call("mine.valid"), {"test.ping": []})

    def test_refresh(self) -> None:
        """
        The daemon is asked to refresh what the function names.
        """
        self.call("saltutil.refresh_modules")
        self.call("saltutil.refresh_pillar", wait=True)
        self.call("saltutil.refresh_grains", __pub_jid="1")
        self.call("saltutil.refresh_grains", refresh_pillar=False)
        self.call("sys.reload_modules")
        self.assertEqual(
            [arguments["what"] for _, arguments in self.context.calls],
            ["modules", "pillar", "grains", "pillar", "grains", "modules"],
        )
        self.assertRaises(SaltInvocationError, self.call, "saltutil.refresh_grains", oops=1)

    def test_pillar_refresh(self) -> None:
        """
        The other name of refresh_pillar does the same.
        """
        self.assertIs(self.call("saltutil.pillar_refresh"), True)
        self.assertEqual(self.context.calls, [("refresh", {"what": "pillar"})])

    def test_revoke(self) -> None:
        """
        The master is asked to forget the key.
        """
        self.assertIs(self.call("saltutil.revoke_auth"), True)
        self.assertEqual(self.sent()["load"]["cmd"], "revoke_auth")

    def test_clear_cache(self) -> None:
        """
        A cache folder that is not there is clean.
        """
        self.assertIs(self.call("saltutil.clear_cache"), True)

    def test_jobs_are_the_daemons(self) -> None:
        """
        Functions about jobs are listed and documented; the daemon answers them, or says why not.
        """
        for name, args in (
            ("find_job", ["1"]),
            ("running", []),
            ("kill_job", ["1"]),
            ("signal_job", ["1", 9]),
            ("is_running", ["x"]),
            ("term_job", ["1"]),
        ):
            self.context.calls.clear()
            self.context.answer = {"return": [name], "retcode": 0, "success": True}
            self.assertEqual(self.call(f"saltutil.{name}", *args), [name])
            self.assertEqual(self.sent(), {"fun": f"saltutil.{name}", "arg": args})
            self.context.answer = {"return": "ERROR: no", "retcode": 1, "success": False}
            self.assertRaises(CommandExecutionError, self.call, f"saltutil.{name}", *args)
        self.assertTrue(self.call("sys.doc", "saltutil.find_job")["saltutil.find_job"])

    def test_ping_master(self) -> None:
        """
        The master answers, or it does not.
        """
        self.assertIs(self.call("status.ping_master", "master-1"), True)
        self.context.answer = RuntimeError("no reply")
        self.assertIs(self.call("status.ping_master", "master-1"), False)
        self.assertIs(self.call("status.ping_master", "elsewhere"), False)
