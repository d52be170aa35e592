"""Row T5: an index is that of its corpus, however it came to be."""

import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from askdocs.embedding import cache, encoder
from askdocs.embedding.compiled import open_compiled
from askdocs.freshness import check_freshness
from askdocs.index.generation import Generation, open_generation
from askdocs.indexing import fill
from askdocs.search.index import Index
from askdocs.search.options import AskOptions
from askdocs.store import partition
from askdocs.store.writer import LEAST_COSINE
from tests.reliability.states import build_index, ignore, make_cache

NAMES = ["a.txt", "b.txt", "c.md", "sub/d.txt", "sub/e.md", "z.txt"]
SENTENCES = [
    "Rain fell.", "It was wet.", "The sun came out over the harbour.", "Ärger!",
    "A list:\n- one\n- two", "# A heading",
    "No ship could leave the harbour before the end of April, which was late that year.",
]  # fmt: skip
CONTENTS = st.lists(st.sampled_from(SENTENCES), max_size=6).map("\n\n".join)
EDITS = st.dictionaries(st.sampled_from(NAMES), st.none() | CONTENTS, max_size=4)
MAX_TOKENS = st.sampled_from([None, 20, 60, 400])
QUESTIONS = ["harbour", "When did no ship leave?", "Was it wet?"]
ONE_SEGMENT, SEVERAL_SEGMENTS = 8 << 20, 60

COSINE = 0.9999


@dataclass
class Bench:
    """An empty folder docs/, beside which indexes are made, each with a cache of its own."""

    top: Path
    model: Path
    docs: Path

    def cache(self, name: str) -> Path:
        """The cache of an index, which has the model compiled."""
        cache = self.top / f"cache-{name}"
        return cache if cache.exists() else make_cache(cache, self.model)

    def index(self, name: str, **options: Any) -> Generation:
        """Index docs/ into the folder of that name."""
        index, cache = self.top / name, self.cache(name)
        build_index(index, self.docs, model=self.model, cache=cache, **options)
        return open_generation(index)

    def write(self, edits: dict[str, str | None]) -> None:
        """Write files, or remove those that are None."""
        for name, content in edits.items():
            path = self.docs / name
            path.parent.mkdir(exist_ok=True)
            if content is None:
                path.unlink(missing_ok=True)
            else:
                path.write_text(content)

    def answers(self, name: str) -> list[tuple[str, str, float, str]]:
        """What an index answers in every mode; scores as far as float32 carries them."""
        with Index(self.top / name, cache=self.cache(name), notify=ignore) as opened:
            return [
                (mode, str(hit.place.citation), round(hit.score, 3), hit.text)
                for mode in ("hybrid", "dense", "lexical")
                for question in QUESTIONS
                for hit in opened.ask(question, AskOptions(mode=mode, min_score=0, top_k=10)).hits
            ]


@contextmanager
def bench(model: Path) -> Iterator[Bench]:
    """A bench that goes away."""
    with tempfile.TemporaryDirectory() as directory:
        made = Bench(Path(directory), model, Path(directory, "docs"))
        made.docs.mkdir()
        yield made


def assert_same_texts(one: Generation, two: Generation) -> None:
    """Two generations have the same records, passages and words, to the byte."""
    assert one.manifest.counts == two.manifest.counts
    assert one.documents == two.documents
    assert one.manifest.files.keys() == two.manifest.files.keys()
    for name, file in one.manifest.files.items():
        if not name.endswith(("dense.faiss", "dense.npys", "codebook.npys")):
            assert file == two.manifest.files[name]


def assert_same_vectors(one: Generation, two: Generation) -> None:
    """Two generations have nearly the same vectors."""
    every = np.arange(one.manifest.counts["sentences"])
    with closing(one.reader()) as first, closing(two.reader()) as second:
        found = (first.vectors(every) * second.vectors(every)).sum(axis=1)
    assert (found >= COSINE).all()


def assert_near_enough(coded: Generation, model: Path) -> None:
    """The codes of an index come as near to the vectors of its sentences as is promised of them."""
    exact = open_compiled(coded.manifest.model.fingerprint, cache=model.with_name("compiled"))
    assert exact is not None
    with closing(coded.reader()) as reader:
        texts, order = [], []
        for path, _ in reader.documents():
            for one in reader.passages_of(path):
                begin = one.passage.chars[0]
                texts += [one.passage.text[a - begin : b - begin] for a, b in one.passage.sentences]
                order += (one.first_sentence + np.arange(len(one.passage.sentences))).tolist()
        found = (reader.vectors(np.array(order)) * exact.embed_sentences(texts)).sum(axis=1)
    assert (found >= LEAST_COSINE).all()


