"""An encoder opens from the cache, or is compiled in a process of its own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from askdocs.embedding.compiled import open_compiled, open_encoder
from askdocs.embedding.model import DEFAULT_MODEL, Model, locate_model
from askdocs.errors import ModelError

MakeModel = Callable[..., Model]


def test_encoder_that_is_not_there_is_none(tmp_path: Path) -> None:
    """Looking for an encoder compiles nothing and makes nothing."""
    encoder = open_compiled("0" * 64, cache=tmp_path / "cache")

    assert encoder is None
    assert not (tmp_path / "cache").exists()


def test_cached_encoder_opens_without_a_word(encoder_cache: Path) -> None:
    """Nothing is announced where nothing takes time."""
    lines: list[str] = []
    model = locate_model(DEFAULT_MODEL, base=encoder_cache)

    encoder = open_encoder(model, cache=encoder_cache, notify=lines.append)

    assert encoder.dimension == 384
    assert lines == []


def test_encoder_works_where_no_cache_can_be_written(make_model: MakeModel, tmp_path: Path) -> None:
    """Without a cache the encoder is compiled all the same, and one line says what it costs."""
    (tmp_path / "file").write_text("in the way")
    lines: list[str] = []

    encoder = open_encoder(make_model(), cache=tmp_path / "file", notify=lines.append)

    assert encoder.embed_questions(["rain"]).shape == (1, 32)
    cost = "compiling the model tiny, which costs seconds every time because the cache"
    assert lines == [f"{cost} {tmp_path}/file cannot be written"]


def test_model_that_does_not_load_is_refused_in_one_line(
    make_model: MakeModel, tmp_path: Path
) -> None:
    """What the child process dies of becomes an error with its last line, not a traceback."""
    model = make_model()
    weights = model.directory / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    lines: list[str] = []

    with pytest.raises(ModelError) as caught:
        open_encoder(model, cache=tmp_path / "cache", notify=lines.append)

    assert str(caught.value).startswith("the model tiny cannot be compiled: ")
    assert "\n" not in str(caught.value)
    assert lines == ["compiling the model tiny once, which takes some seconds"]
