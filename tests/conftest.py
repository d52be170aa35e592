"""What the tests of several rooms share."""

from pathlib import Path

import pytest

from askdocs.embedding import DEFAULT_MODEL, locate_model, open_encoder


@pytest.fixture(scope="session")
def encoder_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache directory that has the default model compiled, to be left as it is."""
    cache = tmp_path_factory.mktemp("encoder_cache")
    model = locate_model(DEFAULT_MODEL, base=cache)
    open_encoder(model, cache=cache, notify=lambda _line: None)
    return cache
