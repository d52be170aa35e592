"""Into how many segments an index is cut, and which document is in which."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdocs.store.partition import by_segment, number_of_segments, segment_names, segment_of

paths = st.text(min_size=1, max_size=20)
numbers = st.sampled_from([1, 2, 4, 8, 16, 32])


@pytest.mark.parametrize(
    ("size", "segments"),
    [(0, 1), (8 << 20, 1), ((8 << 20) + 1, 2), (16 << 20, 2), (40 << 20, 8), (1 << 40, 32)],
)
def test_number_of_segments_follows_from_the_size(size, segments):
    """The smallest power of two with 8 MiB for each, at most 32."""
    assert number_of_segments(size) == segments


def test_segment_is_the_first_bits_of_the_hash():
    """The sha256 of `docs/a.txt` begins with 6b, binary 01101011."""
    found = [segment_of("docs/a.txt", segments) for segments in (1, 2, 8, 32)]
    assert found == [0b0, 0b0, 0b011, 0b01101]


@given(path=paths, segments=numbers)
def test_twice_as_many_segments_are_halves(path, segments):
    """A document of segment n goes to 2n or 2n + 1 when their number doubles."""
    assert segment_of(path, 2 * segments) // 2 == segment_of(path, segments)


def test_path_may_hold_any_byte():
    """A byte that is not UTF-8 is hashed as that byte."""
    assert segment_of("\udcff", 32) == hashlib.sha256(b"\xff").digest()[0] >> 3


@given(some=st.lists(paths), segments=numbers)
def test_every_path_is_in_its_segment_in_order(some, segments):
    """No path is lost, and the order stays."""
    found = by_segment(some, segments)
    assert found == [
        [path for path in some if segment_of(path, segments) == number]
        for number in range(segments)
    ]


def test_folders_are_known_from_the_names_of_files():
    """What stands beside the folders is not a segment."""
    names = ["codebook.npys", "001/a", "000/b", "000/a", "codebook.npys.blocks"]
    assert segment_names(names) == ["000", "001"]
