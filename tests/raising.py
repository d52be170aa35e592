"""An error with what it says."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def raises(error: type[Exception], message: str, hint: str | None = None) -> Iterator[None]:
    """Expect an error of a class with this message and, where it is told, this hint."""
    with pytest.raises(error) as caught:
        yield
    assert str(caught.value) == message
    assert hint is None or caught.value.hint == hint
