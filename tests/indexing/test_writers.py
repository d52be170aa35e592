"""Indexing waits for other writers, and starts from what they have written."""

import fcntl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from askdocs.embedding import compiled
from askdocs.embedding.model import Encoder, Model
from askdocs.errors import LockedError
from askdocs.index.generation import open_generation
from askdocs.indexing.build import build
from askdocs.indexing.request import IndexRequest
from askdocs.records.reports import IndexReport

IndexDocs = Callable[..., IndexReport]


@pytest.fixture
def refresh(docs: Path, index_docs: IndexDocs) -> IndexRequest:
    """A patient request to refresh an index that lacks one document."""
    (docs / "a.txt").write_text("Rain fell.")
    index_docs()
    (docs / "b.txt").write_text("Snow fell.")
    return IndexRequest(index=docs.parent / "vectors", wait_seconds=60.0)


def test_patient_writer_goes_on_when_the_other_ends(refresh, cache):
    """It says once that it waits; if nothing was written meanwhile, its plan holds."""
    lines: list[str] = []
    with (refresh.index / "LOCK").open("rb") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)

        def give_up(line: str) -> None:
            lines.append(line)
            holder.close()

        report = build(refresh, cache=cache, notify=give_up)

    assert report.added == ("docs/b.txt",)
    assert lines == [f"waiting for another process that is writing {refresh.index}"]


def test_patient_writer_plans_again_after_another_writer(docs, refresh, index_docs, cache):
    """It starts from what was committed while it waited, and does only the rest."""
    with (refresh.index / "LOCK").open("rb") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)

        def write_and_give_up(_line: str) -> None:
            holder.close()
            index_docs()
            (docs / "c.txt").write_text("Hail fell.")

        report = build(refresh, cache=cache, notify=write_and_give_up)

    assert (report.added, report.embedded) == (("docs/c.txt",), 1)
    expected = {f"docs/{name}.txt" for name in "abc"}
    assert open_generation(refresh.index).documents.keys() == expected


def test_writer_that_is_always_overtaken_gives_up(docs, refresh, index_docs, cache):
    """Planning again takes no longer than the requested wait."""
    opened: list[str] = []

    def overtaken(model: Model, **named: Any) -> Encoder:
        opened.append(model.name)
        (docs / "b.txt").write_text(f"Snow fell {len(opened)} times.")
        index_docs()
        (docs / "b.txt").write_text("Snow fell.")
        return compiled.open_encoder(model, **named)

    patient = IndexRequest(index=refresh.index, wait_seconds=0.2)

    with pytest.raises(LockedError) as caught:
        build(patient, cache=cache, notify=pytest.fail, open_encoder=overtaken)

    assert str(caught.value) == f"another process has written {refresh.index} meanwhile"
    assert opened
