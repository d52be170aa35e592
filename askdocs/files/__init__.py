"""All opening, walking and durable writing: the only seam to the file system."""

from askdocs.files.choosing import Choice
from askdocs.files.ignoring import is_pattern, matcher_of
from askdocs.files.reading import (
    LINK,
    SPECIAL,
    damaged,
    digest,
    read_source,
    read_verified,
    reason_of,
    record_of,
    refusals,
    verify,
    verify_size,
)
from askdocs.files.streaming import FileWriter, Spool, write_index_file
from askdocs.files.verified import BLOCK, LARGE, VerifiedFile, blocks_name
from askdocs.files.walking import (
    Entry,
    EntryKind,
    current_folder,
    read_entry,
    relative_root,
    source_path,
    walk,
)
from askdocs.files.writing import (
    copy_folder,
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
    "BLOCK",
    "LARGE",
    "LINK",
    "SPECIAL",
    "Choice",
    "Entry",
    "EntryKind",
    "FileWriter",
    "Spool",
    "VerifiedFile",
    "blocks_name",
    "copy_folder",
    "current_folder",
    "damaged",
    "digest",
    "exclusive_lock",
    "is_pattern",
    "link_or_copy",
    "make_directory",
    "matcher_of",
    "read_entry",
    "read_source",
    "read_verified",
    "reason_of",
    "record_of",
    "refusals",
    "relative_root",
    "remove_tree",
    "rename",
    "replace_file",
    "source_path",
    "sync",
    "verify",
    "verify_size",
    "walk",
    "write_file",
    "write_index_file",
]
