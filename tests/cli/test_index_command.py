"""What `askdocs index` prints and with which status it ends."""

import errno
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from askdocs.index.generation import open_generation

Run = Callable[..., Any]


def usage(message: str, hint: str) -> tuple[int, str, str]:
    """The status and output of a usage error."""
    return 2, "", f"askdocs: {message}\nhint: {hint}\n"


@pytest.fixture
def rain(folder: Path) -> Path:
    """The current folder, with one document in docs/."""
    (folder / "docs" / "a.txt").write_text("Rain fell.")
    return folder


@pytest.fixture
def index(run: Run, tiny_model: Path) -> Run:
    """Run `askdocs index` with the tiny model; the seconds it took read as 0.0."""

    def index_here(*arguments: object) -> object:
        ran = run("index", "--model", tiny_model, *arguments)
        return replace(ran, out=re.sub(r"in \d+\.\d s\n", "in 0.0 s\n", ran.out))

    return index_here


def test_first_run_says_what_it_made(folder, index):
    """One line counts documents, passages and sentences, and how many were embedded."""
    (folder / "docs" / "a.txt").write_text("Rain fell. It was wet.\n")
    (folder / "docs" / "b.md").write_text("Rain fell.\n")

    ran = index("docs")

    expected = "indexed 2 documents, 2 passages, 3 sentences, 2 embedded in 0.0 s\n"
    assert (ran.status, ran.out, ran.err) == (0, expected, "")
    assert sorted(path.name for path in folder.iterdir()) == ["docs", "vectors"]


def test_second_run_says_that_nothing_changed(folder, index):
    """Where there is nothing to do, that is what is said."""
    (folder / "docs" / "a.txt").write_text("Rain fell. It was wet.\n")
    index("docs")

    ran = index()

    expected = "nothing has changed: 1 document, 1 passage, 2 sentences\n"
    assert (ran.status, ran.out, ran.err) == (0, expected, "")


def test_seeds_are_the_default_corpus(folder, index, run):
    """Without a path and without an index, ./seeds is indexed into ./vectors."""
    (folder / "docs").rename(folder / "seeds")
    (folder / "seeds" / "a.txt").write_text("Rain fell.")

    index()

    assert run("status", "--documents").out == "seeds/a.txt  1 paragraph\n"


def test_index_above_is_refreshed(rain, index, monkeypatch):
    """The nearest vectors/ above is the index, wherever below it the command is typed."""
    index("docs")
    (rain / "docs" / "b.txt").write_text("It was wet.")
    monkeypatch.chdir(rain / "docs")

    ran = index()

    assert ran.out == "indexed 2 documents, 2 passages, 2 sentences, 1 embedded in 0.0 s\n"
    assert not (rain / "docs" / "vectors").exists()


def test_skipped_file_is_reported(rain, index):
    """A file that is left out on purpose is named with the reason, and the run is a success."""
    (rain / "docs" / "link.txt").symlink_to("a.txt")
    (rain / "docs" / "picture.txt").write_bytes(b"\xff\0\xff")

    ran = index("docs")

    assert (ran.status, ran.err) == (0, "")
    assert ran.out == (
        "skipped docs/link.txt: link\n"
        "skipped docs/picture.txt: binary\n"
        "indexed 1 document, 1 passage, 1 sentence, 1 embedded, 2 skipped in 0.0 s\n"
    )


def test_file_that_is_not_utf8_is_reported_with_a_hint(rain, index):
    """The others are indexed, the status says that some failed, the hint says what to type."""
    (rain / "docs" / "latin.txt").write_bytes(b"Caf\xe9 is open.")

    first, second = index("docs"), index()

    assert (first.status, second.status) == (8, 8)
    assert first.err == (
        "askdocs: failed docs/latin.txt: not UTF-8\n"
        "hint: askdocs index --encoding NAME, where NAME is, say, latin-1\n"
    )
    assert first.out == "indexed 1 document, 1 passage, 1 sentence, 1 embedded, 1 failed in 0.0 s\n"
    assert second.err == first.err
    assert second.out == "nothing has changed: 1 document, 1 passage, 1 sentence, 1 failed\n"


