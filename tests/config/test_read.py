"""Reading the configuration of a master or a minion."""

import os

from tests.config.folder import FolderTestCase
from txsalt.config.minion import MinionConfig
from txsalt.config.read import read_master, read_minion
from txsalt.config.schedule_file import path_of, read_schedule, write_schedule
from txsalt.errors import ConfigError, LocalError


class ReadMasterTests(FolderTestCase):
    def problems(self, text: str) -> tuple[str, ...]:
        self.write("master", text)
        return self.assertRaises(ConfigError, read_master, self.folder).problems

    def test_missing_file(self) -> None:
        """
        Without a file everything has its default, and a warning names the path.
        """
        config, warnings = read_master(self.folder)
        self.assertEqual((config.ret_port, config.publish_port), (4506, 4505))
        self.assertEqual(config.pki_dir, f"{self.folder}/pki/master")
        self.assertEqual(len(warnings), 1)
        self.assertIn(f"{self.folder}/master", warnings[0])

    def test_missing_folder(self) -> None:
        """
        A folder that is not there is refused: it is a slip of the hand, not a wish for defaults.
        """
        error = self.assertRaises(ConfigError, read_master, f"{self.folder}/nosuch")
        self.assertIn(f"There is no folder {self.folder}/nosuch", str(error))

    def test_file(self) -> None:
        """
        What the file says counts; an empty file, or one of comments, is fine.
        """
        self.write("master", "interface: 127.0.0.1\nauto_accept: yes\nret_port: '4999'\n")
        config, warnings = read_master(self.folder)
        self.assertEqual((config.interface, config.auto_accept), ("127.0.0.1", True))
        self.assertEqual((config.ret_port, warnings), (4999, []))
        self.write("master", "# nothing\n")
        self.assertEqual(read_master(self.folder)[1], [])

    def test_all_problems_at_once(self) -> None:
        """
        Every wrong option is told in one error: file, option, value, and what is expected.
        """
        found = self.problems("ret_port: much\nauto_accept: 'no'\nworker_threads: 0\npeer: [x]\n")
        self.assertEqual(len(found), 4)
        self.assertEqual(
            found[0],
            f"{self.folder}/master: ret_port is 'much', "
            "but a whole number from 1 to 65535 is expected.",
        )

    def test_secrets_are_not_shown(self) -> None:
        """
        A wrong value of an option that can hold a secret is not shown.
        """
        (found,) = self.problems("external_auth: hunter2\n")
        self.assertNotIn("hunter2", found)
        self.write("master", "key_pass: hunter2\n")
        self.assertNotIn("hunter2", repr(read_master(self.folder)[0]))

    def test_unknown_options(self) -> None:
        """
        A misspelt option is a warning with the nearest name; Salt's other options are one line.
        """
        self.write("master", "auto_acept: true\ngitfs_remotes: []\next_pillar: []\nqqqqqqq: 1\n")
        _, warnings = read_master(self.folder)
        self.assertEqual(len(warnings), 3)
        self.assertIn("'auto_acept' is not an option; did you mean auto_accept?", warnings[0])
        self.assertTrue(warnings[1].endswith("'qqqqqqq' is not an option."))
        self.assertEqual(
            warnings[2], "Known to Salt, not used by txsalt yet: ext_pillar, gitfs_remotes."
        )

    def test_no_value(self) -> None:
        """
        An option whose entries are all commented out keeps its default, with a warning.
        """
        self.write("master", "nodegroups:\n#  a: b\nlog_level_logfile:\n")
        config, warnings = read_master(self.folder)
        self.assertEqual(config.nodegroups, {})
        self.assertEqual(len(warnings), 1)

    def test_bad_files(self) -> None:
        """
        Broken YAML, a repeated option, a list, and bytes that are no text are told with the file.
        """
        self.assertIn(f"{self.folder}/master, line 2", self.problems("a: [\n")[0])
        self.assertIn("already in this map", self.problems("timeout: 1\ntimeout: 2\n")[0])
        self.assertIn("must be a map", self.problems("- a\n")[0])
        with open(self.write("master", ""), "wb") as file:
            file.write(b"user: \xff\n")
        error = self.assertRaises(ConfigError, read_master, self.folder)
        self.assertIn("not UTF-8", str(error))

    def test_unreadable_file(self) -> None:
        """
        A folder in the place of the file is a problem, not a crash.
        """
        os.mkdir(os.path.join(self.folder, "master"))
        error = self.assertRaises(ConfigError, read_master, self.folder)
        self.assertIn("cannot be read", str(error))

    def test_old_names(self) -> None:
        """
        keep_jobs, in hours, still counts.
        """
        self.write("master", "keep_jobs: 2\n")
        config, warnings = read_master(self.folder)
        self.assertEqual((config.keep_jobs_seconds, len(warnings)), (7200, 1))

    def test_config_dir_is_not_an_option(self) -> None:
        """
        The folder of the file cannot be set inside it.
        """
        self.assertIn("--config-dir", self.problems("config_dir: /tmp\n")[0])

    def test_long_socket_path(self) -> None:
        """
        A sock_dir in which no socket fits is told before anything starts.
        """
        (found,) = self.problems(f"sock_dir: /{'x' * 100}\n")
        self.assertIn("sock_dir", found)
        self.assertIn("at most 85 bytes", found)
        self.write("master", f"sock_dir: /{'x' * 84}\n")
        self.assertEqual(len(read_master(self.folder)[0].sock_dir), 85)


