"""Hits as lines for other programs."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from askdocs.datamodel import Hit, Ranking
from askdocs.terminal import make_safe, one_line

COLUMNS = "id rank score citation path line_start line_end status answer".split()
"""The fields of a row of tab-separated values."""


def render_header() -> str:
    """The first line of tab-separated values."""
    return "\t".join(COLUMNS) + "\n"


def render_rows(ranking: Ranking) -> str:
    """A row of tab-separated values for each hit; in no field is a tab or a line end."""
    return "".join(_row(ranking.question.id, hit) for hit in ranking.hits)


def render_places(ranking: Ranking, *, base: Path, current: Path | None) -> str:
    """A line `path:line:column:answer` for each hit that is not gone, as editors read them.

    The place is that of the answer sentence in the file as it is now, the column its first byte.

    Args:
        ranking: What one question found.
        base: The real folder to which the paths of the index are relative.
        current: The real folder to which those that are printed are; None for absolute ones.
    """
    lines = []
    for hit in ranking.hits:
        if hit.answer.begins is not None:
            line, column = hit.answer.begins
            path = make_safe(relative_path(hit, base, current))
            lines.append(f"{path}:{line}:{column}:{make_safe(one_line(hit.answer.text))}\n")
    return "".join(lines)


def cited_files(rankings: Iterable[Ranking], *, base: Path, current: Path | None) -> Iterator[str]:
    """The path of each cited file once, best first; for arguments see `render_places`."""
    seen: set[str] = set()
    for ranking in rankings:
        for hit in ranking.hits:
            path = relative_path(hit, base, current)
            if path not in seen:
                seen.add(path)
                yield path


def relative_path(hit: Hit, base: Path, current: Path | None) -> str:
    """The path of a cited file from the current folder."""
    absolute = os.path.normpath(base / hit.place.citation.path)
    return absolute if current is None else os.path.relpath(absolute, current)


def _row(identity: str, hit: Hit) -> str:
    first, last = hit.place.lines
    fields = [
        identity,
        str(hit.rank),
        f"{hit.score:.4f}",
        str(hit.place.citation),
        hit.place.citation.path,
        str(first),
        str(last),
        hit.status.value,
        one_line(hit.answer.text),
    ]
    return "\t".join(map(make_safe, fields)) + "\n"
