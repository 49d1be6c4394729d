"""
Ask Salt's matchers: run by the Python of an environment of Salt, not by ours.

stdin: {"folder", "cases": [[id, grains, pillar, tgt, tgt_type, delimiter], …]}. stdout, the last
line: a list of true and false, and null where the matcher raised (a minion then ignores the job).
"""

import json
import logging
import sys
from typing import Any

_WITH_DELIMITER = ("grain", "grain_pcre", "pillar")


def main() -> None:
    """Answer every case."""
    import salt.config  # type: ignore[import-not-found]
    import salt.loader  # type: ignore[import-not-found]

    logging.disable(logging.CRITICAL)
    asked = json.load(sys.stdin)
    folder = asked["folder"]
    opts = salt.config.DEFAULT_MINION_OPTS.copy()
    opts |= {"id": "", "root_dir": folder, "cachedir": folder, "extension_modules": folder}
    opts |= {"conf_file": f"{folder}/minion", "grains": {}, "pillar": {}, "nodegroups": {}}
    matchers = salt.loader.matchers(opts)
    print(json.dumps([_answer(matchers, opts, *case) for case in asked["cases"]]))


def _answer(
    # Any: Salt's loader and options, and facts, have no types here.
    matchers: Any,
    opts: dict[str, Any],
    id: str,
    grains: dict[str, Any],
    pillar: dict[str, Any],
    tgt: str,
    tgt_type: str,
    delimiter: str,
) -> bool | None:
    facts = {**opts, "id": id, "grains": grains, "pillar": pillar}
    extra = {"delimiter": delimiter} if tgt_type in _WITH_DELIMITER else {}
    try:
        return bool(matchers[f"{tgt_type}_match.match"](tgt, opts=facts, minion_id=id, **extra))
    except Exception:
        return None


if __name__ == "__main__":
    main()
