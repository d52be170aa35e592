"""Whether an index is still that of its corpus."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from askdocs import files
from askdocs.datamodel import (
    ChangedSetting,
    DamagedFile,
    DocumentRecord,
    DocumentStatus,
    Freshness,
)
from askdocs.errors import FormatError
from askdocs.freshness.observing import observe
from askdocs.freshness.settings import WantedSettings, changed_settings
from askdocs.index import Generation, carried_encoders, current_digest, open_generation

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
    from askdocs.embedding import damaged_parts, entry_directory  # noqa: PLC0415

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
        root
        for root in manifest.corpus.roots
        if files.exists(files.source_path(generation.base, root))
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
