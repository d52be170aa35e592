"""A flipped, missing or foreign byte of an index is damage, or changes no answer (rows B1, B2)."""

import os
import random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from askdocs.disk import durable
from askdocs.disk.verified import LARGE
from askdocs.errors import DamagedIndexError, NoIndexError
from askdocs.freshness import damaged_files
from askdocs.index.generation import Generation, open_generation
from askdocs.indexing.build import build
from askdocs.indexing.request import IndexRequest
from askdocs.search.index import Index
from askdocs.search.options import AskOptions
from askdocs.store import partition

Amount = Callable[[int, int], int]
Tally = Callable[[str, str, int], None]

PAGE = 4096
QUESTION = "Where did the captain see the harbour?"
TERMS = ["captain", "harbour", "moon", "unknown"]
WORDS = "captain harbour moon rain ship winter letter market river stone bridge garden".split()
KINDS = ["small", "blocks", "segments"]


@pytest.fixture(scope="module")
def memory() -> Iterator[Path]:
    """A folder on a RAM disk, where there is one."""
    shared = Path("/dev/shm")
    is_there = os.access(shared, os.W_OK)
    with tempfile.TemporaryDirectory(dir=shared if is_there else None) as directory:
        yield Path(directory)


@pytest.fixture(scope="module")
def indexes(memory: Path, tiny_model: Path) -> dict[str, Path]:
    """An index of each kind: small files; files with tables of checksums; two segments."""
    made = {}
    for kind in KINDS:
        base = memory / kind
        write_corpus(base / "docs", documents=4 if kind == "small" else 40)
        with pytest.MonkeyPatch.context() as patch:
            if kind != "small":
                patch.setattr(durable, "LARGE", PAGE)
            if kind == "segments":
                patch.setattr(partition, "SEGMENT_BYTES", 30_000)
            request = IndexRequest(
                index=base / "vectors", paths=(base / "docs",), model=str(tiny_model)
            )
            build(request, cache=tiny_model.with_name("compiled"), notify=lambda _line: None)
        made[kind] = base / "vectors"
    return made


def write_corpus(folder: Path, *, documents: int) -> None:
    """Write documents of some sentences each, the same ones every time."""
    chosen = random.Random(7)  # noqa: S311 - no secret
    folder.mkdir(parents=True)
    for number in range(documents):
        sentences = [
            " ".join(chosen.choices(WORDS, k=9)).capitalize() + f" {number}."
            for _ in range(4 if documents < 10 else 20)
        ]
        paragraphs = [" ".join(sentences[at : at + 4]) for at in range(0, len(sentences), 4)]
        (folder / f"{number:02}.txt").write_text("\n\n".join(paragraphs) + "\n")


def answer(index: Path, opened: Generation | None = None) -> Any:
    """All that a question of any mode, `show` and `check` get from an index."""
    generation = opened or open_generation(index)
    with closing(generation.reader()) as reader:
        vectors = np.eye(generation.manifest.model.dimension, dtype=np.float32)[:1]
        sentences, cosines = reader.dense(vectors, 5)
        passages = reader.passages_of_sentences(sentences[0])
        found, scores = reader.lexical(TERMS, 5)
        ids = np.concatenate([passages, found])
        firsts, counts = reader.sentences_of(ids)
        return (
            [sentences.tolist(), cosines.tolist(), found.tolist(), scores.tolist()],
            [firsts.tolist(), counts.tolist(), reader.text_digests(ids).tolist()],
            reader.passages(ids.tolist()),
            reader.text_of("docs/01.txt"),
        )


def outcome(index: Path, opened: Generation | None = None) -> Any:
    """The answer, or None where the index is refused as damaged.

    Args:
        index: Which one.
        opened: Its generation, where neither HEAD nor the manifest is other than it was.
    """
    try:
        return answer(index, opened)
    except (DamagedIndexError, NoIndexError):
        return None


def files_of(index: Path) -> dict[str, Path]:
    """HEAD and every file of the current generation but the versions of tools, by short names."""
    folder = open_generation(index).directory
    found = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    del found["tools.json"]
    return {"HEAD": index / "HEAD", **found}


