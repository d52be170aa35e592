"""The reader of a local store: one over all segments of a generation."""

from __future__ import annotations

from functools import cached_property
from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from askdocs.disk import access
from askdocs.errors import UnusableIndexError
from askdocs.store.arrays import best_of, boundaries_of, ranges, split_ids
from askdocs.store.bm25 import LexicalReader
from askdocs.store.dense import FLAT, FlatReader
from askdocs.store.partition import CODEBOOK, segment_name, segment_names, segment_of
from askdocs.store.segment import LISTS, SegmentReader
from askdocs.store.tokens import TOKENS, TokensReader

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from askdocs.disk.verified import VerifiedFile
    from askdocs.records.spans import Document, StoredPassage
    from askdocs.store.analysis import TermStatistics
    from askdocs.store.codebook import Codebook
    from askdocs.store.lists import ListsReader
    from askdocs.store.protocol import Codes, Ids, Mask, Scores, Vectors

_MOST_MAPPED_BYTES = 1 << 29

# Questions that are asked together often share passages: these take some 60 MB.
_MOST_KEPT = 16_384


class GenerationReader:
    """Reads a generation. Each file is opened by its first use and verified before it is parsed.

    `open_file` opens one of the generation's files, `names`, or raises DamagedIndexError. Passages
    and sentences are numbered through all segments: by segment, path, position. Methods without a
    docstring are those of `store.protocol.Reader`.
    """

    def __init__(self, open_file: Callable[[str], VerifiedFile], *, names: Collection[str]) -> None:
        self._open_file = open_file
        self._names = names
        self._files: dict[str, VerifiedFile] = {}
        self._kept: dict[int, StoredPassage] = {}
        self._scored: tuple[tuple[str, ...], Scores] | None = None
        self._within: tuple[Mask, Mask] | None = None

    @cached_property
    def segments(self) -> list[SegmentReader]:
        """The segments, in order."""
        # If there are none, opening the first one reports the file that the manifest lacks.
        return [self.segment(number) for number in range(len(segment_names(self._names)) or 1)]

    def segment(self, number: int) -> SegmentReader:
        """Open one segment, even if others are damaged."""
        return SegmentReader(lambda name: self._file(f"{segment_name(number)}/{name}"))

    @cached_property
    def codebook(self) -> Codebook | None:
        """What the codes of all segments mean; None if vectors are stored as they are."""
        if CODEBOOK not in self._names:
            return None
        # A small index has none: importing what reads it would only take time.
        from askdocs.store.codebook import read_codebook

        file = self._file(CODEBOOK)
        try:
            return read_codebook(file.read(0, file.size))
        except ValueError as error:
            raise access.damaged(file.path, error) from error

    @cached_property
    def first_passages(self) -> Ids:
        """The id of each segment's first passage, then the number of passages."""
        return boundaries_of(len(segment.texts.passages) for segment in self.segments)

    @cached_property
    def first_sentences(self) -> Ids:
        """The id of each segment's first sentence, then the number of sentences."""
        return boundaries_of(segment.texts.sentences for segment in self.segments)

    @cached_property
    def _lexical(self) -> LexicalReader:
        postings = [segment.postings for segment in self.segments]
        return LexicalReader(postings, [segment.context for segment in self.segments])

    @cached_property
    def _dense(self) -> FlatReader | ListsReader:
        if self.codebook is None:
            return self.segments[0].flat
        from askdocs.store.lists import ListsReader

        lists = [segment.lists for segment in self.segments]
        try:
            return ListsReader(self.codebook, lists)
        except ValueError as error:
            raise access.damaged(self._file(CODEBOOK).path, error) from error

    @cached_property
    def _tokens(self) -> list[TokensReader]:
        """The codes of tokens, by segment."""
        if f"{segment_name(0)}/{TOKENS}" not in self._names:
            message = "the index was made by a version that kept no codes of tokens"
            raise UnusableIndexError(message, hint="askdocs index, or ask with --mode lexical")
        readers = [segment.tokens for segment in self.segments]
        for reader in readers:
            if reader.width != readers[0].width:
                widths = f"{reader.width} bytes, expected {readers[0].width}"
                raise reader.offsets.damaged(f"its codes have {widths}")
        return readers

    def dense(self, vectors: Vectors, k: int, *, within: Mask | None = None) -> tuple[Ids, Vectors]:
        self._begin_question()
        sentences = None if within is None else self._sentences_within(within)
        if vectors.shape[1] != self._dense.dimension:
            name = FLAT if self.codebook is None else LISTS
            path = self._file(f"{segment_name(0)}/{name}").path
            raise access.damaged(path, f"its vectors do not have {vectors.shape[1]} dimensions")
        return self._dense.nearest(vectors, k, within=sentences)

    def lexical(
        self, terms: Sequence[str], k: int, *, within: Mask | None = None
    ) -> tuple[Ids, Scores]:
        self._begin_question()
        scores = self._scores(tuple(terms))
        # Searching booleans takes a tenth of the time that searching numbers takes.
        matching = np.flatnonzero(scores > 0 if within is None else within & (scores > 0))
        best = matching[best_of(scores[matching], k)]
        return best, scores[best]

    def passages_in(self, paths: Collection[str]) -> Mask:
        chosen = frozenset(paths)
        masks = []
        for texts in (segment.texts for segment in self.segments):
            counts = np.diff(texts.documents.firsts.boundaries(len(texts.passages)))
            masks.append(np.repeat([path in chosen for path, _ in texts.paths()], counts))
        return np.concatenate(masks).astype(np.bool_)

    def bm25(self, terms: Sequence[str], passage_ids: Ids) -> Scores:
        return self._scores(tuple(terms))[passage_ids]

    def term_statistics(self, terms: Sequence[str]) -> TermStatistics:
        return self._lexical.statistics(terms)

    def token_codes(self, passage_ids: Ids) -> tuple[Codes, Ids]:
        firsts, lengths = self.sentences_of(passage_ids)
        # Each passage has its context as one more unit, before its sentences.
        units = ranges(passage_ids + firsts, lengths + 1)
        first_units = self.first_passages + self.first_sentences
        counts, parts = np.zeros(len(units), np.int64), []
        for segment, chosen, numbers in split_ids(units, first_units):
            codes, counts[chosen] = self._tokens[segment].codes(numbers)
            parts.append((chosen, codes))
        every = np.empty((counts.sum(), self._tokens[0].width), np.uint8)
        starts = np.cumsum(counts) - counts
        for chosen, codes in parts:
            every[ranges(starts[chosen], counts[chosen])] = codes
        return every, counts

    def passages_of_sentences(self, sentence_ids: Ids) -> Ids:
        passages = np.empty(sentence_ids.shape, np.int64)
        for segment, chosen, numbers in split_ids(sentence_ids, self.first_sentences):
            firsts = self.segments[segment].texts.first_sentences()
            passages[chosen] = np.searchsorted(firsts, numbers, side="right") - 1
            passages[chosen] += self.first_passages[segment]
        return passages

    def sentences_of(self, passage_ids: Ids) -> tuple[Ids, Ids]:
        firsts, counts = np.empty_like(passage_ids), np.empty_like(passage_ids)
        for segment, chosen, numbers in split_ids(passage_ids, self.first_passages):
            first, counts[chosen] = self.segments[segment].texts.sentences_of(numbers)
            firsts[chosen] = first + self.first_sentences[segment]
        return firsts, counts

    def text_digests(self, passage_ids: Ids) -> Ids:
        digests = np.empty_like(passage_ids)
        for segment, chosen, numbers in split_ids(passage_ids, self.first_passages):
            digests[chosen] = self.segments[segment].texts.digests.take(numbers)
        return digests

    def passages(self, ids: Sequence[int]) -> list[StoredPassage]:
        missing = np.array([number for number in ids if number not in self._kept], np.int64)
        unknown = missing[(missing < 0) | (missing >= self.first_passages[-1])]
        if len(unknown):
            raise KeyError(int(unknown[0]))
        for segment, _, numbers in split_ids(missing, self.first_passages):
            self._kept.update((stored.id, stored) for stored in self._stored(segment, numbers))
        passages = [self._kept[number] for number in ids]
        for oldest in list(islice(self._kept, max(0, len(self._kept) - _MOST_KEPT))):
            del self._kept[oldest]
        return passages

    def passages_of(self, path: str) -> list[StoredPassage]:
        position = self.find(path)
        if position is None:
            return []
        segment, number = position
        passages = self.segments[segment].texts.passages_between(number, number + 1)
        return list(self._stored(segment, np.arange(*passages)))

    def document(self, path: str) -> Document | None:
        position = self.find(path)
        return None if position is None else self.segments[position[0]].texts.document(position[1])

    def find(self, path: str) -> tuple[int, int] | None:
        """Return the segment of a document and its number there, from 0; None if not indexed."""
        segment = segment_of(path, len(self.segments))
        number = self.segments[segment].texts.find(path)
        return None if number is None else (segment, number)

    def documents(self) -> list[tuple[str, str]]:
        return list(merge(*(segment.texts.paths() for segment in self.segments)))

    def prepare(self, *, lexical: bool) -> None:
        for segment in self.segments:
            segment.texts.prepare()
        if isinstance(self._dense, FlatReader):
            self._dense.prepare()
        else:
            # This takes longer than everything else here.
            import faiss  # noqa: F401
        if lexical:
            self._lexical.prepare()
            self._tokens  # noqa: B018 - kept by its first use

    def vectors(self, sentence_ids: Ids) -> Vectors:
        return self._dense.vectors(sentence_ids)

    def stored_vectors(self, sentence_ids: Ids) -> Vectors:
        """Return vectors that have the same codes again; decoded ones are nearly of unit length."""
        if isinstance(self._dense, FlatReader) or self.codebook is None:
            return self.vectors(sentence_ids)
        from askdocs.store.codebook import decode

        return decode(self.codebook, self._dense.codes(sentence_ids))

    def close(self) -> None:
        for name in ("segments", "codebook", "_lexical", "_dense", "_tokens"):
            self.__dict__.pop(name, None)
        self._kept.clear()
        for file in self._files.values():
            file.close()

    def _begin_question(self) -> None:
        """Release the memory of earlier questions; the system would keep the whole index mapped.

        Raise DamagedFileError if a file was cut off: reading past its end would kill the process.
        """
        for file in self._files.values():
            file.require_size()
        # No file maps more than its size.
        if sum(min(file.given, file.size) for file in self._files.values()) > _MOST_MAPPED_BYTES:
            for file in self._files.values():
                file.forget()

    def _sentences_within(self, passages: Mask) -> Mask:
        """Return which sentences belong to some passages, kept for the same passages."""
        if self._within is None or self._within[0] is not passages:
            counts = [np.diff(segment.texts.first_sentences()) for segment in self.segments]
            self._within = (passages, np.repeat(passages, np.concatenate(counts)))
        return self._within[1]

    def _scores(self, terms: tuple[str, ...]) -> Scores:
        """Return the BM25 score of every passage, kept for the same terms."""
        if self._scored is None or self._scored[0] != terms:
            self._scored = (terms, self._lexical.scores(terms))
        return self._scored[1]

    def _stored(self, segment: int, numbers: Ids) -> Iterator[StoredPassage]:
        return self.segments[segment].texts.stored(
            numbers,
            first_passage=int(self.first_passages[segment]),
            first_sentence=int(self.first_sentences[segment]),
        )

    def _file(self, name: str) -> VerifiedFile:
        if name not in self._files:
            self._files[name] = self._open_file(name)
        return self._files[name]
