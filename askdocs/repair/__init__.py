"""Put a damaged index right: the use case behind `repair`."""

from askdocs.repair.mending import repair

__all__ = ["repair"]
