"""Functions on a minion's machine with its keys: ``txsalt-cli call``, beside a running minion."""

import json
from typing import Any

from tests.integration.spine import CLI, SpineCase, SpineMaster
from tests.interop import processes
from tests.interop.harness import Fleet, TxMinion


class CallTests(SpineCase):
    """A master with files and pillar, and one minion."""

    ids = ("web1",)

    def make_fleet(self) -> Fleet:
        """Write more of what the master serves."""
        master = SpineMaster()
        for name, text in (
            ("srv/_modules/own.py", "def fruits():\n    return __pillar__['color']\n"),
            ("srv/_grains/own.py", "def own():\n    return {'own': __opts__['id']}\n"),
            ("pillar/fruits.sls", "color: blue\n"),
        ):
            path = master.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        fleet = Fleet(master)
        own = {"site": "north", "mysql.host": "db1", "cmd_blacklist_glob": ["rm *"]}
        fleet.add(TxMinion(master, "web1", **own))
        return fleet

    def call(self, *words: str, code: int = 0) -> Any:
        """The value that a call prints."""
        folder = str(self.minion("web1").config_dir)
        argv = [CLI, "call", "--config-dir", folder, "--out", "json", *words]
        answer = processes.tell(argv, stock=False, seconds=60)
        self.assertEqual(answer.returncode, code, str(answer))
        return json.loads(answer.stdout)["local"] if answer.stdout else answer.stderr

    def test_return(self) -> None:
        """
        The master sees the return of a call, with a job id that it gives.
        """
        with self.master.listening() as watcher:
            self.assertEqual(self.call("test.arg_clean", "7"), {"args": [7], "kwargs": {}})
            _, data = watcher.wait(lambda tag, _: tag.endswith("/ret/web1"), 10)
        self.assertEqual((data["fun"], data["fun_args"]), ("test.arg_clean", ["7"]))
        self.assertRegex(data["jid"], "^[0-9]{20}$")

    def test_failure(self) -> None:
        """
        A function that fails makes the call fail.
        """
        self.assertEqual(self.call("cmd.run", "echo no; exit 3", code=1), "no")

    def test_options_of_the_file(self) -> None:
        """
        Options of mine, and those that forbid commands, count in a call and in the minion's jobs.
        """
        self.assertEqual(self.call("config.get", "site"), "north")
        refusal = self.call("cmd.run", "rm -r /nosuch", code=1)
        self.assertIn('The shell command "rm -r /nosuch" is not permitted', refusal)
        for fun, arg, expected in (
            ("config.get", "site", "north"),
            ("config.option", "mysql.host", "db1"),
            ("config.get", "file_client", "remote"),
            ("cmd.run", "rm -r /nosuch", refusal),
        ):
            answer = self.master.cli("web1", fun, arg, "--out", "json")
            self.assertEqual(json.loads(answer.stdout)["web1"], expected)

    def test_master_is_asked(self) -> None:
        """
        Pillar and files come from the master.
        """
        self.assertEqual(self.call("pillar.items"), {"color": "blue"})
        self.assertIn("_modules/own.py", self.call("cp.list_master"))

    def test_synced_modules(self) -> None:
        """
        What a call syncs, the running minion has, too: modules and grains.
        """
        changed = self.call("saltutil.sync_all")
        self.assertEqual((changed["modules"], changed["grains"]), (["modules.own"], ["grains.own"]))
        self.assertEqual(self.call("own.fruits"), "blue")

        def minion_has_both() -> bool:
            answers = [
                self.master.cli("web1", fun, *args, "--out", "json")
                for fun, args in (("own.fruits", ()), ("grains.get", ("own",)))
            ]
            return [each.stdout and json.loads(each.stdout)["web1"] for each in answers] == [
                "blue",
                "web1",
            ]

        processes.wait_until(minion_has_both, 20, "the minion's own modules")
