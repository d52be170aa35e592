"""Read and write the identity cards of generations."""

from askdocs.manifest.card import manifest_digest, read_manifest, write_manifest, write_tools
from askdocs.manifest.records import read_records, readable_paths, write_records

__all__ = [
    "manifest_digest",
    "read_manifest",
    "read_records",
    "readable_paths",
    "write_manifest",
    "write_records",
    "write_tools",
]
