"""
Change the files that name the repositories of a Debian system, and leave the rest of them alone.

A ``.list`` file is lines, a ``.sources`` file is paragraphs; both are kept as texts, some of which
are entries. Comments, unknown options and fields stay where they are.

Source: sources.list(5), deb822(5).
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

from attrs import define, evolve, field, frozen

from txsalt.modules._apt import read_stanzas
from txsalt.modules._atomic import write_whole

_LINE = re.compile(
    r"\s*(?P<off>#+\s*)?(?P<kind>deb|deb-src)\s+(?:\[(?P<options>[^]]*)\]\s+)?"
    r"(?P<uri>\S+:\S*)\s+(?P<suite>[^\s#]+)(?P<comps>[^#\n]*)(?:#(?P<comment>.*))?"
)
_FIELDS = {
    "types": "Types",
    "uris": "URIs",
    "suites": "Suites",
    "comps": "Components",
    "architectures": "Architectures",
}


@frozen(kw_only=True)
class Change:
    """What an entry becomes; None: as it is."""

    uris: list[str] | None = None
    suites: list[str] | None = None
    types: list[str] | None = None
    comps: list[str] | None = None
    architectures: list[str] | None = None
    signedby: str | None = None
    trusted: bool | None = None
    disabled: bool | None = None
    comment: str | None = None


class Entry(Protocol):
    """One entry of either form."""

    @property
    def types(self) -> list[str]: ...
    @property
    def uris(self) -> list[str]: ...
    @property
    def suites(self) -> list[str]: ...
    @property
    def comps(self) -> list[str]: ...
    @property
    def architectures(self) -> list[str]: ...
    def changed(self, change: Change) -> str:
        """Give the text of the entry after a change."""


@frozen(kw_only=True)
class Line:
    """
    An entry of one line; ``options`` are those in brackets, in their order.

    ``comment`` is all behind the sign, blanks too.
    """

    kind: str
    uri: str
    suite: str
    comps: list[str]
    options: dict[str, str] = field(factory=dict)
    disabled: bool = False
    comment: str = ""

    @property
    def types(self) -> list[str]:
        """The one type, deb or deb-src."""
        return [self.kind]

    @property
    def uris(self) -> list[str]:
        """The one address."""
        return [self.uri]

    @property
    def suites(self) -> list[str]:
        """The one suite."""
        return [self.suite]

    @property
    def architectures(self) -> list[str]:
        """The architectures that it is for; none: all."""
        return [each for each in self.options.get("arch", "").split(",") if each]

    @property
    def signedby(self) -> str:
        """The path of the keys that it is signed by, "" if not stated."""
        return self.options.get("signed-by", "")

    def changed(self, change: Change) -> str:
        """Give the line after a change."""
        options = dict(self.options)
        named = {
            "arch": None if change.architectures is None else ",".join(change.architectures),
            "signed-by": change.signedby,
            "trusted": None if change.trusted is None else "yes" if change.trusted else "",
        }
        options |= {key: value for key, value in named.items() if value is not None}
        return evolve(
            self,
            kind=(change.types or [self.kind])[0],
            uri=(change.uris or [self.uri])[0],
            suite=(change.suites or [self.suite])[0],
            comps=self.comps if change.comps is None else change.comps,
            options={key: value for key, value in options.items() if value},
            disabled=self.disabled if change.disabled is None else change.disabled,
            comment=self.comment if change.comment is None else change.comment,
        ).text()

    def text(self) -> str:
        """Write the line, with its line feed."""
        options = " ".join(f"{key}={value}" for key, value in self.options.items())
        words = [
            "#" if self.disabled else "",
            self.kind,
            f"[{options}]" if options else "",
            self.uri,
            self.suite,
            *self.comps,
            f"#{self.comment}" if self.comment else "",
        ]
        return " ".join(filter(None, words)) + "\n"


def read_line(text: str) -> Line | None:
    """Read an entry of one line; None if it is none."""
    match = _LINE.match(text)
    if match is None:
        return None
    options = (each.partition("=") for each in (match["options"] or "").split())
    return Line(
        kind=match["kind"],
        uri=match["uri"],
        suite=match["suite"],
        comps=match["comps"].split(),
        options={key: value for key, mark, value in options if mark},
        disabled=bool(match["off"]),
        comment=(match["comment"] or "").rstrip(),
    )


class Stanza:
    """An entry that is a paragraph; it may be for several addresses, suites and types."""

    def __init__(self, text: str) -> None:
        self._text = text
        stanza = next(iter(read_stanzas(text)), {})
        self._values = {key.lower(): value for key, value in stanza.items()}
        self.types = self._words("types")
        self.uris = self._words("uris")
        self.suites = self._words("suites")
        self.comps = self._words("components")
        self.architectures = self._words("architectures")

    def _words(self, name: str) -> list[str]:
        return self._values.get(name, "").split()

    def changed(self, change: Change) -> str:
        """Give the paragraph after a change."""
        text = self._text
        for name, title in _FIELDS.items():
            words = getattr(change, name)
            if words is not None:
                text = _with_field(text, title, " ".join(words))
        if change.signedby is not None:
            text = _with_field(text, "Signed-By", change.signedby)
        if change.trusted is not None:
            text = _with_field(text, "Trusted", "yes" if change.trusted else "")
        if change.disabled is not None:
            text = _with_field(text, "Enabled", "no" if change.disabled else "")
        if change.comment:
            text = f"# {change.comment}\n{text}"
        return text


@define
class Part:
    """A text of a file, and the entry that it is, if it is one."""

    path: str
    text: str
    entry: Entry | None


class Sources:
    """All files that name repositories, to be changed and then saved."""

    def __init__(self, folder: str = "/etc/apt") -> None:
        """Read them. Raises OSError."""
        self._folder = folder
        base = Path(folder)
        paths = [base / "sources.list", *sorted((base / "sources.list.d").glob("*"))]
        self.main = str(paths[0])
        self._parts: list[Part] = []
        self._changed: set[str] = set()
        for path in paths:
            if path.suffix in (".list", ".sources") and path.is_file():
                text = path.read_text(encoding="utf-8", errors="surrogateescape")
                self._parts += [Part(str(path), *each) for each in _parts(text, path.suffix)]

    def entries(self) -> list[tuple[Part, Entry]]:
        """List the entries, in the order in which apt reads them."""
        return [(part, part.entry) for part in self._parts if part.entry is not None]

    def replace(self, part: Part, text: str) -> None:
        """Give an entry another text; an empty one removes it."""
        self._changed.add(part.path)
        part.text = text
        part.entry = (_entry(text, Path(part.path).suffix) if text else None)  # fmt: skip

    def add(self, path: str, text: str) -> None:
        """Add an entry at the end of a file, which may be new."""
        before = [part for part in self._parts if part.path == path]
        if before and not before[-1].text.endswith("\n"):
            before[-1].text += "\n"
        if before and path.endswith(".sources"):
            before[-1].text = before[-1].text.rstrip("\n") + "\n\n"
        self._changed.add(path)
        self._parts.append(Part(path, text, _entry(text, Path(path).suffix)))

    def save(self) -> list[str]:
        """
        Write the files that have changed; list those that were removed, as no entry was left.

        ``sources.list`` itself stays, empty or not. Raises OSError.
        """
        removed = []
        for path in sorted(self._changed):
            parts = [part for part in self._parts if part.path == path]
            if path != self.main and not any(part.entry for part in parts):
                Path(path).unlink(missing_ok=True)
                removed.append(path)
                continue
            text = "".join(part.text for part in parts)
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, text.encode("utf-8", "surrogateescape"), new_mode=0o644)
        self._changed.clear()
        return removed


def new_stanza(line: Line) -> str:
    """Write a paragraph for what a line says."""
    fields = {
        "Types": line.kind,
        "URIs": line.uri,
        "Suites": line.suite,
        "Components": " ".join(line.comps),
        "Architectures": " ".join(line.architectures),
        "Signed-By": line.signedby,
        "Trusted": line.options.get("trusted", ""),
        "Enabled": "no" if line.disabled else "",
    }
    return "".join(f"{key}: {value}\n" for key, value in fields.items() if value)


def _parts(text: str, suffix: str) -> Iterator[tuple[str, Entry | None]]:
    pieces: Iterable[str] = text.splitlines(keepends=True)
    if suffix == ".sources":
        pieces = re.findall(r"(?s).+?(?:\n[ \t]*(?:\n[ \t]*)+|\Z)", text)
    for piece in pieces:
        yield piece, _entry(piece, suffix)


def _entry(text: str, suffix: str) -> Entry | None:
    if suffix == ".list":
        return read_line(text)
    stanza = Stanza(text)
    return stanza if stanza.types and stanza.uris and stanza.suites else None


def _with_field(text: str, name: str, value: str) -> str:
    """Give a paragraph in which a field has another value; an empty one removes it."""
    pattern = re.compile(rf"(?mi)^{re.escape(name)}:.*\n?(?:[ \t]+\S.*\n?)*")
    line = f"{name}: {value}\n" if value else ""
    if pattern.search(text):
        return pattern.sub(lambda _: line, text, count=1)
    body = text.rstrip()
    return f"{body}\n{line}{text[len(body) :].removeprefix(chr(10))}"
