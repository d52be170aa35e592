"""What settings an index is to have, by what is asked for and what it records."""

from dataclasses import replace
from pathlib import Path

from askdocs import embedding, files
from askdocs.datamodel import CorpusSettings, PassageSettings
from askdocs.errors import REPAIR, UsageError
from askdocs.index import Generation, has_generations
from askdocs.indexing.request import IndexRequest


def corpus_settings(request: IndexRequest, old: Generation | None) -> CorpusSettings:
    """Which files make the corpus.

    Raises:
        UsageError: The paths differ from the recorded ones, are missing, or there are none; or a
            pattern that is new fits no file.
        RefusedError: Nobody may look whether a path exists.
    """
    for path in request.paths:
        if not files.exists(path):
            raise UsageError(f"{path} does not exist", hint="askdocs index PATH")
    named = tuple(sorted({files.relative_root(path, request.base) for path in request.paths}))
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
    """How documents are cut: by the rules of this version."""
    current = PassageSettings()
    recorded = old.manifest.passages.max_tokens if old else current.max_tokens
    return replace(current, max_tokens=request.max_tokens or recorded)


def model_name(request: IndexRequest, old: Generation | None) -> str:
    """Which model embeds, as the manifest records it."""
    if request.model is None:
        return old.manifest.model.name if old else embedding.DEFAULT_MODEL
    if request.model == embedding.DEFAULT_MODEL or not Path(request.model).is_dir():
        return request.model
    # Recorded like a root, so that an index and a model beside it can move together; a folder that
    # has the packaged model's name is not the packaged model.
    folder = files.relative_root(Path(request.model), request.base)
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
        raise UsageError(
            f"{request.index} is the index of {', '.join(recorded)}",
            hint="askdocs index --add PATH, --replace PATH, or --index ANOTHER_DIR PATH",
        )
    for root in roots:
        if not files.exists(files.source_path(request.base, root)):
            raise UsageError(
                f"{root}, which the index records, does not exist",
                hint="askdocs index --replace PATH",
            )
    return roots


def _chosen(request: IndexRequest, recorded: CorpusSettings) -> CorpusSettings:
    """The recorded settings, with those in their place that were given."""
    chosen = recorded
    if request.encoding is not None:
        chosen = replace(chosen, encoding=request.encoding)
    if request.include is not None:
        default = CorpusSettings(roots=()).include
        chosen = replace(chosen, include=_patterns(request.include) or default)
    if request.exclude is not None:
        chosen = replace(chosen, exclude=_patterns(request.exclude))
    if request.hidden is not None:
        chosen = replace(chosen, hidden=request.hidden)
    for name, limit in request.limits.items():
        chosen = replace(chosen, **{name: limit})  # type: ignore[arg-type]
    return chosen


def _patterns(given: tuple[str, ...]) -> tuple[str, ...]:
    """Each pattern once; of those that leave out, none takes anything back, so order is nothing."""
    return tuple(sorted({pattern for pattern in given if pattern}))


def _require_files(request: IndexRequest, corpus: CorpusSettings, known: set[str]) -> None:
    """Refuse a pattern of documents that is new and fits no file: it is a slip of the pen.

    One that is recorded may come to fit none when the corpus changes.
    """
    for pattern in filter(None, request.include or ()):
        if pattern in known:
            continue
        alone = replace(corpus, include=(pattern,), exclude=())
        found = files.walk(request.base, alone, index=request.index)
        if all(entry.named or entry.kind != files.EntryKind.FILE for entry in found):
            raise UsageError(
                f"--include {pattern!r} matches no file below {', '.join(corpus.roots)}",
                hint=f"quote it, as in --include '*.rst'; with a slash it counts from "
                f"{request.base}",
            )
