"""
Calls of file and cp with templates; see file_calls.
"""

from typing import Any

from tests.modules.file_calls import A, Call, call

NEW = "{here}/n"
PERMS: list[Any] = ["root", "root", "0644", None]
GIVEN = ["salt://t/who", None, None, *PERMS]
FILES: dict[str, Any] = {
    "roots/base/t/who": "{{ grains.os }} {{ what }} {{ name.rpartition('/')[2] }} {{ mode }}\n",
    "roots/base/t/wrong": "a\n{{ nope }}\n",
    "roots/base/t/syntax": "a\n{% if %}\n",
    "roots/base/t/includes": "{% include 't/part' %}{% from 't/map.jinja' import m %}{{ m.k }}\n",
    "roots/base/t/near": "{% include './part' %}\n",
    "roots/base/t/part": "part of {{ grains.os }}\n",
    "roots/base/t/map.jinja": "{% import_yaml 't/data.yaml' as m %}",
    "roots/base/t/data.yaml": "k: [1, {{ grains.kernel }}]\n",
    "roots/base/t/binary": "\0\0{{ grains.os }}",
    "roots/base/t/Debian/x": "{{ x }}",
    "a": "local {{ grains['os'] }}\n",
}


def templated(fun: str, *args: Any, **kwargs: Any) -> Call:
    """Give a call whose files are the templates."""
    return call(fun, *args, files=FILES, **kwargs)


def answered(given: Call) -> Call:
    """Look at the answer only: what stays in temporary folders has another name each time."""
    return {**given, "treeless": True}


def of_cp(fun: str, *args: Any, **kwargs: Any) -> Call:
    """Give a call of cp."""
    return {**templated(fun, *args, **kwargs), "fun": f"cp.{fun}"}


SPECIAL: list[Call] = [
    *(answered(call(fun, path)) for fun in ("is_fifo", "is_chrdev", "is_blkdev", "get_devmm")
      for path in ("/dev/null", A, "{here}/none")),
    call("mknod_fifo", NEW, None, None, "0640"),
    call("mknod", NEW, "p"),
    call("mknod", A, "p"),
    call("mknod", NEW, "x"),
]  # fmt: skip

MANAGED = ["root", "root", "644", None, "jinja"]
TEMPLATES: list[Call] = [
    answered(templated("check_managed_changes", A, source, None, None, *MANAGED,
                       {"what": "x"}, {"what": "y"}, "base"))
    for source in ("salt://t/who", "salt://t/includes", A, "salt://t/binary")
] + [
    answered(templated("check_managed_changes", A, "salt://t/who", None, None, *MANAGED,
                       None, {"what": "y"}, "base")),
    answered(templated("check_managed_changes", NEW, "salt://t/who", None, None, *MANAGED,
                       None, {"what": "y"}, "base")),
    answered(templated("apply_template_on_contents", "{{ a }} {{ b }} {{ grains.os }}", "jinja",
                       {"a": 1}, {"a": 2, "b": [3]}, "base")),
    answered(templated("apply_template_on_contents", "x\n", "jinja", None, None, "base")),
    answered(templated("apply_template_on_contents", "{{ nope }}", "jinja", None, None, "base")),
    answered(templated("apply_template_on_contents", "x", "nope", None, None, "base")),
    answered(templated("apply_template_on_contents", "{% include 't/part' %}", "jinja", {}, {},
                       "base")),
    of_cp("get_template", "salt://t/who", NEW, what="x", name="/a/b", mode=1),
    of_cp("get_template", "salt://t/who", NEW, context={"what": "c", "name": "/x/y", "mode": 2}),
    of_cp("get_template", "salt://t/includes", NEW),
    of_cp("get_template", "salt://t/includes", "{here}/x/y/n"),
    of_cp("get_template", "salt://t/includes", "{here}/x/y/n", makedirs=True),
    of_cp("get_template", "salt://t/none", NEW),
    of_cp("get_template", "salt://t/includes", NEW, "nope"),
    answered(of_cp("get_template", "salt://t/includes", "")),
    of_cp("get_template", "salt://t/binary", NEW),
    of_cp("get_file", "salt://t/{{ grains.os }}/x", "{here}/{{ grains.kernel }}",
          template="jinja"),
    of_cp("get_file", "salt://t/{{ grains.os }}/x", NEW),
    of_cp("get_file", "salt://t/{{ nope }}/x", NEW, template="jinja"),
    of_cp("get_file", "salt://t/x", NEW, template="nope"),
    answered(of_cp("get_dir", "salt://t/{{ grains.os }}", "{here}/{{ grains.kernel }}",
                   template="jinja")),
]  # fmt: skip
