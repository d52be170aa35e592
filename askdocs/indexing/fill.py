"""Bring documents into a new generation, segment by segment."""

from __future__ import annotations

from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from askdocs.embedding.cache import embed_passages_with_cache, embed_with_cache
from askdocs.embedding.model import PassageText, code_bytes
from askdocs.indexing.plan import indexed_paths, stored_sentences
from askdocs.store.context import body_sentences, context_text
from askdocs.store.partition import by_segment, segment_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from askdocs.embedding.model import Encoder, TokenCodes
    from askdocs.index.transaction import Transaction
    from askdocs.indexing.build import Progress
    from askdocs.indexing.plan import Plan
    from askdocs.records.blocks import ParsedText
    from askdocs.records.manifest import DocumentRecord, FileRecord
    from askdocs.records.spans import Passage
    from askdocs.store.local import GenerationReader
    from askdocs.store.segment import SegmentWriter
    from askdocs.text.parsers import Parsers

# Slices of sentences are sorted by length before they are embedded, which pays in large slices.
_SLICE_SENTENCES = 2048
# A document with more sentences is embedded in steps of this many, and so are its passages.
_MOST_SENTENCES = 4 * _SLICE_SENTENCES
_MOST_PASSAGES = 1024


class _NewDocument(NamedTuple):
    """A document to embed; `vectors` has those that are known already, by the sentence's text."""

    path: str
    record: DocumentRecord
    parsed: ParsedText
    passages: Sequence[Passage]
    vectors: Mapping[str, NDArray[np.float32]]

    @property
    def sentences(self) -> list[str]:
        return [text for passage in self.passages for text in passage.plain_sentences]

    @property
    def texts(self) -> list[PassageText]:
        context = self.parsed.context
        return [
            PassageText(context_text(self.path, context, passage), body_sentences(passage))
            for passage in self.passages
        ]


class _CopiedDocuments(NamedTuple):
    """Documents to copy: those from `first` up to `end` of a segment of the old generation."""

    segment: int
    first: int
    end: int


