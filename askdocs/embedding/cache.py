"""Keep vectors in the per-user cache, so that no sentence is embedded twice."""

from __future__ import annotations

import hashlib
import sqlite3
import zlib
from contextlib import closing
from typing import TYPE_CHECKING

from askdocs.disk import durable
from askdocs.embedding.model import ignore_progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from askdocs.embedding.model import Encoder, Vectors

SLICE = 1024
"""How many sentences are embedded between two commits: an interruption loses at most these."""

# Another run writes for milliseconds; waiting longer for a locked file is not worth it.
_BUSY_SECONDS = 1.0


def embed_with_cache(
    encoder: Encoder,
    texts: Sequence[str],
    *,
    cache: Path,
    advance: Callable[[int], None] = ignore_progress,
) -> Vectors:
    """Embed sentences: read known vectors from the cache, and add the others to it.

    The cache only saves time: if it is damaged, or cannot be read or written, every vector comes
    from the encoder. Equal texts are embedded once. The per-user cache directory need not exist.
    For the rest see `Encoder.embed_sentences`.
    """
    # Questions need no NumPy before their model is opened.
    import numpy as np

    result = np.empty((len(texts), encoder.dimension), np.float32)
    missing: dict[bytes, list[int]] = {}
    path = cache / "embeddings" / f"{encoder.fingerprint}-{encoder.scheme}.sqlite"
    with closing(VectorCache(path, dimension=encoder.dimension)) as vectors:
        for row, text in enumerate(texts):
            key = hashlib.sha256(text.encode()).digest()
            stored = vectors.get(key)
            if stored is None:
                missing.setdefault(key, []).append(row)
            else:
                result[row] = np.frombuffer(stored, "<f4")
        advance(len(texts) - len(missing))
        unknown = list(missing)
        for start in range(0, len(unknown), SLICE):
            keys = unknown[start : start + SLICE]
            fresh = encoder.embed_sentences([texts[missing[key][0]] for key in keys], advance)
            for key, vector in zip(keys, fresh, strict=True):
                result[missing[key]] = vector
            vectors.put(zip(keys, (row.tobytes() for row in fresh.astype("<f4")), strict=True))
    return result


class VectorCache:
    """Vectors as little-endian float32 bytes, by the sha256 of their text.

    It never raises: a vector that cannot be read counts as missing, one that cannot be written is
    not kept. Every vector has a checksum, because nothing else would show a flipped bit. Vectors
    of another length count as missing. A file that is not a cache is replaced.
    """

    def __init__(self, path: Path, *, dimension: int) -> None:
        self._path = path
        self._bytes = dimension * 4
        self._connection = _open(path)

    def close(self) -> None:
        """Close the file; afterwards the cache is empty and keeps nothing."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def get(self, key: bytes) -> bytes | None:
        """Return the vector of the text with this sha256, or None if missing or damaged."""
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
        """Replace a damaged file; after any other failure, do without the cache."""
        self.close()
        # Damage raises the base class itself; a full disk or a lock raises a subclass.
        if type(error) is sqlite3.DatabaseError:
            self._connection = _open(self._path, replace=True)


def _open(path: Path, *, replace: bool = False) -> sqlite3.Connection | None:
    try:
        durable.make_folders(path.parent)
        if replace:
            durable.unlink(path)
        return _connect(path)
    except (OSError, sqlite3.OperationalError):
        return None
    except sqlite3.DatabaseError:
        return None if replace else _open(path, replace=True)


def _connect(path: Path) -> sqlite3.Connection:
    """Open a cache and make its table if missing; DatabaseError itself means a damaged file."""
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS)
    # A damaged row may type its vector as text, and it must still be readable.
    connection.text_factory = bytes
    try:
        # Do not wait for the disk: after a power cut, the checksums tell what is whole.
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
    return zlib.crc32(vector, zlib.crc32(key))
