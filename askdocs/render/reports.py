"""What commands did and what an index holds, for a reader."""

from collections.abc import Collection, Iterable, Mapping, Sized

from askdocs.records.manifest import CorpusSettings, DocumentRecord, DocumentStatus, Manifest
from askdocs.records.reports import Freshness, IndexPreview, IndexReport, RepairReport
from askdocs.records.results import Evaluation, JudgedRanking
from askdocs.terminal import count_of, make_safe, one_line, size_text

_MAX_REASONS = 10
_MAX_KINDS = 5


def changes_of(
    report: Freshness | IndexPreview | IndexReport | RepairReport,
) -> dict[str, tuple[str, ...]]:
    """Return the paths that were added, changed and removed, in this order, under these words."""
    return {"added": report.added, "changed": report.changed, "removed": report.removed}


def count_kinds(kinds: Mapping[str, Sized]) -> list[str]:
    """Return the count of each kind, as "3 added", without kinds that have no members."""
    return [f"{len(members)} {kind}" for kind, members in kinds.items() if members]


def render_report(report: IndexReport) -> str:
    """Return a line for each skipped file, and one with what indexing did."""
    counts = (
        f"{count_of(report.documents, 'document')}, {count_of(report.passages, 'passage')}, "
        f"{count_of(report.sentences, 'sentence')}"
    )
    summary = ", ".join([f"nothing has changed: {counts}", *_left_out(report)])
    if not report.is_unchanged:
        parts = [f"indexed {counts}", f"{report.embedded} embedded", *_left_out(report)]
        summary = _timed(parts, report)
    lines = [*_reasons("skipped", report.skipped), *map(make_safe, _unread(report))]
    return "\n".join([*lines, make_safe(summary), ""])


def _unread(report: IndexReport) -> list[str]:
    """Return a line for the files that are not indexed by their names."""
    parts = []
    if count := sum(report.other_kinds.values()):
        most = sorted(report.other_kinds.items(), key=lambda kind: (-kind[1], kind[0]))
        kinds = ", ".join(f"{name} ({number})" for name, number in most[:_MAX_KINDS])
        more = ", ..." if len(most) > _MAX_KINDS else ""
        parts.append(f"{count_of(count, 'file')} of other kinds: {kinds}{more}")
    if report.ignored:
        parts.append(f"{count_of(report.ignored, 'document')} that ignore files name")
    return [f"left out  {'; '.join(parts)}"] if parts else []


def render_refresh(report: IndexReport) -> str:
    """Return a line with what a refresh changed; an empty string if it changed nothing."""
    if report.is_unchanged:
        return ""
    parts = [f"indexed {count_of(report.documents, 'document')}", *count_kinds(changes_of(report))]
    return f"{_timed([*parts, f'{report.embedded} embedded', *_left_out(report)], report)}\n"


def render_preview(preview: IndexPreview) -> str:
    """Return the counts of what indexing would do, then each path on a line of its own."""
    if preview.is_unchanged:
        summary = ["nothing would change", *_left_out(preview)]
        return f"{', '.join(summary)}: {count_of(preview.documents, 'document')}\n"
    changes = changes_of(preview)
    parts = [
        f"would index {count_of(preview.documents, 'document')}", *count_kinds(changes),
        *_left_out(preview), f"{preview.cut} to cut",
        f"at least {count_of(preview.sentences, 'sentence')} to embed",
    ]  # fmt: skip
    lines = [f"{kind:<8}  {path}" for kind, paths in changes.items() for path in paths]
    for kind, reasons in (("skipped", preview.skipped), ("failed", preview.failed)):
        lines += [f"{kind:<8}  {path}: {reason}" for path, reason in sorted(reasons.items())]
    return _safe_lines([", ".join(parts), *lines])


def render_failures(failed: Mapping[str, str]) -> list[str]:
    """Return a line for each document that failed, at most the first ten."""
    return _reasons("failed", failed)


def render_faults(reasons: Mapping[str, str]) -> list[str]:
    """Return a line for each file that stops a strict run."""
    return [make_safe(f"{path}: {reason}") for path, reason in sorted(reasons.items())]


def render_repair(report: RepairReport) -> str:
    """Return a line for each damaged file, and one with what was done about them."""
    held = f"{report.index}, {count_of(report.documents, 'document')}"
    if not report.damaged:
        return _safe_lines([f"sound: {held}"])
    lines = [f"damaged  {file.path} {file.reason}" for file in report.damaged]
    done = "repaired" if report.is_done else "can be repaired"
    summary = ", ".join([f"{done}: {held}", *count_kinds(changes_of(report))])
    if report.report is not None:
        embedded = f"{count_of(report.report.embedded, 'sentence')} embedded"
        summary = _timed([summary, embedded], report.report)
    return _safe_lines([*lines, summary])


