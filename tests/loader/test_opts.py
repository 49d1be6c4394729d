"""What a minion's file says reaches the modules that read it."""

from typing import Any

from tests.config.folder import FolderTestCase
from tests.modules.calls import FakeContext, modules
from txsalt.config.read import read_minion
from txsalt.jobs.errors import CommandExecutionError
from txsalt.loader.functions import Functions
from txsalt.loader.opts import make_opts
from txsalt.minion.jobrunner import guest

JID = {"__pub_jid": "20260101000000000000"}


class OptsTests(FolderTestCase):
    """The file of a minion, and the jobs of a minion with it."""

    def functions(self, text: str, pillar: dict[str, Any] | None = None) -> Functions:
        """The functions of a job of a minion with this file."""
        return modules(FakeContext(self.config(text), {"os": "Debian"}, pillar))

    def config(self, text: str) -> dict[str, Any]:
        """What the daemon hands to its programs."""
        self.write("minion", f"id: web-01\n{text}")
        return read_minion(self.folder)[0].as_map()

    def test_forbidden_commands(self) -> None:
        """
        cmd_blacklist_glob and cmd_whitelist_glob of the file forbid commands that users type.
        """
        run = self.functions("cmd_blacklist_glob: ['rm *', 'dd *']\n")["cmd.run"]
        for command in ("rm -r x", "dd if=x"):
            self.assertRaises(CommandExecutionError, run, command, **JID)
        self.assertEqual(run("echo hi", **JID), "hi")
        run = self.functions("cmd_whitelist_glob: echo *\n")["cmd.run"]
        self.assertRaises(CommandExecutionError, run, "true", **JID)
        self.assertEqual(run("echo hi", **JID), "hi")

    def test_forbidden_by_the_pillar(self) -> None:
        """
        Where the file forbids nothing, the pillar may, as with Salt.
        """
        run = self.functions("", {"cmd_blacklist_glob": ["rm *"]})["cmd.run"]
        self.assertRaises(CommandExecutionError, run, "rm -r x", **JID)

    def test_shell_of_modules(self) -> None:
        """
        cmd_safe false gives the shell to commands that modules run.
        """
        self.assertEqual(self.functions("")["cmd.run"]("echo a; echo b"), "a; echo b")
        self.assertEqual(self.functions("cmd_safe: false\n")["cmd.run"]("echo a; echo b"), "a\nb")

    def test_test_mode(self) -> None:
        """
        With test true, functions say what they would do and do nothing.
        """
        path = self.write("text", "a\n")
        self.functions("test: true\n")["file.line"](
            path, content="b", mode="insert", location="end"
        )
        with open(path) as file:
            self.assertEqual(file.read(), "a\n")

    def test_backups_and_pillar(self) -> None:
        """
        backup_mode and pillar_raise_on_missing count.
        """
        functions = self.functions("backup_mode: minion\npillar_raise_on_missing: true\n")
        self.assertEqual(functions["config.backup_mode"](), "minion")
        self.assertRaises(KeyError, functions["pillar.get"], "nosuch")
        self.assertEqual(self.functions("")["config.backup_mode"](), "")

    def test_options_of_ones_own(self) -> None:
        """
        Whatever I write into the file, my modules find, by the name that it has there.
        """
        functions = self.functions(
            "site: {name: north, ports: {80: web}}\nmysql.host: db1\nrack:\n"
            "module_options: {inner: 5}\n"
        )
        get, option = functions["config.get"], functions["config.option"]
        self.assertEqual((get("site:name"), get("mysql.host"), get("inner")), ("north", "db1", 5))
        self.assertEqual((option("site")["ports"], option("rack")), ({80: "web"}, None))
        self.assertNotIn("module_options", functions["config.items"]())

    def test_what_salt_always_has(self) -> None:
        """
        Options that modules of Salt's users take for granted are there without being set.
        """
        opts = make_opts(self.config("master: [m1, m2]\nmaster_port: 4999\n"), {"os": "x"}, {})
        expected = {
            "test": False,
            "file_client": "remote",
            "conf_file": f"{self.folder}/minion",
            "__role": "minion",
            "nodegroups": {},
            "master_uri": "tcp://m1:4999",
            "backup_mode": "",
            "grains": {"os": "x"},
            "pillar": {},
        }
        self.assertEqual({name: opts[name] for name in expected}, expected)

    def test_places_of_masters(self) -> None:
        """
        master_uri names the master as the file does, with its port.
        """
        for master, uri in (
            ("salt", "tcp://salt:4506"),
            ("salt:4600", "tcp://salt:4600"),
            ("'::1'", "tcp://[::1]:4506"),
            ("'[::1]'", "tcp://[::1]:4506"),
            ("'[::1]:99'", "tcp://[::1]:99"),
        ):
            opts = make_opts(self.config(f"master: {master}\n"), {}, {})
            self.assertEqual(opts["master_uri"], uri)

    def test_names_for_targets(self) -> None:
        """
        Node groups may be a map, or a list of maps as in Salt's files.
        """
        for text in ("{a: 'web*', b: 'db*'}", "[{a: 'web*'}, {b: 'db*'}]"):
            found = self.config(f"nodegroups: {text}\n")["nodegroups"]
            self.assertEqual(found, {"a": "web*", "b": "db*"})

    def test_guest(self) -> None:
        """
        Salt's own modules find the options of my file, too: those with a dot, and my own.
        """
        salt_config = type("Module", (), {"DEFAULT_MINION_OPTS": {"x": 1, "site": "default"}})
        self.patch(guest.importlib, "import_module", lambda name: salt_config)
        config = self.config("mysql.host: db1\nsite: north\nfile_client: remote\n")
        opts = guest.guest_options(config, {"os": "x"}, {"p": 1})
        found = [opts[each] for each in ("x", "mysql.host", "site", "grains", "pillar")]
        self.assertEqual(found, [1, "db1", "north", {"os": "x"}, {"p": 1}])
        # Never another way to the master than the daemon's.
        self.assertEqual((opts["file_client"], opts["transport"]), ("local", "none"))
        self.assertEqual(opts["conf_file"], f"{self.folder}/minion")
