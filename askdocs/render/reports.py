"""What commands did and what an index holds, for a reader."""

from collections.abc import Collection, Iterator, Mapping, Sized

from askdocs.records.manifest import (
    CorpusSettings,
    DocumentRecord,
    DocumentStatus,
    Manifest,
    ModelRecord,
)
from askdocs.records.reports import Freshness, IndexPreview, IndexReport, RepairReport
from askdocs.records.results import Evaluation, JudgedRanking
from askdocs.terminal import count_of, make_safe, one_line, size_text


def changes_of(
    found: Freshness | IndexPreview | IndexReport | RepairReport,
) -> dict[str, tuple[str, ...]]:
    """The paths that were added, changed and removed, in this order, under these words."""
    return {"added": found.added, "changed": found.changed, "removed": found.removed}


def count_kinds(kinds: Mapping[str, Sized]) -> list[str]:
    """How many there are of each kind, as "3 added"; nothing of a kind that has none."""
    return [f"{len(found)} {kind}" for kind, found in kinds.items() if found]


_MANY = 10


def render_report(report: IndexReport) -> str:
    """What indexing did, on one line; what was skipped on lines of its own."""
    held = (
        f"{count_of(report.documents, 'document')}, {count_of(report.passages, 'passage')}, "
        f"{count_of(report.sentences, 'sentence')}"
    )
    left_out = _left_out(report.skipped, report.failed)
    if report.is_unchanged:
        summary = ", ".join([f"nothing has changed: {held}", *left_out])
    else:
        parts = [f"indexed {held}", f"{report.embedded} embedded", *left_out]
        summary = f"{', '.join(parts)} in {report.seconds:.1f} s"
    return "\n".join([*_reasons("skipped", report.skipped), make_safe(summary), ""])


def render_refresh(report: IndexReport) -> str:
    """What a refresh changed, on one line; empty where that is nothing."""
    if report.is_unchanged:
        return ""
    parts = [
        f"indexed {count_of(report.documents, 'document')}",
        *count_kinds(changes_of(report)),
        f"{report.embedded} embedded",
        *_left_out(report.skipped, report.failed),
    ]
    return f"{', '.join(parts)} in {report.seconds:.1f} s\n"


def render_preview(preview: IndexPreview) -> str:
    """What indexing would do: the counts, then every path on a line of its own."""
    if preview.is_unchanged:
        summary = ["nothing would change", *_left_out(preview.skipped, preview.failed)]
        return f"{', '.join(summary)}: {count_of(preview.documents, 'document')}\n"
    changes = changes_of(preview)
    parts = [
        f"would index {count_of(preview.documents, 'document')}",
        *count_kinds(changes),
        *_left_out(preview.skipped, preview.failed),
        f"{preview.cut} to cut",
        f"at least {count_of(preview.sentences, 'sentence')} to embed",
    ]
    lines = [f"{kind:<8}  {path}" for kind, found in changes.items() for path in found]
    for kind, reasons in (("skipped", preview.skipped), ("failed", preview.failed)):
        lines += [f"{kind:<8}  {path}: {reason}" for path, reason in sorted(reasons.items())]
    return "".join(f"{make_safe(line)}\n" for line in [", ".join(parts), *lines])


def render_failures(report: IndexReport) -> list[str]:
    """A line for each document that failed; of many, the first ten."""
    return _reasons("failed", report.failed)


def render_faults(reasons: Mapping[str, str]) -> list[str]:
    """A line for every file that keeps a strict run from going on."""
    return [make_safe(f"{path}: {reason}") for path, reason in sorted(reasons.items())]


def _left_out(skipped: Mapping[str, str], failed: Mapping[str, str]) -> list[str]:
    return count_kinds({"skipped": skipped, "failed": failed})


def _reasons(kind: str, found: Mapping[str, str]) -> list[str]:
    lines = [f"{kind} {path}: {reason}" for path, reason in sorted(found.items())]
    if len(lines) > _MANY:
        rest = f"{kind} {len(lines) - _MANY} more; askdocs status --documents lists them"
        lines = [*lines[:_MANY], rest]
    return [make_safe(line) for line in lines]


def render_repair(report: RepairReport) -> str:
    """What was wrong, each on a line of its own, and what was done about it on the last one."""
    if not report.damaged:
        summary = f"sound: {report.index}, {count_of(report.documents, 'document')}"
        return f"{make_safe(summary)}\n"
    lines = [f"damaged  {one.path} {one.reason}" for one in report.damaged]
    done = "repaired" if report.is_done else "can be repaired"
    parts = [f"{done}: {report.index}, {count_of(report.documents, 'document')}"]
    parts += count_kinds(changes_of(report))
    if report.report is not None:
        parts.append(f"{count_of(report.report.embedded, 'sentence')} embedded")
        parts[-1] += f" in {report.report.seconds:.1f} s"
    return "".join(f"{make_safe(line)}\n" for line in [*lines, ", ".join(parts)])


