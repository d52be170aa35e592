"""What an index holds, for a reader."""

from collections.abc import Collection, Iterator, Mapping

from askdocs.datamodel import (
    CorpusSettings,
    DocumentRecord,
    DocumentStatus,
    Manifest,
    ModelRecord,
    size_text,
)
from askdocs.render.kinds import count_kinds
from askdocs.render.style import count_of
from askdocs.terminal import make_safe


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
