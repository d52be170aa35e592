"""Records of documents are read back as they were written, and anything else is refused."""

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdocs.errors import DamagedIndexError
from askdocs.index.codec import read_records, readable_paths, write_records
from askdocs.records.manifest import DocumentRecord, DocumentStatus
from tests.index.conftest import CLIMBING, OUTSIDE, counts, relative_paths

DIGEST, LINES = (hashlib.sha256(content).hexdigest() for content in (b"", b"\n"))

RECORDS = {
    "docs/b.txt": DocumentRecord(status=DocumentStatus.SKIPPED, reason="link"),
    "docs/Ä.txt": DocumentRecord(
        sha256=DIGEST, lines_sha256=LINES, bytes=12, encoding="utf-8", paragraphs=3
    ),
    "../more/\udcff\n.pdf": DocumentRecord(
        sha256=DIGEST, bytes=9, status=DocumentStatus.FAILED, reason="needs a password"
    ),
}

digests = st.just("") | st.binary(min_size=32, max_size=32).map(bytes.hex)
records = st.builds(
    DocumentRecord,
    sha256=digests,
    lines_sha256=digests,
    bytes=counts,
    encoding=st.text(),
    paragraphs=counts,
    status=st.sampled_from(DocumentStatus),
    reason=st.text(),
)


def written(*rows: object) -> bytes:
    """A file with a line of JSON for each value."""
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def row_with(**values: Any) -> list[Any]:
    """The row of an indexed document with some of its values changed."""
    row = {"path": "a.txt", "status": "indexed", "reason": "", "sha256": DIGEST, "lines_sha256": ""}
    return list((row | {"bytes": 1, "encoding": "utf-8", "paragraphs": 1} | values).values())


def message_of(content: bytes) -> str:
    """What is said of a file that is refused."""
    with pytest.raises(DamagedIndexError) as caught:
        read_records(content, name="corpus.jsonl")
    assert caught.value.hint == "askdocs repair"
    return str(caught.value)


def test_records_are_lines_of_json():
    """One array of eight values a line, without blanks, in ASCII, in order of path."""
    digest, lines = DIGEST.encode(), LINES.encode()
    assert write_records(RECORDS) == (
        b'["../more/\\udcff\\n.pdf","failed","needs a password","%b","",9,"",0]\n'
        b'["docs/b.txt","skipped","link","","",0,"",0]\n'
        b'["docs/\\u00c4.txt","indexed","","%b","%b",12,"utf-8",3]\n' % (digest, digest, lines)
    )


def test_no_record_is_no_byte():
    """An index whose corpus is empty has an empty file."""
    assert write_records({}) == b""
    assert read_records(b"", name="corpus.jsonl") == {}


@given(given_records=st.dictionaries(relative_paths, records, max_size=5))
def test_any_records_come_back_as_they_were(given_records):
    """Whatever they hold, reading is the inverse of writing, in order of path."""
    content = write_records(given_records)
    found = read_records(content, name="corpus.jsonl")
    assert list(found.items()) == sorted(given_records.items())
    assert write_records(dict(reversed(found.items()))) == content


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[
            (field, value)
            for field in "path status reason sha256 lines_sha256 bytes encoding paragraphs".split()
            for value in (None, True, -1, 1.5, 2**63, [], ["x"], {"x": 1})
        ],
        ("status", ""),
        ("status", "unknown"),
        ("status", "INDEXED"),
        ("sha256", "x"),
        ("sha256", DIGEST.upper()),
        ("sha256", DIGEST[1:]),
        ("sha256", f"{DIGEST}\n"),
        ("sha256", 0),
        ("lines_sha256", DIGEST[1:]),
        ("bytes", "1"),
        ("bytes", 1e3),
        ("bytes", float("nan")),
        ("paragraphs", ""),
    ],
)
def test_value_that_cannot_be_is_damage(field, value):
    """Each field is held to its own type and range; the line is named."""
    content = written(row_with(path="A.txt"), row_with(**{field: value}))
    assert message_of(content).startswith("corpus.jsonl cannot be read: line 2: ")


