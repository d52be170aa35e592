"""Build or refresh an index: the use case behind `index`."""

from askdocs.indexing.building import Progress, build
from askdocs.indexing.previewing import preview
from askdocs.indexing.request import IndexRequest
from askdocs.indexing.salvage import Salvage

__all__ = ["IndexRequest", "Progress", "Salvage", "build", "preview"]