class Filler:
    """Copies what stays, and cuts, embeds and writes the rest, a slice of sentences at a time.

    `old` reads the plan's old generation, whose codes are kept if `keeps_codebook` says so and the
    plan can. `cache` keeps vectors, `parsers` read the documents.

    Attributes:
        embedded: How many sentences had to be embedded.
    """

    def __init__(
        self,
        plan: Plan,
        encoder: Encoder,
        transaction: Transaction,
        *,
        old: GenerationReader | None,
        cache: Path,
        parsers: Parsers,
        progress: Progress,
        keeps_codebook: bool,
    ) -> None:
        self.embedded = 0
        self._plan = plan
        self._encoder = encoder
        self._transaction = transaction
        self._cache = cache
        self._parsers = parsers
        self._progress = progress
        self._whole_segments = old
        self._old = old if plan.reads_old else None
        self._codebook = old.codebook if old and keeps_codebook and plan.keeps_codebook else None
        self._writer = transaction.writer(
            dimension=encoder.dimension,
            code_bytes=code_bytes(encoder.token_dimension),
            segments=plan.segments,
            codebook=self._codebook,
        )
        self._linked: dict[str, FileRecord] = {}
        self._linked_passages = self._linked_sentences = 0
        self._waiting: list[_NewDocument | _CopiedDocuments] = []

    @property
    def passages(self) -> int:
        """Return how many passages the generation has so far."""
        return self._writer.passages + self._linked_passages

    @property
    def sentences(self) -> int:
        """Return how many sentences the generation has so far."""
        return self._writer.sentences + self._linked_sentences

    def run(self) -> dict[str, DocumentRecord]:
        """Write every document, and return the record of each file."""
        records = dict(self._plan.records)
        self._progress.start(sum(records[path].bytes for path in self._plan.indexed))
        before = self._segments_before()
        for number, paths in enumerate(by_segment(self._plan.indexed, self._plan.segments)):
            if paths == before.get(number) and self._plan.keeps_segment(number, paths):
                self._link(number)
                self._progress.advance(sum(records[path].bytes for path in paths))
                continue
            with self._writer.segment(number) as segment:
                records.update(self._fill(segment, paths))
        self._progress.finish()
        return records

    def finish(self) -> dict[str, FileRecord]:
        """Make everything durable, and return the manifest's record of each file."""
        return {**self._writer.finish(), **self._linked}

    def _segments_before(self) -> dict[int, list[str]]:
        """Return the documents of each old segment, if unchanged segments can be linked."""
        if self._plan.old is None or not self._plan.keeps_segments:
            return {}
        if self._plan.segments > 1 and self._codebook is None:
            return {}
        paths = indexed_paths(self._plan.before)
        return dict(enumerate(by_segment(paths, self._plan.segments)))

    def _link(self, number: int) -> None:
        """Link the files of a whole segment into the new generation."""
        if self._plan.old is None or self._whole_segments is None:
            raise ValueError("must have an old generation to link from")
        folder = f"{segment_name(number)}/"
        names = [name for name in self._plan.old.manifest.files if name.startswith(folder)]
        self._linked.update(self._transaction.keep_files(self._plan.old, names))
        texts = self._whole_segments.segment(number).texts
        self._linked_passages += len(texts.passages)
        self._linked_sentences += texts.sentences

    def _fill(
        self, segment: SegmentWriter, paths: Sequence[str]
    ) -> Iterator[tuple[str, DocumentRecord]]:
        """Write the documents of a segment; yield the records of those that were read again."""
        sentences = 0
        for path in paths:
            if self._queue_copy(path):
                self._progress.advance(self._plan.records[path].bytes)
                continue
            record, parsed, passages = self._plan.cut(
                path,
                self._parsers,
                self._encoder.count_tokens,
                sentence_tokens=self._encoder.capacity,
            )
            yield path, record
            if parsed is None:
                # It cannot be parsed, or has changed or vanished since the plan was made.
                continue
            document = _NewDocument(path, record, parsed, passages, self._known_vectors(path))
            self._waiting.append(document)
            sentences += len(document.sentences)
            if sentences >= _SLICE_SENTENCES:
                self._write(segment)
                sentences = 0
        self._write(segment)

    def _queue_copy(self, path: str) -> bool:
        """Queue an unchanged document for copying, with its predecessor; False if it changed."""
        if self._old is None or not self._plan.keeps(path):
            return False
        location = self._old.find(path)
        if location is None:
            return False
        segment, first = location
        last = self._waiting[-1] if self._waiting else None
        if isinstance(last, _CopiedDocuments) and (last.segment, last.end) == location:
            first = last.first
            self._waiting.pop()
        self._waiting.append(_CopiedDocuments(segment, first, location[1] + 1))
        return True

    def _known_vectors(self, path: str) -> dict[str, NDArray[np.float32]]:
        """Return the old generation's vectors of a document, by the sentence's text.

        With the same codebook, they are the stored vectors, so that their codes stay the same.
        """
        if self._old is None:
            return {}
        texts = stored_sentences(self._old, path)
        stored = self._old.passages_of(path)
        first = stored[0].first_sentence if stored else 0
        ids = np.arange(first, first + len(texts))
        is_same = self._codebook is not None
        vectors = self._old.stored_vectors(ids) if is_same else self._old.vectors(ids)
        return dict(zip(texts, vectors, strict=True))

    def _write(self, segment: SegmentWriter) -> None:
        """Embed the new documents of the queue, and write the whole queue in order."""
        new = [document for document in self._waiting if isinstance(document, _NewDocument)]
        vectors, tokens = self._embedded(new), self._token_codes(new)
        done = 0
        for document in self._waiting:
            if isinstance(document, _NewDocument):
                path, record, parsed, passages, _ = document
                rows = vectors[done : done + len(document.sentences)]
                done += len(rows)
                codes = islice(tokens, len(passages))
                segment.add(path, record.sha256, parsed, passages, rows, tokens=codes)
            elif self._old is not None:
                segment.copy(self._old, *document)
        self._waiting = []

    def _embedded(self, documents: Sequence[_NewDocument]) -> NDArray[np.float32]:
        """Return the vectors of all sentences of some documents, in order."""
        known = {text: row for document in documents for text, row in document.vectors.items()}
        sentences = [text for document in documents for text in document.sentences]
        unknown = [text for text in dict.fromkeys(sentences) if text not in known]
        advance = self._half_progress(documents, len(unknown))
        embed = partial(embed_with_cache, self._encoder, cache=self._cache, advance=advance)
        for start in range(0, len(unknown), _MOST_SENTENCES):
            texts = unknown[start : start + _MOST_SENTENCES]
            known.update(zip(texts, embed(texts), strict=True))
        self.embedded += len(unknown)
        result = np.empty((len(sentences), self._encoder.dimension), dtype=np.float32)
        for row, text in enumerate(sentences):
            result[row] = known[text]
        return result

    def _token_codes(self, documents: Sequence[_NewDocument]) -> Iterator[TokenCodes]:
        """Yield the codes of the tokens of each passage of some documents, in order."""
        texts = [text for document in documents for text in document.texts]
        advance = self._half_progress(documents, len(texts))
        embed = partial(
            embed_passages_with_cache, self._encoder, cache=self._cache, advance=advance
        )
        for start in range(0, len(texts), _MOST_PASSAGES):
            yield from embed(texts[start : start + _MOST_PASSAGES])

    def _half_progress(
        self, documents: Sequence[_NewDocument], count: int
    ) -> Callable[[int], None]:
        """Return what notes that some of `count` texts are done: half of the documents' bytes.

        The sentences are one half of the work, the passages another.
        """
        size = sum(document.record.bytes for document in documents) / 2
        if not count:
            self._progress.advance(round(size))
        share = size / max(1, count)
        return lambda done: self._progress.advance(round(share * done))
