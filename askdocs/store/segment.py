"""One segment: the files that hold some of the documents of a generation."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from askdocs.disk import access, durable
from askdocs.store.arrays import read_arrays
from askdocs.store.bm25 import PostingsReader, PostingsWriter
from askdocs.store.context import ContextReader, ContextWriter, body_terms, context_terms
from askdocs.store.dense import FLAT, FlatReader
from askdocs.store.stored import TABLES, TextReader, TextWriter
from askdocs.store.tokens import TOKENS, TokensReader, TokensWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from askdocs.disk.verified import VerifiedFile
    from askdocs.records.blocks import ParsedText
    from askdocs.records.manifest import FileRecord
    from askdocs.records.spans import Passage
    from askdocs.store.lists import SegmentLists
    from askdocs.store.local import GenerationReader
    from askdocs.store.protocol import Codes, Vectors
    from askdocs.store.tokens import Counts
    from askdocs.store.writer import VectorsWriter

_Parsed = TypeVar("_Parsed")

LEXICAL = "lexical.npys"
CONTEXT = "context.npys"
LISTS = "dense.npys"


class SegmentReader:
    """Reads a segment; each file is opened by its first use.

    Documents, passages and sentences are numbered from 0. Every attribute raises DamagedIndexError
    if its file is not what the manifest says, or does not belong to the segment.
    """

    def __init__(self, open_file: Callable[[str], VerifiedFile]) -> None:
        self._open_file = open_file
        self.texts = _parsed(lambda _: TextReader(open_file), open_file(TABLES))

    @cached_property
    def postings(self) -> PostingsReader:
        """The inverted index."""
        file = self._open_file(LEXICAL)
        postings = _parsed(PostingsReader, file)
        _require_equal(file, "passages", len(postings.lengths), len(self.texts.passages))
        return postings

    @cached_property
    def context(self) -> ContextReader:
        """The inverted index of what is searched with the passages of each section."""
        file = self._open_file(CONTEXT)
        context = _parsed(ContextReader, file)
        _require_equal(file, "passages", len(context.sections), len(self.texts.passages))
        return context

    @cached_property
    def tokens(self) -> TokensReader:
        """The codes of the tokens."""
        file = self._open_file(TOKENS)
        tokens = _parsed(TokensReader, file)
        units = len(self.texts.passages) + self.texts.sentences
        _require_equal(file, "contexts and sentences", len(tokens), units)
        return tokens

    @cached_property
    def flat(self) -> FlatReader:
        """The vectors, if the index has no codebook."""
        file = self._open_file(FLAT)
        vectors = _parsed(FlatReader, file)
        _require_equal(file, "sentences", len(vectors), self.texts.sentences)
        return vectors

    @cached_property
    def lists(self) -> SegmentLists:
        """The inverted lists, if the index has a codebook."""
        file = self._open_file(LISTS)
        # Most indexes have none.
        from askdocs.store.lists import SegmentLists

        lists = _parsed(lambda file: SegmentLists(*read_arrays(file, "i8 i4 i4 u1[]")), file)
        _require_equal(file, "sentences", len(lists.sentences), self.texts.sentences)
        return lists


class SegmentWriter:
    """Writes documents, added in order of their paths, into a new segment."""

    def __init__(self, directory: Path, vectors: VectorsWriter, *, code_bytes: int) -> None:
        self.sentences = 0
        self._directory = directory
        self._texts = TextWriter(directory)
        self._postings = PostingsWriter()
        self._context = ContextWriter()
        self._tokens = TokensWriter(directory, width=code_bytes)
        self._vectors = vectors

    @property
    def passages(self) -> int:
        """How many passages were added so far."""
        return self._texts.passages

    def add(
        self,
        path: str,
        sha256: str,
        parsed: ParsedText,
        passages: Sequence[Passage],
        vectors: Vectors,
        *,
        tokens: Iterable[tuple[Codes, Counts]],
    ) -> None:
        """Add the next document, with its digest, its passages and their sentences' vectors.

        `tokens` are, for each passage, the codes of its tokens, as `Reader.token_codes` returns
        them.

        Raises:
            ValueError: The path is not greater than the one before it, there is not one vector for
                each sentence, or not one number of tokens for each context and sentence.
        """
        sentences = sum(len(passage.sentences) for passage in passages)
        if len(vectors) != sentences:
            raise ValueError(f"must have one vector for each sentence, got {len(vectors)}")
        self._texts.add(path, sha256, parsed, passages)
        self._vectors.add(vectors)
        for passage, (codes, counts) in zip(passages, tokens, strict=True):
            if len(counts) != 1 + len(passage.sentences):
                message = f"must have tokens for context and sentences, got {len(counts)}"
                raise ValueError(message)
            self._tokens.add(codes, counts)
        self.sentences += sentences
        for passage in passages:
            self._postings.add(body_terms(passage))
        self._context.add(context_terms(path, parsed.context, passages))

    def copy(self, source: GenerationReader, segment: int, first: int, last: int) -> None:
        """Copy documents from number `first` up to `last` of a segment of another generation.

        They are not analysed again. ValueError is raised as by `add`.
        """
        old = source.segments[segment]
        passages = old.texts.passages_between(first, last)
        sentences = old.texts.sentences_between(*passages)
        self._texts.copy(old.texts, first, last)
        self._postings.copy(old.postings, *passages)
        self._context.copy(old.context, *passages)
        self._vectors.copy(source, segment, *sentences)
        # The units of a passage are its context and its sentences.
        self._tokens.copy(old.tokens, passages[0] + sentences[0], passages[1] + sentences[1])
        self.sentences += sentences[1] - sentences[0]

    def finish(self) -> dict[str, FileRecord]:
        """Make the files durable and return their records by their names."""
        return {
            **self._texts.finish(),
            **durable.write_index_file(self._directory / LEXICAL, self._postings.pieces()),
            **durable.write_index_file(self._directory / CONTEXT, self._context.pieces()),
            **self._tokens.finish(),
            **self._vectors.finish(self._directory),
        }

    def abort(self) -> None:
        """Close the files; what was written so far is useless."""
        self._texts.abort()
        self._tokens.close()


def _require_equal(file: VerifiedFile, what: str, count: int, expected: int) -> None:
    """Raise an error for the file of another segment."""
    if count != expected:
        raise access.damaged(file.path, f"it has {count} {what}, expected {expected}")


def _parsed(parse: Callable[[VerifiedFile], _Parsed], file: VerifiedFile) -> _Parsed:
    """Parse a file of verified bytes, which fails only if another program wrote the index."""
    try:
        return parse(file)
    except ValueError as error:
        raise access.damaged(file.path, error) from error