def render_status(
    manifest: Manifest,
    documents: Mapping[str, DocumentRecord],
    *,
    index: str,
    digest: str,
    encoders: Mapping[str, int] | None = None,
) -> str:
    """What an index holds.

    Args:
        manifest: Its identity card.
        documents: What is known of each file of the corpus.
        index: What it is called.
        digest: The name of its generation.
        encoders: The compiled encoders that it carries, each with its size in bytes.
    """
    size = sum(record.bytes for record in manifest.files.values())
    carried = size_text(sum(encoders.values()), exact=False) if encoders else ""
    rows = {
        "index": f"{index}, format {manifest.format_version}, generation {digest[:12]}",
        "corpus": ", ".join(manifest.corpus.roots),
        "files": _corpus_settings(manifest.corpus),
        "documents": _counts(documents.values()),
        "passages": f"{manifest.counts['passages']}, at most {manifest.passages.max_tokens} tokens",
        "sentences": str(manifest.counts["sentences"]),
        "model": _model(manifest.model),
        "size": size_text(size, exact=False),
        "encoder": f"in the index, {carried}" if carried else "",
    }
    return "".join(f"{name:<10} {make_safe(value)}\n" for name, value in rows.items() if value)


def _counts(records: Collection[DocumentRecord]) -> str:
    """How many documents are indexed, their size, and how many are not."""
    kinds = {
        status.value: [record for record in records if record.status == status]
        for status in (DocumentStatus.INDEXED, DocumentStatus.SKIPPED, DocumentStatus.FAILED)
    }
    indexed = kinds.pop(DocumentStatus.INDEXED.value)
    size = size_text(sum(record.bytes for record in indexed), exact=False)
    return ", ".join([f"{len(indexed)}, {size}", *count_kinds(kinds)])


def _model(model: ModelRecord) -> str:
    revision = f" ({model.revision})" if model.revision else ""
    return f"{model.name}{revision}, {model.dimension} dimensions"


def _corpus_settings(corpus: CorpusSettings) -> str:
    """Which files are taken, where that is not what it always is."""
    default = CorpusSettings(roots=())
    said = [
        ", ".join(corpus.include) if corpus.include != default.include else "",
        f"without {', '.join(corpus.exclude)}" if corpus.exclude else "",
        "hidden ones too" if corpus.hidden else "",
        *_limits(corpus, default),
    ]
    return "; ".join(filter(None, said))


def _limits(corpus: CorpusSettings, default: CorpusSettings) -> Iterator[str]:
    """The limits that are not what they always are."""
    if corpus.max_bytes != default.max_bytes:
        yield f"up to {size_text(corpus.max_bytes)}"
    if corpus.max_line_chars != default.max_line_chars:
        yield f"lines up to {corpus.max_line_chars:,} characters"
    if corpus.max_sentences != default.max_sentences:
        yield f"up to {corpus.max_sentences:,} sentences"
    if corpus.max_documents != default.max_documents:
        yield f"up to {corpus.max_documents:,} documents"
    if corpus.max_depth != default.max_depth:
        yield f"up to {corpus.max_depth:,} folders deep"


def render_documents(documents: Mapping[str, DocumentRecord]) -> str:
    """Every file of the corpus with what became of it."""
    return "".join(
        f"{make_safe(path)}  {count_of(record.paragraphs, 'paragraph')}\n"
        if record.status == DocumentStatus.INDEXED
        else f"{make_safe(path)}  {record.status}: {make_safe(record.reason)}\n"
        for path, record in sorted(documents.items())
    )


_DEPTH = 5
_MANY_QUESTIONS = 10


def render_evaluation(evaluation: Evaluation) -> str:
    """A table of the measures, and the questions that no hit among the first five answers."""
    lines = [f"{'measure':<20}  {'value':>6}  questions"]
    lines += [
        f"{name:<20}  {'-' if one.value is None else f'{one.value:.4f}':>6}  {one.questions:>9}"
        for name, one in evaluation.measures.items()
    ]
    missed = [one for one in evaluation.questions if _is_missed(one)]
    if missed:
        lines += ["", f"not answered by the first {_DEPTH} hits:"]
        lines += [
            make_safe(f"{one.ranking.question.id}  {one_line(one.ranking.question.text)}")
            for one in missed[:_MANY_QUESTIONS]
        ]
    if len(missed) > _MANY_QUESTIONS:
        lines.append(f"{len(missed) - _MANY_QUESTIONS} more; --format json lists them")
    return "\n".join([*lines, ""])


def _is_missed(judged: JudgedRanking) -> bool:
    return judged.answers > 0 and not any(judged.found[:_DEPTH])