class ReadMinionTests(FolderTestCase):
    def test_options(self) -> None:
        """
        A minion's file may name one master or several; an id of digits is text.
        """
        self.write("minion", "master: [a, b]\nid: 123\n")
        config, _ = read_minion(self.folder)
        self.assertEqual((config.master, config.id), (["a", "b"], "123"))
        self.assertFalse(os.path.exists(os.path.join(self.folder, "minion_id")))

    def test_options_of_modules(self) -> None:
        """
        Names with a dot are options of modules and returners; return says where results go.
        """
        text = "id: m\nreturn: [a, b]\nreturner.http.url: x\nother.redis.host: y\n"
        self.write("minion", text)
        config, warnings = read_minion(self.folder)
        self.assertEqual(
            (config.returners, config.module_options),
            (["a", "b"], {"returner.http.url": "x", "other.redis.host": "y"}),
        )
        self.assertEqual(warnings, [])

    def test_options_of_ones_own(self) -> None:
        """
        Any other name is one of modules; a warning names those that look misspelt, no value.
        """
        text = "id: m\nsite: hunter2\nmastr_port: hunter2\nproviders: {pkg: x}\nmod_a.b: hunter2\n"
        self.write("minion", text)
        config, warnings = read_minion(self.folder)
        self.assertEqual(
            config.module_options,
            {
                "site": "hunter2",
                "mastr_port": "hunter2",
                "providers": {"pkg": "x"},
                "mod_a.b": "hunter2",
            },
        )
        self.assertEqual(
            warnings,
            [
                f"{self.folder}/minion: 'mastr_port' is not an option; did you mean master_port?",
                "Known to Salt, not used by txsalt yet: providers.",
            ],
        )
        self.assertNotIn("hunter2", repr(config))

    def test_schedule_file(self) -> None:
        """
        The kept schedule stands for that of the main file.
        """
        self.write("minion", "id: m\nschedule: {a: {seconds: 5}}\n")
        path = path_of(self.folder, MinionConfig().default_include)
        self.assertIsNone(read_schedule(path))
        write_schedule(path, {"b": {"seconds": 7}})
        self.assertEqual(read_schedule(path), {"b": {"seconds": 7}})
        self.assertEqual(read_minion(self.folder)[0].schedule, {"b": {"seconds": 7}})
        for text, wrong in (("schedule: 5", LocalError), ("a: [", LocalError)):
            self.write("minion.d/_schedule.conf", text)
            self.assertRaises(wrong, read_schedule, path)

    def test_publish_port_is_the_masters(self) -> None:
        """
        Unless it is set, the port for jobs is the one that the master tells.
        """
        self.write("minion", "id: m\n")
        self.assertIsNone(read_minion(self.folder)[0].publish_port)

    def test_id_is_kept(self) -> None:
        """
        The kept id counts; a minion whose options are wrong does not keep one.
        """
        self.write("minion", "master_port: x\n")
        self.assertRaises(ConfigError, read_minion, self.folder)
        self.assertFalse(os.path.exists(os.path.join(self.folder, "minion_id")))
        self.write("minion", "master: localhost\n")
        self.write("minion_id", "kept.example\n")
        self.assertEqual(read_minion(self.folder)[0].id, "kept.example")

    def test_bad_id(self) -> None:
        """
        An id that could not be a file name on the master is refused.
        """
        self.write("minion", "id: ../m\n")
        self.assertIn("'../m'", str(self.assertRaises(ConfigError, read_minion, self.folder)))
