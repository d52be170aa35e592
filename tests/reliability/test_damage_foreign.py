"""Files that are what the manifest says and make no sense are damage, never a crash (row B3)."""

import json
import random
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from askdocs.disk.access import digest
from askdocs.disk.verified import VerifiedFile
from askdocs.errors import DamagedFileError
from askdocs.index.generation import open_generation
from askdocs.indexing.build import build
from askdocs.indexing.request import IndexRequest
from askdocs.records.manifest import FileRecord
from askdocs.store import partition
from askdocs.store.arrays import npys, parse_arrays
from askdocs.store.local import GenerationReader

Amount = Callable[[int, int], int]
Tally = Callable[[str, str, int], None]

ARRAYS = {"tables.npys": 5, "lexical.npys": 6, "dense.npys": 4, "codebook.npys": 3}
ODD = [0, 1, -1, 2, 7, 2**31 - 1, -(2**31), 2**62, -(2**63)]
TEXT = "The captain saw the harbour. Rain fell on the ship.\n\nA moon rose over the river.\n"


@pytest.fixture(scope="module")
def written(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folders of two generations: one of vectors as they are, one of segments of codes."""
    made = {}
    for kind in ("flat", "coded"):
        base = tmp_path_factory.mktemp(kind)
        (base / "docs").mkdir()
        for number in range(8):
            (base / "docs" / f"{number}.txt").write_text(f"{TEXT}\nIt was the year {number}.\n")
        with pytest.MonkeyPatch.context() as patch:
            if kind == "coded":
                patch.setattr(partition, "SEGMENT_BYTES", 500)
            request = IndexRequest(
                index=base / "vectors", paths=(base / "docs",), model=str(tiny_model)
            )
            build(request, cache=tiny_model.with_name("compiled"), notify=lambda _line: None)
        made[kind] = open_generation(base / "vectors").directory
    return made


def ask(folder: Path, changed: str, content: bytes, scratch: Path) -> str:
    """Use all of a reader; which file is damaged, or nothing where all of it can be used."""
    names = [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]
    (scratch / Path(changed).name).write_bytes(content)

    def opened(name: str) -> VerifiedFile:
        path = scratch / Path(name).name if name == changed else folder / name
        known = content if name == changed else path.read_bytes()
        return VerifiedFile(path, FileRecord(sha256=digest(known), bytes=len(known)))

    with closing(GenerationReader(opened, names=names)) as reader:
        try:
            use(reader)
        except DamagedFileError as error:
            return str(error)
    return ""


def use(reader: GenerationReader) -> None:
    """All that questions, `show` and a refresh do."""
    sentences, _ = reader.dense(np.eye(16, dtype=np.float32)[:2], 9)
    found, _ = reader.lexical(["captain", "harbour", "year", "unknown"], 9)
    ids = np.unique(np.concatenate([reader.passages_of_sentences(sentences).ravel(), found]))
    firsts, counts = reader.sentences_of(ids)
    own = np.concatenate([np.arange(at, at + n) for at, n in zip(firsts, counts, strict=True)])
    reader.vectors(own)
    reader.stored_vectors(own)
    reader.text_digests(ids)
    reader.passages(ids.tolist())
    within = reader.passages_in(["docs/1.txt", "docs/2.txt"])
    reader.dense(np.eye(16, dtype=np.float32)[:1], 9, within=within)
    reader.lexical(["captain"], 9, within=within)
    for path, _ in reader.documents():
        reader.passages_of(path)
        reader.text_of(path)
    for segment in reader.segments:
        segment.postings.moved(np.arange(len(segment.texts.passages), dtype=np.int32))


def with_other_numbers(content: bytes, count: int, chosen: random.Random) -> bytes:
    """Arrays of which one has other values, another type, another shape, or is missing."""
    arrays = [array.copy() for array in parse_arrays(content, count)]
    at = chosen.randrange(count)
    match chosen.randrange(6):
        case 0:
            arrays[at] = arrays[at].astype(chosen.choice(["<i8", "<i4", "<u2", "<f4", "|u1"]))
        case 1:
            arrays[at] = arrays[at][: chosen.randrange(len(arrays[at]) + 1)]
        case 2:
            arrays[at] = np.concatenate([arrays[at], arrays[at][-1:]])
        case 3:
            arrays[at] = arrays[at].reshape(1, -1)
        case _:
            flat = arrays[at].reshape(-1)
            for _ in range(chosen.randrange(1, 4) if len(flat) else 0):
                flat[chosen.randrange(len(flat))] = other_number(flat.dtype, chosen)
    return b"".join(bytes(piece) for piece in npys(arrays))


def other_number(dtype: np.dtype[Any], chosen: random.Random) -> Any:
    """A value that fits a type and means nothing."""
    if dtype.kind == "f":
        return chosen.choice([np.nan, np.inf, 1e30, -1.0, 0.0])
    return np.array([chosen.choice(ODD)]).astype(dtype)[0]


def with_other_lines(content: bytes, chosen: random.Random) -> bytes:
    """Lines of JSON, of which one is another of the same length."""
    lines = content.split(b"\n")
    at = chosen.randrange(len(lines) - 1)
    row = json.loads(lines[at])
    row[chosen.randrange(len(row))] = chosen.choice(
        [None, 3, "x", [], [1], {}, 1.5, "\ud800", [[]]]
    )
    line = json.dumps(chosen.choice([row, row[:-1], {}, 7])).encode()
    lines[at] = line[: len(lines[at])].ljust(len(lines[at]))
    return b"\n".join(lines)


def cases(folder: Path, count: int, chosen: random.Random) -> Iterator[tuple[str, bytes]]:
    """Files of a generation with content that another program might have written."""
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.npys"))
    lines = sorted(str(path.relative_to(folder)) for path in folder.glob("0*/*.jsonl"))
    for _ in range(count):
        name = chosen.choice(names + lines)
        content = (folder / name).read_bytes()
        if name in names:
            yield name, with_other_numbers(content, ARRAYS[Path(name).name], chosen)
        elif len(content) > 1:
            yield name, with_other_lines(content, chosen)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", ["flat", "coded"])
def test_foreign_file_is_damage_or_can_be_used(written, kind, tmp_path, amount, tally):
    """Whatever it holds, no other error than that of a damaged file comes out, nor a warning."""
    folder, chosen = written[kind], random.Random(kind)  # noqa: S311 - no secret
    tried = refused = 0
    for name, content in cases(folder, amount(60, 2000), chosen):
        said = ask(folder, name, content, tmp_path)
        assert not said or " cannot be read: " in said, said
        tried += 1
        refused += bool(said)

    assert refused > tried // 2
    tally("B3", f"foreign arrays and lines, {kind}", tried)


@pytest.mark.parametrize("value", [np.nan, np.inf, 2.0, 0.0])
def test_vector_that_is_none_is_damage(written, tmp_path, value):
    """A question gets no answer from vectors that are not of unit length."""
    content = bytearray((written["flat"] / "000" / "dense.faiss").read_bytes())
    content[45 : 45 + 64] = np.full(16, value, "<f4").tobytes()

    said = ask(written["flat"], "000/dense.faiss", bytes(content), tmp_path)

    expected = f"{tmp_path / 'dense.faiss'} cannot be read: a vector is not of unit length"
    assert said == expected
