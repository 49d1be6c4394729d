"""Print what a job gives: results on stdout, talk on stderr, and remember how it went."""

import sys
from typing import Any  # results are any msgpack value

from attrs import define, field

from txsalt.client.local_client import Published, Returned
from txsalt.jobs import exit_codes
from txsalt.outputters.render import render

_KNOWN = frozenset({"nested", "highstate", "txt", "json", "yaml", "raw"})
UNKNOWN_ID = "no accepted key of this id"


@define(kw_only=True)
class Report:
    """How one job is shown; ``how`` None leaves the choice to each return."""

    how: str | None
    static: bool
    colour: bool
    verbose: bool = False
    summary: bool = False
    _results: dict[str, Any] = field(init=False, factory=dict)
    _failed: set[str] = field(init=False, factory=set)
    _returned: int = field(init=False, default=0)
    _missing: dict[str, str] = field(init=False, factory=dict)

    @property
    def exit_code(self) -> int:
        """0 only if every expected minion returned a success."""
        return exit_codes.GENERIC if self._failed or self._missing else exit_codes.OK

    def published(self, job: Published) -> None:
        """The master took the job."""
        if self.verbose:
            self._say(f"job {job.jid}, {len(job.minions)} minions expected")
        self._missing.update(dict.fromkeys(job.missing, UNKNOWN_ID))

    def returned(self, answer: Returned) -> None:
        """A minion returned: print it now, unless one document is asked for."""
        value = answer.load.get("return")
        self._returned += 1
        if not exit_codes.succeeded(answer.load):
            self._failed.add(answer.minion)
        if self.static:
            self._results[answer.minion] = value
            return
        self._print({answer.minion: value}, self.how or _own_choice(answer.load))

    def ended(self, missing: dict[str, str]) -> None:
        """The job is over: print the one document, and name who is missing."""
        self._missing.update(missing)
        if self.static:
            self._print(dict(sorted(self._results.items())), self.how or "nested")
        for minion in sorted(self._missing):
            self._say(f"{minion} did not return: {self._missing[minion]}")
        if self.summary:
            self._say(
                f"{self._returned} returned, {len(self._failed)} of them failed,"
                f" {len(self._missing)} missing"
            )

    def _print(self, data: dict[str, Any], how: str) -> None:
        text = render(data, how, color=self.colour)
        if text:
            print(text.removesuffix("\n"), flush=not self.static)

    @staticmethod
    def _say(text: str) -> None:
        sys.stdout.flush()
        print(f"txsalt-cli: {text}", file=sys.stderr)


def _own_choice(load: dict[str, Any]) -> str:
    out = load.get("out")
    return out if isinstance(out, str) and out in _KNOWN else "nested"