@pytest.mark.parametrize("segment_bytes", [ONE_SEGMENT, SEVERAL_SEGMENTS])
def test_refreshed_index_is_the_index_built_from_scratch(
    monkeypatch, tiny_model, amount, tally, segment_bytes
):
    """Whatever edits and settings led to a corpus, its index is the one that a first run makes."""
    monkeypatch.setattr(partition, "SEGMENT_BYTES", segment_bytes)
    histories, examples = [], amount(2, 60 if segment_bytes == ONE_SEGMENT else 40)

    @settings(max_examples=examples, suppress_health_check=list(HealthCheck))
    @given(
        history=st.lists(st.tuples(EDITS, MAX_TOKENS), min_size=1, max_size=5),
        last=EDITS,
        max_tokens=MAX_TOKENS,
    )
    def holds(history: list[Any], last: dict[str, str | None], max_tokens: int | None) -> None:
        with bench(tiny_model) as made:
            # Codes reach as far as the vectors that their ranges were made from.
            made.write({"always.txt": "\n\n".join(SENTENCES)})
            for edits, other in [*history, (last, max_tokens)]:
                made.write(edits)
                refreshed = made.index("one", max_tokens=other)
            recorded = refreshed.manifest.passages.max_tokens
            built = made.index("two", max_tokens=recorded)
            assert_same_texts(refreshed, built)
            assert check_freshness(made.top / "one").is_fresh
            if segment_bytes == SEVERAL_SEGMENTS:
                # Codes stay what they mean until a rebuild, or until they come too far from it.
                assert_near_enough(refreshed, tiny_model)
                refreshed = made.index("one", rebuild=True)
            assert_same_vectors(refreshed, built)
            assert made.answers("one") == made.answers("two")
        histories.append(history)

    holds()
    assert len(histories) >= examples
    tally("T5", "histories that end where a first run does", len(histories))


@pytest.mark.parametrize("segment_bytes", [ONE_SEGMENT, SEVERAL_SEGMENTS])
def test_order_of_files_and_size_of_batches_do_not_matter(
    monkeypatch, tiny_model, amount, tally, segment_bytes
):
    """In whatever order files were made and sentences embedded, the index is the same."""
    monkeypatch.setattr(partition, "SEGMENT_BYTES", segment_bytes)
    chance = np.random.default_rng(6)
    tries = amount(1, 25)
    for _ in range(tries):
        texts = {
            f"{name}{number}.txt": "\n\n".join(chance.choice(SENTENCES, chance.integers(8)))
            for name in "aZé"
            for number in range(4)
        }
        shuffled = chance.permutation(sorted(texts)).tolist()
        with bench(tiny_model) as made, monkeypatch.context() as patch:
            made.write({"always.txt": "\n\n".join(SENTENCES)})
            made.write({name: texts[name] for name in sorted(texts)})
            one = made.index("one")
            for name in texts:
                (made.docs / name).unlink()
            made.write({name: texts[name] for name in shuffled})
            patch.setattr(fill, "_SLICE_SENTENCES", int(chance.integers(1, 9)))
            patch.setattr(cache, "SLICE", int(chance.integers(1, 9)))
            patch.setattr(encoder, "BATCH_ROWS", int(chance.integers(1, 5)))
            patch.setattr(encoder, "BATCH_TOKENS", int(chance.integers(20, 200)))
            two = made.index("two")
            assert_same_texts(one, two)
            assert_same_vectors(one, two)
            assert made.answers("one") == made.answers("two")
    tally("T5", "orders of files and sizes of batches", tries)


def test_same_way_gives_the_same_generation(tiny_model, tally):
    """Two first runs on one machine have the same digest; so has a refresh back and forth."""
    with bench(tiny_model) as made:
        made.write({"a.txt": "\n\n".join(SENTENCES), "b.txt": "Rain fell.\n\nIt was wet."})
        one, two = made.index("one"), made.index("two")
        made.write({"b.txt": "Hail fell."})
        made.index("one")
        made.write({"b.txt": "Rain fell.\n\nIt was wet."})
        again = made.index("one")
        assert one.digest == two.digest == again.digest
    tally("T5", "generations of one digest", 3)
