"""Keep vectors in a file of the per-user cache."""

from __future__ import annotations

import sqlite3
import zlib
from typing import TYPE_CHECKING

from askdocs import files

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


# Another run writes for some milliseconds; one that holds the file is not worth waiting for.
_BUSY_SECONDS = 1.0


class VectorCache:
    """Vectors, as little-endian float32 bytes, by the sha256 of their text.

    Nothing it does fails: what cannot be read is not there, and what cannot be written is not
    kept. Every vector has a checksum, because a flipped bit in a vector shows nowhere else.
    """

    def __init__(self, path: Path, *, dimension: int) -> None:
        """Open or make the cache at `path`; a file that is not a cache is made anew.

        Args:
            path: A file, whose directory need not exist.
            dimension: Length of the vectors; others are as if they were not there.
        """
        self._path = path
        self._bytes = dimension * 4
        self._connection = _open(path)

    def close(self) -> None:
        """Let go of the file; afterwards the cache is empty and keeps nothing."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def get(self, key: bytes) -> bytes | None:
        """The vector of the text with this sha256, if the cache has it whole."""
        if self._connection is None:
            return None
        query = "SELECT vector, checksum FROM vectors WHERE key = ?"
        try:
            row = self._connection.execute(query, (key,)).fetchone()
        except sqlite3.DatabaseError as error:
            self._recover(error)
            return None
        match row:
            case (bytes(vector), int(checksum)) if checksum == _checksum(key, vector):
                return vector if len(vector) == self._bytes else None
        return None

    def put(self, vectors: Iterable[tuple[bytes, bytes]]) -> None:
        """Keep vectors by the sha256 of their text, all of them or none."""
        if self._connection is None:
            return
        rows = [(key, vector, _checksum(key, vector)) for key, vector in vectors]
        try:
            with self._connection:
                self._connection.executemany("REPLACE INTO vectors VALUES (?, ?, ?)", rows)
        except sqlite3.DatabaseError as error:
            self._recover(error)

    def _recover(self, error: sqlite3.DatabaseError) -> None:
        """Begin anew after damage; do without the cache after any other failure."""
        self.close()
        # Damage is the base class itself; a full disk, a lock and the like are subclasses.
        if type(error) is sqlite3.DatabaseError:
            self._connection = _open_anew(self._path)


def _open(path: Path) -> sqlite3.Connection | None:
    """A connection to the cache, made anew if it is damaged; None if there can be none."""
    try:
        files.make_folders(path.parent)
        return _connect(path)
    except (OSError, sqlite3.OperationalError):
        return None
    except sqlite3.DatabaseError:
        return _open_anew(path)


def _open_anew(path: Path) -> sqlite3.Connection | None:
    """A connection to an empty cache in the place of a damaged one; None if there can be none."""
    try:
        files.unlink(path)
        return _connect(path)
    except (OSError, sqlite3.DatabaseError):
        return None


def _connect(path: Path) -> sqlite3.Connection:
    """A connection to a cache that has its table.

    Raises:
        sqlite3.OperationalError: If the file cannot be opened, or is in use.
        sqlite3.DatabaseError: If the file is damaged.
    """
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS)
    # A damaged row may call its vector a text: its bytes are looked at all the same.
    connection.text_factory = bytes
    try:
        # Without waiting for the disk: after a power cut the checksums tell what is whole.
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS vectors"
            " (key BLOB PRIMARY KEY, vector BLOB NOT NULL, checksum INTEGER NOT NULL)"
            " WITHOUT ROWID"
        )
    except sqlite3.DatabaseError:
        connection.close()
        raise
    return connection


def _checksum(key: bytes, vector: bytes) -> int:
    """What ties a vector to its text."""
    return zlib.crc32(vector, zlib.crc32(key))
