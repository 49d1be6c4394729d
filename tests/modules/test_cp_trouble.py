"""Fetching files where it is hard: beside another job, and onto a full disk."""

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
