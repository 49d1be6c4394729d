"""
Run jobs in an environment that has both Salt and txsalt; a program for the Python of the former.

Reads {"config", "facts", "jobs": [[fun, arg], …], "root", "libraries"} on standard input; writes
[{"result", "imported", "calls"}, …]: each result, whether the process had imported Salt by then,
and what was asked of the daemon. Salt's own libraries come before ours, as in one environment that
pip made.
"""

import json
import sys
from typing import Any

if __name__ == "__main__":
    asked = json.load(sys.stdin)
    sys.path += [asked["root"], asked["libraries"]]

    from txsalt.minion.jobrunner import execute

    class Context:
        """A job's context whose daemon remembers what it is asked."""

        jid = "20260101000000000000"
        config = asked["config"]
        grains = asked["facts"]["grains"]
        pillar = asked["facts"]["pillar"]
        calls: list[str] = []

        def call(self, name: str, arguments: dict[str, Any]) -> object:
            """Answer every question with its name."""
            self.calls.append(name)
            load = arguments.get("load") or {}
            return "" if str(load.get("cmd")).startswith("_file") else {"asked": name}

    execute.preload()
    answers = []
    for fun, arg in asked["jobs"]:
        load = {"fun": fun, "arg": arg, "jid": Context.jid, "tgt": "*", "tgt_type": "glob"}
        Context.calls.clear()
        result = execute.run(load, Context())
        imported = "salt.loader" in sys.modules
        answers.append({"result": result, "imported": imported, "calls": list(Context.calls)})
    print(json.dumps(answers, default=str))
