"""An index can carry the compiled encoder that its questions need."""

import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from askdocs.embedding import compiled
from askdocs.embedding.model import DEFAULT_MODEL
from askdocs.errors import ModelError
from askdocs.freshness import check_freshness
from askdocs.index.encoders import carried_encoders
from askdocs.index.generation import open_generation
from askdocs.indexing.build import build
from askdocs.indexing.request import IndexRequest
from askdocs.places import ENCODERS
from askdocs.records.reports import IndexReport
from askdocs.search.index import Index
from askdocs.search.options import AskOptions
from tests.indexing.conftest import ignore


@pytest.fixture
def carry(docs: Path, tiny_model: Path, cache: Path) -> Callable[..., IndexReport]:
    """Index docs/ with the tiny model: `carry(portable=True)`."""

    def run(**options: Any) -> IndexReport:
        request = IndexRequest(
            index=docs.parent / "vectors", paths=(docs,), **{"model": str(tiny_model)} | options
        )
        return build(request, cache=cache, notify=ignore)

    (docs / "a.txt").write_text("The harbour froze in March.")
    return run


def ask(index: Path, cache: Path) -> str:
    """The text of the best hit of a question."""
    with Index(index, cache=cache, notify=ignore) as opened:
        return opened.ask("harbour", AskOptions(mode="dense", min_score=0)).hits[0].text


def only_entry(index: Path) -> Path:
    """The one entry that an index carries."""
    (path,) = (index / ENCODERS).iterdir()
    return path


def test_portable_index_answers_without_a_cache(docs, carry, tmp_path):
    """The encoder lies in the index, outside the generation."""
    index = docs.parent / "vectors"
    carry()
    before = open_generation(index).digest
    report = carry(portable=True)
    assert report.is_unchanged
    assert open_generation(index).digest == before
    assert ask(index, tmp_path / "nowhere") == "The harbour froze in March."
    assert check_freshness(index).is_fresh


def test_encoder_stays_through_refreshes(docs, carry):
    """A later run keeps the encoder, and does not copy it again."""
    carry(portable=True)
    entry = only_entry(docs.parent / "vectors")
    before = (entry.stat().st_ino, entry.stat().st_mtime_ns)
    (docs / "b.txt").write_text("It thawed in April.")
    carry()
    assert (entry.stat().st_ino, entry.stat().st_mtime_ns) == before


def test_encoder_is_removed_on_request(docs, carry):
    """No trace of it is left, and nothing else changes."""
    index = docs.parent / "vectors"
    carry(portable=True)
    carry(portable=False)
    assert sorted(path.name for path in index.iterdir()) == ["HEAD", "LOCK", "generations"]
    assert carried_encoders(index) == {}


def test_encoder_changes_with_the_model(docs, carry):
    """Another model brings its encoder, without another request."""
    index = docs.parent / "vectors"
    carry(portable=True)
    old = only_entry(index).name
    carry(model=DEFAULT_MODEL)
    fingerprint = open_generation(index).manifest.model.fingerprint
    assert only_entry(index).name != old
    assert only_entry(index).name.startswith(fingerprint)


@pytest.mark.parametrize("name", ["encoder.json", "encoder.onnx", "tokenizer.json", "weights.bin"])
def test_damaged_encoder_is_not_used(docs, carry, cache, tmp_path, name):
    """The cache's encoder is used instead, and --portable repairs the index's."""
    index = docs.parent / "vectors"
    carry(portable=True)
    flip(only_entry(index) / name)
    assert ask(index, cache) == "The harbour froze in March."
    carry(portable=True)
    assert ask(index, tmp_path / "nowhere") == "The harbour froze in March."


def test_damaged_encoder_without_another_says_what_to_do(docs, carry, tiny_model, tmp_path):
    """If the model is missing too, the error names the index and the command."""
    index = docs.parent / "vectors"
    copy = shutil.copytree(tiny_model, tmp_path / "model")
    carry(model=str(copy), portable=True)
    flip(only_entry(index) / "weights.bin")
    copy.rename(tmp_path / "moved")
    with pytest.raises(ModelError) as caught:
        ask(index, tmp_path / "nowhere")
    expected = f"the encoder that {index} carries cannot be used, and no other is here: "
    assert str(caught.value).startswith(expected)
    assert caught.value.hint.startswith("askdocs index --portable")


@pytest.mark.parametrize("loss", ["model", "weights", "nothing to compile with"])
def test_refresh_embeds_with_what_the_index_carries(docs, tiny_model, tmp_path, monkeypatch, loss):
    """Without the model, new sentences get the vectors that it would return."""
    model, index, cache = tmp_path / "model", docs.parent / "vectors", tmp_path / "own"
    shutil.copytree(tiny_model, model)
    cache.mkdir()
    shutil.copytree(tiny_model.with_name("compiled") / "encoders", cache / "encoders")
    (docs / "a.txt").write_text("The harbour froze in March.")
    request = IndexRequest(index=index, paths=(docs,), model=str(model), portable=True)
    build(request, cache=cache, notify=ignore)
    shutil.rmtree(cache / "encoders")
    if loss == "model":
        model.rename(tmp_path / "gone")
    elif loss == "weights":
        (model / "model.safetensors").unlink()
    else:
        monkeypatch.setattr("askdocs.interpreter.sys.executable", "/bin/false")
    (docs / "b.txt").write_text("It thawed in April.")
    lines: list[str] = []

    report = build(IndexRequest(index=index), cache=tmp_path / "no", notify=lines.append)
    again = build(IndexRequest(index=index), cache=tmp_path / "no", notify=pytest.fail)

    assert (report.embedded, report.added) == (1, ("docs/b.txt",))
    assert again.is_unchanged
    assert lines[-1].startswith(f"embedding with the encoder that {index} carries: ")
    expected = compiled.open_compiled(
        open_generation(index).manifest.model.fingerprint, cache=tiny_model.with_name("compiled")
    )
    assert expected is not None
    texts = ["The harbour froze in March.", "It thawed in April."]
    with closing(open_generation(index).reader()) as reader:
        cosines = (reader.vectors(np.arange(2)) * expected.embed_sentences(texts)).sum(axis=1)
    assert (cosines >= 0.9999).all()


@pytest.mark.parametrize("options", [{"model": "model"}, {"device": "openvino"}])
def test_carried_encoder_does_not_stand_for_what_was_asked_for(
    docs, carry, tiny_model, tmp_path, options
):
    """A named model, or a device that needs its files, is not silently replaced."""
    model = shutil.copytree(tiny_model, tmp_path / "model")
    carry(model=str(model), portable=True)
    (model / "modules.json").unlink()
    (docs / "b.txt").write_text("It thawed in April.")
    if "model" in options:
        options = {"model": str(model)}
    request = IndexRequest(index=docs.parent / "vectors", **options)
    with pytest.raises(ModelError, match=r"it has no modules\.json"):
        build(request, cache=tmp_path / "no", notify=pytest.fail)


def flip(path: Path) -> None:
    """Flip one bit in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
