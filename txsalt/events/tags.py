"""
Every tag of the event buses in one place, and which of them a minion may fire.

Source: PROTOCOL.md 9.6, 13.
"""

import re

from txsalt.light import frozen

AUTH = "salt/auth"
KEY = "salt/key"
ROTATE_AES_KEY = "key"
PRESENT = "salt/presence/present"
PRESENCE_CHANGE = "salt/presence/change"
JOB_ERROR = "salt/job/error"
JOB_PREFIX = "salt/job/"
BATCH_PREFIX = "salt/batch/"

MINION_START = "minion_start"
MINION_PING = "minion_ping"
SALT_ERROR = "_salt_error"
_OF_MINIONS = (MINION_START, MINION_PING, SALT_ERROR)

# On a minion's own bus: asks the daemon to do something.
FIRE_MASTER = "fire_master"
MODULE_REFRESH = "module_refresh"
PILLAR_REFRESH = "pillar_refresh"
GRAINS_REFRESH = "grains_refresh"
MANAGE_SCHEDULE = "manage_schedule"
ASK_JOBS = "txsalt/ask_jobs"
ASK_SCHEDULE = "txsalt/ask_schedule"
KEEP_RETURN = "txsalt/keep_return"

LIVE_PREFIX = "txsalt/live/"
REPLAY_PREFIX = "txsalt/replay/"

MAX_TAG = 1024  # characters

_JID = r"[0-9]{20}(?:_[0-9]{1,10})?"
# Not compiled here: the command line pays for what it needs.
_STARTS_WITH_JID = _JID + r"(?:/|\Z)"
_RETURN = r"(?s)salt/job/([^/]+)/ret/(.+)"
_CONTROL = r"[\x00-\x1f\x7f-\x9f]"
# Tags that the house itself acts upon, or whose meaning is the master's word.
_INTERNAL = ("salt", "key", "minion/refresh", "syndic", "cluster", "resource", "txsalt")


def live(random: str) -> str:
    """Tag that a subscriber also subscribes to, and that tells it that it is connected."""
    return f"{LIVE_PREFIX}{random}"


def replay(random: str, number: int, since: float, prefix: str) -> str:
    """
    Tag by which a subscriber asks the bus for past events: one page, as one event of that tag.

    Events with a tag that begins with ``prefix``, from Unix time ``since`` on, and from the one
    numbered ``number`` on: 0, or ``next`` of the page before.
    """
    # What lies before the beginning of Unix time begins with it.
    return f"{REPLAY_PREFIX}{random}/{number}/{min(max(since, 0.0), _LATEST):.6f}/{prefix}"


_LATEST = 999_999_999_999.0  # seconds; as many digits as a tag may have
_REPLAY = REPLAY_PREFIX + r"[0-9a-f]{16}/([0-9]{1,18})/([0-9]{1,12}\.[0-9]{6})/((?s:.*))"


@frozen
class Replay:
    """What a subscriber wants to hear again; see ``replay``."""

    number: int
    since: float
    prefix: str


def parse_replay(tag: str) -> Replay | None:
    """Read a tag that ``replay`` made; None for every other one."""
    match = re.fullmatch(_REPLAY, tag)
    return Replay(int(match[1]), float(match[2]), match[3]) if match else None


def jobs_answer(token: str) -> str:
    """On a minion's own bus: the answer to a question about its jobs."""
    return f"txsalt/jobs/{token}"


def local_answer(token: str) -> str:
    """On a minion's own bus: the answer to any other question to the daemon."""
    return f"txsalt/answer/{token}"


def minion_schedule(what: str) -> str:
    """On a minion's own bus: something was done to its schedule, such as add_complete."""
    return f"/salt/minion/minion_schedule_{what}"


def job_new(jid: str) -> str:
    """Before a job is published."""
    return f"salt/job/{jid}/new"


def job_publish(jid: str) -> str:
    """A job as it was published."""
    return f"salt/job/{jid}/publish"


def job_return(jid: str, id: str) -> str:
    """One minion's return of a job."""
    return f"salt/job/{jid}/ret/{id}"


