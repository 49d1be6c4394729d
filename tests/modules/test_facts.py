"""Reading grains, pillar and options."""

from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.modules.calls import FakeContext, modules
from txsalt.jobs.errors import CommandExecutionError, SaltInvocationError
from txsalt.renderers.lookup import MISSING, walk

GRAINS = {"os": "Debian", "id": "web-01", "ip4_interfaces": {"eth0": ["10.0.0.1", "10.0.0.2"]}}
PILLAR = {
    "pkg": {"apache": "httpd", "vim": {"v": 9}},
    "list": [1],
    "empty": None,
    "master": {"mo": 1, "both": "master"},
    "both": "pillar",
    "deep": {"b": 2},
}
CONFIG = {"deep": {"a": 1}, "mine_interval": 60, "a:b": "whole", "mine_functions": {"x": []}}


class WalkTests(SynchronousTestCase):
    """Paths into data."""

    def test_paths(self) -> None:
        """
        A path goes through maps by key, lists by index or by the key of an entry.
        """
        data = {"a": [{"b": 1}, {"c": 2}], 5: "five", "x:y": 7, "n": {"0": "text"}}
        for path, expected in (
            ("a:0:b", 1),
            ("a:c", 2),
            ("a:-1:c", 2),
            ("a:9", MISSING),
            ("5", "five"),
            ("x:y", 7),
            ("n:0", "text"),
            ("a:0:b:z", MISSING),
            (5, "five"),
        ):
            self.assertEqual(walk(data, path), expected, path)
        self.assertEqual(walk(data, "a/0/b", None, "/"), 1)


