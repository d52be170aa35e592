"""A flipped, missing or foreign byte of an index is damage, or changes no answer (rows B1, B2)."""

import os
import random
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from askdocs.disk import durable
from askdocs.disk.verified import LARGE
from askdocs.errors import DamagedIndexError, NoIndexError
from askdocs.freshness import damaged_files
from askdocs.index.generation import Generation, open_generation
from askdocs.search.index import Index
from askdocs.search.options import AskOptions
from askdocs.store import partition
from tests.reliability.states import Amount, build_index

PAGE = 4096
QUESTION = "Where did the captain see the harbour?"
TERMS = ["captain", "harbour", "moon", "unknown"]
WORDS = "captain harbour moon rain ship winter letter market river stone bridge garden".split()
KINDS = ["small", "blocks", "segments"]


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
            build_index(base / "vectors", base / "docs", model=tiny_model)
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
        codes, tokens = reader.token_codes(ids)
        return (
            [codes.tolist(), tokens.tolist()],
            [sentences.tolist(), cosines.tolist(), found.tolist(), scores.tolist()],
            [firsts.tolist(), counts.tolist(), reader.text_digests(ids).tolist()],
            reader.passages(ids.tolist()),
            reader.document("docs/01.txt"),
        )


def outcome(index: Path, opened: Generation | None = None) -> Any:
    """The answer, or None where the index, of which a generation may be open, is damaged."""
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


@contextmanager
def flipped(path: Path, bit: int) -> Iterator[None]:
    """Turn one bit of a file round, for as long as the block runs."""
    with path.open("r+b", buffering=0) as file:
        (byte,) = os.pread(file.fileno(), 1, bit // 8)
        os.pwrite(file.fileno(), bytes([byte ^ 1 << bit % 8]), bit // 8)
        yield
        os.pwrite(file.fileno(), bytes([byte]), bit // 8)


def wanted_bits(path: Path, amount: Amount) -> list[int]:
    """All bits of HEAD and the manifest and of the first 4 KiB of others, or a sample of them."""
    size = path.stat().st_size
    named = path.name in {"HEAD", "manifest.json"}
    bits = 8 * (size if named else min(size, PAGE))
    count = amount(bits if path.name == "HEAD" else min(bits, 24), bits)
    return sorted(random.Random(path.name).sample(range(bits), count))  # noqa: S311 - no secret


@pytest.mark.parametrize("kind", ["small", "blocks"])
def test_flipped_bit_is_damage_or_changes_nothing(indexes, kind, amount, tally):
    """Of HEAD, the manifest and the beginning of each file, whichever bit it is."""
    index = indexes[kind]
    before = answer(index)
    generation = open_generation(index)
    tried = refused = 0
    for name, path in files_of(index).items():
        # No question reads the records.
        if name == "corpus.jsonl":
            continue
        opened = None if path.name in {"HEAD", "manifest.json"} else generation
        for bit in wanted_bits(path, amount):
            with flipped(path, bit):
                after = outcome(index, opened)
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
        with flipped(path, bit), pytest.raises(DamagedIndexError):
            open_generation(index, with_documents=True)
    assert open_generation(index, with_documents=True).documents
    tally("B1", "flipped bits, records", len(bits))


def test_flipped_bit_anywhere_is_damage_or_changes_nothing(indexes, tiny_model, amount, tally):
    """Anywhere in any file, by chance; `search` with the model in place as well."""
    chosen = random.Random(11)  # noqa: S311 - no secret

    def hits(index: Path) -> Any:
        try:
            with Index(index, cache=tiny_model.with_name("compiled"), notify=print) as opened:
                return opened.ask(QUESTION, AskOptions(min_score=0.0)).hits
        except (DamagedIndexError, NoIndexError):
            return None

    for what, look, kinds, count in (
        ("flipped bits anywhere", outcome, KINDS, amount(10, 700)),
        ("flipped bits before a question", hits, ["blocks"], amount(6, 300)),
    ):
        for kind in kinds:
            before, paths = look(indexes[kind]), list(files_of(indexes[kind]).values())
            assert before
            for _ in range(count):
                path = chosen.choice(paths)
                bit = chosen.randrange(8 * path.stat().st_size)
                with flipped(path, bit):
                    after = look(indexes[kind])
                assert after in (None, before), f"{kind}: {path.name}: bit {bit}"
            tally("B1", what, count)


def changes(content: bytes, amount: Amount) -> Iterator[tuple[str, bytes]]:
    """Yield a file cut off, with bytes after its end, and with zeroed pages."""
    size = len(content)
    cuts = set(range(size))
    if size > LARGE // 64:
        cuts = {at + by for at in range(0, size, PAGE) for by in (-1, 0, 1)} & cuts
    chosen = random.Random(size)  # noqa: S311 - no secret
    for at in chosen.sample(sorted(cuts), min(len(cuts), amount(6, len(cuts)))):
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
            if name in {"HEAD", "manifest.json"}:
                assert outcome(index) is None, f"{name}: {what}"
            else:
                damaged = [one.path for one in damaged_files(generation, deep=True)]
                expected = f"vectors/generations/{generation.digest}/{name}"
                assert damaged == [expected], f"{name}: {what}"
                assert outcome(index, generation) in (None, before), f"{name}: {what}"
            tried += 1
        path.write_bytes(whole)
    assert answer(index) == before
    tally("B2", f"cut, longer or zeroed files, {kind}", tried)
