"""
Pillar with templates side by side with Salt's: the same files, compiled by both.
"""

import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any
from unittest import SkipTest

from twisted.trial.unittest import SynchronousTestCase

from tests.interop import environments
from txsalt.master.fileserver.roots import Roots
from txsalt.master.pillar.compiler import Pillar
from txsalt.master.pillar.order import PillarOptions, PillarOrder

LINE = "3008"
TIME = 120  # seconds for one call of Salt's
GRAINS = {"kernel": "Linux", "os": "Debian", "os_family": "Debian", "ips": ["10.0.0.1", "::1"]}
FILES = {
    "top.sls": """
base:
  '*':
    - a
    - sub
    - web.*
    - inc
{% if grains['kernel'] == 'Linux' %}
  'kernel:Linux':
    - match: grain
    - b
{% endif %}
""",
    "a.sls": """#!jinja|yaml
{%- set l = ['x', 'y'] %}
{% for i in l %}
k_{{ i }}: {{ loop.index }}
{%- endfor %}
place: {{ sls }} {{ slspath }}|{{ tplfile }}|{{ tpldir }}|{{ tpldot }}
dots: x{{ slsdotpath }}|{{ sls_path }}|{{ slscolonpath }}
id: {{ grains.id }} {{ opts.id }} {{ saltenv }}
list: {{ l }}
ip: {{ grains.ips | ipv4 | first }} {{ grains.ips | ipv6 | first }}
dict: {{ {'a': 1, 'b': [True, none]} | json }}
y: {{ {'a': 1, 'b': [True, none]} | yaml }}
fb: {{ salt['grains.filter_by']({'Debian': {'p': 1}, 'RedHat': {'p': 2}}, 'os_family') }}
gg: {{ salt['grains.get']('os', 'none') }} {{ salt['pillar.get']('x', 'dflt') }}
pg: {{ pillar.get('x', 'pg') }}
mc: {{ salt['match.compound']('G@kernel:Linux') }} {{ salt['match.glob']('m*') }}
m: {a: 1, b: {c: 1}}
lst: [1, 2]
""",
    "b.sls": "m: {b: {d: 2}}\nlst: [3]\n",
    "sub/init.sls": """
{% from "lib/map.jinja" import conf with context %}
{% import_yaml tpldir ~ "/data.yaml" as d %}
sub:
  {{ conf | yaml(False) | indent(2) }}
  d: {{ d.v }}
where: {{ sls }} {{ slspath }}|{{ tplfile }}|{{ tpldir }}|{{ tpldot }}
dotted: x{{ slsdotpath }}|{{ sls_path }}|{{ slscolonpath }}
""",
    "sub/data.yaml": "v: {{ grains.kernel }}\n",
    "lib/map.jinja": """
{% set conf = {'name': 'n', 'tags': ['a', 'b']} %}
{% do conf.update({'k': grains.kernel}) %}
""",
    "web/one.sls": "{% from './map.jinja' import z %}\nw1: {{ z }} {{ tpldir }}\n",
    "web/map.jinja": "{% set z = tpldir %}",
    "web/two.sls": "w2: {{ tplfile }}\n",
    "inc.sls": """
include:
  - low: {defaults: {port: 80}, key: 'deep:er'}
  - .rel
own: 1
both: own
""",
    "low.sls": "port: {{ port }}\nboth: low\n",
    "rel.sls": "rel: {{ sls }}\nboth: rel\n",
}


class SideBySideTests(SynchronousTestCase):
    """Who brings a pillar along gets the same from it."""

    maxDiff: Any = None

    def test_same_pillar(self) -> None:
        """
        Values, their order, and what templates are told of their places are those of Salt.
        """
        if not environments.is_ready(LINE):
            raise SkipTest(f"needs Salt: run python -m tests.interop.environments {LINE}")
        here = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, here)
        for name, text in FILES.items():
            path = here / "pillar" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        roots = {"base": [str(here / "pillar")]}
        order = PillarOrder(minion_id="m1", grains=dict(GRAINS))
        ours = Pillar(PillarOptions(hide_errors=False), Roots(roots)).compile(order)
        theirs = self.of_salt(here, roots)
        self.assertEqual(ours, theirs)
        self.assertEqual(list(ours), list(theirs))

    def of_salt(self, here: Path, roots: dict[str, list[str]]) -> dict[str, Any]:
        """Compile with Salt."""
        options = {"id": "m1", "file_client": "local", "root_dir": str(here), "grains": GRAINS,
                   "pillar_roots": roots, "log_file": str(here / "log")}  # fmt: skip
        (here / "minion").write_text(json.dumps(options))
        command = [environments.command(LINE, "salt-call"), "-c", str(here), "--local"]
        done = subprocess.run(
            [*command, "--out", "json", "pillar.items", "unmask=True"],
            capture_output=True,
            text=True,
            timeout=TIME,
            check=True,
        )
        found: dict[str, Any] = json.loads(done.stdout)["local"]
        return found
