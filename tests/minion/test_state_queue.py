"""State runs in the job runner's queue."""

from typing import Any

from tests.minion.test_job_runner import RunnerCase


class StateRunTests(RunnerCase):
    """Of state runs there is one at a time."""

    def apply(self, jid: str, fun: object = "state.apply", **keywords: Any) -> None:
        self.run_job(jid, fun, *([{"__kwarg__": True, **keywords}] if keywords else []))

    def test_refused(self) -> None:
        """
        A second run that does not want to wait is refused at once, and told which one goes on.
        """
        self.apply("1")
        self.apply("2", "state.highstate", queue=False)
        [load] = self.returns
        self.assertEqual((load["jid"], load["retcode"], load["success"]), ("2", 1, False))
        [text] = load["return"]
        self.assertIn('"state.apply" is running as PID 4000', text)
        self.assertIn("with jid 1", text)
        self.zygote.end("1")
        self.apply("3")
        self.assertEqual(list(self.zygote.handles), ["1", "3"])

    def test_which_functions(self) -> None:
        """
        All that run states heed the run that goes on; what shows states does not.
        """
        self.apply("1")
        runs = [
            "apply", "high", "highstate", "low", "pkg", "request", "run_request", "single", "sls",
            "sls_id", "template", "template_str", "test", "top",
        ]  # fmt: skip
        for number, name in enumerate(runs, 2):
            self.apply(str(number), f"state.{name}")
        self.assertEqual([load["fun"] for load in self.returns], [f"state.{name}" for name in runs])
        self.apply("99", "state.show_sls")
        self.assertIn("99", self.zygote.handles)

    def test_waits(self) -> None:
        """
        A run that wants to wait does so without a place in the pool, and visibly.
        """
        self.apply("1")
        self.apply("2", queue=True)
        self.run_job("3", "test.ping")
        self.assertEqual(list(self.zygote.handles), ["1", "3"])
        found = self.answer("saltutil.find_job", "2")
        self.assertEqual((found["state"], found["position"]), ("queued", 1))
        self.assertEqual(found["waits"], "for state.apply (PID 4000, jid 1)")
        self.zygote.end("1")
        self.assertEqual(list(self.zygote.handles), ["1", "3", "2"])

    def test_refused_for_one_that_waits(self) -> None:
        """
        A run that has not started yet, as all places are taken, also comes first.
        """
        self.run_job("1")
        self.run_job("2")
        self.apply("3", queue=True)
        self.apply("4")
        [load] = self.returns
        self.assertIn('"state.apply" waits to run, with jid 3', load["return"][0])

    def test_number_and_option(self) -> None:
        """
        A number lets so many be there; the option counts where a run does not say anything.
        """
        self.runner = self.make(limit=9, state_queue=2)
        for jid in ("1", "2", "3"):
            self.apply(jid)
        self.assertEqual([load["jid"] for load in self.returns], ["3"])
        self.apply("4", queue=False)
        self.apply("5", queue=True)
        self.assertEqual([load["jid"] for load in self.returns], ["3", "4"])

    def test_beside_others(self) -> None:
        """
        What only shows states, and a concurrent run, wait for nobody.
        """
        self.runner = self.make(limit=9)
        self.apply("1")
        self.apply("2", "state.show_sls")
        self.apply("3", concurrent=True)
        self.assertEqual(list(self.zygote.handles), ["1", "2", "3"])

    def test_waits_for_call(self) -> None:
        """
        What a job says that it waits for is shown until it goes on.
        """
        self.apply("1")
        self.runner.waits("1", "for state.apply (PID 7, jid 8)")
        found = self.answer("saltutil.find_job", "1")
        self.assertEqual(
            (found["state"], found["waits"]), ("waiting", "for state.apply (PID 7, jid 8)")
        )
        self.runner.waits("1", "")
        self.assertEqual(self.answer("saltutil.find_job", "1")["state"], "running")
