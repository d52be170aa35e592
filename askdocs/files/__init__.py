"""All opening, walking and durable writing: the only seam to the file system."""

from askdocs.files.reading import (
    digest,
    read_source,
    read_verified,
    record_of,
    refusals,
    verify,
)
from askdocs.files.walking import Entry, EntryKind, relative_root, source_path, walk
from askdocs.files.writing import (
    exclusive_lock,
    link_or_copy,
    make_directory,
    remove_tree,
    rename,
    replace_file,
    sync,
    write_file,
)

__all__ = [
    "Entry",
    "EntryKind",
    "digest",
    "exclusive_lock",
    "link_or_copy",
    "make_directory",
    "read_source",
    "read_verified",
    "record_of",
    "refusals",
    "relative_root",
    "remove_tree",
    "rename",
    "replace_file",
    "source_path",
    "sync",
    "verify",
    "walk",
    "write_file",
]