def job_return_prefix(jid: str) -> str:
    """What the tags of all returns of a job begin with."""
    return f"salt/job/{jid}/ret/"


def batch_start(jid: str) -> str:
    """A batch begins."""
    return f"salt/batch/{jid}/start"


def batch_part(jid: str) -> str:
    """More minions of a batch were started."""
    return f"salt/batch/{jid}/part"


def batch_done(jid: str) -> str:
    """A batch has ended."""
    return f"salt/batch/{jid}/done"


def batch_prefix(jid: str) -> str:
    """What all tags of a batch begin with."""
    return f"salt/batch/{jid}/"


def job_progress(jid: str, id: str, number: int) -> str:
    """One item of a job that gives its result bit by bit."""
    return f"salt/job/{jid}/prog/{id}/{number}"


def job_progress_prefix(jid: str) -> str:
    """What the tags of all items and chunks of a job begin with."""
    return f"salt/job/{jid}/prog/"


def job_start(jid: str, id: str) -> str:
    """A minion began a job that asked for this event."""
    return f"salt/job/{jid}/start/{id}"


def job_failed_part(jid: str, id: str, fun: str) -> str:
    """A state run that failed."""
    return f"salt/job/{jid}/sub/{id}/error/{fun}"


def job_error(jid: str) -> str:
    """A publish request that was refused."""
    return f"salt/job/{jid}/error"


def runner_new(jid: str) -> str:
    """Before a runner starts."""
    return f"salt/run/{jid}/new"


def runner_return(jid: str) -> str:
    """A runner's result."""
    return f"salt/run/{jid}/ret"


def wheel_new(jid: str) -> str:
    """Before a wheel function starts."""
    return f"salt/wheel/{jid}/new"


def wheel_return(jid: str) -> str:
    """A wheel function's result."""
    return f"salt/wheel/{jid}/ret"


def minion_refresh(id: str) -> str:
    """A minion's cached facts are new."""
    return f"minion/refresh/{id}"


def resource_refresh(id: str) -> str:
    """A minion's resources are new."""
    return f"resource/refresh/{id}"


def minion_start(id: str) -> str:
    """A minion is up."""
    return f"salt/minion/{id}/start"


def beacon(id: str, name: str) -> str:
    """A beacon of a minion has something to tell; ``name`` may have parts of its own."""
    return f"salt/beacon/{id}/{name}"


@frozen
class ReturnTag:
    """What a return's tag says."""

    jid: str
    id: str


def parse_return(tag: str) -> ReturnTag | None:
    """Read the tag of a return; None for every other tag."""
    match = re.fullmatch(_RETURN, tag)
    return ReturnTag(match[1], match[2]) if match else None


def minion_may_fire(minion_id: str, tag: str) -> bool:
    """
    Tell whether the master takes an event with this tag from this minion.

    Free tags of users are allowed, and those that stock minions fire, with the minion's own id
    where they name one. All that the house acts upon is refused: ``salt/…`` else, key and cluster
    tags, and bare job ids. With ``pretag`` the joined tag is to be asked for, too.
    """
    if not isinstance(tag, str) or not 0 < len(tag) <= MAX_TAG or re.search(_CONTROL, tag):
        return False
    if tag in _OF_MINIONS:
        return True
    if re.match(_STARTS_WITH_JID, tag):
        return False
    return _is_own(minion_id, tag) if _is_internal(tag) else True


def is_about_minion(tag: str) -> bool:
    """Tell whether the ``id`` in such an event, which a minion may fire, is that of the minion."""
    return tag in _OF_MINIONS or _is_internal(tag)


def _is_internal(tag: str) -> bool:
    return any(tag == name or tag.startswith(f"{name}/") for name in _INTERNAL)


def _is_own(minion_id: str, tag: str) -> bool:
    own = re.escape(minion_id)
    form = (
        rf"salt/minion/{own}/start"
        rf"|salt/job/[^/]+/(?:prog/{own}/[0-9]+|start/{own})"
        rf"|salt/beacon/{own}/.+"
    )
    return re.fullmatch(form, tag) is not None
