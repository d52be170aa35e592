"""Answer a question about a folder of documents with the passages that answer it.

The Python interface:

    from askdocs import build_index, open_index

    build_index("vectors", "seeds")
    with open_index("vectors") as index:
        for hit in index.ask("What did Rasmussen request from the Kremlin?").hits:
            print(hit.place.citation, hit.answer.text)
"""

from __future__ import annotations

# Nothing is imported here: Ctrl-C before `__main__` begins would print a traceback.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from os import PathLike
    from pathlib import Path

    from askdocs.records.reports import IndexReport
    from askdocs.search.index import Index
    from askdocs.search.options import AskOptions

__all__ = ["AskOptions", "Index", "build_index", "open_index"]
__version__ = "0.1.0"


def build_index(
    index: str | PathLike[str], *paths: str | PathLike[str], cache: Path | None = None
) -> IndexReport:
    """Build an index of folders and files, or refresh it.

    Args:
        index: The index directory.
        paths: Folders and files; without any, those that the index records.
        cache: Where compiled encoders and vectors are kept; None for the user's cache.

    Returns:
        What was done, and why documents were skipped or failed.

    Raises:
        AskdocsError: See `askdocs.indexing.build`.
    """
    from pathlib import Path

    from askdocs.indexing.build import build
    from askdocs.indexing.request import IndexRequest
    from askdocs.places import cache_directory

    request = IndexRequest(index=Path(index), paths=tuple(Path(path) for path in paths))
    return build(request, cache=cache or cache_directory(), notify=_ignore)


def open_index(index: str | PathLike[str], *, cache: Path | None = None) -> Index:
    """Open an index for questions.

    Args:
        index: The index directory.
        cache: Where compiled encoders are kept; None for the user's cache.

    Raises:
        NoIndexError: There is no index in the directory.
        DamagedIndexError: The index is not what askdocs wrote.
        UnusableIndexError: The index has another format.
    """
    from pathlib import Path

    from askdocs.places import cache_directory
    from askdocs.search.index import Index

    return Index(Path(index), cache=cache or cache_directory(), notify=_ignore)


def __getattr__(name: str) -> object:
    """Import `Index` and `AskOptions` on first use, to keep every other start fast."""
    if name == "Index":
        from askdocs.search.index import Index

        return Index
    if name == "AskOptions":
        from askdocs.search.options import AskOptions

        return AskOptions
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _ignore(_line: str) -> None:
    pass
