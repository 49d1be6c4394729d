"""Commands and scripts that are templates."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.modules.calls import FakeContext, modules
from txsalt.jobs.errors import CommandExecutionError

ROOT = Path(__file__).parents[2]
JID = {"__pub_jid": "20260101000000000000"}


class TemplateTests(SynchronousTestCase):
    """The option template of the cmd module."""

    def setUp(self) -> None:
        """Load the modules, with facts to fill in."""
        self.context = FakeContext(
            {"cmd_blacklist_glob": ["rm *"]}, {"id": "web", "dir": "/usr"}, {"port": 80}
        )
        self.functions = modules(self.context)

    def call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Call cmd.name with a template of Jinja."""
        return self.functions[f"cmd.{name}"](*args, **{"template": "jinja", **kwargs})

    def script(self, content: bytes) -> str:
        """Write a script."""
        path = Path(self.mktemp()).absolute()
        path.write_bytes(content)
        return str(path)

    def test_command_finds_facts(self) -> None:
        """
        Grains, pillar, options and the environment are filled in, in all that runs commands.
        """
        text = "echo {{ grains.id }} {{ pillar['port'] }} {{ opts.id }} {{ saltenv }}"
        for name in ("run", "run_stdout", "shell"):
            self.assertEqual(self.call(name, text), "web 80 web-01 base")
        self.assertEqual(self.call("run_all", text, saltenv="dev")["stdout"], "web 80 web-01 dev")
        self.assertEqual(self.call("run_stderr", "echo {{ grains.id }} >&2", **JID), "web")
        self.assertEqual(self.call("retcode", "exit {{ 1 + 2 }}", python_shell=True), 3)
        self.assertEqual(self.call("run", ["echo", "{{ grains.id }} x"]), "web x")
        self.assertEqual(self.call("run", "pwd", cwd="{{ grains.dir }}"), "/usr")

    def test_command_calls_functions(self) -> None:
        """
        Functions are called by either spelling; commands within go through a shell.
        """
        for text in (
            "salt['test.echo']('x')",
            "salt.test.echo('x')",
            "salt.cmd.run('echo $(echo x)')",
        ):
            self.assertEqual(self.call("run", f"echo {{{{ {text} }}}}"), "x")

    def test_pillar_of_the_call(self) -> None:
        """
        A pillar given with the call is laid over the minion's by the master.
        """
        self.context.answer = {"port": 81}
        self.assertEqual(self.call("run", "echo {{ pillar.port }}", pillar={"port": 81}), "81")
        self.assertEqual(self.context.calls[0][1]["load"]["pillar_override"], {"port": 81})

    def test_without_template(self) -> None:
        """
        Without the option, braces are braces.
        """
        self.assertEqual(self.call("run", "echo '{{ nope }}'", template=None), "{{ nope }}")

    def test_refused(self) -> None:
        """
        Unknown names and engines are named; what is forbidden stays so when filled in.
        """
        for options, words in (({}, "nope"), ({"template": "mako"}, "mako")):
            exc = self.assertRaises(
                CommandExecutionError, self.call, "run", "echo {{ nope }}", **options
            )
            self.assertIn(words, str(exc))
        self.assertRaises(CommandExecutionError, self.call, "run", "{{ 'rm' }} -r x", **JID)

    def test_script(self) -> None:
        """
        The script is filled in, with further named arguments; its arguments are not.
        """
        path = self.script(b"echo {{ grains.id }} {{ color }} $1\nexit {{ pillar.port }}\n")
        path = self.script(b"#!/bin/sh\n" + Path(path).read_bytes())
        answer = self.call("script", path, "'{{ x }}'", color="red")
        self.assertEqual((answer["stdout"], answer["retcode"]), ("web red {{ x }}", 80))
        self.assertEqual(self.call("script_retcode", path, color="red"), 80)
        exc = self.assertRaises(CommandExecutionError, self.call, "script", path)
        self.assertIn(f"{path}, line 2", str(exc))

    def test_exit_code_of_a_script(self) -> None:
        """
        cmd.script_retcode fills in its script unless I say otherwise, as Salt's does.
        """
        path = self.script(b"#!/bin/sh\nexit {{ pillar.port }}\n")
        retcode = self.functions["cmd.script_retcode"]
        self.assertEqual(retcode(path), 80)
        self.assertNotEqual(retcode(path, template=None), 80)

    def test_script_that_is_no_text(self) -> None:
        """
        A program is run as it is.
        """
        path = self.script(b"#!/bin/sh\necho '{{'\nexit 0\n\xff\xfe")
        self.assertEqual(self.call("script", path)["stdout"], "{{")

    def test_code(self) -> None:
        """
        Code and its arguments are filled in.
        """
        code = "echo {{ grains.id }} $1 $0"
        words = self.call("exec_code", "sh", code, args=["{{ pillar.port }}"])
        self.assertTrue(words.startswith("web 80 "), words)

    def test_shells(self) -> None:
        """
        The shells are those of /etc/shells.
        """
        self.assertIn("/bin/sh", self.functions["cmd.shells"]())

    def test_engine_is_imported_when_needed(self) -> None:
        """
        A command that is no template does not pay for Jinja.
        """
        code = (
            "import sys; from tests.modules.calls import FakeContext, modules\n"
            "modules(FakeContext())['cmd.run']('true'); sys.exit('jinja2' in sys.modules)"
        )
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