def test_failures_are_reported_even_quietly(rain, index):
    """With -q the report is left out, what went wrong is not."""
    (rain / "docs" / "latin.txt").write_bytes(b"Caf\xe9 is open.")

    ran = index("-q", "docs")

    assert (ran.status, ran.out) == (8, "")
    assert ran.err.splitlines()[0] == "askdocs: failed docs/latin.txt: not UTF-8"


def test_file_that_cannot_be_opened_is_reported(rain, index, monkeypatch):
    """A refused file fails with the system's reason, and the rest is indexed."""
    (rain / "docs" / "secret.txt").write_text("Nobody may read this.")
    real_open = os.open

    def refusing_open(path: object, *arguments: object, **options: object) -> int:
        if str(path).endswith("secret.txt"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real_open(path, *arguments, **options)

    monkeypatch.setattr("askdocs.disk.access.os.open", refusing_open)

    ran = index("docs")

    assert (ran.status, ran.err) == (8, "askdocs: failed docs/secret.txt: permission denied\n")
    assert ran.out == "indexed 1 document, 1 passage, 1 sentence, 1 embedded, 1 failed in 0.0 s\n"


def test_encoding_is_recorded(folder, index, run):
    """A file in the named encoding is indexed, and a refresh reads it in the same way."""
    (folder / "docs" / "latin.txt").write_bytes(b"Caf\xe9 is open.")

    ran = index("--encoding", "latin-1", "docs")
    (folder / "docs" / "latin.txt").write_bytes(b"Caf\xe9 is closed.")
    index()

    assert ran.status == 0
    assert run("show", "docs/latin.txt#p1").out == (
        "docs/latin.txt#p1  line 1  verified\n    Café is closed.\n"
    )


def test_another_encoding_reads_the_same_bytes_again(folder, index, run):
    """A document whose bytes are the same is another text in another encoding."""
    (folder / "docs" / "latin.txt").write_bytes(b"Caf\xe9 is open.")
    index("--encoding", "latin-1", "docs")

    index("--encoding", "cp1251")

    assert run("show", "docs/latin.txt#p1").out == (
        "docs/latin.txt#p1  line 1  verified\n    Cafй is open.\n"
    )


FAILURES = {f"askdocs: failed docs/latin.txt: not {name}" for name in ("UNDEFINED", "UTF-8")}


@pytest.mark.parametrize("name", ["undefined", "base64", ""])
def test_encoding_that_cannot_decode_is_no_crash(rain, index, name):
    """A codec that does not exist, or that decodes no text, is refused or fails the file."""
    (rain / "docs" / "latin.txt").write_bytes(b"Caf\xe9 is open.")

    ran = index("--encoding", name, "docs")

    assert ran.status in {2, 8}
    refused = f"askdocs: there is no encoding {name!r}"
    assert ran.err.splitlines()[0] in {refused, *FAILURES}


def test_encoding_that_gives_half_a_character_fails_the_file(rain, index):
    """A text that cannot be stored is reported like any other that cannot be read."""
    (rain / "docs" / "odd.txt").write_bytes(b"caf\xe9 \\ud800")

    ran = index("--encoding", "unicode_escape", "docs")

    assert ran.status == 8
    assert ran.err.splitlines()[0] == "askdocs: failed docs/odd.txt: not UNICODE_ESCAPE"


def test_folder_of_unreadable_documents_is_refused(folder, index):
    """Where no document can be read, the first reason is given, and how to read them."""
    for name in ("a.txt", "b.txt"):
        (folder / "docs" / name).write_bytes(b"Caf\xe9")

    ran = index("docs")

    expected = usage(
        "no document in docs can be indexed; docs/a.txt: not UTF-8 (and 1 more)",
        "askdocs index --encoding NAME, where NAME is, say, latin-1",
    )
    assert (ran.status, ran.out, ran.err) == expected


def test_path_that_cannot_be_looked_at_is_refused(folder, index):
    """The file system's refusal of a path is an error in one line, not a crash."""
    name = "a" * 300

    for arguments in ([name], ["docs", "--index", name]):
        ran = index(*arguments)

        assert (ran.status, ran.out) == (7, "")
        assert "file name too long" in ran.err
        assert ran.err.startswith("askdocs: ")


def test_nothing_to_refresh_is_refused(folder, index):
    """Without an index, a path and ./seeds there is nothing to do."""
    ran = index()

    expected = usage("there is no index to refresh", "askdocs index PATH")
    assert (ran.status, ran.out, ran.err) == expected


@pytest.mark.parametrize("names", [["picture.png"], ["LOCK", "notes.txt"]])
def test_foreign_folder_is_left_alone(rain, index, names):
    """A folder vectors/ that is not an index is never written to."""
    (rain / "vectors").mkdir()
    for name in names:
        (rain / "vectors" / name).write_text("mine")

    ran = index("docs")

    message = "vectors holds other files and is not an index"
    assert (ran.status, ran.out, ran.err) == usage(message, "askdocs index --index DIR PATH")
    assert sorted(path.name for path in (rain / "vectors").iterdir()) == sorted(names)


def test_file_in_place_of_the_index_is_refused(rain, index):
    """An index is a folder."""
    (rain / "vectors").write_text("mine")

    ran = index("docs")

    expected = usage("vectors is not a folder", "askdocs index --index DIR PATH")
    assert (ran.status, ran.out, ran.err) == expected
    assert (rain / "vectors").read_text() == "mine"


@pytest.mark.parametrize("leftovers", [["LOCK"], ["LOCK", "generations/"], ["LOCK", "HEAD.new"]])
def test_leftovers_of_a_dead_first_run_are_no_obstacle(rain, index, leftovers):
    """What a run leaves that died before its first commit is taken over by the next run."""
    (rain / "vectors").mkdir()
    for name in leftovers:
        path = rain / "vectors" / name
        path.mkdir() if name.endswith("/") else path.touch()

    ran = index("docs")

    assert (ran.status, ran.err) == (0, "")
    assert sorted(path.name for path in (rain / "vectors").iterdir()) == [
        "HEAD", "LOCK", "generations",
    ]  # fmt: skip


@pytest.fixture
def two_folders(folder: Path, index: Run) -> Path:
    """An index of docs/, beside which there is a folder more/."""
    (folder / "docs" / "a.txt").write_text("Rain fell.")
    (folder / "more").mkdir()
    (folder / "more" / "b.txt").write_text("It was wet.")
    index("docs")
    return folder


def test_added_path_joins_the_corpus(two_folders, index, run):
    """With --add both folders are indexed, now and at every refresh."""
    index("--add", "more")
    (two_folders / "docs" / "c.txt").write_text("The sun came out.")
    index()

    assert run("status", "--documents").out == (
        "docs/a.txt  1 paragraph\ndocs/c.txt  1 paragraph\nmore/b.txt  1 paragraph\n"
    )


def test_replacing_path_takes_the_place_of_the_corpus(two_folders, index, run):
    """With --replace only the new folder is indexed."""
    ran = index("--replace", "more")

    assert ran.out == "indexed 1 document, 1 passage, 1 sentence, 1 embedded in 0.0 s\n"
    assert run("status", "--documents").out == "more/b.txt  1 paragraph\n"


def test_emptied_corpus_is_refreshed_and_not_named(rain, index, run):
    """A refresh follows a corpus that became empty; a path that holds nothing is still an error."""
    index("docs")
    (rain / "docs" / "a.txt").unlink()

    named, refreshed = index("docs"), index()

    expected = usage("there are no documents in docs", "askdocs reads .txt and .md files")
    assert (named.status, named.out, named.err) == expected
    assert (refreshed.status, refreshed.err) == (0, "")
    assert refreshed.out.startswith("indexed 0 documents, 0 passages, 0 sentences, 0 embedded")


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (
            ["more"],
            "vectors is the index of docs",
            "askdocs index --add PATH, --replace PATH, or --index ANOTHER_DIR PATH",
        ),
        (["absent"], "absent does not exist", "askdocs index PATH"),
        (
            ["--add", "--replace", "more"],
            "--add and --replace exclude each other",
            "askdocs index --help",
        ),
        (["--add"], "--add and --replace need a PATH", "askdocs index --add PATH"),
        (["--replace"], "--add and --replace need a PATH", "askdocs index --add PATH"),
        (
            ["--encoding", "klingon"],
            "there is no encoding 'klingon'",
            "askdocs index --encoding latin-1",
        ),
    ],
)
def test_corpus_that_makes_no_sense_is_refused(  # noqa: PLR0917
    two_folders: Path, index: Run, run: Run, arguments: list[str], message: str, hint: str
) -> None:
    """The error names the path or option, and the index stays what it was."""
    ran = index(*arguments)

    assert (ran.status, ran.out, ran.err) == usage(message, hint)
    assert run("status", "--documents").out == "docs/a.txt  1 paragraph\n"


