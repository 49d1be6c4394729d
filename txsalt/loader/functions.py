"""
Call functions of modules by name: ``functions["cmd.run"]("uptime")``.

The map is lazy: asking for a function imports the module of that name and no other. A module that
fails to import, or declines in ``__virtual__``, has no functions and a reason; it never disturbs
who asked for it. Listing all names imports every module.

What modules find as globals: the dunders given here, and ``__salt__``, which is this map.

Source: Salt 3008.3, loader/lazy.py LazyLoader.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, Protocol  # Any: functions of modules take and return whatever they like

from txsalt.loader.load import Unloadable, import_parts, outputters, public_functions
from txsalt.loader.scan import ModuleFile, Place, scan
from txsalt.loader.virtual import Serves, decide

Function = Callable[..., Any]


class Guest(Protocol):
    """Functions of another loader: what is not found here is looked for there."""

    @property
    def preferred(self) -> bool:
        """Whether its functions come before those found here."""

    def get(self, name: str) -> Function | None:
        """Give a function, if it has it."""

    def names(self) -> list[str]:
        """List its functions; may take seconds."""

    def outputter(self, name: str) -> str | None:
        """Name the outputter that a function wishes."""

    def missing_reason(self, name: str) -> str:
        """Say why it does not have a function; "" if it knows nothing of it."""


class Functions(Mapping[str, Function]):
    """The functions that a set of places offers, by "module.function"."""

    def __init__(
        self,
        places: Sequence[Place],
        dunders: Mapping[str, object],
        *,
        kind: str = "modules",
        disabled: Collection[str] = (),
        only: str = "",
        guest: Guest | None = None,
    ) -> None:
        """
        Look through the places, earlier ones first; nothing is imported yet.

        ``dunders`` maps global names to values, such as ``__grains__``. ``__salt__`` is added
        unless given, so that another kind ("grains", "utils") can be handed the execution modules.
        ``disabled`` are modules that are as if they were not there; ``only`` leaves a single file,
        by its name.
        """
        self._kind = kind
        self._dunders = {"__salt__": self, **dunders}
        self._guest = guest
        self._waiting = {
            name: file
            for name, file in scan(places).items()
            if name not in disabled and file.virtual_name not in disabled and only in ("", name)
        }
        self._functions: dict[str, Function] = {}
        self._outputters: dict[str, str] = {}
        self._modules: set[str] = set()
        self._declined: dict[str, str] = {}  # by __virtual__: another file may serve the name
        self._broken: dict[str, str] = {}

    def __getitem__(self, name: str) -> Function:
        """Give a function; raises KeyError with the name if it is not available."""
        function = self._find(name)
        if function is None:
            raise KeyError(name)
        return function

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._find(name) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __len__(self) -> int:
        return len(self.names())

    def __getattr__(self, name: str) -> "Members":
        """Give a module's functions as attributes: ``functions.cmd.run``."""
        if name.startswith("_"):
            raise AttributeError(name)
        return Members(self, name)

    def share(self, name: str, value: object) -> None:
        """Give one more global to the modules that are loaded from now on."""
        self._dunders[name] = value

    def names(self) -> list[str]:
        """List the functions found here, not those of the guest, sorted. Imports every module."""
        for file in list(self._waiting.values()):
            self._load(file)
        return sorted(self._functions)

    def names_of(self, module: str) -> list[str]:
        """List the functions of one module found here, sorted. Imports it only."""
        self._find_here(f"{module}.*")
        return sorted(each for each in self._functions if each.partition(".")[0] == module)

    def guest_names(self) -> list[str]:
        """List the functions of the guest, sorted; may take seconds."""
        return sorted(self._guest.names()) if self._guest is not None else []

    def outputter(self, name: str) -> str | None:
        """Name the outputter that a module wishes for a function."""
        if name not in self:
            return None
        if self._guest is not None and (self._guest.preferred or name not in self._functions):
            return self._guest.outputter(name) or self._outputters.get(name)
        return self._outputters.get(name)

    def missing_reason(self, name: str) -> str:
        """Say why the module of a function is not available; "" if there is no such module."""
        module = name.partition(".")[0]
        if name in self or module in self._modules:
            return ""
        guests = self._guest.missing_reason(name) if self._guest is not None else ""
        return self._broken.get(module) or self._declined.get(module) or guests

    def failed_modules(self) -> dict[str, str]:
        """
        Give the reasons of the modules that are not available, of those tried so far.

        A file that declines a name that another one serves is none of them; a broken file is.
        """
        declined = {x: reason for x, reason in self._declined.items() if x not in self._modules}
        return {**declined, **self._broken}

    def _find(self, name: str) -> Function | None:
        guest = self._guest
        if guest is None:
            return self._find_here(name)
        if guest.preferred:
            return guest.get(name) or self._find_here(name)
        return self._find_here(name) or guest.get(name)

    def _find_here(self, name: str) -> Function | None:
        module, dot, function = name.partition(".")
        if not (dot and module and function):
            return None
        for file in self._candidates(module):
            if name in self._functions:
                break
            self._load(file)
        return self._functions.get(name)

    def _candidates(self, module: str) -> list[ModuleFile]:
        """
        List the files, not loaded yet, that may offer a module: surely it first, then perhaps.

        Files that name themselves at run time are the last resort, as they must be run to know.
        """
        sure, perhaps = [], []
        for file in self._waiting.values():
            if (file.virtual_name or file.name) == module:
                sure.append(file)
            elif file.may_rename:
                perhaps.append(file)
        return sure + perhaps

    def _load(self, file: ModuleFile) -> None:
        self._waiting.pop(file.name, None)  # First, as the module may ask for its own functions.
        name = file.virtual_name or file.name
        try:
            modules = import_parts(file, self._dunders, self._kind)
            answer = decide(modules[0], file.name)
            if isinstance(answer, Serves):
                for module in modules:
                    functions = public_functions(module, self._kind)
                    self._add(answer, functions, outputters(module))
                return
            name = answer.name
            reason = f": {answer.reason}" if answer.reason else ""
            self._declined[name] = f"'{name}' __virtual__ returned False{reason}"
        except Unloadable as exc:
            self._broken[name] = f"'{name}' did not load: {exc}"

    def _add(
        self, answer: Serves, functions: Mapping[str, Function], how: Mapping[str, str]
    ) -> None:
        for name in (answer.name, *answer.aliases):
            self._modules.add(name)
            for function, value in functions.items():
                # Files of one virtual name add up; what an earlier one gave stays.
                self._functions.setdefault(f"{name}.{function}", value)
            for function, outputter in how.items():
                self._outputters.setdefault(f"{name}.{function}", outputter)


class Members:
    """The functions of one module as attributes."""

    def __init__(self, functions: Functions, module: str) -> None:
        self._functions = functions
        self._module = module

    def __getattr__(self, name: str) -> Function:
        try:
            return self._functions[f"{self._module}.{name}"]
        except KeyError:
            raise AttributeError(f"{self._module}.{name}") from None

    def __getitem__(self, name: str) -> Function:
        return self._functions[f"{self._module}.{name}"]
