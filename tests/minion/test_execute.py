"""What a job does with the functions it is asked for."""

import logging
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.modules.calls import FakeContext
from txsalt.minion.jobrunner.execute import prepare, run

OWN = """
import datetime

__outputter__ = {"shown": "txt"}

class CommandExecutionError(Exception):
    pass

CommandExecutionError.__module__ = "salt.exceptions"

def shown():
    return "x"

def steps(n):
    for number in range(n):
        yield number

def maps():
    yield {"a": 1}
    yield {"b": 2}

def breaks_half_way():
    yield 1
    raise ValueError("half way")

def typeerror():
    return len(5)

def misfit():
    return typeerror(1)

def salt_error():
    raise CommandExecutionError("as Salt raises it")

def odd():
    return {"when": datetime.date(2026, 1, 2), ("a", 1): {1}, "big": 2**80, "self": object}

def exits():
    raise SystemExit(3)

def refused():
    return __daemon__.call("request", {"load": {}})

def publication(**kwargs):
    return kwargs["__pub_fun"], kwargs["__pub_tgt"]
"""


class PreparedTests(SynchronousTestCase):
    """Functions that were made before there was a job for them."""

    def setUp(self) -> None:
        """A folder of the user's with one module."""
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.own = self.folder / "before.py"
        self.own.write_text("def what():\n    return __salt__ is __daemon__.salt\n")
        self.context = FakeContext({"module_dirs": [str(self.folder)]})
        self.ready = prepare(self.context)
        self.context.salt = self.ready.functions

    def run_job(self, fun: str) -> object:
        """What a job returns that gets what was made."""
        load = {"fun": fun, "arg": [], "jid": self.context.jid, "tgt": "*", "tgt_type": "glob"}
        return run(load, self.context, self.ready)["return"]

    def test_taken(self) -> None:
        """
        A job takes what was made for it while the user's files are as they were.
        """
        self.assertEqual(self.run_job("before.what"), True)

    def test_new_file(self) -> None:
        """
        A module that came later is found, and one that replaces another comes first.
        """
        (self.folder / "later.py").write_text("def what():\n    return 'new'\n")
        (self.folder / "test.py").write_text("def ping():\n    return 'mine'\n")
        self.assertEqual(self.run_job("later.what"), "new")
        self.assertEqual(self.run_job("test.ping"), "mine")

    def test_changed_file(self) -> None:
        """
        A module that was renamed by its text since, or is gone, is what it is now.
        """
        self.own.write_text("__virtualname__ = 'after'\ndef what():\n    return 'changed'\n")
        self.assertEqual(self.run_job("after.what"), "changed")
        self.own.unlink()
        self.assertIn("not available", str(self.run_job("after.what")))

    def test_new_folder(self) -> None:
        """
        A folder of a kind that came later within the user's folder counts.
        """
        (self.folder / "modules").mkdir()
        (self.folder / "modules" / "later.py").write_text("def what():\n    return 'new'\n")
        self.assertEqual(self.run_job("later.what"), "new")


