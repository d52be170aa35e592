"""What a caller asks of indexing."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from askdocs import embedding
from askdocs.documents import is_codec
from askdocs.errors import UsageError
from askdocs.files import is_pattern

LIMITS = {
    "max_bytes": "--max-file-size",
    "max_line_chars": "--max-line-length",
    "max_sentences": "--max-sentences",
    "max_documents": "--max-documents",
    "max_depth": "--max-depth",
}
"""The limits of a corpus, with the options that set them."""

_TOKENS = range(16, 2001)
# What a manifest can hold.
_COUNTS = range(1, 2**63)


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexRequest:
    """What to index, and how.

    Attributes:
        index: The index directory; made where it is missing.
        paths: Folders and files; none for the corpus that the index records.
        add: Whether the paths join the recorded corpus.
        replace: Whether the paths take its place.
        rebuild: Whether everything is cut and embedded anew, whatever the index holds.
        model: A packaged model, a path or a name on the hub; None for the recorded one.
        max_tokens: The longest passage, 16 to 2,000; None for the recorded setting.
        encoding: The codec for files that are not UTF-8; None for the recorded one.
        include: Patterns of the files that are documents; empty ones count for nothing, and
            without another the default holds. None for the recorded ones.
        exclude: Patterns of what is left out; empty ones count for nothing. None for the recorded
            ones.
        hidden: Whether what begins with a period is taken too; None for the recorded setting.
        max_bytes: Larger files are skipped. None for the recorded limit, as for those that follow.
        max_line_chars: Files with longer lines are skipped.
        max_sentences: Files with more sentences are skipped.
        max_documents: More files than that are an error.
        max_depth: Folders more steps below a root are not entered.
        online: Whether a model may be downloaded.
        device: Where sentences are embedded; see `embedding.open_device`.
        strict: Whether a file that should be a document and cannot be read ends it.
        wait_seconds: How long to wait for another writer, from 0.
        portable: Whether the compiled encoder shall lie in the index; None for as it is.
    """

    index: Path
    paths: tuple[Path, ...] = ()
    add: bool = False
    replace: bool = False
    rebuild: bool = False
    model: str | None = None
    max_tokens: int | None = None
    encoding: str | None = None
    include: tuple[str, ...] | None = None
    exclude: tuple[str, ...] | None = None
    hidden: bool | None = None
    max_bytes: int | None = None
    max_line_chars: int | None = None
    max_sentences: int | None = None
    max_documents: int | None = None
    max_depth: int | None = None
    online: bool = False
    device: str = embedding.DEFAULT_DEVICE
    strict: bool = False
    wait_seconds: float = 0.0
    portable: bool | None = None

    @property
    def limits(self) -> dict[str, int]:
        """The limits of the corpus that are given, by their names in its settings."""
        given = {name: getattr(self, name) for name in LIMITS}
        return {name: limit for name, limit in given.items() if limit is not None}

    @property
    def base(self) -> Path:
        """The folder to which all paths of the index are relative."""
        return self.index.resolve().parent


def check_request(request: IndexRequest) -> None:
    """Refuse what makes no sense, whatever the index and the corpus are.

    Raises:
        UsageError: Options exclude each other, or one has a value that it cannot have.
    """
    if request.add and request.replace:
        raise UsageError("--add and --replace exclude each other", hint="askdocs index --help")
    if (request.add or request.replace) and not request.paths:
        raise UsageError("--add and --replace need a PATH", hint="askdocs index --add PATH")
    if request.encoding and not is_codec(request.encoding):
        raise UsageError(
            f"there is no encoding {request.encoding!r}", hint="askdocs index --encoding latin-1"
        )
    if request.max_tokens is not None and request.max_tokens not in _TOKENS:
        raise UsageError(f"--max-tokens must be between 16 and 2000, got {request.max_tokens}")
    if math.isnan(request.wait_seconds) or request.wait_seconds < 0:
        raise UsageError(f"--wait must be at least 0 seconds, got {request.wait_seconds}")
    _check_limits(request.limits)
    for pattern in filter(None, request.include or ()):
        _check_include(pattern)
    for pattern in filter(None, request.exclude or ()):
        if not is_pattern(pattern):
            raise UsageError(
                f"--exclude {pattern!r} is no pattern", hint="askdocs index --exclude 'drafts/'"
            )


def _check_limits(limits: Mapping[str, int]) -> None:
    for name, limit in limits.items():
        if limit not in _COUNTS:
            raise UsageError(f"{LIMITS[name]} must be between 1 and 2^63 - 1, got {limit}")


def _check_include(pattern: str) -> None:
    if pattern.endswith("/"):
        raise UsageError(
            f"--include {pattern!r} names a folder, not files",
            hint=f"askdocs index --include '{pattern}**'",
        )
    if "/" in pattern and not is_pattern(pattern):
        raise UsageError(
            f"--include {pattern!r} is no pattern", hint="askdocs index --include 'docs/**/*.rst'"
        )
