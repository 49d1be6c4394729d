"""The plan of a batch, as programs ask for one."""

from typing import TYPE_CHECKING, Any  # a plan travels as a map of any msgpack value

from attrs import frozen

from txsalt.errors import BadLoad, LocalError
from txsalt.jobs.batch_plan import Plan, number

if TYPE_CHECKING:
    from txsalt.config.master import MasterConfig


@frozen
class BadBatch(LocalError):
    """A size that is neither a number nor a percentage."""

    text: str

    def __str__(self) -> str:
        return f"{self.text!r} is no size of a batch: say 10 or 25%"


def plan(
    size: str | int, wait: float, failhard: bool, timeout: float | None, config: "MasterConfig"
) -> dict[str, Any]:
    """Return the plan for ``size`` (10 or "25%") at once, for a publication. Raises BadBatch."""
    try:
        text = number(size, "size")
    except BadLoad:
        text = ""
    if not text or float(text.removesuffix("%")) == 0:
        raise BadBatch(str(size))
    return Plan(
        size=text,
        wait=wait,
        max_fail="0" if failhard else "",
        timeout=config.timeout if timeout is None else timeout,
        gather_job_timeout=config.gather_job_timeout,
    ).as_map()