class ExecuteTests(SynchronousTestCase):
    """Jobs with the built-in modules and one of the user's."""

    def setUp(self) -> None:
        """Write the user's module; keep the tracebacks of jobs that fail out of the output."""
        quiet = logging.NullHandler()
        logger = logging.getLogger("txsalt")
        logger.addHandler(quiet)
        self.addCleanup(logger.removeHandler, quiet)
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        (folder / "own.py").write_text(OWN)
        (folder / "broken.py").write_text("import txsalt_no_such_thing\n")
        (folder / "declined.py").write_text("def __virtual__():\n    return False, 'not here'\n")
        self.context = FakeContext({"module_dirs": [str(folder)]})

    def run_job(self, fun: Any, *arg: Any, **keywords: Any) -> dict[str, Any]:
        """Run a job as the zygote does."""
        given = [*arg, {"__kwarg__": True, **keywords}] if keywords else list(arg)
        load = {"fun": fun, "arg": given, "jid": self.context.jid, "tgt": "*", "tgt_type": "glob"}
        return run(load, self.context)

    def test_value(self) -> None:
        """
        A function's value comes back, and counts as success.
        """
        expected = {"return": True, "retcode": 0, "success": True}
        self.assertEqual(self.run_job("test.ping"), expected)
        self.assertEqual(self.run_job("test.echo", text="a=b")["return"], "a=b")

    def test_retcode(self) -> None:
        """
        A command's exit code is the job's, and the next job starts at 0 again.
        """
        answer = self.run_job("cmd.run", "echo hi; exit 3")
        self.assertEqual(answer, {"return": "hi", "retcode": 3, "success": False})
        self.assertEqual(self.run_job("test.ping")["retcode"], 0)

    def test_outputter(self) -> None:
        """
        The outputter that a module wishes is told.
        """
        self.assertEqual(self.run_job("own.shown")["out"], "txt")

    def test_missing_function(self) -> None:
        """
        A function that is not there says so, with the reason its module did not load.
        """
        answer = self.run_job("nope.nope")
        self.assertEqual((answer["retcode"], answer["out"]), (1, "nested"))
        self.assertEqual(answer["return"], "'nope.nope' is not available.")
        self.assertIn("txsalt_no_such_thing", self.run_job("broken.f")["return"])
        self.assertIn("not here", self.run_job("declined.f")["return"])
        self.assertEqual(self.context.calls, [])

    def test_wrong_arguments(self) -> None:
        """
        Arguments that do not fit are answered with the function's documentation.
        """
        for answer in (self.run_job("test.echo"), self.run_job("test.echo", 1, 2)):
            self.assertIn("Passed invalid arguments to test.echo", answer["return"])
            self.assertIn("Return the argument as it came", answer["return"])
        self.assertIn("not valid", self.run_job("test.echo", "x", oops=1)["return"])
        self.assertEqual(self.context.calls, [])

    def test_exception(self) -> None:
        """
        An exception is answered with its traceback and told to the master.
        """
        answer = self.run_job("test.exception", "oh no")
        self.assertIn("The minion function caused an exception", answer["return"])
        self.assertIn("oh no", answer["return"])
        self.assertFalse(answer["success"])
        ((name, event),) = self.context.calls
        self.assertEqual((name, event["tag"], event["local"]), ("fire_event", "_salt_error", False))
        self.assertNotIn("oh no", str(event))

    def test_type_error_inside(self) -> None:
        """
        A TypeError in the function's own code is an exception, not a wrong argument.
        """
        for fun in ("own.typeerror", "own.misfit"):
            self.assertIn("caused an exception", self.run_job(fun)["return"])

    def test_master_that_cannot_be_told(self) -> None:
        """
        A job's answer does not depend on its events being sent.
        """
        self.context.answer = RuntimeError("the link is down")
        self.assertIn("oh no", self.run_job("test.exception", "oh no")["return"])

    def test_errors_on_purpose(self) -> None:
        """
        Errors of a command or a call are one line, also those of Salt's own classes.
        """
        answer = self.run_job("own.salt_error")
        self.assertEqual(answer["return"], "ERROR: as Salt raises it")
        name = "salt.exceptions.SaltInvocationError"
        answer = self.run_job("test.raise_exception", name, "bad")
        self.assertEqual(answer["return"], "ERROR executing 'test.raise_exception': bad")
        self.assertEqual(self.context.calls, [])

    def test_refusal_of_the_daemon(self) -> None:
        """
        What the daemon refuses is one line, too.
        """
        self.context.answer = type("CallRefused", (RuntimeError,), {})("not now")
        self.assertEqual(self.run_job("own.refused")["return"], "ERROR: not now")

    def test_exit(self) -> None:
        """
        A function that exits still gives an answer.
        """
        self.assertFalse(self.run_job("own.exits")["success"])

    def test_generator(self) -> None:
        """
        Each item is told as it comes; the answer holds all.
        """
        self.assertEqual(self.run_job("own.steps", 2)["return"], [0, 1])
        jid = self.context.jid
        tags = [(event["tag"], event["data"]) for _, event in self.context.calls]
        prefix = f"salt/job/{jid}/prog/web-01"
        self.assertEqual(tags, [(f"{prefix}/0", {"return": 0}), (f"{prefix}/1", {"return": 1})])
        self.assertEqual(self.run_job("own.maps")["return"], {"a": 1, "b": 2})

    def test_generator_that_breaks(self) -> None:
        """
        A generator that raises half way is an exception.
        """
        self.assertIn("half way", self.run_job("own.breaks_half_way")["return"])

    def test_values_that_cannot_be_sent(self) -> None:
        """
        What the wire cannot hold becomes text.
        """
        answer = self.run_job("own.odd")["return"]
        self.assertEqual(answer["when"], "2026-01-02")
        self.assertEqual(answer["big"], str(2**80))
        self.assertEqual(answer["('a', 1)"], [1])
        self.assertIn("object", answer["self"])

    def test_fields_of_the_publication(self) -> None:
        """
        Functions with free keywords see the job.
        """
        self.assertEqual(self.run_job("own.publication")["return"], ["own.publication", "*"])

    def test_several_functions(self) -> None:
        """
        Several functions answer in maps; one that fails has no retcode.
        """
        funs = ["test.ping", "test.exception", "cmd.retcode"]
        answer = self.run_job(funs, [], [], ["false"])
        self.assertEqual(answer["retcode"], {"test.ping": 0, "cmd.retcode": 1})
        expected = {"test.ping": True, "test.exception": False, "cmd.retcode": False}
        self.assertEqual(answer["success"], expected)
        self.assertIn("Traceback", answer["return"]["test.exception"])

    def test_several_functions_in_order(self) -> None:
        """
        With multifunc_ordered they answer in lists.
        """
        self.context.config["multifunc_ordered"] = True
        answer = self.run_job(["test.ping", "nope.nope"], [], [])
        self.assertEqual(answer["success"], [True, False])
        self.assertEqual(answer["retcode"], [0, None])

    def test_fewer_arguments_than_functions(self) -> None:
        """
        A publication that lacks argument lists harms only its own answer.
        """
        self.assertEqual(self.run_job(["test.ping", "test.true"], [])["success"]["test.true"], True)

    def test_blackout(self) -> None:
        """
        In a blackout only what is allowed runs.
        """
        self.context.pillar = {"minion_blackout": True, "minion_blackout_whitelist": ["test.echo"]}
        self.assertIn("blackout", self.run_job("test.ping")["return"])
        self.assertTrue(self.run_job("test.echo", 1)["success"])
        self.assertTrue(self.run_job("saltutil.refresh_pillar")["success"])

    def test_blackout_is_not_for_calls(self) -> None:
        """
        Who calls on the machine itself is not kept from it by a blackout.
        """
        self.context.pillar = {"minion_blackout": True}
        load = {"fun": "test.ping", "arg": [], "jid": self.context.jid, "tgt": "*"}
        self.assertTrue(run(load, self.context, blackout=False)["return"])

    def test_allowed_and_disabled_modules(self) -> None:
        """
        whitelist_modules keeps callers, not modules, from others; disabled ones are gone.
        """
        self.context.config["whitelist_modules"] = ["test"]
        self.assertIn("whitelist_modules", self.run_job("cmd.run", "true")["return"])
        self.assertTrue(self.run_job("test.cross_test", "cmd.has_exec", ["sh"])["return"])
        self.context.config = {
            **self.context.config,
            "whitelist_modules": [],
            "disable_modules": ["cmd"],
        }
        self.assertEqual(self.run_job("cmd.run", "true")["retcode"], 1)

    def test_utility_modules(self) -> None:
        """
        Modules find utility modules as __utils__, which see each other and execution modules.
        """
        folder = Path(self.mktemp()).absolute()
        for name, text in (
            (
                "utils/one.py",
                "def f():\n    return __utils__['two.g'](), __salt__['test.ping']()\n",
            ),
            ("utils/two.py", "def g():\n    return 2\n"),
            ("modules/uses.py", "def f():\n    return __utils__['one.f']()\n"),
        ):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        self.context.config["extension_modules"] = str(folder)
        self.assertEqual(self.run_job("uses.f")["return"], [2, True])

    def test_import_is_light(self) -> None:
        """
        What the zygote imports brings neither YAML nor templates nor a reactor into each job.
        """
        script = """
            import sys
            from txsalt.minion.jobrunner import execute
            execute.preload()
            heavy = {"yaml", "jinja2", "twisted", "zmq", "psutil", "cryptography", "asyncio"}
            print(sorted(heavy & set(sys.modules)))
            """
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(script)],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONPATH": str(Path(__file__).parents[2])},
        )
        self.assertEqual(done.stdout.strip(), "[]")
