"""
How a managed file differs from its new content, as far as that counts.
"""

import tempfile
from typing import Any  # states pass whatever users wrote

from attrs import frozen

from txsalt.jobs.errors import CommandExecutionError
from txsalt.modules.file.differences import get_diff


@frozen
class Ignored:
    """What does not count as a change; false if all does."""

    ordering: Any = False
    whitespace: Any = False
    comments: Any = None

    def __bool__(self) -> bool:
        return bool(self.ordering or self.whitespace or self.comments)

    def keywords(self) -> dict[str, Any]:
        """Give the keywords of get_diff."""
        return {
            "ignore_ordering": self.ordering,
            "ignore_whitespace": self.whitespace,
            "ignore_comment_characters": self.comments,
        }


def difference(
    name: str, place: str, present: Any, ignored: Ignored, template: bool = False
) -> tuple[bool, str]:
    """
    Give whether a file differs from its new content in what counts, and how.

    A file that is not there (``present`` is empty) counts as an empty one.
    """
    try:
        if not present:
            with tempfile.NamedTemporaryFile() as empty:
                answer = get_diff(empty.name, place, show_filenames=False, **ignored.keywords())
        else:
            answer = get_diff(
                name, place, show_filenames=False, template=template, **ignored.keywords()
            )
    except CommandExecutionError as exc:
        return True, str(exc)
    return answer if isinstance(answer, tuple) else (bool(answer), answer)
