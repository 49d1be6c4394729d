"""Print what a job gives: results on stdout, talk on stderr, and remember how it went."""

import sys
import time
from typing import TYPE_CHECKING, Any, TextIO  # results are any msgpack value

from txsalt.cli.output_options import DOCUMENT, LINES
from txsalt.client.steps import UNKNOWN_ID, Job, Published, Returned, Told, Waiting
from txsalt.jobs import exit_codes, reasons
from txsalt.jobs.reasons import Reason
from txsalt.light import define, field, frozen
from txsalt.outputters.render import ONE_LINE, render
from txsalt.outputters.text import printable

if TYPE_CHECKING:
    from txsalt.cli.live_text import LiveText
    from txsalt.cli.progress import ProgressLine

TICK = 0.25  # seconds between two looks at the progress

_KNOWN = frozenset({"nested", "highstate", "txt", "json", "yaml", "raw", "table"})
# A table of one row at a time would be none.
_WHOLE = ("table", DOCUMENT)


@frozen(kw_only=True)
class Style:
    """How a job is shown; ``how`` None leaves the choice to each return."""

    how: str | None = None
    static: bool = False
    colour: bool = False
    indent: int | None = None  # of json and yaml; None leaves it to these
    show_jid: bool = False
    verbose: bool = False
    summary: bool = False
    name_missing: bool = True


@define
class Report:
    """What is told of one job, to ``out``; ``progress`` is the line on the terminal, if any."""

    style: Style
    job: Job | None = None  # as asked for; None where a stored job is followed
    out: TextIO = field(factory=lambda: sys.stdout)
    progress: "ProgressLine | None" = None
    jid: str = field(init=False, default="")
    _live: "LiveText | None" = field(init=False, default=None)
    _began: float = field(init=False, factory=time.monotonic)
    _results: dict[str, Any] = field(init=False, factory=dict)
    _lines: list[dict[str, Any]] = field(init=False, factory=list)
    _failed: set[str] = field(init=False, factory=set)
    _returned: int = field(init=False, default=0)
    _missing: dict[str, Reason] = field(init=False, factory=dict)

    @property
    def exit_code(self) -> int:
        """0 only if all that were expected returned a success; absence has codes of its own."""
        return exit_codes.GENERIC if self._failed else reasons.exit_code(self._missing.values())

    @property
    def tick(self) -> float | None:
        """Seconds after which the report wants to be told that nothing happened."""
        return None if self.progress is None else TICK

    @property
    def _static(self) -> bool:
        return (self.style.static and self.style.how != LINES) or self.style.how in _WHOLE

    def published(self, answer: Published) -> None:
        """The master took the job."""
        self.jid = answer.jid
        self._began = time.monotonic()
        if self.style.verbose:
            self._say(f"job {answer.jid or 'none'}, {len(answer.minions)} minions expected")
        elif self.style.show_jid and answer.jid:
            self._say(f"job {answer.jid}")
        self._missing.update(dict.fromkeys(answer.missing, UNKNOWN_ID))
        if self.progress is not None:
            self.progress.expected = len(answer.minions)
        self._record("published", self.job, answer)

    def returned(self, answer: Returned) -> None:
        """A minion returned: print it now, unless one document is asked for."""
        self._returned += 1
        self.hide()
        if self._live is not None:
            self._live.ended(answer.minion)
        good = exit_codes.succeeded(answer.load)
        if not good:
            self._failed.add(answer.minion)
        if self.progress is not None:
            self.progress.returned(answer.minion, good)
        if self.style.how in (LINES, DOCUMENT):
            seconds = time.monotonic() - self._began if self.job is not None else None
            self._record("returned", answer.minion, answer.load, seconds)
        elif self._static:
            self._results[answer.minion] = answer.load.get("return")
        else:
            how = self.style.how or _own_choice(answer.load)
            self._print({answer.minion: answer.load.get("return")}, how)
        self.waiting()

    def told(self, answer: Told) -> None:
        """A command of the job wrote something."""
        if self._live is None:
            from txsalt.cli.live_text import LiveText

            self._live = LiveText()
        self.hide()
        self._live.told(answer.minion, answer.data)

    def waiting(self, news: Waiting | None = None) -> None:
        """Nothing new but how many run the job, or wait for it."""
        if self.progress is not None:
            self.progress.show(news)

    def ended(self, missing: dict[str, Reason]) -> None:
        """The job is over: print the one document, and name who is missing."""
        self._missing.update(missing)
        self.hide()
        for minion in sorted(self._missing):
            self._record("missing", self.jid, minion, self._missing[minion])
        self._record("ended", self.jid, self._counts(), self.exit_code)
        self._finish()
        if self._failed and self.style.how not in ("quiet", LINES, DOCUMENT):
            # Not every failure can be seen in what was returned: cmd.run 'exit 3' is silent.
            self._say(f"failed on {_some(sorted(self._failed))}")
        if self.style.name_missing:
            for minion in sorted(self._missing):
                self._say(f"{minion} did not return: {self._missing[minion]}")
            if doubt := reasons.doubt(self._missing.values()):
                self._say(doubt)
        if self.style.summary:
            self._say(
                f"{self._returned} returned, {len(self._failed)} of them failed,"
                f" {len(self._missing)} missing, {time.monotonic() - self._began:.1f} s"
            )

    def hide(self) -> None:
        """Take the progress line away."""
        if self.progress is not None:
            self.progress.hide()

    def _counts(self) -> dict[str, int]:
        failed, missing = len(self._failed), len(self._missing)
        return {"returned": self._returned, "failed": failed, "missing": missing}

    def _record(self, kind: str, *about: Any) -> None:
        how = self.style.how
        if how not in (LINES, DOCUMENT):
            return
        from txsalt.cli import job_json

        line = getattr(job_json, kind)(*about)
        if how == DOCUMENT:
            self._lines.append(line)
        else:
            self._write(_one_line(line))

    def _finish(self) -> None:
        if self.style.how == DOCUMENT:
            from txsalt.cli import job_json
            from txsalt.outputters import json_text

            indent = 4 if self.style.indent is None else self.style.indent
            self._write(json_text.render(job_json.document(self._lines), indent))
        elif self._static:
            self._print(dict(sorted(self._results.items())), self.style.how or "nested")

    def _print(self, data: dict[str, Any], how: str) -> None:
        indent = self.style.indent
        if indent is None and how == "json" and not self._static:
            indent = ONE_LINE  # a program that reads a stream finds each end by its line
        text = render(data, how, color=self.style.colour, indent=indent)
        if text:
            self._write(text.removesuffix("\n"))

    def _write(self, text: str) -> None:
        self.hide()
        print(text, file=self.out, flush=not self._static)

    def _say(self, text: str) -> None:
        self.hide()
        self.out.flush()
        print(f"txsalt-cli: {printable(text)}", file=sys.stderr)


def _one_line(line: dict[str, Any]) -> str:
    from txsalt.outputters import json_text

    return json_text.render(line, indent=None)


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return f"{', '.join(names[:10])}{more}"


def _own_choice(load: dict[str, Any]) -> str:
    out = load.get("out")
    return out if isinstance(out, str) and out in _KNOWN else "nested"
