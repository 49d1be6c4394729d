"""``txsalt-cli run``: what a Salt user types after ``salt-run``, typed at live daemons."""

import inspect
import io
import json
from contextlib import redirect_stderr, redirect_stdout

from twisted.trial.unittest import SynchronousTestCase

from tests.client.live import LiveCase
from tests.interop.processes import wait_until
from txsalt.cli import login_options, main, run, runner_names
from txsalt.master.store.jobs import Jobs
from txsalt.master.worker.commands.runner_calls import SIGNATURES
from txsalt.master.worker.commands.tools import RUNNERS


class EndTests(SynchronousTestCase):
    """What a list of jobs leaves out; no master is needed."""

    def said(self, count: int, *words: str) -> str:
        """What is said on stderr about so many jobs."""
        jobs = {str(number): {} for number in range(count)}

        class Master:
            def call_runner(self, *_: object) -> dict[str, dict[str, str]]:
                return jobs

        self.patch(login_options, "session", lambda _: Master())
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            self.assertEqual(main.main(["run", *words, "--out", "raw"]), 0)
        return err.getvalue()

    def test_newest_only(self) -> None:
        """
        Who lists all jobs, and gets as many as the master tells at once, hears of the others.
        """
        latest = inspect.signature(Jobs.latest).parameters["limit"].default
        self.assertEqual(latest, run.MOST_JOBS)
        self.assertIn("the newest 1000 jobs, there may be more", self.said(1000, "jobs.list_jobs"))
        self.assertEqual(self.said(999, "jobs.list_jobs"), "")
        self.assertEqual(self.said(1000, "jobs.list_jobs", "search_function=test.*"), "")
        self.assertEqual(self.said(1000, "jobs.active"), "")


class NameTests(LiveCase):
    def run_(self, *words: str, code: int = 0) -> str:
        answer = self.master.cli("run", *words)
        self.assertEqual(answer.returncode, code, str(answer))
        self.assertNotIn("Traceback", answer.stderr)
        return answer.stdout or answer.stderr

    def test_tables(self) -> None:
        """
        The names that help and completion show are those that the master has, and knows to call.
        """
        self.assertEqual(set(runner_names.HERE), set(SIGNATURES))
        self.assertEqual(set(SIGNATURES) - set(RUNNERS), set())
        self.assertEqual(set(runner_names.HERE) & set(runner_names.ELSEWHERE), set())

    def test_manage(self) -> None:
        """
        Who is there is told as salt-run tells it, in each form.
        """
        # The master's programs know of a connection about a second after it came.
        expected = "- db1\n- web1\n- web2\n"
        wait_until(lambda: self.run_("manage.up") == expected, 10, "all three are up")
        self.assertEqual(
            json.loads(self.run_("manage.up", "--out", "json")), ["db1", "web1", "web2"]
        )
        self.assertEqual(self.run_("manage.up", "tgt=web*", "--out", "yaml"), "- web1\n- web2\n")
        self.assertEqual(self.run_("manage.up", "web1", "glob", "--out", "txt"), "web1\n")
        self.assertEqual(self.run_("manage.down", "--out", "raw"), "[]\n")
        found = json.loads(self.run_("manage.status", "tgt=G@role:web", "tgt_type=compound",
                                     "--out", "json"))  # fmt: skip
        self.assertEqual(found["down"], [])
        versions = json.loads(self.run_("manage.versions", "--out", "json"))
        self.assertEqual(set(versions["Up to date"]), {"db1", "web1", "web2"})
        self.assertEqual(set(self.status("version")), {versions["Master"]})
        self.assertIn(f" txsalt {versions['Master']}", self.master.cli("status").stdout)

    def status(self, name: str) -> list[str]:
        known = self.master.cli("status", "--out", "json").data
        return [about[name] for about in known.values()]

    def test_jobs(self) -> None:
        """
        A job is found, shown and judged; one that is not there is an error.
        """
        jid = self.master.cli("web1", "test.echo", "hi", "--show-jid").stderr.split()[-1]
        self.assertEqual(self.run_("jobs.lookup_jid", jid), "web1:\n    hi\n")
        shown = json.loads(self.run_("jobs.print_job", jid, "--out", "json"))[jid]
        self.assertEqual((shown["Function"], shown["Arguments"]), ("test.echo", ["hi"]))
        self.assertEqual(shown["Result"]["web1"]["return"], "hi")
        self.assertIn(jid, self.run_("jobs.list_jobs", "search_function=test.echo"))
        self.assertIn(jid, self.run_("jobs.last_run", "function=test.echo"))
        self.assertEqual(self.run_("jobs.exit_success", jid, "--out", "txt"), "web1: True\n")
        self.assertIn("no job", self.run_("jobs.list_job", "20200101000000000000", code=1))
        self.assertIn("jid is needed", self.run_("jobs.lookup_jid", code=1))

    def test_names(self) -> None:
        """
        What is not here is told with what stands for it, or with what is like it.
        """
        self.assertIn("txsalt-cli event watch", self.run_("state.event", code=64))
        self.assertIn("did you mean jobs.list_jobs?", self.run_("jobs.list_job_s", code=64))
        self.assertIn("key delete", self.run_("manage.down", "removekeys=True", code=1))
        answer = self.master.cli("__complete", "--plain", "--", "run", "manage.al")
        self.assertEqual(answer.stdout, "manage.alived\nmanage.allowed\n")
