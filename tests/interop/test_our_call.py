"""``txsalt-cli call`` and synced modules beside our minion, with stock masters."""

import json
import os
import sysconfig
from typing import Any

from tests.interop import processes
from tests.interop.cases import FleetCase
from tests.interop.harness import Fleet, StockMaster, TxMinion
from tests.interop.processes import wait_until

CLI = os.path.join(sysconfig.get_path("scripts"), "txsalt-cli")


class Call3008Tests(FleetCase):
    """One minion of ours under a master of the 3008 line."""

    lines = ("3008",)

    def make_fleet(self) -> Fleet:
        fleet = Fleet(StockMaster(self.lines[0]))
        own = fleet.master.root / "srv" / "_modules" / "own.py"
        own.parent.mkdir()
        own.write_text("def hi():\n    return __grains__['id']\n")
        fleet.add(TxMinion(fleet.master, "one"))
        return fleet

    def call(self, *words: str) -> Any:
        """What a call on the minion's machine prints."""
        folder = str(self.fleet.minions["one"].config_dir)
        argv = [CLI, "call", "--config-dir", folder, "--out", "json", *words]
        answer = processes.tell(argv, stock=False, seconds=60)
        self.assertEqual(answer.returncode, 0, str(answer))
        return json.loads(answer.stdout)["local"]

    def test_call(self) -> None:
        """
        The master sees the return; pillar and files come from it.
        """
        watcher = self.fleet.master.listen()
        self.addCleanup(watcher.close)
        self.assertEqual(self.call("test.echo", "here"), "here")
        _, data = watcher.wait(lambda tag, _: tag.endswith("/ret/one"), 20)
        self.assertEqual((data["fun"], data["return"]), ("test.echo", "here"))
        self.assertNotEqual(data["jid"], "req")
        self.assertTrue(self.call("pillar.items"))
        self.assertIn("greeting.txt", self.call("cp.list_master"))

    def test_sync(self) -> None:
        """
        The master's own tool syncs a module, and the minion has it.
        """
        say = self.fleet.master.say
        self.assertIn("modules.own", say("one", "saltutil.sync_modules").data["one"])
        wait_until(lambda: say("one", "own.hi").data == {"one": "one"}, 30, "the synced module")
        self.assertEqual(say("one", "saltutil.sync_all").data["one"]["modules"], [])


class Call3006Tests(Call3008Tests):
    """The same under a master of the 3006 line."""

    lines = ("3006",)
