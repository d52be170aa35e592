"""Results as text for a reader."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from askdocs.datamodel import (
    CitationStatus,
    CitedText,
    DocumentRecord,
    DocumentStatus,
    Freshness,
    Hit,
    IndexReport,
    Manifest,
    Range,
    Ranking,
    Span,
)
from askdocs.terminal import make_safe, wrap

_MARGIN = 4
_MIN_WIDTH = 20
_MAX_WIDTH = 100
_MANY = 10
_FEW = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How text is laid out.

    Attributes:
        width: Columns of the terminal.
        color: Whether escape sequences may be used.
    """

    width: int = 80
    color: bool = False

    def paint(self, text: str, *codes: int) -> str:
        """The text with the given SGR codes around it, where colour is on."""
        if not self.color or not text:
            return text
        return f"\x1b[{';'.join(map(str, codes))}m{text}\x1b[0m"

    @property
    def body_width(self) -> int:
        """Columns for the text of a passage, behind its margin."""
        return max(_MIN_WIDTH, min(self.width, _MAX_WIDTH)) - _MARGIN


_BOLD, _DIM, _RED, _GREEN, _YELLOW, _CYAN = 1, 2, 31, 32, 33, 36
_STATUS_COLORS = {
    CitationStatus.VERIFIED: _GREEN,
    CitationStatus.MOVED: _YELLOW,
    CitationStatus.GONE: _RED,
}


def render_ranking(ranking: Ranking, style: Style) -> str:
    """The hits of one question; empty where there are none.

    Lines that hold the answer sentence have `>` in the margin; on a terminal it is bold as well.
    """
    return "\n".join(_render_hit(hit, style) for hit in ranking.hits)


def render_question(ranking: Ranking, style: Style) -> str:
    """A question as the heading over its hits."""
    return style.paint(f"# {make_safe(ranking.question.text)}", _BOLD) + "\n\n"


def render_cited(cited: CitedText, style: Style) -> str:
    """A cited text under its citation."""
    head = _head(str(cited.place.citation), cited.place.lines, cited.status, style)
    body = _body(cited.text, (0, 0), style)
    return f"{head}\n{body}"


def render_freshness(freshness: Freshness, style: Style) -> str:
    """One line when fresh; otherwise the counts and every difference on a line of its own."""
    if freshness.is_fresh:
        return f"{style.paint('fresh', _GREEN)}: {_count(freshness.documents, 'document')}\n"
    kinds = [
        ("added", freshness.added),
        ("changed", freshness.changed),
        ("removed", freshness.removed),
        ("settings", freshness.settings),
    ]
    counts = ", ".join(f"{len(found)} {kind}" for kind, found in kinds if found)
    lines = [f"{kind:<8}  {make_safe(name)}" for kind, found in kinds for name in found]
    return "\n".join([f"{style.paint('stale', _RED)}: {counts}", *lines, ""])


def render_report(report: IndexReport) -> str:
    """What indexing did, on one line; what was skipped on lines of its own."""
    held = (
        f"{_count(report.documents, 'document')}, {_count(report.passages, 'passage')}, "
        f"{_count(report.sentences, 'sentence')}"
    )
    left_out = [
        f"{len(found)} {kind}"
        for kind, found in (("skipped", report.skipped), ("failed", report.failed))
        if found
    ]
    if report.is_unchanged:
        summary = ", ".join([f"nothing has changed: {held}", *left_out])
    else:
        parts = [f"indexed {held}", f"{report.embedded} embedded", *left_out]
        summary = f"{', '.join(parts)} in {report.seconds:.1f} s"
    return "\n".join([*_reasons("skipped", report.skipped), make_safe(summary), ""])


def render_failures(report: IndexReport) -> list[str]:
    """A line for each document that failed; of many, the first ten."""
    return _reasons("failed", report.failed)


def render_status(
    manifest: Manifest, documents: Mapping[str, DocumentRecord], *, index: str, digest: str
) -> str:
    """What an index holds."""
    records = documents.values()
    indexed = [record for record in records if record.status == DocumentStatus.INDEXED]
    others = [
        f"{sum(record.status == status for record in records)} {status}"
        for status in (DocumentStatus.SKIPPED, DocumentStatus.FAILED)
        if any(record.status == status for record in records)
    ]
    model = manifest.model
    revision = f" ({model.revision})" if model.revision else ""
    size = sum(record.bytes for record in manifest.files.values())
    rows = {
        "index": f"{index}, format {manifest.format_version}, generation {digest[:12]}",
        "corpus": ", ".join(manifest.corpus.roots),
        "documents": ", ".join(
            [f"{len(indexed)}, {_bytes(sum(record.bytes for record in indexed))}", *others]
        ),
        "passages": f"{manifest.counts['passages']}, at most {manifest.passages.max_tokens} tokens",
        "sentences": str(manifest.counts["sentences"]),
        "model": f"{model.name}{revision}, {model.dimension} dimensions",
        "size": _bytes(size),
    }
    return "".join(f"{name:<10} {make_safe(value)}\n" for name, value in rows.items())


