"""
Call functions about this machine and tell what they answer: a program for either Python.

``python machine_stage.py salt|txsalt FOLDER < calls.json > answers.json`` reads a list of
[fun, args, kwargs] and writes a list of {"return" or "error", "retcode"}, in order. It imports Salt
or txsalt, whichever is asked for, so that one file runs in both environments.
"""

import json
import os
import sys

# The folder of this file has modules with names that others import.
sys.path[:] = [each for each in sys.path if each != os.path.dirname(os.path.abspath(__file__))]


def main():
    """Answer the calls; return 0 even if some of them fail."""
    who, folder = sys.argv[1:]
    functions, context = (with_salt if who == "salt" else with_txsalt)(folder)
    answers = []
    for fun, args, kwargs in json.load(sys.stdin):
        context.clear()
        try:
            answer = {"return": functions[fun](*args, **kwargs)}
        except Exception as exc:
            answer = {"error": type(exc).__name__}
        answers.append({**answer, "retcode": context.get("retcode", 0)})
    json.dump(answers, sys.stdout, default=list)
    return 0


def options(folder):
    """Give the options that both sides get."""
    return {"hosts.file": f"{folder}/hosts", "cachedir": f"{folder}/cache", "id": "beside"}


def with_salt(folder):
    """Give Salt's functions and their context."""
    import logging

    import salt.config
    import salt.loader

    logging.disable(logging.CRITICAL)
    opts = salt.config.minion_config(None)
    opts.update(options(folder), file_client="local", enable_fqdns_grains=False)
    opts.update(enable_gpu_grains=False, disable_grains=["esxi", "napalm"])
    opts["grains"] = salt.loader.grains(opts)
    context = {}
    utils = salt.loader.utils(opts, context=context)
    functions = salt.loader.minion_mods(opts, context=context, utils=utils)
    return functions, context


def with_txsalt(folder):
    """Give our functions and their context."""
    from txsalt.loader.functions import Functions
    from txsalt.loader.scan import package

    context = {}
    dunders = {"__opts__": options(folder), "__grains__": {}, "__pillar__": {}}
    dunders.update(__context__=context, __daemon__=None)
    return Functions([package("txsalt.modules")], dunders), context


if __name__ == "__main__":
    sys.exit(main())
