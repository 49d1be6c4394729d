"""
What templates of pillar find, and how long they may take.

Grains are what a minion says of itself: templates get a copy, in which only the id is the master's
own word. The functions only look at these values: no command runs on the master, and nothing is
asked of another minion.
"""

import copy
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any  # grains and pillar hold any value

from attrs import frozen

from txsalt.errors import BadTarget, LocalError
from txsalt.master.pillar.order import PillarOptions, PillarOrder
from txsalt.master.pillar.sources import TooLong
from txsalt.renderers.jinja import place_of
from txsalt.renderers.lookup import filter_by, walk
from txsalt.targeting import nodegroups
from txsalt.targeting.facts import Facts
from txsalt.targeting.matches_me import matches

_AGAIN = 0.5
_KINDS = ("glob", "list", "pcre", "grain", "grain_pcre", "ipcidr", "compound")


class PillarValues:
    """
    The values for the templates of one pillar; made when the first one asks.

    All templates of it together get ``seconds`` of processor time.
    """

    seconds = 5.0

    def __init__(self, options: PillarOptions, order: PillarOrder) -> None:
        self._options = options
        self._order = order
        self._known: dict[str, Any] | None = None
        self._left = self.seconds
        self.defaults: dict[str, Any] = {}  # of the include that is being followed

    def of(self, environment: str, relative: str, name: str) -> dict[str, Any]:
        """Return the values for one file; ``name`` is what top files call it."""
        if self._known is None:
            self._known = self._make()
        folder = place_of(relative)["tpldir"].removeprefix(".")
        return {
            **self._known,
            **place_of(relative),
            "saltenv": environment,
            "sls": name,
            "slspath": folder,
            "slsdotpath": folder.replace("/", "."),
            "slscolonpath": folder.replace("/", ":"),
            "sls_path": folder.replace("/", "_"),
            **self.defaults,
        }

    @contextmanager
    def rendering(self) -> Iterator[None]:
        """Raise TooLong inside once the time of this pillar is used up."""
        if self._left <= 0:
            raise TooLong(self.seconds)
        if threading.current_thread() is not threading.main_thread():
            yield  # only the main thread can be interrupted; workers and calls have no other
            return
        before = time.process_time()

        def stop(number: int, frame: object) -> None:
            self._left = 0.0
            raise TooLong(self.seconds)

        old = signal.signal(signal.SIGVTALRM, stop)
        # Again and again: who catches all errors for a moment may catch the first.
        signal.setitimer(signal.ITIMER_VIRTUAL, self._left, _AGAIN)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            signal.signal(signal.SIGVTALRM, old)
            self._left -= time.process_time() - before

    def _make(self) -> dict[str, Any]:
        order = self._order
        grains = {**copy.deepcopy(order.grains), "id": order.minion_id}
        pillar = copy.deepcopy(order.override)
        opts = {"id": order.minion_id, "pillarenv": order.pillarenv, "grains": grains}
        return {
            "grains": grains,
            "pillar": pillar,
            "opts": opts,
            "minion_id": order.minion_id,
            "salt": _Salt(self._functions(grains, pillar)),
        }

    def _functions(self, grains: Any, pillar: Any) -> dict[str, Callable[..., Any]]:
        facts = Facts(self._order.minion_id, grains)
        groups = self._options.nodegroups

        def match(kind: str) -> Callable[..., bool]:
            def is_match(tgt: Any, **_: Any) -> bool:
                try:
                    tgt = nodegroups.resolve(tgt, groups) if kind == "compound" else tgt
                    return matches(tgt, kind, facts)
                except BadTarget as exc:
                    raise LocalError(str(exc)) from exc

            return is_match

        return {
            **_lookups("grains", grains),
            **_lookups("pillar", pillar),
            "grains.items": lambda: grains,
            "config.get": lambda key, default="": walk(
                {**grains, **pillar, "id": self._order.minion_id}, key, default
            ),
            **{f"match.{kind}": match(kind) for kind in _KINDS},
        }


def _lookups(kind: str, data: Mapping[Any, Any]) -> dict[str, Callable[..., Any]]:
    def get(key: Any, default: Any = "", delimiter: str = ":", **_: Any) -> Any:
        return walk(data, key, default, delimiter)

    def choose(
        lookup_dict: Any,
        key: str,
        merge: Any = None,
        default: Any = "default",
        base: Any = None,
    ) -> Any:
        return filter_by(lookup_dict, walk(data, key, []), merge, default, base)

    def by_name(
        lookup_dict: Any,
        grain: str = "os_family",
        merge: Any = None,
        default: Any = "default",
        base: Any = None,
    ) -> Any:
        return choose(lookup_dict, grain, merge, default, base)

    return {
        f"{kind}.get": get,
        f"{kind}.has_value": lambda key: bool(walk(data, key, None)),
        f"{kind}.equals": lambda key, value: str(value) == str(walk(data, key, None)),
        f"{kind}.item": lambda *keys: {key: walk(data, key, "") for key in keys},
        f"{kind}.filter_by": by_name if kind == "grains" else choose,
    }


class _Salt(Mapping[str, Any]):
    """The functions, as ``salt['grains.get']`` and as ``salt.grains.get``."""

    def __init__(self, functions: Mapping[str, Callable[..., Any]]) -> None:
        self._functions = functions

    def __getitem__(self, name: str) -> Any:
        found = self._functions.get(name)
        if found is None:
            raise LocalError(f"{name}: templates of pillar have no such function")
        return found

    def __contains__(self, name: object) -> bool:
        return name in self._functions

    def __iter__(self) -> Iterator[str]:
        return iter(self._functions)

    def __len__(self) -> int:
        return len(self._functions)

    def __getattr__(self, module: str) -> "_Members":
        if module.startswith("_"):
            raise AttributeError(module)
        return _Members(self, module)


@frozen
class _Members:
    """One module's functions as attributes."""

    _salt: _Salt
    _module: str

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._salt[f"{self._module}.{name}"]
