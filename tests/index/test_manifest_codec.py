"""A manifest is read back as it was written, and whatever is not one is refused."""

import hashlib
import json
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdocs.errors import DamagedIndexError, FormatError, UnusableIndexError
from askdocs.index.codec import read_manifest, write_manifest, write_tools
from askdocs.records.manifest import (
    FORMAT_VERSION,
    CorpusSettings,
    FileRecord,
    Manifest,
    ModelRecord,
    PassageSettings,
)
from tests.index.conftest import CLIMBING, OUTSIDE, clean_paths, counts, names, relative_paths
from tests.raising import raises

DIGEST = hashlib.sha256(b"").hexdigest()

MANIFEST = Manifest(
    corpus=CorpusSettings(roots=("../more", "docs"), encoding="latin-1"),
    passages=PassageSettings(max_tokens=100, rules=1),
    model=ModelRecord(
        name="model", revision="1.0", fingerprint=DIGEST, dimension=2, probe=(0.6, -0.8)
    ),
    counts={"passages": 3, "sentences": 5},
    files={
        "000/dense.faiss": FileRecord(sha256=DIGEST, bytes=12),
        "corpus.jsonl": FileRecord(sha256=DIGEST, bytes=0),
    },
    parsers={"markdown": "a 1.0, b 2.1"},
)

digests = st.binary(min_size=32, max_size=32).map(bytes.hex)
numbers = st.floats(allow_nan=False, allow_infinity=False)
models = st.lists(numbers, max_size=4).flatmap(
    lambda probe: st.builds(
        ModelRecord,
        name=st.text(),
        revision=st.text(),
        fingerprint=digests,
        dimension=st.just(len(probe)),
        probe=st.just(tuple(probe)),
    )
)
manifests = st.builds(
    Manifest,
    corpus=st.builds(
        CorpusSettings,
        roots=st.lists(relative_paths, max_size=3).map(tuple),
        include=st.lists(st.text(), max_size=3).map(tuple),
        ignore_files=st.lists(names, max_size=3).map(tuple),
        max_bytes=counts,
        encoding=st.text(),
        exclude=st.lists(st.text(), max_size=3).map(tuple),
        hidden=st.booleans(),
        max_line_chars=counts,
        max_sentences=counts,
        max_documents=counts,
        max_depth=counts,
        max_parse_seconds=counts,
        max_parse_bytes=counts,
    ),
    passages=st.builds(PassageSettings, max_tokens=counts, rules=counts),
    model=models,
    counts=st.fixed_dictionaries({"passages": counts, "sentences": counts}),
    files=st.dictionaries(
        clean_paths, st.builds(FileRecord, sha256=digests, bytes=counts), max_size=3
    ),
    parsers=st.dictionaries(st.text(), st.text(), max_size=3),
    format_version=st.just(FORMAT_VERSION),
)


GONE = object()


def changed(path: str, value: object) -> bytes:
    """The manifest's file with one field, named by a path of keys, set to another value or gone."""
    card = json.loads(write_manifest(MANIFEST))
    *above, last = path.split("|")
    inner: Any = card
    for key in above:
        inner = inner[key]
    inner[last] = value
    if value is GONE:
        del inner[last]
    return json.dumps(card).encode()


def fields(card: dict[str, Any], above: str = "") -> list[str]:
    """The paths of all keys that a manifest must have, names of files and formats left out."""
    found = []
    for key, value in card.items():
        if above not in {"files|", "parsers|"}:
            found.append(f"{above}{key}")
        if isinstance(value, dict):
            found += fields(value, f"{above}{key}|")
    return found


FIELDS = fields(json.loads(write_manifest(MANIFEST)))


def test_settings_that_say_nothing_are_left_out():
    """An index of a corpus without exclusions has the name that it had before there were any."""
    card = json.loads(write_manifest(MANIFEST))
    assert {
        "exclude", "hidden", "max_line_chars", "max_sentences", "max_documents", "max_depth",
        "max_parse_seconds", "max_parse_bytes",
    } & card["corpus"].keys() == set()  # fmt: skip


