"""Tests of decisions: which rule allows what to whom."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from txsalt.rights import decide
from txsalt.rights.decide import Call, Decision
from txsalt.rights.rules import of_scope

IDS = {"web*": {"web1", "web2"}, "web1": {"web1"}, "db*": {"db1"}, "none*": set()}


def on(entries: Any, fun: str, *minions: str, args: Any = (), **kwargs: Any) -> Decision:
    calls = [Call(fun=fun, args=args, kwargs=kwargs)]
    return decide.on_minions(of_scope(entries, "x"), calls, minions, IDS.__getitem__)


class OnMinionsTests(SynchronousTestCase):
    def test_whole_names(self) -> None:
        """
        A function pattern means whole names: test.ping does not grant test.pingpong.
        """
        self.assertTrue(on(["test.ping"], "test.ping", "web1").allowed)
        for fun in ("test.pingpong", "xtest.ping", "test", "test.ping\n", "test.ping,cmd.run"):
            self.assertFalse(on(["test.ping"], fun, "web1").allowed, fun)
        self.assertTrue(on(["test.*"], "test.echo", "web1").allowed)
        self.assertFalse(on(["test.*"], "test.echo,cmd.run", "web1").allowed)

    def test_names_the_rule(self) -> None:
        """
        The decision says which rule allowed it, or what no rule allows.
        """
        self.assertEqual(on(["pkg.*", "test.*"], "test.ping", "web1").rule, "x: test.*")
        self.assertIn("cmd.run", on(["test.*"], "cmd.run", "web1").reason)

    def test_by_target(self) -> None:
        """
        A rule for some minions allows a job on these, and on no others beside.
        """
        rule = [{"web*": ["test.*"]}]
        decision = on(rule, "test.ping", "web1", "web2")
        self.assertTrue(decision.allowed and decision.by_target)
        refused = on(rule, "test.ping", "web1", "db1")
        self.assertFalse(refused.allowed)
        self.assertIn("db1", refused.reason)
        self.assertFalse(on(rule, "cmd.run", "web1").allowed)

    def test_several_rules_together(self) -> None:
        """
        Different rules may allow different minions of one job.
        """
        rules = [{"web*": ["test.*"]}, {"db*": ["test.ping"]}]
        decision = on(rules, "test.ping", "web1", "db1")
        self.assertTrue(decision.allowed)
        self.assertIn("web*", decision.rule)
        self.assertIn("db*", decision.rule)
        self.assertFalse(on(rules, "test.echo", "web1", "db1").allowed)

    def test_nobody_is_no_permission(self) -> None:
        """
        A target that means nobody known is not allowed by rules about minions.
        """
        self.assertFalse(on([{"web*": ["test.*"]}], "test.ping").allowed)
        self.assertFalse(on([{"none*": ["test.*"]}], "test.ping").allowed)
        self.assertTrue(on(["test.*"], "test.ping").allowed)

    def test_all_functions(self) -> None:
        """
        Of several functions each must be allowed.
        """
        calls = [Call(fun="test.ping"), Call(fun="cmd.run")]
        rules = of_scope(["test.*"], "x")
        self.assertFalse(decide.on_minions(rules, calls, ["web1"], IDS.__getitem__).allowed)
        self.assertFalse(decide.on_minions(rules, [], ["web1"], IDS.__getitem__).allowed)

    def test_arguments(self) -> None:
        """
        A rule may fix arguments, by position and by name; None stands for any.
        """
        rule = [{"*": [{"cmd.run": {"args": ["up.*", None], "kwargs": {"cwd": "/tmp"}}}]}]
        self.assertTrue(on(rule, "cmd.run", "web1", args=["uptime", 1], cwd="/tmp").allowed)
        self.assertFalse(on(rule, "cmd.run", "web1", args=["uptime", 1]).allowed)
        self.assertFalse(on(rule, "cmd.run", "web1", args=["uptime"], cwd="/tmp").allowed)
        self.assertFalse(on(rule, "cmd.run", "web1", args=["up\nrm", 1], cwd="/tmp").allowed)

    def test_arguments_that_no_rule_names(self) -> None:
        """
        A rule about arguments allows no others: a keyword can make a command another one.
        """
        rule = [{"*": [{"cmd.run": {"args": ["uptime"]}}]}]
        self.assertTrue(on(rule, "cmd.run", "web1", args=["uptime"]).allowed)
        self.assertFalse(on(rule, "cmd.run", "web1", args=["uptime", "/"]).allowed)
        for name in ("template", "env", "cwd", "prepend_path", "shell"):
            call = on(rule, "cmd.run", "web1", args=["uptime"], **{name: "x"})
            self.assertFalse(call.allowed, name)
        rule = [{"*": [{"state.sls": {"kwargs": {"test": "True"}}}]}]
        self.assertTrue(on(rule, "state.sls", "web1", args=["web"], test=True).allowed)
        self.assertFalse(on(rule, "state.sls", "web1", args=["web"], test=True, mock=1).allowed)

    def test_broken_rules_grant_nothing(self) -> None:
        """
        What is no rule, or a rule that says nothing, allows nothing.
        """
        broken: tuple[Any, ...] = (
            [None], [5], [""], ["("], [{}], [{"web1": None}], [{"web1": [], "db*": [".*"]}],
            [{"*": [{"cmd.run": {}}]}], [{"*": [{"cmd.run": {"arg": ["x"]}}]}],
            [{"*": [{"cmd.run": {"args": "x"}}]}], ["@runner"], [{"@runner": [".*"]}],
        )  # fmt: skip
        for entries in broken:
            self.assertFalse(on(entries, "cmd.run", "web1", args=["x"]).allowed, entries)

    def test_stalling_pattern(self) -> None:
        """
        A pattern that could take for ever is no permission.
        """
        self.assertFalse(on(["(a+)+b"], "a" * 60, "web1").allowed)


class OnMasterTests(SynchronousTestCase):
    def allowed(self, entries: Any, form: str, fun: str, *args: Any) -> bool:
        call = Call(fun=fun, args=args)
        return decide.on_master(of_scope(entries, "x"), form, call).allowed

    def test_forms(self) -> None:
        """
        @runner means all runners, @jobs a module; functions of minions mean none of them.
        """
        for entries in (["@runner"], ["@runners"], ["@jobs"], [{"@jobs": ["list_.*"]}],
                        [{"@runner": [r"jobs\.list_jobs"]}]):  # fmt: skip
            self.assertTrue(self.allowed(entries, "runner", "jobs.list_jobs"), entries)
        for entries in ([".*"], ["jobs.*"], ["@wheel"], ["@key"], [{"@jobs": ["active"]}],
                        [{"*": [".*"]}]):  # fmt: skip
            self.assertFalse(self.allowed(entries, "runner", "jobs.list_jobs"), entries)
        self.assertTrue(self.allowed(["@wheel"], "wheel", "key.accept"))
        self.assertFalse(self.allowed(["@runner"], "wheel", "key.accept"))

    def test_names(self) -> None:
        """
        What is not of the form module.function is refused.
        """
        for fun in ("", "jobs", "jobs.", ".x", "a.b.c", "jobs.x\n", "jobs.__x__ "):
            self.assertFalse(self.allowed(["@runner"], "runner", fun), fun)
