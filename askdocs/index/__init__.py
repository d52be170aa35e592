"""The directory of an index: open, verify, commit, collect garbage."""

from askdocs.index.encoders import carried_encoders
from askdocs.index.generation import Generation, current_digest, is_index, open_generation
from askdocs.index.transaction import OvertakenError, Transaction, begin

__all__ = [
    "Generation",
    "OvertakenError",
    "Transaction",
    "begin",
    "carried_encoders",
    "current_digest",
    "is_index",
    "open_generation",
]
