"""Keep vectors and codes of tokens in the per-user cache, so that no text is embedded twice."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import zlib
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from askdocs.disk import durable
from askdocs.embedding.model import TokenCodes, code_bytes, ignore_progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from askdocs.embedding.model import Encoder, PassageText, Vectors

SLICE = 1024
"""How many sentences are embedded between two commits: an interruption loses at most these."""

PASSAGES_SLICE = 256
"""How many passages are embedded between two commits."""

# Another run writes for milliseconds; waiting longer for a locked file is not worth it.
_BUSY_SECONDS = 1.0

_Result = TypeVar("_Result")


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

    def parse(content: bytes, _row: int) -> Vectors | None:
        is_whole = len(content) == 4 * encoder.dimension
        return np.frombuffer(content, "<f4") if is_whole else None

    with closing(Cache(_cache_file(encoder, cache), _VECTORS)) as vectors:
        rows = vectors.completed(
            texts,
            parse,
            embed=lambda missing: encoder.embed_sentences([texts[row] for row in missing], advance),
            pack=lambda vector: vector.astype("<f4").tobytes(),
            at_once=SLICE,
            advance=advance,
        )
    return np.array(rows, np.float32).reshape(len(texts), encoder.dimension)


def embed_passages_with_cache(
    encoder: Encoder,
    passages: Sequence[PassageText],
    *,
    cache: Path,
    advance: Callable[[int], None] = ignore_progress,
) -> list[TokenCodes]:
    """Return the codes of the tokens of passages, as `embed_with_cache` returns vectors.

    For the rest see `Encoder.embed_passages`.
    """
    import numpy as np

    width = code_bytes(encoder.token_dimension)

    def parse(content: bytes, row: int) -> TokenCodes | None:
        end = 4 * (1 + len(passages[row].sentences))
        if len(content) < end:
            return None
        counts = np.frombuffer(content[:end], "<i4")
        if (counts < 0).any() or len(content) != end + width * counts.sum():
            return None
        codes = np.frombuffer(content[end:], np.uint8).reshape(counts.sum(), width)
        return TokenCodes(codes, counts.astype(np.int32))

    with closing(Cache(_cache_file(encoder, cache), _TOKENS)) as tokens:
        return tokens.completed(
            [json.dumps([passage.context, *passage.sentences]) for passage in passages],
            parse,
            embed=lambda missing: encoder.embed_passages([passages[i] for i in missing], advance),
            pack=lambda own: own.counts.astype("<i4").tobytes() + own.codes.tobytes(),
            at_once=PASSAGES_SLICE,
            advance=advance,
        )


def _cache_file(encoder: Encoder, cache: Path) -> Path:
    return cache / "embeddings" / f"{encoder.fingerprint}-{encoder.scheme}.sqlite"


class _Table(NamedTuple):
    """The statements that read and replace a row of a table: a key, bytes, and their checksum."""

    select: str
    replace: str


# Vectors as little-endian float32.
_VECTORS = _Table(
    "SELECT vector, checksum FROM vectors WHERE key = ?", "REPLACE INTO vectors VALUES (?, ?, ?)"
)
# How many tokens the context and each sentence of a passage have, as little-endian int32, then the
# codes of all. If encoders read passages in another way, the codes need a table of another name.
_TOKENS = _Table(
    "SELECT codes, checksum FROM tokens WHERE key = ?", "REPLACE INTO tokens VALUES (?, ?, ?)"
)


class Cache:
    """One table of a cache file: bytes by the sha256 of the text that they were made from.

    It never raises: bytes that cannot be read count as missing, those that cannot be written are
    not kept. They have a checksum, because nothing else would show a flipped bit. A file that is
    not a cache is replaced.
    """

    def __init__(self, path: Path, table: _Table) -> None:
        self._path = path
        self._table = table
        self._connection = _open(path)

    def completed(
        self,
        texts: Sequence[str],
        parse: Callable[[bytes, int], _Result | None],
        *,
        embed: Callable[[Sequence[int]], Iterable[_Result]],
        pack: Callable[[_Result], bytes],
        at_once: int,
        advance: Callable[[int], None],
    ) -> list[_Result]:
        """Return what belongs to each text, from the cache if it has it, and keep the rest.

        Args:
            texts: What the keys are made of.
            parse: Returns the result in some bytes for the text at a position, or None.
            embed: Returns the results of the texts at some positions.
            pack: Returns the bytes of a result.
            at_once: How many texts to embed between two commits.
            advance: Called with the number of texts that were known, or equal others.
        """
        results: dict[int, _Result] = {}
        missing: dict[bytes, list[int]] = {}
        for row, text in enumerate(texts):
            key = hashlib.sha256(text.encode()).digest()
            content = self.get(key)
            known = None if content is None else parse(content, row)
            if known is None:
                missing.setdefault(key, []).append(row)
            else:
                results[row] = known
        advance(len(texts) - len(missing))
        unknown = list(missing.items())
        for start in range(0, len(unknown), at_once):
            batch = unknown[start : start + at_once]
            fresh = list(embed([rows[0] for _, rows in batch]))
            for (_, rows), result in zip(batch, fresh, strict=True):
                results.update(dict.fromkeys(rows, result))
            self.put((key, pack(own)) for (key, _), own in zip(batch, fresh, strict=True))
        return [results[row] for row in range(len(texts))]

    def close(self) -> None:
        """Close the file; afterwards the cache is empty and keeps nothing."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def get(self, key: bytes) -> bytes | None:
        """Return the bytes of the text with this sha256, or None if missing or damaged."""
        if self._connection is None:
            return None
        try:
            row = self._connection.execute(self._table.select, (key,)).fetchone()
        except sqlite3.DatabaseError as error:
            self._recover(error)
            return None
        match row:
            case (bytes(content), int(checksum)) if checksum == _checksum(key, content):
                return content
        return None

    def put(self, contents: Iterable[tuple[bytes, bytes]]) -> None:
        """Keep bytes by the sha256 of their text, all of them or none."""
        if self._connection is None:
            return
        rows = [(key, content, _checksum(key, content)) for key, content in contents]
        try:
            with self._connection:
                self._connection.executemany(self._table.replace, rows)
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
    """Open a cache and make its tables if missing; DatabaseError itself means a damaged file."""
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS)
    # A damaged row may type its bytes as text, and it must still be readable.
    connection.text_factory = bytes
    try:
        # Do not wait for the disk: after a power cut, the checksums tell what is whole.
        connection.execute("PRAGMA synchronous = OFF")
        for columns in (
            "vectors (key BLOB PRIMARY KEY, vector",
            "tokens (key BLOB PRIMARY KEY, codes",
        ):
            connection.execute(
                f"CREATE TABLE IF NOT EXISTS {columns} BLOB NOT NULL, checksum INTEGER NOT NULL)"
                " WITHOUT ROWID"
            )
    except sqlite3.DatabaseError:
        connection.close()
        raise
    return connection


def _checksum(key: bytes, content: bytes) -> int:
    return zlib.crc32(content, zlib.crc32(key))