class FactsTests(SynchronousTestCase):
    """The modules grains, pillar and config."""

    def setUp(self) -> None:
        """Load the modules."""
        self.context = FakeContext(CONFIG, GRAINS, PILLAR)
        self.context.answer = PILLAR
        self.functions = modules(self.context)

    def call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Call a function."""
        return self.functions[name](*args, **kwargs)

    def test_grains(self) -> None:
        """
        Grains are read by name and by path.
        """
        self.assertEqual(self.call("grains.get", "ip4_interfaces:eth0:1"), "10.0.0.2")
        self.assertEqual(self.call("grains.fetch", "ip4_interfaces:eth0:1"), "10.0.0.2")
        self.assertEqual(self.call("grains.get", "nothing"), "")
        self.assertEqual(self.call("grains.get", "nothing", 5), 5)
        self.assertEqual(self.call("grains.items"), GRAINS)
        self.assertEqual(self.call("grains.item", "os", "x"), {"os": "Debian", "x": ""})
        self.assertEqual(self.call("grains.ls"), ["id", "ip4_interfaces", "os"])
        self.assertTrue(self.call("grains.has_value", "ip4_interfaces:eth0"))
        self.assertFalse(self.call("grains.has_value", "ip4_interfaces:eth1"))
        self.assertTrue(self.call("grains.equals", "os", "Debian"))

    def test_grains_for_a_report(self) -> None:
        """
        Sanitized grains do not tell which machine this is.
        """
        self.assertEqual(self.call("grains.items", sanitize=True)["id"], "MINION.DOMAINNAME")
        self.assertEqual(
            self.call("grains.item", "id", sanitize="true"), {"id": "MINION.DOMAINNAME"}
        )

    def test_pillar(self) -> None:
        """
        Pillar is read by name and by path.
        """
        self.assertEqual(self.call("pillar.get", "pkg:apache"), "httpd")
        self.assertEqual(self.call("pillar.get", "nothing"), "")
        self.assertIsNone(self.call("pillar.get", "empty", "x"))
        self.assertEqual(self.call("pillar.items"), PILLAR)
        self.assertEqual(self.call("pillar.data"), PILLAR)
        self.assertEqual(self.call("pillar.fetch", "pkg:apache"), "httpd")
        self.assertEqual(self.call("pillar.items", "list"), {"list": [1]})
        self.assertEqual(self.call("pillar.item", "pkg:vim:v", "no"), {"pkg:vim:v": 9, "no": ""})
        self.assertEqual(self.call("pillar.ls"), list(PILLAR))
        self.assertEqual(self.call("pillar.keys", "pkg"), ["apache", "vim"])
        self.assertRaises(KeyError, self.call, "pillar.keys", "nothing")
        self.assertRaises(ValueError, self.call, "pillar.keys", "list")
        self.assertEqual(self.call("pillar.raw", "list"), [1])
        self.assertEqual(self.call("pillar.raw"), PILLAR)
        self.assertEqual(self.call("pillar.obfuscate", "list"), {"list": ["<int>"]})

    def test_masked_pillar(self) -> None:
        """
        Who wants stars for the values of the pillar gets them; names, and what is empty, stay.
        """
        self.context.answer = {"key": "secret", "port": 0, "raw": b"x", "deep": {"list": [1, ""]}}
        stars = "*" * 10
        self.assertEqual(
            self.call("pillar.items", unmask=False),
            {"key": stars, "port": 0, "raw": stars.encode(), "deep": {"list": [stars, ""]}},
        )
        self.assertEqual(self.call("pillar.get", "pkg:apache", unmask=False), stars)
        self.assertEqual(self.call("pillar.get", "nothing", unmask=False), "")
        self.assertEqual(self.call("pillar.item", "list", unmask=False), {"list": [stars]})
        self.assertEqual(self.call("pillar.raw", "list", unmask=False), [stars])
        self.assertEqual(self.call("pillar.keys", "pkg", unmask=False), ["apache", "vim"])

    def test_pillar_mask_output(self) -> None:
        """
        With pillar_mask_output values are masked, but for templates and with unmask=True.
        """
        self.context.config["pillar_mask_output"] = True
        functions, stars = modules(self.context), "*" * 10
        self.assertEqual(functions["pillar.get"]("pkg:apache"), stars)
        self.assertEqual(functions["pillar.fetch"]("pkg:apache"), stars)
        self.assertEqual(functions["pillar.items"]("list"), {"list": [stars]})
        self.assertEqual(functions["pillar.get"]("pkg:apache", unmask=True), "httpd")
        self.assertEqual(functions["pillar.raw"]("list"), [1])
        said = functions["cmd.run"]("echo {{ salt['pillar.get']('pkg:apache') }}", template="jinja")
        self.assertEqual(said, "httpd")
        self.assertEqual(functions["pillar.get"]("pkg:apache"), stars)

    def test_pillar_laid_over_a_default(self) -> None:
        """
        With merge, the pillar's map is laid over the default.
        """
        default = {"vim": {"w": 1}, "x": 2}
        merged = {"vim": {"w": 1, "v": 9}, "x": 2, "apache": "httpd"}
        self.assertEqual(self.call("pillar.get", "pkg", default, merge=True), merged)
        self.assertEqual(default, {"vim": {"w": 1}, "x": 2})
        lists = self.call("pillar.get", "list", [0, 1], merge=True, merge_nested_lists=True)
        self.assertEqual(lists, [0, 1])
        self.assertEqual(self.call("pillar.get", "list", [0, 1], merge=True), [0, 1])

    def test_missing_pillar_can_be_an_error(self) -> None:
        """
        With pillar_raise_on_missing, a missing value without a default is an error.
        """
        functions = modules(FakeContext({"pillar_raise_on_missing": True}))
        self.assertRaises(KeyError, functions["pillar.get"], "nothing")
        self.assertEqual(functions["pillar.get"]("nothing", 1), 1)

    def test_pillar_of_elsewhere(self) -> None:
        """
        Another environment, or a pillar with the call, is compiled by the master.
        """
        self.context.answer = {"of": "dev"}
        self.assertEqual(self.call("pillar.items", pillarenv="dev"), {"of": "dev"})
        self.assertEqual(self.call("pillar.get", "of", saltenv="x", pillarenv="dev"), "dev")
        self.assertEqual(self.call("pillar.items", pillar={"a": 1}), {"of": "dev"})
        loads = [arguments["load"] for _, arguments in self.context.calls]
        self.assertEqual([load["pillarenv"] for load in loads], ["dev", "dev", None])
        self.assertEqual(loads[2]["pillar_override"], {"a": 1})
        self.assertRaises(SaltInvocationError, self.call, "pillar.items", pillar_enc="gpg")
        self.context.answer = "no pillar"
        self.assertRaises(CommandExecutionError, self.call, "pillar.items")

    def test_external_pillar(self) -> None:
        """
        An external pillar is for the master to compile; files are looked for on this machine.
        """
        self.context.answer = {"ext": 1}
        self.assertEqual(self.call("pillar.ext", "{libvirt: _}"), {"ext": 1})
        self.assertEqual(self.context.calls[-1][1]["load"]["ext"], {"libvirt": "_"})
        self.assertRaises(CommandExecutionError, self.call, "pillar.file_exists", "a.sls")
        roots = Path(self.mktemp()).absolute()
        roots.mkdir()
        (roots / "a.sls").write_text("{}")
        self.context.config["pillar_roots"] = {"base": [str(roots)]}
        functions = modules(self.context)
        for args, there in ((["a.sls"], True), (["b.sls"], False), (["a.sls", "dev"], False)):
            self.assertIs(functions["pillar.file_exists"](*args), there)

    def test_filter_by(self) -> None:
        """
        A map of a formula is chosen from by a grain or a pillar value.
        """
        table = {"Deb*": {"a": {"b": 1}}, "default": {"a": 0}, "base": {"a": {"c": 2}, "d": 3}}
        merged = self.call("grains.filter_by", table, "os", base="base", merge={"d": 4})
        self.assertEqual(merged, {"a": {"b": 1, "c": 2}, "d": 4})
        self.assertEqual(self.call("grains.filter_by", table, "nothing"), {"a": 0})
        self.assertEqual(table["base"], {"a": {"c": 2}, "d": 3})
        self.assertEqual(self.call("pillar.filter_by", {"pill*": 5}, "both"), 5)
        self.assertIsNone(self.call("grains.filter_by", {}, "os"))
        self.assertRaises(SaltInvocationError, self.call, "grains.filter_by", {}, "os", merge=5)

    def test_config_get(self) -> None:
        """
        Options come first, then grains, pillar, and the master's options.
        """
        self.assertEqual(self.call("config.get", "mine_interval"), 60)
        self.assertEqual(self.call("config.get", "os"), "Debian")
        self.assertEqual(self.call("config.get", "pkg:apache"), "httpd")
        self.assertEqual(self.call("config.get", "both"), "pillar")
        self.assertEqual(self.call("config.get", "both", omit_pillar=True), "master")
        self.assertEqual(self.call("config.get", "mo"), 1)
        self.assertEqual(self.call("config.get", "nothing", 3), 3)
        self.assertEqual(self.call("config.get", "deep", merge="recurse"), {"a": 1, "b": 2})

    def test_config_option(self) -> None:
        """
        config.option takes whole names, or patterns.
        """
        self.assertEqual(self.call("config.option", "a:b"), "whole")
        self.assertEqual(self.call("config.option", "nothing"), "")
        self.assertIsNone(self.call("config.option", "empty"))
        self.assertEqual(
            self.call("config.option", "mine_i*", wildcard=True), {"mine_interval": 60}
        )
        self.assertEqual(self.call("config.option", "os", omit_all=True), "")

    def test_config_merge(self) -> None:
        """
        config.merge joins what options and pillar say.
        """
        self.assertEqual(self.call("config.merge", "deep"), {"a": 1, "b": 2})
        self.assertEqual(self.call("config.merge", "nothing", []), [])
        self.assertEqual(self.call("config.items")["mine_interval"], 60)

    def test_modes(self) -> None:
        """
        File modes come out as four digits.
        """
        for mode, expected in (("644", "0644"), ("0o755", "0755"), (1777, "1777"), (0, "0000")):
            self.assertEqual(self.call("config.manage_mode", mode), expected)
        self.assertIsNone(self.call("config.manage_mode", None))