def flip(path: Path, bit: int) -> None:
    """Turn one bit of a file round."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        (byte,) = os.pread(descriptor, 1, bit // 8)
        os.pwrite(descriptor, bytes([byte ^ 1 << bit % 8]), bit // 8)
    finally:
        os.close(descriptor)


def wanted_bits(path: Path, amount: Amount) -> list[int]:
    """All bits of HEAD and the manifest and of the first 4 KiB of others, or a sample of them."""
    size = path.stat().st_size
    named = path.name in {"HEAD", "manifest.json"}
    bits = 8 * (size if named else min(size, PAGE))
    count = amount(bits if path.name == "HEAD" else min(bits, 24), bits)
    return sorted(random.Random(path.name).sample(range(bits), count))  # noqa: S311 - no secret


def is_record(path: Path) -> bool:
    """Return whether a file holds the records, which no question reads."""
    return path.name == "corpus.jsonl"


@pytest.mark.parametrize("kind", ["small", "blocks"])
def test_flipped_bit_is_damage_or_changes_nothing(indexes, kind, amount, tally):
    """Of HEAD, the manifest and the beginning of each file, whichever bit it is."""
    index = indexes[kind]
    before = answer(index)
    generation = open_generation(index)
    tried = refused = 0
    for name, path in files_of(index).items():
        if is_record(path):
            continue
        opened = None if path.name in {"HEAD", "manifest.json"} else generation
        for bit in wanted_bits(path, amount):
            flip(path, bit)
            after = outcome(index, opened)
            flip(path, bit)
            assert after in (None, before), f"{name}: bit {bit}"
            # What is small is verified whole before it is used.
            assert kind != "small" or after is None, f"{name}: bit {bit}"
            tried += 1
            refused += after is None

    assert answer(index) == before
    assert refused > tried // 3
    tally("B1", f"flipped bits, {kind}", tried)


def test_flipped_bit_of_the_records_is_damage(indexes, amount, tally):
    """The records are never read wrongly."""
    index = indexes["blocks"]
    path = files_of(index)["corpus.jsonl"]
    bits = wanted_bits(path, amount)
    for bit in bits:
        flip(path, bit)
        with pytest.raises(DamagedIndexError):
            open_generation(index, with_documents=True)
        flip(path, bit)
    assert open_generation(index, with_documents=True).documents
    tally("B1", "flipped bits, records", len(bits))


def test_flipped_bit_anywhere_is_damage_or_changes_nothing(indexes, amount, tally):
    """Anywhere in any file, by chance."""
    chosen = random.Random(11)  # noqa: S311 - no secret
    tried = 0
    for kind, index in indexes.items():
        before = answer(index)
        paths = list(files_of(index).values())
        for _ in range(amount(10, 700)):
            path = chosen.choice(paths)
            bit = chosen.randrange(8 * path.stat().st_size)
            flip(path, bit)
            after = outcome(index)
            flip(path, bit)
            assert after in (None, before), f"{kind}: {path.name}: bit {bit}"
            tried += 1
    tally("B1", "flipped bits anywhere", tried)


def test_question_itself_meets_a_flipped_bit(indexes, tiny_model, amount, tally):
    """`search` with the model in place gives the same hits, or says that the index is damaged."""
    index, chosen = indexes["blocks"], random.Random(13)  # noqa: S311 - no secret
    paths = list(files_of(index).values())

    def hits() -> Any:
        try:
            with Index(index, cache=tiny_model.with_name("compiled"), notify=print) as opened:
                return opened.ask(QUESTION, AskOptions(min_score=0.0)).hits
        except (DamagedIndexError, NoIndexError):
            return None

    before = hits()
    assert before
    count = amount(6, 300)
    for _ in range(count):
        path = chosen.choice(paths)
        bit = chosen.randrange(8 * path.stat().st_size)
        flip(path, bit)
        after = hits()
        flip(path, bit)
        assert after in (None, before), f"{path.name}: bit {bit}"
    tally("B1", "flipped bits before a question", count)


def changes(content: bytes, amount: Amount) -> Iterator[tuple[str, bytes]]:
    """Yield a file cut off, with bytes after its end, and with zeroed pages."""
    size = len(content)
    cuts = set(range(size))
    if size > LARGE // 64:
        cuts = {at + by for at in range(0, size, PAGE) for by in (-1, 0, 1)} & cuts
    for at in sorted(
        random.Random(size).sample(sorted(cuts), min(len(cuts), amount(6, len(cuts))))  # noqa: S311 - no secret
    ):
        yield f"cut off at {at}", content[:at]
    for more in (b"\0", content[-1:], b"\0" * PAGE, content):
        yield f"{len(more)} bytes after the end", content + more
    for start in range(0, size, PAGE):
        page = content[start : start + PAGE]
        if any(page):
            yield f"page at {start}", content[:start] + bytes(len(page)) + content[start + PAGE :]


@pytest.mark.parametrize("kind", KINDS)
def test_cut_longer_or_zeroed_file_is_named(indexes, kind, amount, tally):
    """`check --deep` names the one file; a question is refused, or its answer is what it was."""
    index = indexes[kind]
    before = answer(index)
    generation = open_generation(index)
    tried = 0
    for name, path in files_of(index).items():
        # What only an index of segments has; the rest is as in the other kinds.
        if kind == "segments" and not name.startswith(("codebook", "000/dense")):
            continue
        whole = path.read_bytes()
        for what, content in changes(whole, amount):
            path.write_bytes(content)
            is_opened = name not in {"HEAD", "manifest.json"}
            after = outcome(index, generation if is_opened else None)
            if name in {"HEAD", "manifest.json"}:
                assert after is None, f"{name}: {what}"
            else:
                damaged = [one.path for one in damaged_files(generation, deep=True)]
                wanted = f"vectors/generations/{generation.digest}/{name}"
                assert damaged == [wanted], f"{name}: {what}"
            assert after in (None, before), f"{name}: {what}"
            tried += 1
        path.write_bytes(whole)

    assert answer(index) == before
    tally("B2", f"cut, longer or zeroed files, {kind}", tried)
