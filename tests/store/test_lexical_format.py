"""The inverted index is the same bytes for the same passages, and read whole or not at all."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdocs.store.bm25 import PostingsReader, PostingsWriter

PASSAGES = [["ship", "rain", "ship"], [], ["rain", "été"]]
terms = st.text(st.characters(codec="utf-8"), min_size=1, max_size=3)


def content_of(passages: Sequence[Sequence[str]]) -> bytes:
    """The file of passages that are given as their terms."""
    writer = PostingsWriter()
    for passage in passages:
        writer.add(passage)
    return b"".join(writer.pieces())


def passages_with(reader: PostingsReader, term: str) -> list[int]:
    """The passages that have a term."""
    return reader.postings(*reader.find(term))[0].tolist()


def test_file_is_six_arrays(tmp_path):
    """NumPy alone reads what is documented, in this order and with these types."""
    path = tmp_path / "lexical.npys"
    path.write_bytes(content_of(PASSAGES))

    with path.open("rb") as file:
        arrays = [np.load(file, allow_pickle=False) for _ in range(6)]
        rest = file.read()

    assert [(array.dtype.str, array.tolist()) for array in arrays] == [
        ("<i8", [0, 2, 3, 4]),
        ("<i4", [0, 4, 8, 13]),
        ("<i4", [3, 0, 2]),
        ("<i4", [0, 2, 0, 2]),
        ("<u2", [1, 1, 2, 1]),
        ("|u1", list("rainshipété".encode())),
    ]
    assert rest == b""


@given(passages=st.lists(st.lists(terms, max_size=6), max_size=6), data=st.data())
def test_order_of_terms_does_not_matter(passages, data):
    """The same passages give the same bytes, in whatever order their terms come."""
    shuffled = [data.draw(st.permutations(passage)) for passage in passages]
    assert content_of(shuffled) == content_of(passages)


@given(passages=st.lists(st.lists(terms, max_size=6), max_size=6))
def test_every_term_is_found_again(as_file, passages):
    """What was added is found, whatever script it is in, and nothing else is."""
    reader = PostingsReader(as_file([content_of(passages)]))
    known = {term for passage in passages for term in passage}
    for term in known:
        expected = [number for number, passage in enumerate(passages) if term in passage]
        assert passages_with(reader, term) == expected
    for term in ("", "\0", "\U0010ffff" * 4, *(f"{term}x" for term in known)):
        assert term in known or passages_with(reader, term) == []


@pytest.mark.parametrize("passages", [[], [[]], [[], []]])
def test_index_without_terms_has_lengths(as_file, passages):
    """Documents of white space, or of stop words alone, can be asked in vain."""
    reader = PostingsReader(as_file([content_of(passages)]))
    assert passages_with(reader, "ship") == []
    assert reader.lengths.all().tolist() == [0] * len(passages)


def test_frequency_has_a_highest_value(as_file):
    """A term that stands more often than 65,535 times in a passage is counted as that often."""
    reader = PostingsReader(as_file([content_of([["ship"] * 70_000])]))
    assert [part.tolist() for part in reader.postings(*reader.find("ship"))] == [[0], [65_535]]
    assert reader.lengths.all().tolist() == [70_000]


@st.composite
def moves(draw: st.DrawFn) -> tuple[list[list[list[str]]], list[tuple[int, int, int] | list[str]]]:
    """Some segments, and the passages of a new one: new ones, and ranges of theirs."""
    words = st.lists(st.sampled_from("abcdé"), max_size=4)
    segments = draw(st.lists(st.lists(words, max_size=5), min_size=1, max_size=3))
    steps: list[tuple[int, int, int] | list[str]] = list(draw(st.lists(words, max_size=3)))
    for number, passages in enumerate(segments):
        cuts = sorted(draw(st.lists(st.integers(0, len(passages)), max_size=4, unique=True)))
        for start, end in pairwise(cuts):
            if draw(st.booleans()):
                steps.append((number, start, end))
    return segments, draw(st.permutations(steps))


@given(made=moves())
def test_copied_passages_are_as_if_written(as_file, made):
    """What is put together from parts of others is, to the byte, what analysing again gives."""
    segments, steps = made
    readers = [PostingsReader(as_file([content_of(passages)])) for passages in segments]
    writer = PostingsWriter()
    passages: list[list[str]] = []
    for step in steps:
        if isinstance(step, tuple):
            number, start, end = step
            writer.copy(readers[number], start, end)
            passages += segments[number][start:end]
        else:
            writer.add(step)
            passages.append(step)
    assert b"".join(writer.pieces()) == content_of(passages)


def test_truncated_file_is_refused(as_file):
    """A file cut off at any byte is not an index."""
    content = content_of(PASSAGES)
    for length in range(len(content)):
        with pytest.raises(ValueError):
            PostingsReader(as_file([content[:length]]))


def test_appended_bytes_are_refused(as_file):
    """What follows the last array is not a part of an index."""
    with pytest.raises(ValueError, match="1 bytes follow the last array"):
        PostingsReader(as_file([content_of(PASSAGES) + b"\0"]))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"\x01\x00v", b"\x07\x00v"),  # a version that NumPy does not have
        (b"v\x00{", b"\x10\x00{"),  # a header that ends too soon
        (b"v\x00{", b"\xff\xff{"),  # a header that ends after the file
        (b"(4,)", b"(-4,)"),
        (b"(4,)", b"(99,)"),
        (b"(4,)", b"()  "),
        (b"(4,)", b"'a' "),
        (b"(4,)", b"(4.)"),
        (b"(4,), }", b"(((((((("),
        (b"'<i8'", b"'|O' "),
        (b"'<i8'", b"'<x8'"),
        (b"'shape'", b"'sha' "),
        (b"{'descr'", b"[[[[[[[["),
        (b"{'descr'", b"\x00\x00\x00\x00\x00\x00\x00\x00"),
        (b"{'descr'", b"\xff\xff\xff\xff\xff\xff\xff\xff"),
    ],
)
def test_array_with_a_wrong_header_is_refused(as_file, old, new):
    """A header that another program wrote is refused, and nothing else happens."""
    content = content_of(PASSAGES)
    changed = content.replace(old, new, 1)
    assert changed != content
    with pytest.raises(ValueError, match=r"."):
        PostingsReader(as_file([changed]))
