"""Answers in every format, piece by piece, as they become known.

A format's own module is imported where it is used: a question waits for one of them alone.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from askdocs.datamodel import Ranking
from askdocs.render.style import Style
from askdocs.terminal import make_safe


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What answers look like, besides their format.

    Attributes:
        style: How text for a reader is laid out.
        base: The real folder to which the paths of the index are relative.
        current: The real current folder; None where it is gone.
        is_many: Whether there may be several questions.
        null: Whether paths end in NUL, and are what the file system has.
    """

    style: Style
    base: Path
    current: Path | None
    is_many: bool
    null: bool


def render_answers(rankings: Iterable[Ranking], form: str, layout: Layout) -> Iterator[str]:
    """Answers as pieces of text, each as soon as it can be written.

    Args:
        rankings: What the questions found.
        form: One of `FORMATS`.
        layout: What else there is to know.
    """
    return _RENDERERS[form](rankings, layout)


def _text(rankings: Iterable[Ranking], layout: Layout) -> Iterator[str]:
    from askdocs.render import text as readable

    style, base = layout.style, layout.base
    for position, ranking in enumerate(rankings):
        gap = "\n" if position else ""
        heading = readable.render_question(ranking, style) if layout.is_many else ""
        yield f"{gap}{heading}{readable.render_ranking(ranking, style, base=base)}"


def _json(rankings: Iterable[Ranking], layout: Layout) -> Iterator[str]:
    from askdocs.render import objects

    if layout.is_many:
        yield objects.render_json_array(list(rankings))
    else:
        yield from map(objects.render_json, rankings)


def _jsonl(rankings: Iterable[Ranking], _layout: Layout) -> Iterator[str]:
    from askdocs.render import objects

    return map(objects.render_json_line, rankings)


def _md(rankings: Iterable[Ranking], _layout: Layout) -> Iterator[str]:
    from askdocs.render.markdown import render_markdown

    for position, ranking in enumerate(rankings):
        yield ("\n" if position else "") + render_markdown(ranking)


def _tsv(rankings: Iterable[Ranking], _layout: Layout) -> Iterator[str]:
    from askdocs.render import lines

    header = lines.render_header()
    for ranking in rankings:
        yield header + lines.render_rows(ranking)
        header = ""
    yield header


def _vimgrep(rankings: Iterable[Ranking], layout: Layout) -> Iterator[str]:
    from askdocs.render import lines

    for ranking in rankings:
        yield lines.render_places(ranking, base=layout.base, current=layout.current)


def _paths(rankings: Iterable[Ranking], layout: Layout) -> Iterator[str]:
    from askdocs.render import lines

    for path in lines.cited_files(rankings, base=layout.base, current=layout.current):
        yield f"{path}\0" if layout.null else f"{make_safe(path)}\n"


def _trec(rankings: Iterable[Ranking], _layout: Layout) -> Iterator[str]:
    from askdocs.render.trec import render_run

    return map(render_run, rankings)


_RENDERERS: dict[str, Callable[[Iterable[Ranking], Layout], Iterator[str]]] = {
    "text": _text,
    "json": _json,
    "jsonl": _jsonl,
    "md": _md,
    "tsv": _tsv,
    "vimgrep": _vimgrep,
    "paths": _paths,
    "trec": _trec,
}

FORMATS = tuple(_RENDERERS)
"""The names of the formats, in the order in which the help of `ask` lists them."""
