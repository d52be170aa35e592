"""Turn candidates and their signals into one score and a fixed order."""

from askdocs.ranking.candidates import DENSE_CANDIDATES
from askdocs.ranking.model import DEFAULT_BARS
from askdocs.ranking.ordering import RankedPassage, rank
from askdocs.ranking.questions import without_frame

__all__ = ["DEFAULT_BARS", "DENSE_CANDIDATES", "RankedPassage", "rank", "without_frame"]
