"""
The error of all renderers: text of ours or the operator's that cannot be read or written.
"""

from txsalt.errors import LocalError
from txsalt.light import frozen


@frozen(kw_only=True)
class RenderError(LocalError):
    """
    Text that does not render, or a value that cannot be written.

    ``where`` is a path or another name of the text; ``line`` and ``column`` count from 1 and are
    None where the place is not known; ``excerpt`` is the line, empty if not known.
    """

    where: str
    reason: str
    line: int | None = None
    column: int | None = None
    excerpt: str = ""

    def __str__(self) -> str:
        place = self.where
        if self.line is not None:
            place += f", line {self.line}"
        if self.column is not None:
            place += f", column {self.column}"
        message = f"{place}: {self.reason}"
        return f"{message}\n    {self.excerpt}" if self.excerpt else message