def test_recorded_folder_that_is_gone_is_named(two_folders, index):
    """A refresh does not take a missing folder for an empty one."""
    shutil.rmtree(two_folders / "docs")

    ran = index()

    expected = usage(
        "docs, which the index records, does not exist", "askdocs index --replace PATH"
    )
    assert (ran.status, ran.out, ran.err) == expected


@pytest.mark.parametrize("tokens", ["15", "0", "-1", "2001"])
def test_passage_length_out_of_range_is_refused(rain, index, tokens):
    """A passage has 16 to 2,000 tokens."""
    ran = index("--max-tokens", tokens, "docs")

    assert (ran.status, ran.out) == (2, "")
    expected = (
        f"askdocs: invalid value for '--max-tokens': {tokens} is not in the range 16<=x<=2000"
    )
    assert ran.err.splitlines()[0] == expected
    assert not (rain / "vectors").exists()


def test_passage_may_be_longer_than_what_the_model_reads(folder, index):
    """Only sentences are embedded: one that the model cannot read at once is cut, for itself."""
    words = " ".join(["harbour"] * 280)
    (folder / "docs" / "a.txt").write_text(words)

    index("--max-tokens", "2000", "docs")

    generation = open_generation(folder / "vectors")
    reader = generation.reader()
    (stored,) = reader.passages_of("docs/a.txt")
    reader.close()
    assert stored.passage.text == words
    assert len(stored.passage.sentences) > 1


