"""How the corpus differs from what was indexed."""

from askdocs.freshness.checking import (
    check_freshness,
    compare,
    damaged_encoder,
    damaged_files,
    listed_damage,
)
from askdocs.freshness.observing import Observation, observe, observe_entry
from askdocs.freshness.settings import WantedSettings

__all__ = [
    "Observation",
    "WantedSettings",
    "check_freshness",
    "compare",
    "damaged_encoder",
    "damaged_files",
    "listed_damage",
    "observe",
    "observe_entry",
]
