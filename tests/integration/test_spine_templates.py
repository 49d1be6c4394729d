"""Templates and minions that ask others, with a real master and minions."""

import json
from pathlib import Path
from typing import Any, ClassVar

from tests.integration.spine import SpineCase, SpineMaster
from tests.interop.harness import Fleet, TxMinion

FILES = {
    "pillar/top.sls": "base: {'*': [one {%- if minion_id == 'web1' %}, two{% endif %}]}",
    "pillar/one.sls": "kernel: {{ grains.kernel }}\nme: {{ grains['id'] }}\n",
    "pillar/two.sls": "{% from 'map.jinja' import port %}port: {{ port }}\n",
    "pillar/map.jinja": "{% set port = 8080 if grains.kernel == 'Linux' else 80 %}",
    "srv/app/conf": "{% include './head' %}\nlisten {{ pillar.port }} {{ what }}\n",
    "srv/app/head": "# {{ grains.id }}\n",
    "srv/app/wrong": "a\n{{ nope }}\n",
}


class TemplateSpineTests(SpineCase):
    """Two minions; web1 may ask the other, and for runners."""

    ids: ClassVar[tuple[str, ...]] = ("web1", "web2")

    def make_fleet(self) -> Fleet:
        master = SpineMaster(
            peer={"web1": ["test.*", "schedule.add"]}, peer_run={"web1": ["jobs.*"]}
        )
        for name, text in FILES.items():
            path = master.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        fleet = Fleet(master)
        for minion_id in self.ids:
            fleet.add(TxMinion(master, minion_id))
        return fleet

    def ask(self, *words: str) -> Any:
        """What web1 returns to a call that must succeed."""
        answer = self.master.cli("--out", "json", "web1", *words)
        self.assertEqual((answer.returncode, answer.stderr), (0, ""), str(answer)[:2000])
        return answer.data["web1"]

    def test_pillar(self) -> None:
        """
        Each minion gets the pillar that its id and grains lead to.
        """
        self.answers()
        answer = self.master.cli("--out", "json", "--static", "*", "pillar.items")
        expected = {"kernel": "Linux", "me": "web1", "port": 8080}
        self.assertEqual(answer.data["web1"], expected)
        self.assertEqual(answer.data["web2"], {"kernel": "Linux", "me": "web2"})

    def test_template_of_the_master(self) -> None:
        """
        A template becomes a file; a wrong one is told with file and line, a missing one by code.
        """
        self.answers()
        self.ask("saltutil.refresh_pillar")
        path = str(Path(self.minion("web1").root) / "conf")
        self.assertEqual(self.ask("cp.get_template", "salt://app/conf", path, "what=all"), path)
        self.assertEqual(Path(path).read_text(), "# web1\nlisten 8080 all\n")
        wrong = self.master.cli("web1", "cp.get_template", "salt://app/wrong", path)
        self.assertEqual(wrong.returncode, 1)
        self.assertIn("salt://app/wrong, line 2", wrong.stdout)
        none = self.master.cli("web1", "cp.get_file", "salt://app/none", path)
        self.assertEqual(none.returncode, 1)
        managed = ["salt://app/conf", "", "", "root", "root", "644", "", "jinja"]
        words = ["file.check_managed_changes", path, *managed, "", "{what: some}", "base"]
        self.assertIn("+listen 8080 some", self.ask(*words)["diff"])

    def test_others_are_asked(self) -> None:
        """
        web1 asks web2 and a runner; what the master does not allow gives nothing.
        """
        self.answers()
        found = self.ask("publish.publish", "*", "test.echo", "hello")
        self.assertEqual(found, {"web1": "hello", "web2": "hello"})
        self.assertEqual(self.ask("publish.publish", "web2", "cmd.run", "id"), {})
        known = self.ask("publish.runner", "jobs.list_jobs").values()
        self.assertIn("test.echo", [job["Function"] for job in known])
        self.assertEqual(self.ask("publish.runner", "manage.up"), {})

    def test_schedule_is_handed_on(self) -> None:
        """
        A job of the schedule is copied and moved to the other minion, as it is.
        """
        self.answers()
        job = ["function=test.echo", "job_args=[a b]", "days=3", "splay={start: 1, end: 5}"]
        for name in ("one", "two"):
            self.ask("schedule.add", name, *job)
        self.assertEqual(self.ask("schedule.copy", "one", "web2")["minions"], ["web2"])
        self.assertEqual(self.ask("schedule.move", "two", "web2")["minions"], ["web2"])
        here, there = self.jobs("web1"), self.jobs("web2")
        self.assertEqual((set(here), set(there)), ({"one"}, {"one", "two"}))
        self.assertEqual(there["one"], here["one"])

    def jobs(self, minion_id: str) -> dict[str, Any]:
        """The scheduled jobs of a minion."""
        answer = self.master.cli("--out", "json", minion_id, "schedule.list", "return_yaml=False")
        found = json.loads(answer.stdout)[minion_id]
        return {name: each for name, each in found.items() if isinstance(each, dict)}
