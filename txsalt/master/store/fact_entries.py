"""
Each entry of the facts in a row of its own: what targets look at.

A target by a grain looks at one entry of all minions. The packed facts of ten thousand are 40 MB
to read; their rows of one entry lie within some hundred pages.

Who saves all entries of one minion shall also touch few pages. So sixteen minions are a block, and
within it rows of the same entry lie side by side: that is the order of ``place``, which is the
number of the block, then the bucket of the entry, then the place of the minion in the block.
"""

import sqlite3
import zlib
from collections.abc import Iterable, Iterator

from txsalt.targeting.paths import keys_of
from txsalt.wire import packed_map, serial

SOURCES = ("grains", "pillar")
# The most rows of one minion and source, however many entries it sends. Entries that fall into
# one bucket share a row, which only costs the one who reads it.
BUCKETS = 1 << 14
_AT_ONCE = 1000  # minions that are read at a time
_NO_TEXT = 0  # the bucket of keys that are no text, which are few and equal in many ways
_TEXT_HEADERS = frozenset([*range(0xA0, 0xC0), 0xD9, 0xDA, 0xDB])

TABLE = """CREATE TABLE IF NOT EXISTS fact_entries (
    place INTEGER PRIMARY KEY,
    entries BLOB NOT NULL
)"""

# 16 minions, 2 sources, 2 ** 14 buckets: 4 bits and 15 bits. The parameter is _column().
_READ = (
    "SELECT id, coalesce(entries, x'80') FROM facts LEFT JOIN fact_entries"
    " ON place = ((number >> 4) << 19) + ? + (number & 15) WHERE change > ?"
)


def save(
    connection: sqlite3.Connection, number: int, old: Iterable[bytes], new: Iterable[bytes]
) -> None:
    """Write what is new since ``old``; both are packed facts in the order of SOURCES, or empty."""
    was, now = _rows(number, old), _rows(number, new)
    connection.executemany(
        "DELETE FROM fact_entries WHERE place = ?", [(place,) for place in was.keys() - now.keys()]
    )
    connection.executemany(
        "INSERT OR REPLACE INTO fact_entries VALUES (?, ?)",
        [row for row in sorted(now.items()) if was.get(row[0]) != row[1]],
    )


def forget(connection: sqlite3.Connection, number: int) -> None:
    """Delete all rows of a minion."""
    first = _first(number)
    connection.execute(
        "DELETE FROM fact_entries WHERE place BETWEEN ? AND ? AND (place & 15) = ?",
        (first, first + _column(len(SOURCES), 0) - 1, number & 15),
    )


def changed(
    connection: sqlite3.Connection, source: str, name: str, since: int
) -> Iterator[dict[str, bytes]]:
    """
    Yield some minions at a time whose facts changed after ``since``: ids and entries of a name.

    An entry is a packed map, empty where there is none. ``name`` stands for each key that
    ``paths.keys_of`` gives for it.
    """
    kind, keys, sign = SOURCES.index(source), keys_of(name), serial.pack_bin(name)
    pick, usual = packed_map.picker(keys), (packed_map.EMPTY, packed_map.joined([sign]))
    others: dict[str, bytes] = {}
    if len(keys) > 1:
        others = dict(connection.execute(_READ, (_column(kind, _NO_TEXT), since)))
    rows = connection.execute(_READ, (_column(kind, _bucket(sign)), since))
    while part := dict(rows.fetchmany(_AT_ONCE)):
        for minion_id, each in part.items():
            if not each.startswith(usual):
                part[minion_id] = pick(each)
            if minion_id in others:
                part[minion_id] = _both(part[minion_id], pick(others[minion_id]))
        yield part


def _both(one: bytes, other: bytes) -> bytes:
    if packed_map.EMPTY in (one, other):
        return other if one == packed_map.EMPTY else one
    return packed_map.joined(
        [entry for each in (one, other) for _, entry in packed_map.entries(each)]
    )


def _rows(number: int, facts: Iterable[bytes]) -> dict[int, bytes]:
    """Return the rows of a minion by place."""
    start = _first(number) + (number & 15)
    found: dict[int, list[bytes]] = {}
    for kind, packed in enumerate(facts):
        for key, entry in packed_map.entries(packed):
            found.setdefault(start + _column(kind, _bucket(key)), []).append(entry)
    return {place: packed_map.joined(entries) for place, entries in found.items()}


def _first(number: int) -> int:
    """Return the first place of the block of a minion."""
    return (number >> 4) * _column(len(SOURCES), 0)


def _column(kind: int, bucket: int) -> int:
    """Return where in its block the entry of the first minion lies."""
    return (kind * BUCKETS + bucket) << 4


def _bucket(packed_key: bytes) -> int:
    if packed_key[0] not in _TEXT_HEADERS:
        return _NO_TEXT
    return 1 + zlib.crc32(packed_key) % (BUCKETS - 1)
