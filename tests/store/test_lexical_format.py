"""The inverted index is the same bytes for the same passages, and read whole or not at all."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdocs.store.lexical import LexicalReader, LexicalWriter

PASSAGES = [["ship", "rain", "ship"], [], ["rain", "été"]]
terms = st.text(st.characters(codec="utf-8"), min_size=1, max_size=3)


def content_of(passages: Sequence[Sequence[str]]) -> bytes:
    """The file of passages that are given as their terms."""
    writer = LexicalWriter()
    for passage in passages:
        writer.add(passage)
    return b"".join(writer.pieces())


def test_file_is_six_arrays(tmp_path) -> None:
    """NumPy alone reads what is documented, in this order and with these types."""
    path = tmp_path / "lexical.npys"
    path.write_bytes(content_of(PASSAGES))

    with path.open("rb") as file:
        arrays = [np.load(file, allow_pickle=False) for _ in range(6)]
        rest = file.read()

    assert [(array.dtype.str, array.tolist()) for array in arrays] == [
        ("<i8", [0, 4, 8, 13]),
        ("<i8", [0, 2, 3, 4]),
        ("<i4", [3, 0, 2]),
        ("<i4", [0, 2, 0, 2]),
        ("<i4", [1, 1, 2, 1]),
        ("|u1", list("rainshipété".encode())),
    ]
    assert rest == b""


@given(passages=st.lists(st.lists(terms, max_size=6), max_size=6), data=st.data())
def test_order_of_terms_does_not_matter(passages: list[list[str]], data: st.DataObject) -> None:
    """The same passages give the same bytes, in whatever order their terms come."""
    shuffled = [data.draw(st.permutations(passage)) for passage in passages]

    assert content_of(shuffled) == content_of(passages)


@given(passages=st.lists(st.lists(terms, max_size=6), max_size=6))
def test_every_term_is_found_again(passages: list[list[str]]) -> None:
    """What was added is found, whatever script it is in, and nothing else is."""
    reader = LexicalReader(memoryview(content_of(passages)))

    known = {term for passage in passages for term in passage}
    for term in known:
        assert np.flatnonzero(reader.scores([term])).tolist() == [
            number for number, passage in enumerate(passages) if term in passage
        ]
    for term in ("", "\0", "\U0010ffff" * 4, *(f"{term}x" for term in known)):
        assert term in known or not reader.scores([term]).any()


@pytest.mark.parametrize("passages", [[], [[]], [[], []]])
def test_index_without_terms_has_no_scores(passages: list[list[str]]) -> None:
    """Documents of white space, or of stop words alone, can be asked in vain."""
    reader = LexicalReader(content_of(passages))

    assert reader.scores(["ship"]).tolist() == [0.0] * len(passages)


def test_truncated_file_is_refused() -> None:
    """A file cut off at any byte is no index."""
    content = content_of(PASSAGES)
    taken = []

    for length in range(len(content)):
        try:
            LexicalReader(content[:length])
        except ValueError:
            continue
        taken.append(length)

    assert taken == []


def test_appended_bytes_are_refused() -> None:
    """What follows the last array is no part of an index."""
    with pytest.raises(ValueError, match="1 bytes follow the last array"):
        LexicalReader(content_of(PASSAGES) + b"\0")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"\x01\x00v", b"\x07\x00v"),  # a version that NumPy does not have
        (b"v\x00{", b"\x10\x00{"),  # a header that ends too soon
        (b"v\x00{", b"\xff\xff{"),  # a header that ends behind the file
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
def test_array_with_a_wrong_header_is_refused(old: bytes, new: bytes) -> None:
    """A header that another program wrote is refused, and nothing else happens."""
    content = content_of(PASSAGES)
    changed = content.replace(old, new, 1)
    assert changed != content

    with pytest.raises(ValueError, match=r"."):
        LexicalReader(changed)


@pytest.mark.parametrize("content", [b"", b"\0" * 1000, b"\x93NUMPY", b"PK\x03\x04" * 100])
def test_other_file_is_refused(content: bytes) -> None:
    """What is no sequence of arrays is not taken for one."""
    with pytest.raises(ValueError, match=r"."):
        LexicalReader(content)
