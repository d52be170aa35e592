"""Describe what to index, and derive the settings of the index from it."""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from askdocs.corpus.ignore import is_pattern, require_few_stars
from askdocs.corpus.walk import EntryKind, exists, relative_root, source_path, walk
from askdocs.embedding.model import DEFAULT_DEVICE, DEFAULT_MODEL
from askdocs.errors import REPAIR, UsageError
from askdocs.freshness import OPTIONS
from askdocs.index.generation import Generation
from askdocs.places import has_generations
from askdocs.records.manifest import CorpusSettings, PassageSettings, recorded_patterns
from askdocs.text.decode import is_codec

LIMITS = {name: f"--{option}" for name, option in OPTIONS.items() if name.startswith("max_")}
"""The limits of a corpus, and the options that set them."""

_TOKENS = range(16, 2001)
# What a manifest can hold.
_COUNTS = range(1, 2**63)


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexRequest:
    """What to index, and how.

    Attributes:
        index: The index directory; made if it is missing.
        paths: Folders and files; empty for the recorded corpus.
        add: Whether to add the paths to the recorded corpus.
        replace: Whether to replace the recorded corpus with the paths.
        rebuild: Whether to cut and embed everything again, whatever the index holds.
        model: A packaged model, a path or a name on the hub; None for the recorded model.
        max_tokens: The longest passage, 16 to 2,000; None for the recorded setting.
        encoding: The codec for files that are not UTF-8; None for the recorded one.
        include: Patterns of the files to index. Empty patterns are ignored; if all are empty, the
            default holds. None for the recorded patterns.
        exclude: Patterns of what to leave out. Empty patterns are ignored. None for the recorded
            patterns.
        hidden: Whether to index names that begin with a period; None for the recorded setting.
        max_bytes: Larger files are skipped. Here and below, None means the recorded limit.
        max_line_chars: Files with longer lines are skipped.
        max_sentences: Files with more sentences are skipped.
        max_documents: More files than this are an error.
        max_depth: Folders deeper below a root are not entered.
        max_parse_seconds: Documents whose parser takes longer fail.
        max_parse_bytes: Documents whose parser needs more memory fail.
        online: Whether a model may be downloaded.
        device: Where to embed sentences; see `embedding.device.open_device`.
        strict: Whether a document that cannot be read is an error.
        wait_seconds: How long to wait for another writer, from 0.
        portable: Whether the index carries its compiled encoder; None to leave it as it is.
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
    max_parse_seconds: int | None = None
    max_parse_bytes: int | None = None
    online: bool = False
    device: str = DEFAULT_DEVICE
    strict: bool = False
    wait_seconds: float = 0.0
    portable: bool | None = None

    @property
    def limits(self) -> dict[str, int]:
        """Return the limits that are not None, by name."""
        limits = {name: getattr(self, name) for name in LIMITS}
        return {name: limit for name, limit in limits.items() if limit is not None}

    @property
    def base(self) -> Path:
        """Return the folder that all paths of the index are relative to."""
        return self.index.resolve().parent


def check_request(request: IndexRequest) -> None:
    """Raise UsageError if options exclude each other, or an option has an invalid value."""
    if request.add and request.replace:
        raise UsageError("--add and --replace exclude each other", hint="askdocs index --help")
    if (request.add or request.replace) and not request.paths:
        raise UsageError("--add and --replace need a PATH", hint="askdocs index --add PATH")
    if request.encoding and not is_codec(request.encoding):
        message = f"there is no encoding {request.encoding!r}"
        raise UsageError(message, hint="askdocs index --encoding latin-1")
    if request.max_tokens is not None and request.max_tokens not in _TOKENS:
        raise UsageError(f"--max-tokens must be between 16 and 2000, got {request.max_tokens}")
    if math.isnan(request.wait_seconds) or request.wait_seconds < 0:
        raise UsageError(f"--wait must be at least 0 seconds, got {request.wait_seconds}")
    for name, limit in request.limits.items():
        if limit not in _COUNTS:
            raise UsageError(f"{LIMITS[name]} must be between 1 and 2^63 - 1, got {limit}")
    _check_patterns(request)


def _check_patterns(request: IndexRequest) -> None:
    for pattern in filter(None, request.include or ()):
        if pattern.endswith("/"):
            hint = f"askdocs index --include '{pattern}**'"
            raise UsageError(f"--include {pattern!r} names a folder, not files", hint=hint)
        if "/" in pattern:
            require_few_stars("--include", pattern)
            if not is_pattern(pattern):
                hint = "askdocs index --include 'docs/**/*.rst'"
                raise UsageError(f"--include {pattern!r} is not a pattern", hint=hint)
    for pattern in filter(None, request.exclude or ()):
        require_few_stars("--exclude", pattern)
        if not is_pattern(pattern):
            hint = "askdocs index --exclude 'drafts/'"
            raise UsageError(f"--exclude {pattern!r} is not a pattern", hint=hint)


def corpus_settings(request: IndexRequest, old: Generation | None) -> CorpusSettings:
    """Return which files make the corpus.

    Raises:
        UsageError: The paths differ from the recorded ones, are missing, or there are none; or a
            new pattern matches no file.
        RefusedError: The file system refuses to say whether a path exists.
    """
    for path in request.paths:
        if not exists(path):
            raise UsageError(f"{path} does not exist", hint="askdocs index PATH")
    named = tuple(sorted({relative_root(path, request.base) for path in request.paths}))
    if old is None:
        if not named:
            hint = REPAIR if has_generations(request.index) else "askdocs index PATH"
            raise UsageError("there is no index to refresh", hint=hint)
        recorded = CorpusSettings(roots=named)
    else:
        recorded = replace(old.manifest.corpus, roots=_roots(request, old, named))
    chosen = _chosen(request, recorded)
    _require_files(request, chosen, set(recorded.include) if old else set())
    return chosen


def passage_settings(request: IndexRequest, old: Generation | None) -> PassageSettings:
    """Return how to cut documents: by the rules of this version."""
    current = PassageSettings()
    recorded = old.manifest.passages.max_tokens if old else current.max_tokens
    return replace(current, max_tokens=request.max_tokens or recorded)


def model_name(request: IndexRequest, old: Generation | None) -> str:
    """Return the model to embed with, as the manifest records it."""
    if request.model is None:
        return old.manifest.model.name if old else DEFAULT_MODEL
    if request.model == DEFAULT_MODEL or not Path(request.model).is_dir():
        return request.model
    # Recorded like a root, so that an index and a model beside it can move together. A folder with
    # the packaged model's name is not the packaged model.
    folder = relative_root(Path(request.model), request.base)
    return folder if "/" in folder else f"./{folder}"


def _roots(request: IndexRequest, old: Generation, named: tuple[str, ...]) -> tuple[str, ...]:
    recorded = old.manifest.corpus.roots
    if not named or named == recorded:
        roots = recorded
    elif request.replace:
        roots = named
    elif request.add:
        roots = tuple(sorted({*recorded, *named}))
    else:
        hint = "askdocs index --add PATH, --replace PATH, or --index ANOTHER_DIR PATH"
        raise UsageError(f"{request.index} is the index of {', '.join(recorded)}", hint=hint)
    for root in roots:
        if not exists(source_path(request.base, root)):
            message = f"{root}, which the index records, does not exist"
            raise UsageError(message, hint="askdocs index --replace PATH")
    return roots


def _chosen(request: IndexRequest, recorded: CorpusSettings) -> CorpusSettings:
    """Return the recorded settings, changed by those of the request."""
    changes: dict[str, Any] = {
        "encoding": request.encoding,
        "hidden": request.hidden,
        **request.limits,
    }
    if request.include is not None:
        changes["include"] = recorded_patterns("include", request.include)
    if request.exclude is not None:
        changes["exclude"] = recorded_patterns("exclude", request.exclude)
    return replace(recorded, **{key: value for key, value in changes.items() if value is not None})


def _require_files(request: IndexRequest, corpus: CorpusSettings, known: set[str]) -> None:
    """Refuse a new pattern that matches no file: it must be a slip of the pen.

    A recorded pattern may match no file any more after the corpus has changed.
    """
    for pattern in filter(None, request.include or ()):
        if pattern in known:
            continue
        alone = replace(corpus, include=(pattern,), exclude=())
        entries = walk(request.base, alone, index=request.index)
        if all(entry.is_root or entry.kind != EntryKind.FILE for entry in entries):
            message = f"--include {pattern!r} matches no file below {', '.join(corpus.roots)}"
            hint = f"quote it, as in --include '*.rst'; with a slash it counts from {request.base}"
            raise UsageError(message, hint=hint)
