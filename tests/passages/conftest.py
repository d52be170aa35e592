"""What the tests of cutting share."""

import faulthandler
from collections.abc import Iterator

import pytest

_HANG_SECONDS = 60


@pytest.fixture
def no_hang() -> Iterator[None]:
    """End the run, with a traceback, where a text takes longer than its length explains."""
    faulthandler.dump_traceback_later(_HANG_SECONDS, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()
