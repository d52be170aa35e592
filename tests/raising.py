"""Errors: what is expected of them, and functions that raise them."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest


def refusing(error: int | Exception) -> Callable[..., None]:
    """A stand-in for a function that always fails: with an error, or with the system's of a number."""
    raised = OSError(error, os.strerror(error)) if isinstance(error, int) else error

    def refuse(*_arguments: object, **_named: object) -> None:
        raise raised

    return refuse


@contextmanager
def raises(error: type[Exception], message: str, hint: str | None = None) -> Iterator[None]:
    """Expect an error of a class with this message and, where it is told, this hint."""
    with pytest.raises(error) as caught:
        yield
    assert str(caught.value) == message
    assert hint is None or caught.value.hint == hint