def test_dry_run_says_what_would_be_done(folder, index, run):
    """Every path that would change its place in the index has a line; nothing is written."""
    for name, text in {"a.txt": "Rain fell.", "b.txt": "Snow fell.", "c.txt": "Hail."}.items():
        (folder / "docs" / name).write_text(text)
    index("docs")
    before = sorted(folder.rglob("*"))
    (folder / "docs" / "a.txt").write_text("Rain fell. It was wet.")
    (folder / "docs" / "d.txt").write_text("It thawed.")
    (folder / "docs" / "c.txt").unlink()
    (folder / "docs" / "e.txt").write_bytes(b"\0")
    (folder / "docs" / "f.txt").write_bytes(b"Caf\xe9")

    ran = run("index", "--dry-run")

    assert (ran.status, ran.err) == (0, "")
    assert ran.out == (
        "would index 3 documents, 1 added, 1 changed, 1 removed, 1 skipped, 1 failed, 2 to cut, "
        "at least 2 sentences to embed\n"
        "added     docs/d.txt\n"
        "changed   docs/a.txt\n"
        "removed   docs/c.txt\n"
        "skipped   docs/e.txt: binary\n"
        "failed    docs/f.txt: not UTF-8\n"
    )
    changed = {folder / "docs" / name for name in ("c.txt", "d.txt", "e.txt", "f.txt")}
    assert set(before) ^ set(folder.rglob("*")) == changed


def test_dry_run_of_a_fresh_index_says_so(rain, index, run):
    """Where there is nothing to do, that is what is said."""
    index("docs")

    ran = run("index", "--dry-run")

    assert (ran.status, ran.out, ran.err) == (0, "nothing would change: 1 document\n", "")


