"""The directory of an index: open, verify, commit, collect garbage."""

from askdocs.index.encoders import ENCODERS, carried_encoders
from askdocs.index.generation import (
    MANIFEST,
    RECORDS,
    Generation,
    current_digest,
    is_index,
    open_generation,
    sound_generations,
)
from askdocs.index.head import GENERATIONS, generation_folders, has_generations, read_head
from askdocs.index.head import NAME as HEAD
from askdocs.index.transaction import LOCK, OvertakenError, Transaction, begin, sweep_leftovers

__all__ = [
    "ENCODERS",
    "GENERATIONS",
    "HEAD",
    "LOCK",
    "MANIFEST",
    "RECORDS",
    "Generation",
    "OvertakenError",
    "Transaction",
    "begin",
    "carried_encoders",
    "current_digest",
    "generation_folders",
    "has_generations",
    "is_index",
    "open_generation",
    "read_head",
    "sound_generations",
    "sweep_leftovers",
]
