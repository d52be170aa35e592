"""What whoever asks wants of the answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from askdocs.datamodel import Mode
from askdocs.errors import UsageError

if TYPE_CHECKING:
    from askdocs.embedding import Reranker

RERANKED = 50
"""How many of the best passages a reranker orders anew, at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The arguments of `Index.ask`, checked."""

    top_k: int
    mode: Mode
    min_score: float | None
    explain: bool
    reranker: Reranker | None
    paths: tuple[str, ...]
    context: int

    def __post_init__(self) -> None:
        """Refuse what is out of range.

        Raises:
            UsageError: An argument is.
        """
        if self.top_k < 1:
            raise UsageError(f"the number of hits must be at least 1, got {self.top_k}")
        if self.min_score is not None and not 0 <= self.min_score <= 1:
            raise UsageError(f"the lowest score must be between 0 and 1, got {self.min_score}")
        if self.context < 0:
            raise UsageError(f"the number of paragraphs must be at least 0, got {self.context}")

    @property
    def depth(self) -> int:
        """How many passages to rank."""
        return self.top_k if self.reranker is None else max(RERANKED, self.top_k)


def checked_mode(mode: Mode | str) -> Mode:
    """A mode by its name.

    Raises:
        UsageError: There is none of that name.
    """
    try:
        return Mode(mode)
    except ValueError as error:
        names = ", ".join(Mode)
        raise UsageError(f"the mode must be one of {names}, got {mode!r}") from error
