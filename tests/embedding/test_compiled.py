"""An encoder opens from the cache, or is compiled in another process."""

import pytest

from askdocs.embedding.compiled import Background, open_compiled, open_encoder
from askdocs.embedding.model import DEFAULT_MODEL, locate_model
from askdocs.errors import ModelError


def test_missing_encoder_is_none(tmp_path):
    """Looking for an encoder compiles nothing and makes nothing."""
    assert open_compiled("0" * 64, cache=tmp_path / "cache") is None
    assert not (tmp_path / "cache").exists()


def test_cached_encoder_opens_silently(encoder_cache):
    """Nothing is announced if nothing takes time."""
    model = locate_model(DEFAULT_MODEL, base=encoder_cache)
    encoder = open_encoder(model, cache=encoder_cache, notify=pytest.fail)
    assert encoder.dimension == 384


def test_encoder_works_without_a_writable_cache(make_model, tmp_path):
    """The encoder is compiled all the same, and one line says what that costs."""
    (tmp_path / "file").write_text("in the way")
    lines: list[str] = []
    encoder = open_encoder(make_model(), cache=tmp_path / "file", notify=lines.append)
    assert encoder.embed_questions(["rain"])[0].vector.shape == (32,)
    cost = "compiling the model tiny, which costs seconds every time because the cache"
    assert lines == [f"{cost} {tmp_path}/file cannot be written"]


def test_model_that_does_not_load_is_refused_in_one_line(make_model, tmp_path):
    """The child process's traceback becomes an error with its last line."""
    model = make_model()
    weights = model.directory / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    lines: list[str] = []
    with pytest.raises(ModelError) as caught:
        open_encoder(model, cache=tmp_path / "cache", notify=lines.append)
    assert str(caught.value).startswith("the model tiny cannot be compiled: ")
    assert "\n" not in str(caught.value)
    assert lines == ["compiling the model tiny once, which takes some seconds"]


def test_background_call_returns_its_result():
    """The result can be asked for more than once."""
    background = Background(lambda: [1, 2])
    assert background.result() == [1, 2]
    assert background.result() is background.result()


def test_background_error_is_raised_by_result():
    """The thread itself raises nothing, because nobody would see it."""

    def fail() -> None:
        raise LookupError("gone")

    background = Background(fail)

    with pytest.raises(LookupError, match="gone"):
        background.result()