@pytest.mark.parametrize("path", [*OUTSIDE, *CLIMBING])
def test_path_of_a_document_is_clean(path):
    """A document's path may begin with `..`; otherwise it goes down, and only there."""
    assert message_of(written(row_with(path=path))) == (
        f"corpus.jsonl cannot be read: line 1: {unclean(path)!r} is not a clean relative path"
    )


def unclean(path: str) -> str:
    """Return the part of a path after its leading `../`, which is what an error quotes."""
    while path.startswith("../"):
        path = path[3:]
    return path


@pytest.mark.parametrize(
    ("second", "third"), [("b.txt", "b.txt"), ("b.txt", "a.txt"), ("b.txt", "B.txt")]
)
def test_lines_are_in_order_of_path(second, third):
    """A path that occurs twice, or out of order, is damage."""
    content = written(*(row_with(path=path) for path in ("a.txt", second, third)))
    assert message_of(content) == (
        f"corpus.jsonl cannot be read: line 3: {third!r} comes after {second!r}"
    )


GOOD = written(row_with())


REASONS = {
    b"{}\n": "the line is not an array",
    written(row_with(path="b.txt"))[:-1] + b" \n": "the line is not an array",
    written(row_with(path="b.txt"))[:-1]: "the last line is cut off",
    written(row_with(path="b.txt", sha256="x")): "'x' is not a digest",
}


@pytest.mark.parametrize(
    "line",
    [
        b"\n", b"{}\n", b"[]\n", b"null\n", b"\xff\n", b"\0\n", b'"textof 8"\n',
        written(row_with()[:-1]), written([*row_with(), 1]), written(dict.fromkeys("abcdefgh")),
        written(row_with(path="b.txt"))[:-1], written(row_with(path="b.txt"))[:-2] + b"\n",
        written(row_with(path="b.txt"))[:-1] + b" \n",
        written(row_with(path="b.txt"))[:-1] + b"\r\n", b" " + written(row_with(path="b.txt")),
        written(row_with(path="b.txt")).replace(b"b.txt", "bä.txt".encode()),
        written(row_with(path="b.txt")).replace(b" ", b"\n"),
        written(row_with(path="b.txt"))[:-1] + written(row_with(path="c.txt")),
        written(row_with(path="b.txt"))[:-1] + b"," + written(row_with(path="c.txt")),
        b"[" * 100_000 + b"\n", b"9" * 10_000 + b"\n",
        written(row_with(path="b.txt", sha256="x")),
    ],
)  # fmt: skip
def test_what_is_no_record_is_damage(line):
    """Other values, cut off lines and two values on a line are refused, and the line is named."""
    message = message_of(GOOD + line)
    assert message.startswith("corpus.jsonl cannot be read: line 2: ")
    if line in REASONS:
        assert message.endswith(f": {REASONS[line]}")


def test_paths_are_read_from_what_is_left_of_damaged_records():
    """Of the lines that can be read, those of indexed files name what an index must not lose."""
    documents = written(["docs/d.txt", DIGEST], ["../docs/e.txt", DIGEST, 1])
    content = written(
        row_with(path="docs/c.txt"),
        row_with(path="docs/b.txt", status="skipped"),
        row_with(path="docs/f.txt", status="failed"),
        row_with(path="../../etc/passwd/.."),
        row_with(path=7),
        ["docs/alone.txt"],
        7,
    )
    torn = b"\xff\xfe\n" + b"[" * 100_000 + b"\n" + written(row_with(path="docs/g.txt"))[:-2]
    found = readable_paths(b"half a line\n" + content + documents + torn)
    assert found == frozenset({"docs/c.txt", "docs/d.txt", "../docs/e.txt"})


@given(given_records=st.dictionaries(relative_paths, records, max_size=5))
def test_all_paths_of_whole_records_are_read(given_records):
    """Where nothing is damaged, they are those of the indexed files."""
    indexed = {
        path for path, record in given_records.items() if record.status == DocumentStatus.INDEXED
    }
    assert readable_paths(write_records(given_records)) == indexed