def test_strict_run_lists_what_cannot_be_read(rain, index):
    """Status 8, a line for each file with its reason, and no index."""
    (rain / "docs" / "b.txt").write_bytes(b"\0")
    (rain / "docs" / "c.txt").write_bytes(b"Caf\xe9")

    ran = index("--strict", "docs")

    assert (ran.status, ran.out) == (8, "")
    assert ran.err == (
        "askdocs: docs/b.txt: binary\n"
        "askdocs: docs/c.txt: not UTF-8\n"
        "askdocs: 2 documents cannot be indexed; nothing was written\n"
        "hint: repair them, leave them out with --exclude, or run without --strict\n"
    )
    assert not (rain / "vectors").exists()


def test_patterns_are_recorded_and_listed(folder, index, run):
    """What decides which files are taken is in the status where it is not the default."""
    for name in ("a.rst", "b.txt", ".c.rst"):
        (folder / "docs" / name).write_text("Rain fell.")

    index("--include", "*.rst", "--exclude", "drafts/", "--hidden", "docs")

    assert run("status", "--documents").out == (
        "docs/.c.rst  1 paragraph\ndocs/a.rst  1 paragraph\n"
    )
    listed = run("status").out.splitlines()
    assert listed[2] == "files      *.rst; without drafts/; including hidden files"
    assert run("check").status == 0


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (
            ["--include", "*.zip"],
            "--include '*.zip' matches no file below docs",
            "quote it, as in --include '*.rst'; with a slash it counts from {folder}",
        ),
        (
            ["--include", "docs/"],
            "--include 'docs/' names a folder, not files",
            "askdocs index --include 'docs/**'",
        ),
        (["--include", "!/a"], "--include '!/a' is not a pattern", "askdocs index --include 'docs/**/*.rst'"),
        (["--exclude", "# a"], "--exclude '# a' is not a pattern", "askdocs index --exclude 'drafts/'"),
        (
            ["--include", "/*a*a*a*b"],
            "--include '/*a*a*a*b' has too many stars",
            "askdocs index --include PATTERN, with one star in each part and 2 more in all",
        ),
        (["--wait", "nan"], "--wait must be at least 0 seconds, got nan", ""),
        (
            ["--dry-run", "--watch"],
            "--dry-run and --watch exclude each other",
            "askdocs index --help",
        ),
    ],
)  # fmt: skip
def test_option_that_makes_no_sense_is_refused(rain, index, arguments, message, hint):
    """The error names the option and its value, and nothing is made."""
    ran = index(*arguments, "docs")

    expected = f"askdocs: {message}\n" + (f"hint: {hint}\n" if hint else "")
    assert (ran.status, ran.out, ran.err) == (2, "", expected.format(folder=rain))
    assert not (rain / "vectors").exists()


def test_portable_index_says_so(rain, index, run):
    """What is put into the index and taken from it is said with its size."""
    put = index("--portable", "docs")
    listed = run("status").out.splitlines()[-1]
    taken = index("--no-portable")

    assert re.fullmatch(r"askdocs: vectors now carries the encoder, \d+\.\d kB\n", put.err)
    assert re.fullmatch(r"encoder    in the index, [\d.]+ [kM]B", listed)
    assert taken.err == "askdocs: vectors no longer carries an encoder\n"


def test_device_that_is_not_there_is_an_error(folder, index):
    """Status 5 names the device, and nothing is written."""
    (folder / "docs" / "a.txt").write_text("Rain fell.\n")

    ran = index("--device", "nonsense", "docs")

    assert (ran.status, ran.out) == (5, "")
    assert "askdocs: the device nonsense cannot be used: " in ran.err
    assert ran.err.endswith("\nhint: run the same command without --device\n")
    assert [path.name for path in folder.iterdir()] == ["docs"]


def test_model_that_is_not_there_is_an_error(rain, run):
    """A model that is not available ends the run before anything is made."""
    ran = run("index", "--model", "./absent", "docs")

    message = f"there is no model directory {rain}/absent"
    assert (ran.status, ran.out) == (5, "")
    assert ran.err == f"askdocs: {message}\nhint: --model all-MiniLM-L6-v2\n"
    assert not (rain / "vectors").exists()
