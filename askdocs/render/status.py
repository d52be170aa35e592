"""What an index holds, for a reader."""

from collections.abc import Mapping

from askdocs.datamodel import DocumentRecord, DocumentStatus, Manifest
from askdocs.render.style import count_of
from askdocs.terminal import make_safe


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
        f"{make_safe(path)}  {count_of(record.paragraphs, 'paragraph')}\n"
        if record.status == DocumentStatus.INDEXED
        else f"{make_safe(path)}  {record.status}: {make_safe(record.reason)}\n"
        for path, record in sorted(documents.items())
    )


def _bytes(size: int) -> str:
    """A size in decimal units, as disks are sold."""
    for unit, one in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= one:
            return f"{size / one:.1f} {unit}"
    return f"{size} B"