@given(manifest=manifests)
def test_any_manifest_comes_back_as_it_was(manifest):
    """Whatever names, numbers and texts it holds, reading is the inverse of writing."""
    content = write_manifest(manifest)
    assert read_manifest(content) == manifest
    assert write_manifest(read_manifest(content)) == content


def test_manifest_is_plain_text():
    """The file is JSON that every tool reads: ASCII, one value a line, keys sorted."""
    content = write_manifest(MANIFEST)
    assert set(content) <= set(string.printable.encode())
    assert content.startswith(b'{\n "corpus": {\n  "encoding": "latin-1",\n')
    assert content.endswith(
        b'\n "parsers": {\n  "markdown": "a 1.0, b 2.1"\n },'
        b'\n "passages": {\n  "max_tokens": 100,\n  "rules": 1\n }\n}\n'
    )


def test_tools_are_listed_by_name():
    """The versions of what wrote a generation are JSON with sorted keys."""
    content = write_tools({"python": "3.11", "askdocs": "0.1"})
    assert content == b'{\n "askdocs": "0.1",\n "python": "3.11"\n}\n'


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"1", b'"text"', b"null", b"{}", b"\xff", b"\0" * 100, b"[" * 100_000,
        b'{"format_version":' + b"[" * 100_000, b'{"format_version": 4}',
        b'{"format_version": NaN}', b'{"format_version": ' + b"9" * 10_000 + b"}",
        write_manifest(MANIFEST)[:-3], write_manifest(MANIFEST) * 2,
        write_manifest(MANIFEST).replace(b'"rules": 1', b'"rules": 1, "rules": 1'),
        write_manifest(MANIFEST).replace(b'"corpus.jsonl"', b'"000/dense.faiss"'),
        write_manifest(MANIFEST).replace(b'"rules": 1', b'"rules": 1, "other": NaN'),
        write_manifest(MANIFEST).replace(b"0.6,", b"Infinity,"),
        write_manifest(MANIFEST).replace(b"0.6,", b"1e999,"),
        write_manifest(MANIFEST).replace(b"0.6,", b"1" + b"0" * 400 + b","),
        write_manifest(MANIFEST).replace(b"latin-1", b"\xff"),
    ],
)  # fmt: skip
def test_what_is_no_manifest_is_damage(content):
    """Other files, cut off ones and keys that stand twice are refused, with what to do."""
    with pytest.raises(DamagedIndexError) as caught:
        read_manifest(content)
    assert str(caught.value).startswith("the manifest cannot be read: ")
    assert caught.value.hint == "askdocs repair PATH"


@pytest.mark.parametrize("field", FIELDS)
def test_missing_field_is_damage(field):
    """A manifest must have all its fields."""
    with pytest.raises(DamagedIndexError):
        read_manifest(changed(field, GONE))


@pytest.mark.parametrize("value", [None, True, -1, 1.5, 2**63, [[]], ["x", 1], {"x": 1}])
@pytest.mark.parametrize("field", [field for field in FIELDS if field != "format_version"])
def test_value_of_a_wrong_type_is_damage(field, value):
    """No field takes a truth value, a negative number, a fraction or a number beyond 63 bits."""
    with pytest.raises(DamagedIndexError):
        read_manifest(changed(field, value))


WRONG = {
    "corpus": [[]],
    "corpus|exclude": ["*.txt", [1]],
    "corpus|hidden": [None],
    "corpus|max_depth": [-1],
    "corpus|max_documents": ["9"],
    "corpus|max_line_chars": [1.5],
    "corpus|roots": [{}],
    "corpus|include": ["*.txt"],
    "corpus|max_bytes": ["1", 1e3],
    "corpus|encoding": [1],
    "passages|max_tokens": ["100"],
    "model|name": [1],
    "model|dimension": [3],
    "model|probe": [{}, "", [True, False], ["0.6", "0.8"], [0.6, None]],
    "model|fingerprint": [DIGEST.upper(), f"{DIGEST}0", f"g{DIGEST[1:]}", f"{DIGEST}\n", ""],
    "counts": [[], {}],
    "counts|passages": [1.0],
    "files": [[]],
    "files|000/dense.faiss": [[]],
    "files|000/dense.faiss|sha256": [""],
    "parsers": [["markdown"], {"markdown": ["1.0"]}],
}


