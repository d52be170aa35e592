"""Say what indexing would do, without doing it."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from askdocs import files
from askdocs.datamodel import DocumentStatus, IndexPreview
from askdocs.documents import read_document
from askdocs.freshness import observe_entry
from askdocs.indexing.plan import differing, make_plan, reasons
from askdocs.passages import cut_passages

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from askdocs.indexing.plan import Plan
    from askdocs.indexing.request import IndexRequest
    from askdocs.store.reader import GenerationReader


def preview(request: IndexRequest) -> IndexPreview:
    """What `build` would do; nothing is written, nothing locked, and no model opened.

    The number of sentences to embed is a lower bound: only the model knows which ones it has to
    cut because they are too long. A model that changed under the name that is recorded is not seen.

    Raises:
        UsageError: As `make_plan` says.
        IncompleteError: As `make_plan` says.
        RefusedError: As `make_plan` says.
        DamagedIndexError: The index to be refreshed is not what its manifest says.
    """
    plan = make_plan(request)
    added, changed, removed = differing(plan.before, plan.records)
    cut = [path for path in plan.indexed if not plan.keeps(path)]
    return IndexPreview(
        documents=len(plan.indexed),
        added=added,
        changed=changed,
        removed=removed,
        cut=len(cut),
        sentences=len(_new_sentences(plan, cut, request.base)) if cut else 0,
        skipped=reasons(plan.records, DocumentStatus.SKIPPED),
        failed=reasons(plan.records, DocumentStatus.FAILED),
        is_unchanged=plan.is_done,
    )


def _new_sentences(plan: Plan, paths: Sequence[str], base: Path) -> set[str]:
    """The sentences of some documents that these did not have before."""
    if plan.old is None or not plan.keeps_model:
        return {text for path in paths for text in _sentences(plan, path, base)}
    with closing(plan.old.reader()) as reader:
        return {
            text
            for path in paths
            for text in _sentences(plan, path, base) - _known_sentences(reader, path)
        }


def _sentences(plan: Plan, path: str, base: Path) -> set[str]:
    entry = files.Entry(path=path, kind=files.EntryKind.FILE, named=path in plan.corpus.roots)
    text = observe_entry(base, entry, plan.corpus).text
    if text is None:
        return set()
    passages = cut_passages(read_document(path, text), plan.passages, _count_none)
    return {text[start:end] for one in passages for start, end in one.sentences}


def _count_none(texts: Sequence[str]) -> list[int]:
    """As if no sentence had tokens: none is then cut for its length in them."""
    return [0] * len(texts)


def _known_sentences(reader: GenerationReader, path: str) -> set[str]:
    return {
        stored.passage.text[start - stored.passage.chars[0] : end - stored.passage.chars[0]]
        for stored in reader.passages_of(path)
        for start, end in stored.passage.sentences
    }
