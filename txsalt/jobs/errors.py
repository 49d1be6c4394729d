"""
What an execution function may raise to say how its job ended.

Source: PROTOCOL.md 12.3.
"""

from txsalt.errors import TxsaltError
from txsalt.light import frozen


class JobError(TxsaltError):
    """Root of what a job's function raises on purpose."""


class CommandExecutionError(JobError):
    """Something that the function needed did not work; the message says what."""


class SaltInvocationError(JobError):
    """The function was called with arguments that it cannot use."""


@frozen
class InvalidArguments(JobError):
    """The arguments do not fit the function's signature."""

    reason: str

    def __str__(self) -> str:
        return self.reason


@frozen
class FunctionUnavailable(JobError):
    """No such function on this minion; ``reason`` says why its module did not load, if known."""

    fun: str
    reason: str = ""

    def __str__(self) -> str:
        text = f"'{self.fun}' is not available."
        return f"{text} Possible reasons: '{self.reason}'" if self.reason else text
