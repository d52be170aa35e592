"""Indexes that askdocs never wrote are damage, never a crash; nothing outside is touched (B3)."""

import hashlib
import json
import os
import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from askdocs.disk.access import digest
from askdocs.disk.verified import VerifiedFile
from askdocs.errors import DamagedFileError
from askdocs.index.generation import head_line, open_generation
from askdocs.records.manifest import FileRecord
from askdocs.store import partition
from askdocs.store.arrays import npys, parse_arrays
from askdocs.store.context import ContextWriter
from askdocs.store.local import GenerationReader
from tests.reliability.states import build_index

Json = dict[str, Any]
Break = Callable[[Path], None]

DATA = (
    "context.npys", "dense.faiss", "documents.jsonl", "lexical.npys", "passages.jsonl",
    "tables.npys", "tokens.npys",
)  # fmt: skip
FOREIGN = "Nothing outside the index is read or written."


@pytest.fixture(scope="module")
def made(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with documents, their index, that of an older state, and a file outside of both."""
    base = tmp_path_factory.mktemp("made")
    (base / "docs").mkdir()
    (base / "outside").mkdir()
    (base / "outside" / "secret.txt").write_text(FOREIGN)
    for name, text in (("older", "It rained."), ("vectors", "The harbour froze in March.")):
        (base / "docs" / "a.txt").write_text(f"{text}\n")
        build_index(base / name, base / "docs", model=tiny_model)
    return base


def folder_of(index: Path) -> Path:
    """The folder of the one generation of an index."""
    [found] = (index / "generations").iterdir()
    return found


def sign(index: Path, content: bytes) -> None:
    """Give an index a manifest, and HEAD and the folder its name."""
    folder = folder_of(index)
    digest = hashlib.sha256(content).hexdigest()
    (folder / "manifest.json").write_bytes(content)
    (index / "HEAD").write_bytes(head_line(digest))
    folder.rename(folder.with_name(digest))


def resigned(change: Callable[[Json], object]) -> Break:
    """What changes a manifest and signs it again."""

    def broken(index: Path) -> None:
        manifest = json.loads((folder_of(index) / "manifest.json").read_bytes())
        change(manifest)
        sign(index, json.dumps(manifest, sort_keys=True, indent=1).encode())

    return broken


def with_corpus(**values: object) -> Break:
    """What changes the settings of the corpus."""
    return resigned(lambda manifest: manifest["corpus"].update(values))


def replaced(old: bytes, new: bytes) -> Break:
    """What puts other bytes into a manifest and signs it again."""

    def broken(index: Path) -> None:
        content = (folder_of(index) / "manifest.json").read_bytes()
        assert old in content
        sign(index, content.replace(old, new, 1))

    return broken


def resigned_file(name: str, content: bytes) -> Break:
    """What writes a data file of its own, as the manifest then says."""
    record = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}

    def broken(index: Path) -> None:
        (folder_of(index) / name).write_bytes(content)
        resigned(lambda manifest: manifest["files"].update({name: record}))(index)

    return broken


def swapped(one: str, other: str) -> Break:
    """What gives two files each other's names."""

    def broken(index: Path) -> None:
        first, second = (folder_of(index) / "000" / name for name in (one, other))
        content = first.read_bytes()
        second.replace(first)
        second.write_bytes(content)

    return broken


def renamed_in_manifest(name: str) -> Break:
    """What has the manifest call a file by a name that leads elsewhere."""
    tables = "000/tables.npys"
    return resigned(
        lambda manifest: manifest["files"].update({name: manifest["files"].pop(tables)})
    )


def at(name: str, do: Callable[[Path], object]) -> Break:
    """What does something to a file of the generation."""
    return lambda index: do(folder_of(index) / name)


def of_the_older(name: str) -> Break:
    """What puts a file or folder of the index of another state into this one."""

    def broken(index: Path) -> None:
        old, new = (
            one if name == "HEAD" else folder_of(one) for one in (index.with_name("older"), index)
        )
        if (new / name).is_dir():
            shutil.rmtree(new / name)
            shutil.copytree(old / name, new / name)
        else:
            shutil.copy(old / name, new / name)

    return broken


def link_elsewhere(path: Path) -> None:
    """Put a link to what is outside in the place of a file or folder."""
    outside = next(up for up in path.parents if (up / "outside").is_dir()) / "outside"
    is_folder = path.is_dir()
    shutil.rmtree(path) if is_folder else path.unlink()
    path.symlink_to(outside if is_folder else outside / "secret.txt")


def fifo(path: Path) -> None:
    """Put what never ends in the place of a file."""
    path.unlink()
    os.mkfifo(path)


DEEP = b"[" * 100_000 + b"]" * 100_000
BREAKS: dict[str, Break] = {
    **{f"missing {name}": at(f"000/{name}", Path.unlink) for name in DATA},
    **{f"link for {name}": at(f"000/{name}", link_elsewhere) for name in DATA},
    "swapped texts": swapped("documents.jsonl", "passages.jsonl"),
    "swapped arrays": swapped("lexical.npys", "tables.npys"),
    "swapped kinds": swapped("dense.faiss", "tables.npys"),
    "files of another state": of_the_older("000"),
    "old manifest under new HEAD": of_the_older("manifest.json"),
    "HEAD of another state": of_the_older("HEAD"),
    "missing manifest": at("manifest.json", Path.unlink),
    "link for the manifest": at("manifest.json", link_elsewhere),
    "FIFO for the manifest": at("manifest.json", fifo),
    "FIFO for a file": at("000/tables.npys", fifo),
    "missing segment": at("000", shutil.rmtree),
    "link for the segment": at("000", link_elsewhere),
    "name that goes up": renamed_in_manifest("../../../outside/secret.txt"),
    "name that is absolute": renamed_in_manifest("/etc/passwd"),
    "name with a NUL": renamed_in_manifest("000/a\0b"),
    "root that goes down and up": with_corpus(roots=["docs/../outside"]),
    "root that is absolute": with_corpus(roots=["/etc"]),
    "ignore file elsewhere": with_corpus(ignore_files=["../outside/secret.txt"]),
    "key that stands twice": replaced(b'"counts"', b'"counts": {}, "counts"'),
    "number without end": replaced(b'"dimension": 16', b'"dimension": 1' + b"0" * 5000),
    "number that is too large": replaced(b'"dimension": 16', b'"dimension": 99999999999999999999'),
    "number that is invalid": replaced(b'"dimension": 16', b'"dimension": NaN'),
    "negative number": replaced(b'"bytes": ', b'"bytes": -'),
    "nesting": replaced(b'"counts"', b'"deep": ' + DEEP + b', "counts"'),
    "manifest that is a list": lambda index: sign(index, b"[]"),
    "manifest without files": resigned(lambda manifest: manifest.update(files={})),
    "segment of another name": resigned(
        lambda manifest: manifest["files"].update({"111/x": manifest["files"]["000/dense.faiss"]})
    ),
    "passages that are not lines": resigned_file("000/passages.jsonl", b"{}\n"),
    "nested passages": resigned_file("000/passages.jsonl", DEEP),
    "documents of nothing": resigned_file("000/documents.jsonl", b""),
    "arrays of nothing": resigned_file("000/tables.npys", b""),
    "postings of another size": resigned_file("000/lexical.npys", b"\x93NUMPY\x01\x00"),
    "vectors of another format": resigned_file("000/dense.faiss", b"IxF2" + bytes(60)),
}


@pytest.mark.parametrize("name", BREAKS)
def test_foreign_index_is_refused(*, made, tmp_path, run, monkeypatch, tally, name):
    """Exit 4 with one line and a hint, whatever is asked, and nothing outside was touched."""
    base = tmp_path / "base"
    shutil.copytree(made, base)
    monkeypatch.chdir(base)
    BREAKS[name](base / "vectors")
    ran = run("ask", "--min-score", "0", "harbour")
    assert (ran.status, ran.out) == (4, "")
    assert [line.split(" ")[0] for line in ran.err.splitlines()] == ["askdocs:", "hint:"]
    assert FOREIGN not in ran.err
    assert sorted(path.name for path in base.rglob("*.txt")) == ["a.txt", "secret.txt"]
    assert (base / "outside" / "secret.txt").read_text() == FOREIGN
    tally("B3", "foreign indexes", 1)


def test_index_without_codes_of_tokens_is_of_another_version(made, tmp_path, run, monkeypatch):
    """Its words can be asked; everything else ends with the command that mends it."""
    base = tmp_path / "base"
    shutil.copytree(made, base)
    monkeypatch.chdir(base)
    resigned(lambda manifest: manifest["files"].pop("000/tokens.npys"))(base / "vectors")
    ran = run("ask", "--min-score", "0", "harbour")
    assert (ran.status, ran.out) == (5, "")
    assert ran.err == (
        "askdocs: the index was made by a version that kept no codes of tokens\n"
        "hint: askdocs index, or ask with --mode lexical\n"
    )
    assert run("ask", "--mode", "lexical", "--min-score", "0", "harbour").status == 0


ARRAYS = {
    "tables.npys": 7,
    "lexical.npys": 6,
    "context.npys": 7,
    "dense.npys": 4,
    "tokens.npys": 2,
    "codebook.npys": 3,
}
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
            build_index(base / "vectors", base / "docs", model=tiny_model)
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
    reader.token_codes(ids)
    reader.stored_vectors(own)
    reader.text_digests(ids)
    reader.passages(ids.tolist())
    within = reader.passages_in(["docs/1.txt", "docs/2.txt"])
    reader.dense(np.eye(16, dtype=np.float32)[:1], 9, within=within)
    reader.lexical(["captain"], 9, within=within)
    for path, _ in reader.documents():
        reader.passages_of(path)
        reader.document(path)
    for segment in reader.segments:
        count = len(segment.texts.passages)
        segment.postings.moved(np.arange(count, dtype=np.int32))
        copy = ContextWriter()
        copy.copy(segment.context, 0, count)
        list(copy.pieces())
        segment.tokens.codes(np.arange(count + segment.texts.sentences))


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
                odd = [np.nan, np.inf, 1e30, -1.0, 0.0] if flat.dtype.kind == "f" else ODD
                flat[chosen.randrange(len(flat))] = np.array([chosen.choice(odd)]).astype(
                    flat.dtype
                )[0]
    return b"".join(bytes(piece) for piece in npys(arrays))


def with_other_lines(content: bytes, chosen: random.Random) -> bytes:
    """Lines of JSON, of which one is another of the same length."""
    lines = content.split(b"\n")
    at = chosen.randrange(len(lines) - 1)
    row = json.loads(lines[at])
    other = chosen.choice([None, 3, "x", [], [1], {}, 1.5, "\ud800", [[]]])
    row[chosen.randrange(len(row))] = other
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
    assert said == f"{tmp_path / 'dense.faiss'} cannot be read: a vector is not of unit length"
