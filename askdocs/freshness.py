"""Compare an index with its corpus, its settings and its own files."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

from askdocs.corpus.walk import Entry, LeftOut, exists, read_entry, relative_root, source_path, walk
from askdocs.disk import access
from askdocs.errors import FormatError, UnreadableSourceError
from askdocs.index.encoders import carried_encoders
from askdocs.index.generation import Generation, current_digest, open_generation
from askdocs.records.manifest import (
    PACKAGED_REVISIONS,
    CorpusSettings,
    DocumentRecord,
    DocumentStatus,
    Manifest,
    PassageSettings,
)
from askdocs.records.reports import ChangedSetting, DamagedFile, Freshness
from askdocs.text.decode import RULED_ENCODINGS, decode, long_line
from askdocs.text.formats import changed_parsers, format_of

# How many files one thread looks at in a row. A second thread reads from the disk while the first
# one hashes; if the files are in memory it costs nothing. More threads would cost time.
_BATCH = 64
_THREADS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedSettings:
    """The settings that are wanted.

    Attributes:
        model: Its name or folder; None for the recorded one.
        max_tokens: The longest passage; None for the recorded one.
        corpus: Fields of `CorpusSettings` by name; those that are missing are as recorded.
    """

    model: str | None = None
    max_tokens: int | None = None
    corpus: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """A file of the corpus as it is now.

    Attributes:
        path: POSIX, relative to the base.
        record: What the index would record of it.
        source: Its text, or its bytes if its format has no text, if it can be indexed and differs
            from what was known; otherwise None.
    """

    path: str
    record: DocumentRecord
    source: str | bytes | None = None


OPTIONS = {
    "include": "include", "exclude": "exclude", "hidden": "hidden", "encoding": "encoding",
    "max_bytes": "max-file-size", "max_line_chars": "max-line-length",
    "max_sentences": "max-sentences", "max_documents": "max-documents", "max_depth": "max-depth",
    "max_parse_seconds": "max-parse-time", "max_parse_bytes": "max-parse-memory",
}  # fmt: skip
"""The option that sets each field of `CorpusSettings`."""

_ANY = WantedSettings()


def check_freshness(index: Path, *, wanted: WantedSettings = _ANY, deep: bool = False) -> Freshness:
    """Compare an index with its corpus, and with the settings of this version.

    Needs no model, and only the standard library and pathspec.

    Args:
        index: The index directory.
        wanted: The settings that it should have been made with.
        deep: Whether to verify every byte of the index first, and not only the sizes of its files.
            If a file is damaged, all damaged files are named, and nothing else is compared.

    Raises:
        NoIndexError: There is no index.
        DamagedIndexError: HEAD or the manifest cannot be read, or, without `deep`, the records of
            the documents.
    """
    try:
        generation = open_generation(index, with_documents=not deep)
        if damaged := damaged_files(generation, deep=deep):
            if current_digest(index) != generation.digest:
                # A writer has removed the generation meanwhile; check the next one.
                return check_freshness(index, wanted=wanted, deep=deep)
            return Freshness(documents=0, damaged=damaged)
    except FormatError as error:
        changed = ChangedSetting(name="format", indexed=error.found, wanted=error.read)
        return Freshness(documents=0, settings=(changed,))
    return _compare_corpus(generation, wanted)


def damaged_files(generation: Generation, *, deep: bool) -> tuple[DamagedFile, ...]:
    """Return the files of a generation that differ from its manifest, then those of its encoder.

    Args:
        generation: The generation.
        deep: Whether to read all files, the encoder's too; without it, only the sizes of the files
            in the manifest are compared.
    """

    def relative(path: Path) -> str:
        location = generation.index.resolve() / path.relative_to(generation.index)
        return location.relative_to(generation.base).as_posix()

    encoder = damaged_encoder(generation) if deep else []
    return listed_damage(generation, generation.damage(deep=deep), encoder, named=relative)


def listed_damage(
    generation: Generation,
    damaged: Mapping[str, str],
    encoder: Iterable[tuple[Path, str]],
    *,
    named: Callable[[Path], str] = str,
) -> tuple[DamagedFile, ...]:
    """List the damage to a generation, name to reason, by name, and then that to its encoder.

    `named` returns the path to report.
    """
    files = [(generation.directory / name, damaged[name]) for name in sorted(damaged)]
    return tuple(
        DamagedFile(path=named(path), reason=reason) for path, reason in [*files, *encoder]
    )


def damaged_encoder(generation: Generation) -> list[tuple[Path, str]]:
    """Return the damaged files of the encoder that an index carries, with the reasons."""
    if not carried_encoders(generation.index):
        return []
    # Few indexes carry an encoder, and this import takes as long as a small check.
    from askdocs.embedding.entry import damaged_parts, entry_directory  # noqa: PLC0415

    fingerprint = generation.manifest.model.fingerprint
    folder = entry_directory(generation.index, fingerprint)
    parts = damaged_parts(fingerprint, cache=generation.index)
    return [(folder / name, reason) for name, reason in parts.items()]


def observe(
    base: Path,
    corpus: CorpusSettings,
    *,
    index: Path,
    known: Mapping[str, DocumentRecord],
    left_out: LeftOut | None = None,
) -> Iterator[Observation]:
    """Look at every file of a corpus, in order of path; for the arguments see `walk`.

    Files are compared by content, since a clone changes their times; one that has not changed since
    it was recorded in `known` is not decoded. The bytes that are hashed are the bytes that are
    decoded. At most two files are in memory at a time.

    Returns:
        The observations without the texts, which may be larger than memory.
    """

    def look(entries: Sequence[Entry]) -> list[Observation]:
        observations = (
            observe_entry(base, entry, corpus, known.get(entry.path)) for entry in entries
        )
        return [replace(observation, source=None) for observation in observations]

    entries = walk(base, corpus, index=index, left_out=left_out)
    if len(entries) <= _BATCH:
        yield from look(entries)
        return
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - small corpora do without

    batches = [entries[first : first + _BATCH] for first in range(0, len(entries), _BATCH)]
    with ThreadPoolExecutor(_THREADS) as pool:
        yield from chain.from_iterable(pool.map(look, batches))


def observe_entry(
    base: Path, entry: Entry, corpus: CorpusSettings, known: DocumentRecord | None = None
) -> Observation:
    """Look at one file that a walk listed; see `observe`."""
    try:
        content = read_entry(base, entry, max_bytes=corpus.max_bytes)
        sha256 = access.digest(content)
        # The fallback encoding may have changed since.
        decoders = {*RULED_ENCODINGS, corpus.encoding, ""}
        if known is not None and known.sha256 == sha256 and known.encoding in decoders:
            return Observation(path=entry.path, record=known)
        source, encoding = _decoded(entry.path, content, corpus)
    except UnreadableSourceError as error:
        status = DocumentStatus.SKIPPED if error.skipped else DocumentStatus.FAILED
        return Observation(path=entry.path, record=DocumentRecord(status=status, reason=str(error)))
    record = DocumentRecord(
        sha256=sha256,
        lines_sha256=_lines_digest(content),
        bytes=len(content),
        encoding=encoding,
    )
    return Observation(path=entry.path, record=record, source=source)


def _lines_digest(content: bytes) -> str:
    """Return what a record has as `lines_sha256`."""
    if b"\r\n" not in content or b"\0" in content:
        return ""
    return access.digest(content.replace(b"\r\n", b"\n"))


def _decoded(path: str, content: bytes, corpus: CorpusSettings) -> tuple[str | bytes, str]:
    """Return what a parser gets, and the name of the codec; raise UnreadableSourceError."""
    if not format_of(path).is_text:
        return content, ""
    text, encoding = decode(content, fallback=corpus.encoding)
    number = long_line(text, corpus.max_line_chars)
    if number is not None:
        limit = f"{corpus.max_line_chars:,} characters (--max-line-length)"
        raise UnreadableSourceError(f"line {number} is longer than {limit}", skipped=True)
    return text, encoding


def _compare_corpus(generation: Generation, wanted: WantedSettings) -> Freshness:
    """Compare a generation with its corpus as it is now, and with the settings that are wanted."""
    corpus, base, known = generation.manifest.corpus, generation.base, generation.documents
    # A root that no longer exists has no documents; to refuse it is up to the caller.
    roots = tuple(root for root in corpus.roots if exists(source_path(base, root)))
    observations = observe(base, replace(corpus, roots=roots), index=generation.index, known=known)
    now = {observation.path: observation.record for observation in observations}
    # A file that is skipped on purpose never makes an index stale.
    indexed = {path for path, record in known.items() if record.status != DocumentStatus.SKIPPED}
    current = {path for path, record in now.items() if record.status != DocumentStatus.SKIPPED}
    return Freshness(
        documents=sum(record.status == DocumentStatus.INDEXED for record in known.values()),
        added=tuple(sorted(current - known.keys())),
        changed=tuple(
            path
            for path in sorted((indexed | current) & now.keys() & known.keys())
            if _differs(now[path], known[path])
        ),
        removed=tuple(sorted(indexed - now.keys())),
        settings=tuple(_changed_settings(generation.manifest, wanted, base)),
    )


def _differs(now: DocumentRecord, known: DocumentRecord) -> bool:
    """Return True if more than the line ends of a file differs from what is known of it.

    `index` takes such a file in all the same: an index must not depend on its history.
    """
    if not (now.sha256 and known.sha256):
        return now != known
    digests = [record.lines_sha256 or record.sha256 for record in (now, known)]
    return digests[0] != digests[1] or now.encoding != known.encoding


def _changed_settings(
    manifest: Manifest, wanted: WantedSettings, base: Path
) -> Iterator[ChangedSetting]:
    """Yield the settings that an index would now be made with differently, in order of name."""

    def changed(name: str, indexed: object, now: object) -> ChangedSetting:
        return ChangedSetting(name=name, indexed=str(indexed), wanted=str(now))

    passages, rules, model = manifest.passages, PassageSettings().rules, manifest.model
    if wanted.max_tokens not in {None, passages.max_tokens}:
        yield changed("max-tokens", passages.max_tokens, wanted.max_tokens)
    name = wanted.model or model.name
    if _is_same_model(name, model.name, base):
        name = model.name
    revision = PACKAGED_REVISIONS.get(name, model.revision if name == model.name else "")
    if (name, revision) != (model.name, model.revision):
        yield changed("model", _model_text(model.name, model.revision), _model_text(name, revision))
    for name, value in sorted(wanted.corpus.items()):
        recorded = getattr(manifest.corpus, name)
        if value != recorded:
            yield changed(OPTIONS[name], _setting_text(recorded), _setting_text(value))
    for name, (before, now) in changed_parsers(manifest.parsers).items():
        yield changed(f"parser of {name}", before, now)
    if passages.rules != rules:
        yield changed("passages", f"rules {passages.rules}", f"rules {rules}")


def _setting_text(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_same_model(name: str, recorded: str, base: Path) -> bool:
    """Return True if a model is the recorded one: a folder is recorded relative to the base."""
    if name == recorded or name in PACKAGED_REVISIONS:
        return name == recorded
    # The folder need not exist: the model may be missing where an index is checked.
    return relative_root(Path(name), base) == recorded.removeprefix("./")


def _model_text(name: str, revision: str) -> str:
    return f"{name} ({revision})" if revision else name
