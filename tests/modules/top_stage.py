"""
Tell which environments Salt takes from top files; a program for the Python of an environment of it.

Standard input: {"folder", "cases": [[{environment: text of its top file}, options], …]}. It writes
a list of lists of environments. ``lay`` writes the files of one case, for us as well.
"""

import json
import os
import shutil
import sys
from typing import Any

ENVIRONMENTS = ("base", "dev")


def lay(folder: str, tops: dict[str, str]) -> dict[str, list[str]]:
    """Write top files; return the option file_roots that goes with them."""
    shutil.rmtree(folder, ignore_errors=True)
    for each in ENVIRONMENTS:
        os.makedirs(f"{folder}/{each}")
        if each in tops:
            with open(f"{folder}/{each}/top.sls", "w", encoding="utf-8") as file:
                file.write(tops[each])
    return {each: [f"{folder}/{each}"] for each in ENVIRONMENTS}


def minion(folder: str) -> dict[str, Any]:
    """Return the options that both sides share."""
    return {"id": "web-01", "file_client": "local", "cachedir": f"{folder}/cache"}


def _environments(folder: str, tops: dict[str, str], more: dict[str, Any]) -> list[str]:
    import salt.config
    import salt.state

    options = salt.config.minion_config(None)
    options.update(minion(folder), root_dir=folder, file_roots=lay(folder, tops), **more)
    options.update(grains={"id": "web-01", "role": "web"}, pillar={})
    with salt.state.HighState(options, initial_pillar={}) as state:
        return list(state.top_matches(state.get_top()))


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    print(
        json.dumps([_environments(asked["folder"], *each) or ["base"] for each in asked["cases"]])
    )
