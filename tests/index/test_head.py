"""HEAD is one line that names a generation, and nothing else is taken for it."""

import hashlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from askdocs.errors import (
    DamagedIndexError,
    FormatError,
    NoIndexError,
    RefusedError,
)
from askdocs.index.generation import current_digest, head_line, read_head
from askdocs.places import has_generations, is_index
from tests.raising import raises

DIGEST = hashlib.sha256(b"a manifest").hexdigest()


def line_of(layout: str, digest: str = DIGEST) -> bytes:
    """A line with a right checksum, whatever it says."""
    body = f"askdocs-index {layout} {digest}"
    return f"{body} {hashlib.sha256(body.encode()).hexdigest()[:16]}\n".encode()


def test_head_is_one_line():
    """The line is what the documented format says: sha256 of what stands before the checksum."""
    body = f"askdocs-index 1 {DIGEST}"
    line = head_line(DIGEST)
    assert line == f"{body} {hashlib.sha256(body.encode()).hexdigest()[:16]}\n".encode()


@given(digest=st.binary(min_size=32, max_size=32).map(bytes.hex))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_written_digest_is_read_back(tmp_path, digest):
    """Reading is the inverse of writing."""
    (tmp_path / "HEAD").write_bytes(head_line(digest))
    assert read_head(tmp_path) == digest


@pytest.mark.parametrize(
    "content",
    [
        head_line(DIGEST) + b"\n", head_line(DIGEST) + b"\0", head_line(DIGEST) * 2,
        b" " + head_line(DIGEST), b"\xef\xbb\xbf" + head_line(DIGEST),
        head_line(DIGEST).replace(b"\n", b"\r\n"), b"\0" * len(head_line(DIGEST)),
        b"<<<<<<< ours\n" + head_line(DIGEST) + b"=======\n" + head_line("0" * 64) + b">>>>>>>\n",
        b"ref: refs/heads/main\n", line_of("1", "../../../etc"), line_of("1", "./" * 32),
        line_of("1", DIGEST[1:]), line_of("1", DIGEST.upper()), line_of("1" * 10), line_of("-1"),
        line_of("9" * 100_000),
    ],
)  # fmt: skip
def test_anything_else_is_damage(tmp_path, content):
    """Whatever else HEAD holds, a merge of two lines among it, it is damaged and named."""
    (tmp_path / "HEAD").write_bytes(content)
    with raises(DamagedIndexError, f"{tmp_path / 'HEAD'} cannot be read", "askdocs repair"):
        read_head(tmp_path)


@pytest.mark.parametrize("layout", [0, 2, 999_999_999])
def test_other_layout_cannot_be_used(tmp_path, layout):
    """A line of another version is not damage: the message says which."""
    (tmp_path / "HEAD").write_bytes(line_of(str(layout)))
    with pytest.raises(FormatError) as caught:
        read_head(tmp_path)
    assert str(caught.value) == f"{tmp_path / 'HEAD'} is of layout {layout}, this version reads 1"
    assert caught.value.hint == "askdocs index --rebuild PATH, or the askdocs that made it"
    assert (caught.value.found, caught.value.read) == (str(layout), "1")


@pytest.mark.parametrize("directory", [".", "nowhere", "file"])
def test_folder_without_head_is_no_index(tmp_path, directory):
    """A folder without HEAD, one that is missing, and a file are not index."""
    (tmp_path / "file").write_bytes(b"")
    folder = tmp_path / directory
    hint = f"askdocs index --index {folder} PATH"
    with raises(NoIndexError, f"there is no index in {folder}", hint):
        read_head(folder)
    assert not is_index(folder)
    assert current_digest(folder) is None


def test_folder_that_cannot_be_looked_into_is_no_index(tmp_path):
    """A search for an index goes on past what the system does not let it see."""
    assert not is_index(tmp_path / ("x" * 300))


@pytest.mark.parametrize(
    ("name", "is_one"),
    [("a" * 64, True), ("new-abc", False), ("a" * 65, False), ("A" * 64, False), ("a" * 63, False)],
)
def test_index_that_lost_its_head_can_be_repaired(tmp_path, name, is_one):
    """Where generations are left, the hint is to repair it; a space in a name is quoted."""
    directory = tmp_path / "a b"
    (directory / "generations" / name).mkdir(parents=True)
    (directory / "generations" / "notes").mkdir()
    hint = f"repair --index '{directory}'" if is_one else f"index --index '{directory}' PATH"
    with raises(NoIndexError, f"there is no index in {directory}", f"askdocs {hint}"):
        read_head(directory)
    assert has_generations(directory) == is_one
    assert not has_generations(tmp_path)


def test_head_that_cannot_be_read_is_a_refusal(tmp_path):
    """A HEAD that the system does not open is refused with the reason."""
    (tmp_path / "HEAD").mkdir()
    with raises(RefusedError, f"{tmp_path / 'HEAD'}: is a directory"):
        read_head(tmp_path)


def test_link_in_the_place_of_head_is_damage(tmp_path):
    """Its file is not the index's own, and repair writes another."""
    (tmp_path / "HEAD").symlink_to("HEAD")
    with raises(DamagedIndexError, f"{tmp_path / 'HEAD'} is a link", "askdocs repair"):
        read_head(tmp_path)


@pytest.mark.parametrize(
    ("content", "digest"),
    [(head_line(DIGEST), DIGEST), (line_of("2"), None), (b"damaged", None)],
)
def test_current_generation_is_the_one_that_head_names(tmp_path, content, digest):
    """A HEAD that names none that can be read names none."""
    (tmp_path / "HEAD").write_bytes(content)
    assert current_digest(tmp_path) == digest
    assert is_index(tmp_path)
