"""The directory of an index: open, verify, commit, collect garbage."""

from askdocs.index.encoders import carried_encoders
from askdocs.index.generation import (
    RECORDS,
    Generation,
    current_digest,
    is_index,
    open_generation,
    sound_generations,
)
from askdocs.index.head import GENERATIONS, has_generations, read_head
from askdocs.index.transaction import OvertakenError, Transaction, begin, sweep_leftovers

__all__ = [
    "GENERATIONS",
    "RECORDS",
    "Generation",
    "OvertakenError",
    "Transaction",
    "begin",
    "carried_encoders",
    "current_digest",
    "has_generations",
    "is_index",
    "open_generation",
    "read_head",
    "sound_generations",
    "sweep_leftovers",
]
