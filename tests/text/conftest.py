"""What the tests of cutting share."""

from collections.abc import Sequence

WRAPPED = "a line of wrapped prose that goes on in the next one, as"
"""56 characters that end no sentence."""


def count_words(texts: Sequence[str]) -> list[int]:
    """One token for each word."""
    return [len(text.split()) for text in texts]
