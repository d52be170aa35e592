"""Build or refresh an index: the use case behind `index`."""

from askdocs.indexing.building import Progress, build
from askdocs.indexing.previewing import preview
from askdocs.indexing.request import IndexRequest

__all__ = ["IndexRequest", "Progress", "build", "preview"]
