"""How the corpus differs from what was indexed."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from askdocs.corpus.walk import Entry, exists, read_entry, relative_root, source_path, walk
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
from askdocs.text.document import RULED_ENCODINGS, decode, long_line, number_paragraphs


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedSettings:
    """What an index shall have been made with, as far as somebody says.

    Attributes:
        model: The name of the model, or its folder; None for whatever the index records.
        max_tokens: The longest passage; None for whatever the index records.
    """

    model: str | None = None
    max_tokens: int | None = None


def changed_settings(
    manifest: Manifest, wanted: WantedSettings, base: Path
) -> Iterator[ChangedSetting]:
    """The settings that an index would be made with otherwise, in order of name."""
    cut, rules = manifest.passages, PassageSettings().rules
    if wanted.max_tokens not in {None, cut.max_tokens}:
        yield _changed("max-tokens", cut.max_tokens, wanted.max_tokens)
    model = manifest.model
    name = wanted.model or model.name
    if _is_same_model(name, model.name, base):
        name = model.name
    revision = PACKAGED_REVISIONS.get(name, model.revision if name == model.name else "")
    if (name, revision) != (model.name, model.revision):
        yield _changed("model", _model(model.name, model.revision), _model(name, revision))
    if cut.rules != rules:
        yield _changed("passages", f"rules {cut.rules}", f"rules {rules}")


def _is_same_model(name: str, recorded: str, base: Path) -> bool:
    """Whether a model is the recorded one: a folder is recorded relative to the base."""
    if name == recorded or name in PACKAGED_REVISIONS:
        return name == recorded
    # Not whether there is such a folder: where an index is checked the model need not be.
    return relative_root(Path(name), base) == recorded.removeprefix("./")


def _model(name: str, revision: str) -> str:
    return f"{name} ({revision})" if revision else name


def _changed(name: str, indexed: object, wanted: object) -> ChangedSetting:
    return ChangedSetting(name=name, indexed=str(indexed), wanted=str(wanted))


# Files that one thread looks at in a row. A second thread reads from the disk while the first
# hashes: of files that are in memory already it gains nothing and costs nothing, more would.
_BATCH = 64
_THREADS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """A file of the corpus as it is now.

    Attributes:
        path: POSIX, relative to the base.
        record: What the index would say of it.
        text: Its text, where it can be indexed and is not what was known; otherwise None.
    """

    path: str
    record: DocumentRecord
    text: str | None = None


def observe(
    base: Path, corpus: CorpusSettings, *, index: Path, known: Mapping[str, DocumentRecord]
) -> Iterator[Observation]:
    """Look at every file of a corpus, in order of path.

    Files are compared by content: times lie after a clone. What is hashed is what is decoded.
    Two files at most are in memory at a time.

    Args:
        base: The real parent of the index directory.
        corpus: Which files to look at.
        index: The index directory, which is never entered.
        known: What the index says of the files; a file that is still the same is not decoded.

    Returns:
        The observations without the texts, which may be larger than memory.
    """

    def look(entries: Sequence[Entry]) -> list[Observation]:
        seen = (observe_entry(base, entry, corpus, known.get(entry.path)) for entry in entries)
        return [one if one.text is None else replace(one, text=None) for one in seen]

    entries = walk(base, corpus, index=index)
    if len(entries) <= _BATCH:
        yield from look(entries)
        return
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - small corpora do without

    batches = [entries[first : first + _BATCH] for first in range(0, len(entries), _BATCH)]
    with ThreadPoolExecutor(_THREADS) as pool:
        for seen in pool.map(look, batches):
            yield from seen


def observe_entry(
    base: Path, entry: Entry, corpus: CorpusSettings, known: DocumentRecord | None = None
) -> Observation:
    """Look at one file that a walk found; see `observe`."""
    try:
        content = read_entry(base, entry, max_bytes=corpus.max_bytes)
        sha256 = access.digest(content)
        if known is not None and known.sha256 == sha256 and _is_decoded_by_rule(known, corpus):
            return Observation(path=entry.path, record=known)
        text, encoding = _decode_within(content, corpus)
    except UnreadableSourceError as error:
        status = DocumentStatus.SKIPPED if error.skipped else DocumentStatus.FAILED
        return Observation(path=entry.path, record=DocumentRecord(status=status, reason=str(error)))
    record = DocumentRecord(
        sha256=sha256,
        bytes=len(content),
        encoding=encoding,
        paragraphs=sum(1 for _ in number_paragraphs(text)),
    )
    return Observation(path=entry.path, record=record, text=text)


def _decode_within(content: bytes, corpus: CorpusSettings) -> tuple[str, str]:
    """Decode a file's bytes as `decode` does, if their text is within the limits of the corpus.

    Raises:
        UnreadableSourceError: It cannot be decoded, or is beyond a limit.
    """
    text, encoding = decode(content, fallback=corpus.encoding)
    number = long_line(text, corpus.max_line_chars)
    if number is not None:
        limit = f"{corpus.max_line_chars:,} characters (--max-line-length)"
        raise UnreadableSourceError(f"line {number} is longer than {limit}", skipped=True)
    if _has_more_sentences(text, corpus.max_sentences):
        limit = f"{corpus.max_sentences:,} sentences (--max-sentences)"
        raise UnreadableSourceError(f"more than {limit}", skipped=True)
    return text, encoding


def _has_more_sentences(text: str, limit: int) -> bool:
    # A sentence takes two characters at least, one of them white space or an end mark.
    if len(text) <= 2 * limit:
        return False
    from askdocs.text.sentences import split_sentences  # noqa: PLC0415 - most files are smaller

    count = 0
    for paragraph in number_paragraphs(text):
        count += len(split_sentences(text, paragraph.chars))
        if count > limit:
            return True
    return False


def _is_decoded_by_rule(known: DocumentRecord, corpus: CorpusSettings) -> bool:
    """Whether the rule would still decode a file as it did: its fallback may have changed."""
    return known.encoding in RULED_ENCODINGS or known.encoding == corpus.encoding


_ANY = WantedSettings()


def check_freshness(index: Path, *, wanted: WantedSettings = _ANY, deep: bool = False) -> Freshness:
    """Compare an index with its corpus, and with the settings of this version.

    Needs no model, and nothing but the standard library and pathspec.

    Args:
        index: The index directory.
        wanted: The settings that it shall have been made with.
        deep: Whether to verify every byte of it first, and not the sizes of its files alone. Where
            a file is wrong, all such files are named, and nothing else is compared.

    Raises:
        NoIndexError: There is no index.
        DamagedIndexError: HEAD or the manifest cannot be read, or, without `deep`, the records of
            the documents.
    """
    try:
        generation = open_generation(index, with_documents=not deep)
        if damaged := damaged_files(generation, deep=deep):
            if current_digest(index) != generation.digest:
                # A writer has removed the generation meanwhile; the next one is to be looked at.
                return check_freshness(index, wanted=wanted, deep=deep)
            return Freshness(documents=0, damaged=damaged)
    except FormatError as error:
        changed = ChangedSetting(name="format", indexed=error.found, wanted=error.read)
        return Freshness(documents=0, settings=(changed,))
    return compare(generation, wanted=wanted)


def damaged_files(generation: Generation, *, deep: bool) -> tuple[DamagedFile, ...]:
    """The files of a generation that are not what its manifest says, and then of its encoder.

    Args:
        generation: Which one.
        deep: Whether to read all of them; without it, only the sizes of the generation's own are
            compared.
    """
    own = generation.damage(deep=deep)
    carried = damaged_encoder(generation) if deep else []
    return listed_damage(generation, own, carried, named=partial(_in_base, generation))


def listed_damage(
    generation: Generation,
    own: Mapping[str, str],
    carried: Iterable[tuple[Path, str]],
    *,
    named: Callable[[Path], str] = str,
) -> tuple[DamagedFile, ...]:
    """What was found to be wrong with a generation.

    Args:
        generation: Which one.
        own: What is wrong with its own files, by their names in it.
        carried: What is wrong with files of its encoder.
        named: How a path is shown.
    """
    files_of_it = [(generation.directory / name, own[name]) for name in sorted(own)]
    return tuple(
        DamagedFile(path=named(path), reason=reason) for path, reason in [*files_of_it, *carried]
    )


def damaged_encoder(generation: Generation) -> list[tuple[Path, str]]:
    """The files of the encoder that an index carries that are not what was written, and why."""
    if not carried_encoders(generation.index):
        return []
    # Few indexes carry one, and importing this takes as long as a small check.
    from askdocs.embedding.entry import damaged_parts, entry_directory  # noqa: PLC0415

    fingerprint = generation.manifest.model.fingerprint
    folder = entry_directory(generation.index, fingerprint)
    parts = damaged_parts(fingerprint, cache=generation.index)
    return [(folder / name, reason) for name, reason in parts.items()]


def _in_base(generation: Generation, path: Path) -> str:
    below = generation.index.resolve() / path.relative_to(generation.index)
    return below.relative_to(generation.base).as_posix()


def compare(generation: Generation, *, wanted: WantedSettings = _ANY) -> Freshness:
    """Compare a generation with its corpus as it is now, and with the settings that are wanted."""
    manifest = generation.manifest
    # A root that is gone has no documents; that is not this function's error to raise.
    roots = tuple(
        root for root in manifest.corpus.roots if exists(source_path(generation.base, root))
    )
    corpus = replace(manifest.corpus, roots=roots)
    known = generation.documents
    now = {
        observation.path: observation.record
        for observation in observe(generation.base, corpus, index=generation.index, known=known)
    }
    return Freshness(
        documents=sum(record.status == DocumentStatus.INDEXED for record in known.values()),
        added=tuple(path for path in now if path not in known and _matters(now[path])),
        changed=tuple(
            path
            for path in now
            if path in known
            and now[path] != known[path]
            and (_matters(now[path]) or _matters(known[path]))
        ),
        removed=tuple(path for path in sorted(known) if path not in now and _matters(known[path])),
        settings=tuple(changed_settings(manifest, wanted, generation.base)),
    )


def _matters(record: DocumentRecord) -> bool:
    """Files that are skipped on purpose never make an index stale."""
    return record.status != DocumentStatus.SKIPPED
