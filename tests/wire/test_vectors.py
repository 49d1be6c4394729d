"""
Tests that recorded traffic of real Salt programs is read and written as it was.

One test for each file in tests/vectors; its README says what they are.
"""

import contextlib
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any  # vectors are JSON

from twisted.trial.unittest import SynchronousTestCase

from tests.wire import vector_check

VECTORS = Path(__file__).parents[1] / "vectors"
AN_AUTH = "3008.3/002-auth-accepted-no-token.json"


class RecordedTrafficTests(SynchronousTestCase):
    """
    Each recorded exchange opens, is written again to the same bytes, and satisfies our peers.
    """

    checker = vector_check.Checker()


def _one_test(path: Path) -> Callable[[RecordedTrafficTests], None]:
    def test(self: RecordedTrafficTests) -> None:
        self.checker.check(path)

    test.__doc__ = f"The traffic of {path.parent.name} {path.stem} is ours too."
    return test


for _path in vector_check.find_vectors(VECTORS):
    _version = _path.parent.name.replace(".", "_")
    _name = f"test_{_version}_{_path.stem.replace('-', '_')}"
    setattr(RecordedTrafficTests, _name, _one_test(_path))


class CheckerTests(SynchronousTestCase):
    """The command that checks a folder finds what is wrong, and says it in one line."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        (self.folder / "3008.3").mkdir(parents=True)
        shutil.copy(VECTORS / "3008.3" / "keys.json", self.folder / "3008.3")

    def run_checker(self, *arguments: str) -> tuple[int, str, str]:
        """Return exit status, standard output and standard error."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = vector_check.main(list(arguments))
        return status, out.getvalue(), err.getvalue()

    def write(self, name: str, change: Callable[[dict[str, Any]], None]) -> None:
        """Write a changed copy of a good vector."""
        document = json.loads((VECTORS / AN_AUTH).read_text())
        change(document)
        (self.folder / "3008.3" / name).write_text(json.dumps(document))

    def assert_reason(self, change: Callable[[dict[str, Any]], None], reason: str) -> None:
        """Fail unless a changed vector fails for ``reason``."""
        self.write("001-changed.json", change)
        status, out, _ = self.run_checker(str(self.folder))
        self.assertEqual(status, 1)
        self.assertIn("FAIL 3008.3 001-changed.json", out)
        self.assertIn(reason, out)
        self.assertTrue(out.endswith("0 passed, 1 failed\n"), out)

    def test_good_vector(self) -> None:
        """A folder whose vectors are all good gives success and their number."""
        self.write("001-good.json", lambda document: None)
        self.assertEqual(self.run_checker(str(self.folder)), (0, "1 passed, 0 failed\n", ""))

    def test_missing_folder(self) -> None:
        """A folder that is not there is named on standard error."""
        status, out, err = self.run_checker(str(self.folder / "none"))
        self.assertEqual((status, out), (2, ""))
        self.assertIn("there is no such folder", err)

    def test_folder_without_keys(self) -> None:
        """A folder without keys.json is no folder of vectors."""
        (self.folder / "3008.3" / "keys.json").unlink()
        status, out, err = self.run_checker(str(self.folder))
        self.assertEqual((status, out), (2, ""))
        self.assertIn("no keys.json", err)

    def test_no_arguments(self) -> None:
        """Without a folder the usage is shown."""
        self.assertEqual(self.run_checker()[0], 2)

    def test_folder_without_vectors(self) -> None:
        """Keys without vectors prove nothing."""
        self.assertEqual(self.run_checker(str(self.folder))[:2], (1, "0 passed, 0 failed\n"))

    def test_unreadable_vector(self) -> None:
        """A file that is not JSON fails with its name."""
        (self.folder / "3008.3" / "009-torn.json").write_text('{"format": 1,')
        status, out, _ = self.run_checker(str(self.folder))
        self.assertEqual(status, 1)
        self.assertIn("FAIL 3008.3 009-torn.json 009-torn.json is not readable as JSON", out)

    def test_unreadable_keys(self) -> None:
        """Keys that are not JSON fail every vector beside them."""
        (self.folder / "3008.3" / "keys.json").write_text("[")
        self.assert_reason(lambda document: None, "keys.json")

    def test_unknown_kind(self) -> None:
        """A kind of message from a later capture is named."""
        self.assert_reason(
            lambda document: document["frames"][1]["crypto"].update(kind="quantum"),
            "frame 1 (quantum): unknown kind of crypto 'quantum'",
        )

    def test_unknown_scenario(self) -> None:
        """A scenario without keys is named."""
        self.assert_reason(lambda document: document.update(scenario="x"), "no scenario 'x'")

    def test_unknown_format(self) -> None:
        """A later format of the files is named."""
        self.assert_reason(lambda document: document.update(format=2), "unknown format 2")

    def test_incomplete_frame(self) -> None:
        """A frame that lacks a field names the field."""
        self.assert_reason(
            lambda document: document["frames"][0].pop("frames_b64"), "KeyError: 'frames_b64'"
        )

    def test_frame_that_is_no_map(self) -> None:
        """A frame of the wrong type fails, too."""
        self.assert_reason(lambda document: document["frames"].insert(0, 5), "frame 0: TypeError")

    def test_other_content(self) -> None:
        """A decoded view that is not what the bytes say is noticed."""
        self.assert_reason(
            lambda document: document["frames"][0]["envelope"].update(version=4),
            "frame 0 (clear): the envelope is read otherwise",
        )

    def test_changed_bytes(self) -> None:
        """A reply whose bytes were changed is noticed."""

        def swap(document: dict[str, Any]) -> None:
            frames = document["frames"]
            frames[-1]["frames_b64"] = frames[0]["frames_b64"]

        self.assert_reason(swap, "FAIL")
