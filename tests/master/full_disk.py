"""A store that takes nothing more, as on a full disk."""

from tests.master.place import Place
from txsalt.master.store import database
from txsalt.master.worker.bench import Bench


def fill_disk(place: Place) -> None:
    """Give the place another worker, whose store is full: a write of some pages fails."""
    connection = database.connect(place.store_path)
    place.test.addCleanup(connection.close)
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count={pages}")
    place.bench = Bench(place.config, place.secrets, connection, place.bench.out, place.clock)
