"""
Make calls of pkg with real Salt, without fetching lists; a program for test_live_repos.

Its argument is JSON: {"start", "show", "calls"}. Before each call the line of shell ``start`` runs,
after it ``show``. It writes a list of [{"value"} or {"error"}, what was shown]. It imports nothing
of ours, as nothing of ours is installed there.
"""

import json
import subprocess
import sys
from typing import Any

GRAINS = {
    "os": "Debian", "os_family": "Debian", "osarch": "amd64", "oscodename": "bookworm",
    "osrelease": "12", "osmajorrelease": 12, "kernel": "Linux", "init": "x",
}  # fmt: skip


def main() -> None:
    """Make the calls."""
    import salt.config
    import salt.loader

    asked = json.loads(sys.argv[1])
    opts = salt.config.minion_config(None)
    opts.update({"file_client": "local", "grains": GRAINS})
    functions = salt.loader.minion_mods(opts)
    outcomes = []
    for name, args, kwargs in asked["calls"]:
        subprocess.run(asked["start"], shell=True, check=True)
        function = functions[f"pkg.{name}"]
        plain = getattr(function, "__wrapped__", function)
        vars(sys.modules[plain.__module__])["refresh_db"] = lambda *_, **__: {}
        outcome: dict[str, Any]
        try:
            outcome = {"value": function(*args, **kwargs)}
        except Exception as exc:
            outcome = {"error": type(exc).__name__}
        shown = subprocess.run(
            asked["show"], shell=True, check=True, capture_output=True, text=True
        )
        outcomes.append([outcome, shown.stdout.strip()])
    json.dump(outcomes, sys.stdout)


if __name__ == "__main__":
    main()
