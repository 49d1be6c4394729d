"""Options of Salt's programs that are not here, and why, or what to use instead."""

from collections.abc import Mapping

_FOR_ALL = {
    "--hard-crash": "an error that nobody foresaw always shows where it is, and ends with code 70",
    "--saltfile": "there is no Saltfile: TXSALT_CONFIG_DIR names the folder of the configuration,"
    " and an alias of the shell keeps options",
    "--config-dump": "nothing prints the configuration: it is what the files in --config-dir say,"
    " and a daemon names at its start what it does not know in them",
}
_LOG = dict.fromkeys(
    ("--log-level", "--log-file", "--log-file-level"), "txsalt-cli has no log: the daemons have"
)
_STATES = dict.fromkeys(
    ("--state-output", "--state_output", "--state-verbose", "--state_verbose", "--output-diff"),
    "--out highstate shows each state whole, and has no other form; --out json is for programs",
)
_EXECUTORS = dict.fromkeys(
    ("--module-executors", "--executor-opts"),
    "txsalt minions have no executors; LocalClient hands module_executors on to stock minions",
)
_ANSWERS_AT_ONCE = "the master answers at once, and asks no minion"
_SIGNATURE = (
    "with master_sign_pubkey the master signs its key itself: 'key gen master_sign --dir PKI_DIR'"
    " makes the pair for it, and master_sign.pub is for the minions"
)

OF_PROGRAM: Mapping[str, Mapping[str, str]] = {
    "salt": {
        **_FOR_ALL,
        **_LOG,
        "-l": _LOG["--log-level"],
        **_STATES,
        **_EXECUTORS,
        "--start-event": "minions do not tell that they begin; --preview-target shows who is"
        " connected, 'txsalt-cli job active' who works",
        **dict.fromkeys(("-H", "--hosts"), "there are no rosters; 'txsalt-cli key list acc' lists"
                        " the minions"),
    },
    "salt-key": {
        **_FOR_ALL,
        **_LOG,
        "--preserve-minions": "who is deleted is forgotten: what was known of a minion must not be"
        " the next one's of its name",
        "--rotate-aes-key": "the option rotate_aes_key of the master says whether a new session key"
        " is made when a key is deleted or rejected",
        **dict.fromkeys(
            ("--gen-signature", "--signature-path", "--priv", "--pub", "--auto-create"), _SIGNATURE
        ),
        "--gen-keys-dir": "instead: key gen NAME --dir DIR",
        **dict.fromkeys(
            ("-u", "--user"), "who runs this is who changes keys; sudo -u NAME makes it another"
        ),
    },
    "salt-run": {
        **_FOR_ALL,
        **_LOG,
        "-l": _LOG["--log-level"],
        "--async": f"{_ANSWERS_AT_ONCE}: there is nothing to come back for",
        **dict.fromkeys(("-t", "--timeout"), f"{_ANSWERS_AT_ONCE}: there is nothing to wait for"),
        "--skip-grains": "the master has no grains",
        "--jid": f"{_ANSWERS_AT_ONCE}: it is no job",
        **_STATES,
    },
    "salt-call": {
        **_FOR_ALL,
        **_STATES,
        **_EXECUTORS,
        **dict.fromkeys(
            ("--log-file", "--log-file-level"), "there is no log file: -l says what stderr gets"
        ),
        **dict.fromkeys(
            ("-d", "--doc", "--documentation"), "instead: txsalt-cli call sys.doc FUNCTION"
        ),
        "--master": "the option master of the minion's configuration names it",
        "--no-return-event": "--local tells no master",
        "--skip-grains": "grains are collected only when something asks for them",
        "--refresh-grains-cache": "grains are collected anew in each call",
    },
}  # fmt: skip


def why_not(program: str, option: str) -> str:
    """Say why an option of a Salt program is not here; "" if there is none of this name."""
    return OF_PROGRAM.get(program, {}).get(option, "")
