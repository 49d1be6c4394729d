"""How many minions a batch takes."""

from attrs import frozen

from txsalt.errors import LocalError


@frozen
class BadBatch(LocalError):
    """A size that is neither a number nor a percentage."""

    text: str

    def __str__(self) -> str:
        return f"{self.text!r} is no size of a batch: say 10 or 25%"


def batch_size(batch: str | int, total: int) -> int:
    """Return how many of ``total`` run at once: at least 1. Raises BadBatch."""
    text = str(batch).strip()
    try:
        number = float(text.removesuffix("%"))
    except ValueError:
        raise BadBatch(text) from None
    if not 0 < number < 1e9:
        raise BadBatch(text)
    return max(1, int(total * number / 100 if text.endswith("%") else number))
