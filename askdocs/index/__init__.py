"""The directory of an index: open, verify, commit, collect garbage."""

from askdocs.index.generation import Generation, current_digest, is_index, open_generation
from askdocs.index.transaction import Transaction, begin

__all__ = [
    "Generation",
    "Transaction",
    "begin",
    "current_digest",
    "is_index",
    "open_generation",
]
