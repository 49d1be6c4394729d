"""Files where it is hard: fetched beside another job, onto a full disk, sent damaged."""

import base64
import gzip
import os

from tests.modules.test_cp import BIG, CpCase
from tests.modules.tools import room_for
from txsalt.jobs.errors import CommandExecutionError


class TroubleTests(CpCase):
    """The big file of the fake master, fetched in ten parts."""

    def fetch_twice(self, name: str, *args: str) -> None:
        """Fetch with a function of cp while another job brings the file into the cache."""
        found: list[str] = []
        self.master.meanwhile = [lambda: found.append(self.cp("cache_file", "salt://big"))]
        found.append(self.cp(name, "salt://big", *args))
        self.assertEqual([self.content(each) for each in found], [BIG, BIG])
        self.assertEqual(os.listdir(self.cachedir / "partial"), [])

    def test_two_jobs_at_once(self) -> None:
        """
        Two jobs that fetch one file at the same time both get it, and leave nothing behind.
        """
        self.fetch_twice("cache_file")

    def test_two_jobs_to_two_places(self) -> None:
        """
        So do a job that fetches it to the cache and one that fetches it to another place.
        """
        self.fetch_twice("get_file", f"{self.here}/copy")

    def test_full_disk(self) -> None:
        """
        A file that does not fit on the disk is an error, and what there is of it goes.
        """
        with room_for(5000):
            self.assertRaises(CommandExecutionError, self.cp, "cache_file", "salt://big")
        self.assertEqual(os.listdir(self.cachedir / "partial"), [])

    def test_damaged_part(self) -> None:
        """
        A part that does not unpack is told as such, and fails the job.
        """
        damaged = gzip.compress(b"x" * 100)[:10] + b"nonsense" * 4
        told = self.cp("recv_chunked", f"{self.here}/a", base64.b64encode(damaged).decode())
        self.assertIn("decompressing", told)
        self.assertEqual(self.shared["retcode"], 1)

    def test_mode_of_what_is_sent(self) -> None:
        """
        A file that is sent has its mode from the first part on.
        """
        chunk = base64.b64encode(b"secret").decode()
        place = self.here / "a"
        self.assertIs(self.cp("recv_chunked", str(place), chunk, False, False, 0o600), True)
        self.assertIs(self.cp("recv_chunked", str(place), chunk, True, False, 0o600), True)
        self.assertEqual(place.stat().st_mode & 0o777, 0o600)
        self.assertEqual(place.read_bytes(), b"secretsecret")