@pytest.mark.parametrize(
    ("field", "value"), [(field, value) for field, values in WRONG.items() for value in values]
)
def test_value_that_cannot_be_is_damage(field, value):
    """Each field is held to its own type, unit and range."""
    with pytest.raises(DamagedIndexError):
        read_manifest(changed(field, value))


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("corpus|roots", "docs", "'docs' is not a list"),
        ("corpus|include", [1], "1 is not a text"),
        ("corpus|max_bytes", True, "True is not a count"),
        ("corpus|hidden", 1, "1 is neither true nor false"),
        ("model|probe", [0.6, "x"], "'x' is not a number"),
        ("model|probe", [0.6, False], "False is not a number"),
        ("model|probe", [0.6], "the probe has 1 numbers, not 2"),
        ("model|fingerprint", DIGEST[1:], f"{DIGEST[1:]!r} is not a digest"),
        ("corpus|ignore_files", ["a/b"], "'a/b' is not a file name"),
    ],
)
def test_reason_names_the_value(field, value, reason):
    """The error says which value is wrong, and how."""
    with raises(DamagedIndexError, f"the manifest cannot be read: {reason}"):
        read_manifest(changed(field, value))


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b'"rules": 1', b'"rules": 1, "rules": 1', "a key occurs twice"),
        (b"0.6,", b"NaN,", "NaN is not a number"),
        (b"0.6,", b"-Infinity,", "-Infinity is not a number"),
    ],
)
def test_reason_names_what_is_no_json(old, new, reason):
    """What JSON's own parser would let pass is told like any other wrong value."""
    with raises(DamagedIndexError, f"the manifest cannot be read: {reason}"):
        read_manifest(write_manifest(MANIFEST).replace(old, new))


@pytest.mark.parametrize("path", [*OUTSIDE, *CLIMBING])
def test_root_is_clean(path):
    """A root may begin with `..`; otherwise it goes down, and only there."""
    with pytest.raises(DamagedIndexError, match="is not a clean relative path"):
        read_manifest(changed("corpus|roots", [path]))


@pytest.mark.parametrize("path", [*OUTSIDE, ".", "..", "../a", "../HEAD"])
def test_name_of_a_file_stays_in_its_generation(path):
    """No file of a generation lies outside its folder."""
    record = {"sha256": DIGEST, "bytes": 1}
    with pytest.raises(DamagedIndexError, match="is not a clean relative path"):
        read_manifest(changed("files", {path: record}))


@pytest.mark.parametrize("name", [*OUTSIDE, "..", "a/b", "../.gitignore"])
def test_name_of_an_ignore_file_is_a_name(name):
    """An ignore file is looked for in the folder itself, nowhere else."""
    with pytest.raises(DamagedIndexError):
        read_manifest(changed("corpus|ignore_files", [name]))


@pytest.mark.parametrize("version", [0, 1, 2, 3, 99, -1, "4", None, [4]])
def test_other_format_cannot_be_used(version):
    """An index of another version is not damage: the message says which, and what to do."""
    with pytest.raises(FormatError) as caught:
        read_manifest(changed("format_version", version))
    assert str(caught.value) == f"the index has format {version!r}, this version reads 4"
    assert (caught.value.found, caught.value.read) == (repr(version), "4")
    assert caught.value.hint == "askdocs index --rebuild PATH, or the askdocs that made it"


def test_format_is_looked_at_before_all_else():
    """Whatever else another version writes, or leaves out, the number alone is spoken of."""
    with raises(UnusableIndexError, "the index has format 3, this version reads 4"):
        read_manifest(b'{"files": 7, "format_version": 3, "documents": {"/": null}}')


@pytest.mark.parametrize("version", [True, 4.0])
def test_format_is_a_whole_number(version):
    """What only compares equal to the format is not it."""
    with pytest.raises((DamagedIndexError, UnusableIndexError)):
        read_manifest(changed("format_version", version))
