"""The directory of an index: open, verify, commit, collect garbage."""

from askdocs.index.encoders import carried_encoders
from askdocs.index.generation import Generation, current_digest, is_index, open_generation
from askdocs.index.transaction import Transaction, begin, wait_for_writers

__all__ = [
    "Generation",
    "Transaction",
    "begin",
    "carried_encoders",
    "current_digest",
    "is_index",
    "open_generation",
    "wait_for_writers",
]
