"""Answers in every format of `ask`, piece by piece, as they become known."""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from askdocs.records.results import Hit, Ranking
from askdocs.render.json import dump, ranking_object
from askdocs.render.markdown import render_markdown
from askdocs.render.text import place_text, render_ranking
from askdocs.terminal import Style, escape_commands, make_safe, one_line
from askdocs.text.formats import format_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The layout of answers, apart from their format.

    Paths of the index are relative to `base`; both folders are real, and `current` is None if it
    has been removed. `is_many` is True if there may be several questions, `null` if paths end in
    NUL and are printed as the file system has them.
    """

    style: Style
    base: Path
    current: Path | None
    is_many: bool
    null: bool


def render_answers(rankings: Iterable[Ranking], form: str, layout: Layout) -> Iterator[str]:
    """Yield the answers in one of `FORMATS` as pieces of text, each as soon as it is known."""
    return _RENDERERS[form](rankings, layout)


def _render_text(rankings: Iterable[Ranking], layout: Layout) -> Iterator[str]:
    for position, ranking in enumerate(rankings):
        if position:
            yield "\n"
        if layout.is_many:
            yield layout.style.paint(f"# {make_safe(ranking.question.text)}", "bold") + "\n\n"
        yield render_ranking(ranking, layout.style, base=layout.base)


def _render_json(rankings: Iterable[Ranking], layout: Layout) -> Iterator[str]:
    objects = map(ranking_object, rankings)
    answers = [list(objects)] if layout.is_many else objects
    return (dump(answer, indent=2) for answer in answers)


def _render_json_lines(rankings: Iterable[Ranking], _layout: Layout) -> Iterator[str]:
    return (dump(ranking_object(ranking), indent=None) for ranking in rankings)


def _render_markdown(rankings: Iterable[Ranking], _layout: Layout) -> Iterator[str]:
    for position, ranking in enumerate(rankings):
        yield ("\n" if position else "") + render_markdown(ranking)


def _render_tsv(rankings: Iterable[Ranking], _layout: Layout) -> Iterator[str]:
    """Yield a header, then a row for each hit; no field holds a tab or a line end."""
    header = "\t".join(_COLUMNS) + "\n"
    for ranking in rankings:
        yield header + "".join(_row(ranking.question.id, hit) for hit in ranking.hits)
        header = ""
    yield header


def _render_vimgrep(rankings: Iterable[Ranking], layout: Layout) -> Iterator[str]:
    """Yield a line `path:line:column:answer` for each hit that is not gone, as editors read it.

    Line and column are those of the answer sentence in the current file; the column counts bytes.
    In a format without lines they are 1, and the text begins with the page or cell.
    """
    for ranking in rankings:
        for hit in ranking.hits:
            if hit.answer.begins is not None:
                line, column = hit.answer.begins
                path = make_safe(_path_of(hit, layout))
                answer = make_safe(one_line(hit.answer.plain))
                place = "" if format_of(path).is_text else place_text(hit)
                yield f"{path}:{line}:{column}:{place and f'{place}: '}{answer}\n"


def _render_paths(rankings: Iterable[Ranking], layout: Layout) -> Iterator[str]:
    """Yield the path of each cited file once, best first."""
    seen: set[str] = set()
    for ranking in rankings:
        for hit in ranking.hits:
            path = _path_of(hit, layout)
            if path not in seen:
                seen.add(path)
                yield f"{path}\0" if layout.null else f"{make_safe(path)}\n"


def _path_of(hit: Hit, layout: Layout) -> str:
    """Return the path of a cited file from the current folder, or an absolute one."""
    absolute = os.path.normpath(layout.base / hit.place.citation.path)
    return absolute if layout.current is None else os.path.relpath(absolute, layout.current)


_RENDERERS: dict[str, Callable[[Iterable[Ranking], Layout], Iterator[str]]] = {
    "text": _render_text, "json": _render_json, "jsonl": _render_json_lines,
    "md": _render_markdown, "tsv": _render_tsv, "vimgrep": _render_vimgrep,
    "paths": _render_paths, "trec": lambda rankings, _layout: map(render_run, rankings),
}  # fmt: skip

FORMATS = tuple(_RENDERERS)
"""The names of the formats, in the order in which the help of `ask` lists them."""

SHOW_NEAREST = ("text", "json", "jsonl")
"""The formats that show the nearest passages where nothing answers; others are for hits alone."""

_COLUMNS = "id rank score citation path line_start line_end status answer".split()


def _row(identity: str, hit: Hit) -> str:
    first, last = hit.place.lines
    fields = [
        identity, hit.rank, f"{hit.score:.4f}", hit.place.citation, hit.place.citation.path,
        first, last, hit.status.value, one_line(hit.answer.plain),
    ]  # fmt: skip
    return "\t".join(make_safe(str(field)) for field in fields) + "\n"


# White space would split a field of a run; the percent sign begins an encoded byte.
_ENCODED = re.compile(r"[\s%]")


def render_run(ranking: Ranking) -> str:
    """Return a ranking as a TREC run: a line `qid Q0 docno rank score askdocs` for each hit.

    The docno is the hit's citation in the index. White space and percent signs in it, and in the
    question's id, are percent-encoded. The score is the one that orders the hits: tools that read
    runs sort by it and ignore the rank.
    """
    question = _encoded(ranking.question.id)
    lines = []
    for hit in ranking.hits:
        docno = _encoded(str(hit.indexed_place.citation))
        score = hit.score if hit.rerank_score is None else hit.rerank_score
        lines.append(f"{question} Q0 {docno} {hit.rank} {score:.6f} askdocs\n")
    return "".join(lines)


def _encoded(text: str) -> str:
    encoded = _ENCODED.sub(lambda match: _percent(match[0]), text)
    return escape_commands(encoded, _percent)


def _percent(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogateescape"))
