"""Cut a document into passages and sentences within a token budget."""

from askdocs.passages.cutting import CountTokens, cut_passages
from askdocs.passages.sentences import split_sentences

__all__ = ["CountTokens", "cut_passages", "split_sentences"]
