"""Colors of a terminal, or none."""

from txsalt.light import frozen

_END = "\x1b[0m"


@frozen
class Colors:
    """Paints text when ``on``, leaves it as it is otherwise."""

    on: bool = False

    def key(self, text: str) -> str:
        """Paint the name of something."""
        return self._paint("36", text)

    def text(self, text: str) -> str:
        """Paint a text, or what went well."""
        return self._paint("32", text)

    def value(self, text: str) -> str:
        """Paint a number, a boolean, or what changed."""
        return self._paint("33", text)

    def failure(self, text: str) -> str:
        """Paint what went wrong."""
        return self._paint("31", text)

    def _paint(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}{_END}" if self.on else text
