"""Bring documents into a new generation, segment by segment."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from askdocs.corpus.walk import Entry, EntryKind
from askdocs.embedding.cache import embed_with_cache
from askdocs.freshness import observe_entry
from askdocs.indexing.plan import indexed_paths
from askdocs.records.manifest import DocumentRecord
from askdocs.store.partition import CODEBOOK, by_segment, segment_name
from askdocs.text.cutting import cut_passages
from askdocs.text.document import read_document

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from askdocs.embedding.model import Encoder
    from askdocs.index.transaction import Transaction
    from askdocs.indexing.build import Progress
    from askdocs.indexing.plan import Plan
    from askdocs.records.manifest import FileRecord
    from askdocs.records.spans import Passage
    from askdocs.store.local import GenerationReader
    from askdocs.store.segment import SegmentWriter


# Sentences are embedded in slices large enough to be sorted by length to some effect.
_SLICE_SENTENCES = 2048
# Of a document that has more, so many are embedded together.
_MOST_SENTENCES = 4 * _SLICE_SENTENCES


@dataclass(frozen=True, slots=True, kw_only=True)
class _New:
    """A document that is to be embedded.

    Attributes:
        path: Which document.
        record: What the index is to say of it.
        text: Its decoded text.
        passages: Its passages.
        vectors: Those that are known already, by the sentence's text.
    """

    path: str
    record: DocumentRecord
    text: str
    passages: Sequence[Passage]
    vectors: Mapping[str, NDArray[np.float32]]

    @property
    def count(self) -> int:
        return sum(len(one.sentences) for one in self.passages)

    @property
    def sentences(self) -> list[str]:
        return [self.text[start:end] for one in self.passages for start, end in one.sentences]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """Consecutive documents of one segment of the old generation, which stay as they are.

    Attributes:
        segment: The number of the segment.
        first: The number of the first document there.
        last: The number behind the last one.
    """

    segment: int
    first: int
    last: int


class Filler:
    """Takes over what stays, and cuts, embeds and writes the rest, a slice of sentences at a time.

    Attributes:
        passages: How many passages the generation has so far.
        sentences: How many sentences it has so far.
        embedded: How many of them had to be embedded.
    """

    def __init__(
        self,
        plan: Plan,
        encoder: Encoder,
        transaction: Transaction,
        *,
        old: GenerationReader | None,
        base: Path,
        cache: Path,
        keeps_codebook: bool,
    ) -> None:
        """Begin with nothing.

        Args:
            plan: What the generation shall hold.
            encoder: Embeds what is new.
            transaction: Takes what is written.
            old: Reads the generation of the plan's old manifest.
            base: The folder to which all paths of the index are relative.
            cache: Where vectors are kept.
            keeps_codebook: Whether the codes stay what they mean, where the cut allows it.
        """
        self.embedded = 0
        self._plan = plan
        self._encoder = encoder
        self._transaction = transaction
        self._base = base
        self._cache = cache
        self._whole_segments = old
        self._old = old if plan.reads_old else None
        keeps_codebook &= plan.keeps_segments and not self._has_damage(CODEBOOK)
        self._codebook = old.codebook if old and keeps_codebook else None
        self._writer = transaction.writer(
            dimension=encoder.dimension, segments=plan.segments, codebook=self._codebook
        )
        self._linked: dict[str, FileRecord] = {}
        self._linked_passages = self._linked_sentences = 0
        self._waiting: list[_New | _Kept] = []

    @property
    def passages(self) -> int:
        """How many passages the generation has so far."""
        return self._writer.passages + self._linked_passages

    @property
    def sentences(self) -> int:
        """How many sentences the generation has so far."""
        return self._writer.sentences + self._linked_sentences

    def run(self, progress: Progress) -> dict[str, DocumentRecord]:
        """Write every document; what the index is to say of each file."""
        records = dict(self._plan.records)
        progress.start(sum(records[path].bytes for path in self._plan.indexed))
        before = self._segments_before()
        for number, paths in enumerate(by_segment(self._plan.indexed, self._plan.segments)):
            if paths == before.get(number) and self._stays(number, paths):
                self._link(number)
                progress.advance(sum(records[path].bytes for path in paths))
                continue
            with self._writer.segment(number) as segment:
                records.update(self._fill(segment, paths, progress))
        progress.finish()
        return records

    def finish(self) -> dict[str, FileRecord]:
        """Make all durable; what the manifest must promise about each file."""
        return {**self._writer.finish(), **self._linked}

    def _stays(self, number: int, paths: Sequence[str]) -> bool:
        """Whether a segment that held some documents can be taken over as it is."""
        is_damaged = self._has_damage(f"{segment_name(number)}/")
        return not is_damaged and all(map(self._plan.keeps, paths))

    def _has_damage(self, prefix: str) -> bool:
        """Return whether an old file is damaged whose name begins with a prefix."""
        return any(name.startswith(prefix) for name in self._plan.damaged)

    def _segments_before(self) -> dict[int, list[str]]:
        """The documents of each old segment, where those that do not change serve as they are."""
        if self._plan.old is None or not self._plan.keeps_segments:
            return {}
        if self._plan.segments > 1 and self._codebook is None:
            return {}
        paths = indexed_paths(self._plan.before)
        return dict(enumerate(by_segment(paths, self._plan.segments)))

    def _link(self, number: int) -> None:
        """Take over a whole segment, file by file."""
        if self._plan.old is None or self._whole_segments is None:
            raise ValueError("must have an old generation to take over from")
        folder = f"{segment_name(number)}/"
        names = [name for name in self._plan.old.manifest.files if name.startswith(folder)]
        self._linked.update(self._transaction.keep_files(self._plan.old, names))
        texts = self._whole_segments.segment(number).texts
        self._linked_passages += len(texts.passages)
        self._linked_sentences += texts.sentences

    def _fill(
        self, segment: SegmentWriter, paths: Sequence[str], progress: Progress
    ) -> Iterator[tuple[str, DocumentRecord]]:
        """Write the documents of a segment; what the index is to say of those read anew."""
        waiting = 0
        for path in paths:
            if kept := self._place(path):
                self._keep(*kept)
                progress.advance(self._plan.records[path].bytes)
                continue
            document = self._prepare(path)
            if isinstance(document, DocumentRecord):
                # It was fine when the plan was made, and has changed or vanished since.
                yield path, document
                continue
            yield path, document.record
            self._waiting.append(document)
            waiting += document.count
            if waiting >= _SLICE_SENTENCES:
                self._write(segment, progress)
                waiting = 0
        self._write(segment, progress)

    def _place(self, path: str) -> tuple[int, int] | None:
        """Where in the old generation an unchanged document is; None for one that is to be cut."""
        if self._old is None or not self._plan.keeps(path):
            return None
        return self._old.find(path)

    def _keep(self, segment: int, document: int) -> None:
        """Let a document wait to be copied, together with the one before it where that is next."""
        last = self._waiting[-1] if self._waiting else None
        kept = _Kept(segment=segment, first=document, last=document + 1)
        if isinstance(last, _Kept) and (last.segment, last.last) == (segment, document):
            self._waiting[-1] = replace(last, last=document + 1)
        else:
            self._waiting.append(kept)

    def _prepare(self, path: str) -> _New | DocumentRecord:
        # Read again rather than kept since the plan was made: a corpus may be larger than memory.
        entry = Entry(path=path, kind=EntryKind.FILE, named=path in self._plan.corpus.roots)
        seen = observe_entry(self._base, entry, self._plan.corpus)
        if seen.text is None:
            return seen.record
        passages = cut_passages(
            read_document(path, seen.text),
            self._plan.passages,
            self._encoder.count_tokens,
            sentence_tokens=self._encoder.capacity,
        )
        return _New(
            path=path,
            record=seen.record,
            text=seen.text,
            passages=passages,
            vectors=self._known_vectors(path),
        )

    def _known_vectors(self, path: str) -> dict[str, NDArray[np.float32]]:
        """The vectors that the old generation has for the sentences of a document, by their text.

        With the same codebook they are as it gives them, so that their codes stay the same.
        """
        if self._old is None:
            return {}
        stored = self._old.passages_of(path)
        texts = [
            one.passage.text[start - one.passage.chars[0] : end - one.passage.chars[0]]
            for one in stored
            for start, end in one.passage.sentences
        ]
        first = stored[0].first_sentence if stored else 0
        ids = np.arange(first, first + len(texts))
        same = self._codebook is not None
        vectors = self._old.stored_vectors(ids) if same else self._old.vectors(ids)
        return dict(zip(texts, vectors, strict=True))

    def _write(self, segment: SegmentWriter, progress: Progress) -> None:
        """Embed what waits and is not known, and write all that waits, in order."""
        vectors = self._embedded([one for one in self._waiting if isinstance(one, _New)], progress)
        done = 0
        for one in self._waiting:
            if isinstance(one, _New):
                rows = vectors[done : done + one.count]
                done += one.count
                segment.add(one.path, one.record.encoding, one.text, one.passages, rows)
            elif self._old is not None:
                segment.copy(self._old, one.segment, one.first, one.last)
        self._waiting = []

    def _embedded(self, documents: Sequence[_New], progress: Progress) -> NDArray[np.float32]:
        """The vectors of all sentences of some documents, in order."""
        known = {text: vector for one in documents for text, vector in one.vectors.items()}
        sentences = [text for one in documents for text in one.sentences]
        vectors = np.empty((len(sentences), self._encoder.dimension), dtype=np.float32)
        first: dict[str, int] = {}
        for row, text in enumerate(sentences):
            if text in known:
                vectors[row] = known[text]
            else:
                first.setdefault(text, row)
        size = sum(one.record.bytes for one in documents)
        share = size / max(1, len(first))
        for new in _slices(list(first), _MOST_SENTENCES):
            vectors[[first[text] for text in new]] = embed_with_cache(
                self._encoder,
                new,
                cache=self._cache,
                advance=lambda count: progress.advance(round(share * count)),
            )
        if not first:
            progress.advance(size)
        for row, text in enumerate(sentences):
            if first.get(text, row) != row:
                vectors[row] = vectors[first[text]]
        self.embedded += len(first)
        return vectors


def _slices(texts: Sequence[str], count: int) -> Iterator[Sequence[str]]:
    """Consecutive texts, so many at a time."""
    for start in range(0, len(texts), count):
        yield texts[start : start + count]
