"""What is done in a thread gives its result, or its error, to whoever waits for it."""

import pytest

from askdocs.embedding.compiled import Background


def test_result_is_what_the_call_returns() -> None:
    """It can be asked for more than once."""
    background = Background(lambda: [1, 2])

    assert background.result() == [1, 2]
    assert background.result() is background.result()


def test_error_is_raised_where_the_result_is_wanted() -> None:
    """Not in the thread, where nobody would see it."""

    def fail() -> None:
        raise LookupError("gone")

    background = Background(fail)

    with pytest.raises(LookupError, match="gone"):
        background.result()
