"""The table of exit codes that users read is the one that the program has."""

import re
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

import txsalt
from txsalt.errors import (
    BusForbidden,
    CannotCreate,
    ConfigError,
    KeyFileError,
    LocalError,
    MasterUnreachable,
    RequestRefused,
)
from txsalt.jobs import exit_codes, reasons

TABLE = Path(txsalt.__file__).parent.parent / "docs" / "exit-codes.md"
ROW = re.compile(r"^\| (\d+) \| `(\w+)` \| .+ \|$", re.MULTILINE)


class ExitCodeTests(SynchronousTestCase):
    def test_the_documented_table(self) -> None:
        """
        Every code is documented under its name, and nothing else is.
        """
        documented = {name: int(code) for code, name in ROW.findall(TABLE.read_text())}
        known = {
            name: value
            for name, value in vars(exit_codes).items()
            if name.isupper() and isinstance(value, int)
        }
        self.assertEqual(documented, known | {"SEVERAL": reasons.SEVERAL} | reasons.EXIT_CODES)

    def test_errors_have_their_codes(self) -> None:
        """
        A script can tell a wrong configuration from a master that is not there.
        """
        for error, code in (
            (ConfigError(("x",)), exit_codes.CONFIGURATION),
            (KeyFileError("x", "y"), exit_codes.NO_PERMISSION),
            (MasterUnreachable("x", "y"), exit_codes.UNAVAILABLE),
            (LocalError("x"), exit_codes.GENERIC),
            (BusForbidden("x", "y"), exit_codes.NO_PERMISSION),
            (CannotCreate("x", "y"), exit_codes.CANNOT_CREATE),
            (OSError(28, "x"), exit_codes.TEMPORARY_FAILURE),
            (RequestRefused("x"), exit_codes.GENERIC),
        ):
            self.assertEqual(exit_codes.of_error(error), code)
