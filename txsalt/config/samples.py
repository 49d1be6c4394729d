"""
Print a sample file with every option: ``python -m txsalt.config.samples master``.

``etc/master`` and ``etc/minion`` are made by this; a test compares them.
"""

import sys
import textwrap
from collections.abc import Iterator

from txsalt.config.master import MasterConfig
from txsalt.config.minion import MinionConfig
from txsalt.config.option import Option, options_of
from txsalt.config.plain import Plain
from txsalt.light import fields
from txsalt.renderers import yaml

CLASSES: dict[str, type[Plain]] = {"master": MasterConfig, "minion": MinionConfig}
_WIDTH = 98


def sample(role: str) -> str:
    """Return the sample file of ``role``, "master" or "minion"; every option is commented out."""
    config_class = CLASSES[role]
    defaults = config_class().as_map()
    lines = [
        f"# Options of a txsalt {role}, with their defaults. The format is YAML; names and",
        "# meanings are Salt's, but for those that are marked as txsalt's own.",
    ]
    for heading, options in _sections(config_class):
        lines += ["", "", f"##### {heading}"]
        for option in options:
            lines += ["", *_lines_of(option, defaults[option.name])]
    return "\n".join(lines) + "\n"


def _sections(config_class: type[Plain]) -> Iterator[tuple[str, list[Option]]]:
    known = options_of(config_class)
    told: set[str] = set()
    for group in config_class.__mro__[1:]:
        names = fields(group) if issubclass(group, Plain) else {}
        # What a group has from its own bases belongs under the same heading, and first.
        options = [known[name] for name in names if name not in told and name != "config_dir"]
        told.update(names)
        if options:
            yield str(group.__doc__).strip(), options


def _lines_of(option: Option, default: object) -> Iterator[str]:
    doc = f"{option.doc} (txsalt's own.)" if option.ours else option.doc
    yield from (f"# {line}" for line in textwrap.wrap(doc, _WIDTH))
    yield from (f"#{line}" for line in yaml.dump({option.name: default}).splitlines())


def main() -> None:
    """Print the sample that the command line names."""
    if sys.argv[1:2] not in (["master"], ["minion"]):
        sys.exit("usage: python -m txsalt.config.samples master|minion")
    sys.stdout.write(sample(sys.argv[1]))


if __name__ == "__main__":
    main()