def render_documents(documents: Mapping[str, DocumentRecord]) -> str:
    """Every file of the corpus with what became of it."""
    return "".join(
        f"{make_safe(path)}  {_count(record.paragraphs, 'paragraph')}\n"
        if record.status == DocumentStatus.INDEXED
        else f"{make_safe(path)}  {record.status}: {make_safe(record.reason)}\n"
        for path, record in sorted(documents.items())
    )


def _render_hit(hit: Hit, style: Style) -> str:
    place = hit.place
    again = "" if hit.rerank_score is None else f", reranked {hit.rerank_score:.2f}"
    score = f"{hit.score:.2f}{again}"
    head = _head(str(place.citation), place.lines, hit.status, style, score=score)
    start, end = (offset - place.chars[0] for offset in hit.answer.chars)
    above = make_safe(" > ".join(hit.headings))
    headings = f"{'':<{_MARGIN}}{style.paint(above, _DIM)}\n" if above else ""
    same = "".join(
        f"{'':<{_MARGIN}}{style.paint(line, _DIM)}\n" for line in _duplicates(hit, style.body_width)
    )
    body = _body(hit.text, (start, end), style)
    return f"{f'{hit.rank}.':<{_MARGIN}}{head}\n{headings}{same}{body}{_explanation(hit, style)}"


def _duplicates(hit: Hit, width: int) -> list[str]:
    """Where the same text stands, wrapped; of many places the first few."""
    if not hit.duplicates:
        return []
    places = [make_safe(str(citation)) for citation in hit.duplicates[:_FEW]]
    more = len(hit.duplicates) - len(places)
    text = f"the same in {', '.join(places)}{f' and {more} more' if more else ''}"
    return [text[start:end] for start, end in wrap(text, width)]


def _explanation(hit: Hit, style: Style) -> str:
    """What made the score, largest share first; empty where that was not asked for."""
    if not hit.signals:
        return ""
    width = max(len(signal.name) for signal in hit.signals)
    rows = [
        f"{signal.name:<{width}}  {signal.value:5.2f}  {signal.share:+6.2f}"
        for signal in sorted(hit.signals, key=lambda one: -one.share)
    ]
    lines = [f"{'signal':<{width}}  value   share", *rows]
    if len(rows) > 1:
        log_odds = sum(signal.share for signal in hit.signals)
        lines.append(f"{'log-odds of the score':<{width + 7}}  {log_odds:+6.2f}")
    return "\n" + "".join(f"{'':<{_MARGIN}}{style.paint(line, _DIM)}\n" for line in lines)


def _head(
    citation: str, lines: Range, status: CitationStatus, style: Style, *, score: str = ""
) -> str:
    first, last = lines
    where = f"line {first}" if first == last else f"lines {first}-{last}"
    parts = [
        style.paint(make_safe(citation), _CYAN),
        style.paint(where, _DIM),
        style.paint(score, _BOLD),
        style.paint(status, _STATUS_COLORS[status]),
    ]
    return "  ".join(part for part in parts if part)


def _body(text: str, answer: Span, style: Style) -> str:
    """The text line by line, wrapped, with the lines of the answer marked in the margin."""
    lines: list[str] = []
    offset = 0
    for line in text.split("\n"):
        if line.strip():
            lines += _wrapped(line, (answer[0] - offset, answer[1] - offset), style)
        elif lines and lines[-1]:
            lines.append("")
        offset += len(line) + 1
    return "".join(f"{line}\n" for line in lines)


def _wrapped(line: str, answer: Span, style: Style) -> Iterator[str]:
    """One line of the text, wrapped; what it is indented by, all its pieces are."""
    safe = make_safe(line)
    width = style.body_width
    indent = min(len(safe) - len(safe.lstrip()), width // 2)
    for start, end in wrap(safe, width - indent):
        first, last = max(start, answer[0]), min(end, answer[1])
        if first >= last:
            yield f"{'':<{_MARGIN + indent}}{safe[start:end]}"
        else:
            marked = style.paint(safe[first:last], _BOLD)
            yield f"{'>':<{_MARGIN + indent}}{safe[start:first]}{marked}{safe[last:end]}"


def _reasons(kind: str, found: Mapping[str, str]) -> list[str]:
    lines = [f"{kind} {path}: {reason}" for path, reason in sorted(found.items())]
    if len(lines) > _MANY:
        rest = f"{kind} {len(lines) - _MANY} more; askdocs status --documents lists them"
        lines = [*lines[:_MANY], rest]
    return [make_safe(line) for line in lines]


def _count(number: int, noun: str) -> str:
    return f"{number} {_plural(number, noun)}"


def _plural(number: int, noun: str) -> str:
    return noun if number == 1 else f"{noun}s"


def _bytes(size: int) -> str:
    """A size in decimal units, as disks are sold."""
    for unit, one in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= one:
            return f"{size / one:.1f} {unit}"
    return f"{size} B"
