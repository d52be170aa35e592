"""The documents and passages of an index, in SQLite."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from askdocs.datamodel import Passage, StoredPassage
from askdocs.errors import RefusedError

# Paths are stored as the bytes that the file system has: not all of them are UTF-8. The gap is
# the white space before a passage, so that gaps and texts together are the document.
_SCHEMA = """
CREATE TABLE documents (
    id INTEGER PRIMARY KEY, path BLOB NOT NULL UNIQUE, encoding TEXT NOT NULL
);
CREATE TABLE passages (
    id INTEGER PRIMARY KEY, document INTEGER NOT NULL REFERENCES documents, gap TEXT NOT NULL,
    text TEXT NOT NULL, start INTEGER NOT NULL,
    first_paragraph INTEGER NOT NULL, last_paragraph INTEGER NOT NULL,
    first_line INTEGER NOT NULL, last_line INTEGER NOT NULL,
    first_offset INTEGER, last_offset INTEGER,
    first_sentence INTEGER NOT NULL, sentences TEXT NOT NULL, headings TEXT NOT NULL
);
CREATE INDEX passages_of_document ON passages (document);
"""
_COLUMNS = """
    passages.id, path, encoding, text, start, first_paragraph, last_paragraph,
    first_line, last_line, first_offset, last_offset, first_sentence, sentences, headings
    FROM passages JOIN documents ON documents.id = document
"""
# SQLite takes at most 32,766 values in a statement.
_AT_ONCE = 10_000


class TextWriter:
    """Writes documents and their passages into a new database, in one transaction."""

    def __init__(self, path: Path) -> None:
        """Create the database; nothing in it is durable before it is forced to the disk."""
        self._path = path
        with _refusals(path):
            self._connection = sqlite3.connect(path, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode = OFF")
            self._connection.execute("PRAGMA synchronous = OFF")
            self._connection.execute("BEGIN")
            for statement in _SCHEMA.split(";"):
                self._connection.execute(statement)
        self._documents = 0
        self._passages = 0
        self._sentences = 0

    def add(self, path: str, encoding: str, text: str, passages: Sequence[Passage]) -> None:
        """Add the next document, with all its passages in order."""
        with _refusals(self._path):
            self._add(path, encoding, text, passages)

    def _add(self, path: str, encoding: str, text: str, passages: Sequence[Passage]) -> None:
        self._connection.execute(
            "INSERT INTO documents VALUES (?, ?, ?)",
            (self._documents, _encoded(path), encoding),
        )
        end = 0
        for passage in passages:
            start = passage.chars[0]
            relative = [(first - start, last - start) for first, last in passage.sentences]
            self._connection.execute(
                "INSERT INTO passages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    self._passages,
                    self._documents,
                    text[end:start],
                    passage.text,
                    start,
                    *passage.paragraphs,
                    *passage.lines,
                    *(passage.offsets or (None, None)),
                    self._sentences,
                    json.dumps(relative, separators=(",", ":")),
                    json.dumps(passage.headings, ensure_ascii=False, separators=(",", ":")),
                ),
            )
            end = passage.chars[1]
            self._passages += 1
            self._sentences += len(relative)
        self._documents += 1

    def close(self) -> None:
        """End the transaction and the writing."""
        with _refusals(self._path):
            self._connection.execute("COMMIT")
        self._connection.close()

    def abort(self) -> None:
        """Stop writing; the file is of no use."""
        self._connection.close()


class TextReader:
    """Gives passages and documents from a verified database."""

    def __init__(self, path: Path) -> None:
        """Open the database without any right to write, and without looking for a journal."""
        uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        self._connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
        self._connection.execute("SELECT id FROM documents LIMIT 0")

    def passages(self, ids: Sequence[int]) -> list[StoredPassage]:
        """The passages with some ids, in their order.

        Raises:
            KeyError: There is no such passage.
        """
        found: dict[int, StoredPassage] = {}
        for first in range(0, len(ids), _AT_ONCE):
            some = [int(one) for one in ids[first : first + _AT_ONCE]]
            marks = ",".join("?" * len(some))
            query = f"SELECT {_COLUMNS} WHERE passages.id IN ({marks})"
            found.update((row[0], _stored(row)) for row in self._connection.execute(query, some))
        return [found[int(one)] for one in ids]

    def passages_of(self, path: str) -> list[StoredPassage]:
        """The passages of a document in order; none for a document that is not there."""
        query = f"SELECT {_COLUMNS} WHERE path = ? ORDER BY passages.id"
        return [_stored(row) for row in self._connection.execute(query, (_encoded(path),))]

    def text_of(self, path: str) -> str:
        """A document's text as it was indexed, up to its last passage."""
        query = (
            "SELECT gap, text FROM passages JOIN documents ON documents.id = document "
            "WHERE path = ? ORDER BY passages.id"
        )
        rows = self._connection.execute(query, (_encoded(path),))
        return "".join(part for row in rows for part in row)

    def documents(self) -> list[tuple[str, str]]:
        """Path and encoding of every document, in order of path."""
        rows = self._connection.execute("SELECT path, encoding FROM documents ORDER BY id")
        return [(path.decode("utf-8", "surrogateescape"), encoding) for path, encoding in rows]

    def close(self) -> None:
        """Give the file back."""
        self._connection.close()


def _encoded(path: str) -> bytes:
    # Not os.fsencode, which follows the locale: an index may be read under another one.
    return path.encode("utf-8", "surrogateescape")


@contextmanager
def _refusals(path: Path) -> Iterator[None]:
    """Turn what SQLite says of a disk that refuses into a RefusedError."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise RefusedError(f"{path}: {error}") from error


def _stored(row: tuple[Any, ...]) -> StoredPassage:
    (
        identity, path, encoding, text, start, first_paragraph, last_paragraph,
        first_line, last_line, first_offset, last_offset, first_sentence, sentences, headings,
    ) = row  # fmt: skip
    return StoredPassage(
        id=identity,
        path=path.decode("utf-8", "surrogateescape"),
        encoding=encoding,
        first_sentence=first_sentence,
        passage=Passage(
            chars=(start, start + len(text)),
            paragraphs=(first_paragraph, last_paragraph),
            lines=(first_line, last_line),
            text=text,
            offsets=None if first_offset is None else (first_offset, last_offset),
            sentences=tuple((start + first, start + last) for first, last in json.loads(sentences)),
            headings=tuple(json.loads(headings)),
        ),
    )