def render_status(
    manifest: Manifest, documents: Mapping[str, DocumentRecord], *, index: str, digest: str,
    encoders: Mapping[str, int] | None = None,
) -> str:  # fmt: skip
    """Return a table of what an index holds.

    `documents` has the record of each file of the corpus, `digest` is the name of the generation,
    and `encoders` has the size in bytes of each compiled encoder in the index.
    """
    model = manifest.model
    revision = f" ({model.revision})" if model.revision else ""
    carried = size_text(sum(encoders.values()), exact=False) if encoders else ""
    size = sum(record.bytes for record in manifest.files.values())
    rows = {
        "index": f"{index}, format {manifest.format_version}, generation {digest[:12]}",
        "corpus": ", ".join(manifest.corpus.roots),
        "files": _corpus_settings(manifest.corpus),
        "documents": _document_counts(documents.values()),
        "passages": f"{manifest.counts['passages']}, at most {manifest.passages.max_tokens} tokens",
        "sentences": str(manifest.counts["sentences"]),
        "model": f"{model.name}{revision}, {model.dimension} dimensions",
        "size": size_text(size, exact=False),
        "encoder": f"in the index, {carried}" if carried else "",
    }
    return "".join(f"{name:<10} {make_safe(value)}\n" for name, value in rows.items() if value)


def render_documents(documents: Mapping[str, DocumentRecord]) -> str:
    """Return a line for each file of the corpus, with its paragraphs or why it has none."""
    return _safe_lines(
        f"{path}  {count_of(record.paragraphs, 'paragraph')}"
        if record.status == DocumentStatus.INDEXED
        else f"{path}  {record.status}: {record.reason}"
        for path, record in sorted(documents.items())
    )


_MISSED_DEPTH = 5
_MAX_MISSED = 10


def render_evaluation(evaluation: Evaluation) -> str:
    """Return a table of the measures, and the questions that the first five hits do not answer."""
    lines = [f"{'measure':<20}  {'value':>6}  questions"]
    for name, measured in evaluation.measures.items():
        value = "-" if measured.value is None else f"{measured.value:.4f}"
        lines.append(f"{name:<20}  {value:>6}  {measured.questions:>9}")
    missed = [judged for judged in evaluation.questions if _is_missed(judged)]
    if missed:
        lines += ["", f"not answered by the first {_MISSED_DEPTH} hits:"]
        questions = [judged.ranking.question for judged in missed[:_MAX_MISSED]]
        lines += [make_safe(f"{asked.id}  {one_line(asked.text)}") for asked in questions]
    if len(missed) > _MAX_MISSED:
        lines.append(f"{len(missed) - _MAX_MISSED} more; --format json lists them")
    return "\n".join([*lines, ""])


def _is_missed(judged: JudgedRanking) -> bool:
    return judged.answers > 0 and not any(judged.found[:_MISSED_DEPTH])


def _left_out(report: IndexReport | IndexPreview) -> list[str]:
    return count_kinds({"skipped": report.skipped, "failed": report.failed})


def _timed(parts: Collection[str], report: IndexReport) -> str:
    return f"{', '.join(parts)} in {report.seconds:.1f} s"


def _reasons(kind: str, reasons: Mapping[str, str]) -> list[str]:
    lines = [f"{kind} {path}: {reason}" for path, reason in sorted(reasons.items())]
    if len(lines) > _MAX_REASONS:
        rest = f"{kind} {len(lines) - _MAX_REASONS} more; askdocs status --documents lists them"
        lines = [*lines[:_MAX_REASONS], rest]
    return [make_safe(line) for line in lines]


def _safe_lines(lines: Iterable[str]) -> str:
    return "".join(f"{make_safe(line)}\n" for line in lines)


def _document_counts(records: Collection[DocumentRecord]) -> str:
    """Return how many documents are indexed, their size, and how many files are not."""
    kinds = {
        status.value: [record for record in records if record.status == status]
        for status in DocumentStatus
    }
    indexed = kinds.pop("indexed")
    size = size_text(sum(record.bytes for record in indexed), exact=False)
    return ", ".join([f"{len(indexed)}, {size}", *count_kinds(kinds)])


_LIMITS = {
    "max_line_chars": "lines up to {:,} characters", "max_sentences": "up to {:,} sentences",
    "max_documents": "up to {:,} documents", "max_depth": "up to {:,} folders deep",
    "max_parse_seconds": "parsed in up to {:,} s",
}  # fmt: skip


def _corpus_settings(corpus: CorpusSettings) -> str:
    """Return the settings that choose files, without those that have their default."""
    default = CorpusSettings(roots=())
    parts = []
    if corpus.include != default.include:
        parts.append(", ".join(corpus.include))
    if corpus.exclude:
        parts.append(f"without {', '.join(corpus.exclude)}")
    if corpus.hidden:
        parts.append("including hidden files")
    if corpus.max_bytes != default.max_bytes:
        parts.append(f"up to {size_text(corpus.max_bytes)}")
    if corpus.max_parse_bytes != default.max_parse_bytes:
        parts.append(f"parsed in up to {size_text(corpus.max_parse_bytes)}")
    for name, text in _LIMITS.items():
        limit = getattr(corpus, name)
        if limit != getattr(default, name):
            parts.append(text.format(limit))
    return "; ".join(parts)
