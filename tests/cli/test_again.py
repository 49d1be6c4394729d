"""``txsalt-cli job rerun``: a job that runs again is the same job."""

import json
from typing import Any, ClassVar

from tests.client.live import LiveCase
from tests.integration.spine import SpineMaster
from tests.interop.harness import Fleet, TxMinion
from tests.interop.processes import wait_until
from txsalt.client import LocalClient
from txsalt.jobs import exit_codes


class RerunTests(LiveCase):
    ids: ClassVar[tuple[str, ...]] = ("web1",)

    def make_fleet(self) -> Fleet:
        fleet = Fleet(SpineMaster())
        fleet.add(_Minion(fleet.master, "web1"))
        return fleet

    def setUp(self) -> None:
        super().setUp()
        self.local = LocalClient(self.config_dir)
        self.addCleanup(self.local.close)

    def returned_to(self, name: str) -> list[str]:
        """The ids of jobs whose returns are in a file of the minion's."""
        path = self.minion("web1").root / name
        lines = path.read_text().splitlines() if path.exists() else []
        return [json.loads(line)["jid"] for line in lines]

    def rerun(self, jid: str, *words: str) -> str:
        """Run a job again and return the id of the new one."""
        answer = self.master.cli("job", "rerun", jid, "--out", "json-v1", *words)
        self.assertEqual(answer.returncode, exit_codes.OK, str(answer))
        return str(answer.data["jid"])

    def carried(self, jid: str) -> dict[str, Any]:
        """What the publication of a job carried."""
        load = self.local.session.runner("jobs.show", jid=jid)["load"]
        return {name: value for name, value in load.items() if name != "jid"}

    def test_all_that_it_carried(self) -> None:
        """
        Metadata, executors, deadline, returner and its configuration are those of the first time.
        """
        published = self.local.run_job(
            "web1", "test.echo", ["hi"], ret="rawfile_json", metadata={"ticket": 77},
            module_executors=["direct_call"], executor_opts={"level": 1}, deadline=50,
            ret_config="other",
        )  # fmt: skip
        again = self.rerun(published["jid"])
        self.assertEqual(self.carried(again), self.carried(published["jid"]))
        self.assertEqual(self.carried(again)["metadata"], {"ticket": 77})
        wait_until(lambda: again in self.returned_to("other"), 20, "it is delivered there, too")
        self.assertEqual(self.returned_to("usual"), [])
        self.assertEqual(self.carried(self.rerun(again, "--deadline", "40"))["deadline"], 40)

    def test_options_that_are_not_kept(self) -> None:
        """
        Where the options of a returner may be secrets they have to be given again: the results go
        nowhere else unawares.
        """
        options = json.dumps({"filename": str(self.minion("web1").root / "third")})
        words = ("web1", "test.ping", "--return", "rawfile_json", "--return-kwargs", options)
        jid = self.master.cli(*words, "--async").stdout.strip()
        answer = self.master.cli("job", "rerun", jid)
        self.assertEqual(answer.returncode, exit_codes.GENERIC, str(answer))
        self.assertRegex(answer.stderr, "had --return-kwargs, .* give them again")
        self.assertNotIn("third", answer.stderr + answer.stdout)
        wait_until(lambda: self.returned_to("third") == [jid], 20, "the first one is delivered")
        again = self.rerun(jid, "--return-kwargs", options)
        wait_until(lambda: self.returned_to("third") == [jid, again], 20, "it is there as well")
        elsewhere = self.rerun(jid, "--return", "syslog")
        self.assertEqual(self.carried(elsewhere)["ret"], "syslog")


class _Minion(TxMinion):
    def extra_options(self) -> dict[str, Any]:
        return {
            "rawfile_json.filename": str(self.root / "usual"),
            "other.rawfile_json.filename": str(self.root / "other"),
        }
