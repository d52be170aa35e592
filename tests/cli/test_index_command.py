"""What `askdocs index` prints and with which status it ends."""

import re
import shutil

import pytest

HELP = "askdocs index --help"
ENCODING = "askdocs index --encoding NAME, where NAME is, say, latin-1"


def usage(message, hint):
    """The status and output of a usage error."""
    return 2, "", f"askdocs: {message}\nhint: {hint}\n"


@pytest.fixture
def rain(folder):
    """The current folder, with one document in docs/."""
    (folder / "docs" / "a.txt").write_text("Rain fell.")
    return folder


@pytest.fixture
def index(run, tiny_model):
    """Run `askdocs index` with the tiny model; the seconds it took read as 0.0."""

    def index_here(*arguments):
        ran = run("index", "--model", tiny_model, *arguments)
        return ran._replace(out=re.sub(r"in \d+\.\d s\n", "in 0.0 s\n", ran.out))

    return index_here


def test_first_run_says_what_it_made(folder, index):
    """One line counts documents, passages and sentences, and how many were embedded."""
    (folder / "docs" / "a.txt").write_text("Rain fell. It was wet.\n")
    (folder / "docs" / "b.md").write_text("Rain fell.\n")

    ran = index("docs")

    expected = "indexed 2 documents, 2 passages, 3 sentences, 2 embedded in 0.0 s\n"
    assert ran == (0, expected, "")
    assert sorted(path.name for path in folder.iterdir()) == ["docs", "vectors"]


def test_run_without_a_change_says_so(rain, index, run):
    """Where there is nothing to do, that is what is said, with --dry-run as well."""
    index("docs")

    assert index() == (0, "nothing has changed: 1 document, 1 passage, 1 sentence\n", "")
    assert run("index", "--dry-run") == (0, "nothing would change: 1 document\n", "")


def test_seeds_are_the_default_corpus(folder, index, run):
    """Without a path and without an index, ./seeds is indexed into ./vectors."""
    (folder / "docs").rename(folder / "seeds")
    (folder / "seeds" / "a.txt").write_text("Rain fell.")

    index()

    assert run("status", "--documents").out == "seeds/a.txt  1 paragraph\n"


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


def test_files_that_are_not_read_are_counted_by_their_endings(rain, index):
    """What `--exclude` names is left out without a word."""
    for name in ("b.pages", "c.Pages", "d.key", "drafts/e.txt", "f.txt", "ignored.txt"):
        (rain / "docs" / name).parent.mkdir(exist_ok=True)
        (rain / "docs" / name).write_text("Snow fell.")
    (rain / ".askdocsignore").write_text("ignored.txt\n")

    ran = index("docs", "--exclude", "drafts/", "--exclude", "f.txt")

    assert ran.out.startswith(
        "left out  3 files of other kinds: .pages (2), .key (1); 1 document that ignore files name\n"
        "indexed 1 document"
    )


def test_file_that_is_not_utf8_is_reported_with_a_hint(rain, index):
    """The others are indexed, status 8 says that some failed, with -q too; the hint what to type."""
    (rain / "docs" / "latin.txt").write_bytes(b"Caf\xe9 is open.")

    first, second, quiet = index("docs"), index(), index("-q")

    err = f"askdocs: failed docs/latin.txt: not UTF-8\nhint: {ENCODING}\n"
    made = "indexed 1 document, 1 passage, 1 sentence, 1 embedded, 1 failed in 0.0 s\n"
    assert first == (8, made, err)
    assert second == (8, "nothing has changed: 1 document, 1 passage, 1 sentence, 1 failed\n", err)
    assert quiet == (8, "", err)


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


def test_folder_of_unreadable_documents_is_refused(folder, index):
    """Where no document can be read, the first reason is given, and how to read them."""
    for name in ("a.txt", "b.txt"):
        (folder / "docs" / name).write_bytes(b"Caf\xe9")

    ran = index("docs")

    message = "no document in docs can be indexed; docs/a.txt: not UTF-8 (and 1 more)"
    assert ran == usage(message, ENCODING)


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
    assert index() == usage("there is no index to refresh", "askdocs index PATH")


@pytest.mark.parametrize("names", [["picture.png"], ["LOCK", "notes.txt"]])
def test_foreign_folder_is_left_alone(rain, index, names):
    """A folder vectors/ that is not an index is never written to."""
    (rain / "vectors").mkdir()
    for name in names:
        (rain / "vectors" / name).write_text("mine")

    ran = index("docs")

    message = "vectors holds other files and is not an index"
    assert ran == usage(message, "askdocs index --index DIR PATH")
    assert sorted(path.name for path in (rain / "vectors").iterdir()) == sorted(names)


def test_file_in_place_of_the_index_is_refused(rain, index):
    """An index is a folder."""
    (rain / "vectors").write_text("mine")

    assert index("docs") == usage("vectors is not a folder", "askdocs index --index DIR PATH")
    assert (rain / "vectors").read_text() == "mine"


@pytest.fixture
def two_folders(folder, index):
    """An index of docs/, beside which there is a folder more/."""
    (folder / "docs" / "a.txt").write_text("Rain fell.")
    (folder / "more").mkdir()
    (folder / "more" / "b.txt").write_text("It was wet.")
    index("docs")
    return folder


def test_added_path_joins_the_corpus_and_a_replacing_one_takes_its_place(two_folders, index, run):
    """With --add both folders are indexed, at every refresh too; with --replace only the new one."""
    index("--add", "more")
    (two_folders / "docs" / "c.txt").write_text("The sun came out.")
    index()
    joined = run("status", "--documents").out
    replaced = index("--replace", "more").out

    assert joined == ("docs/a.txt  1 paragraph\ndocs/c.txt  1 paragraph\nmore/b.txt  1 paragraph\n")
    assert replaced == "indexed 1 document, 1 passage, 1 sentence, 0 embedded in 0.0 s\n"
    assert run("status", "--documents").out == "more/b.txt  1 paragraph\n"


def test_emptied_corpus_is_refreshed_and_not_named(rain, index, run):
    """A refresh follows a corpus that became empty; a path that holds nothing is still an error."""
    index("docs")
    (rain / "docs" / "a.txt").unlink()

    named, refreshed = index("docs"), index()

    assert named == usage("there are no documents in docs", "askdocs reads .txt and .md files")
    assert (refreshed.status, refreshed.err) == (0, "")
    assert refreshed.out.startswith("indexed 0 documents, 0 passages, 0 sentences, 0 embedded")


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (
            ["more"], "vectors is the index of docs",
            "askdocs index --add PATH, --replace PATH, or --index ANOTHER_DIR PATH",
        ),
        (["absent"], "absent does not exist", "askdocs index PATH"),
        (["--add", "--replace", "more"], "--add and --replace exclude each other", HELP),
        (["--add"], "--add and --replace need a PATH", "askdocs index --add PATH"),
        (["--replace"], "--add and --replace need a PATH", "askdocs index --add PATH"),
        (["--encoding", "klingon"], "there is no encoding 'klingon'", "askdocs index --encoding latin-1"),
    ],
)  # fmt: skip
def test_corpus_that_makes_no_sense_is_refused(
    two_folders, index, run, *, arguments, message, hint
):
    """The error names the path or option, and the index stays what it was."""
    assert index(*arguments) == usage(message, hint)
    assert run("status", "--documents").out == "docs/a.txt  1 paragraph\n"


def test_recorded_folder_that_is_gone_is_named(two_folders, index):
    """A refresh does not take a missing folder for an empty one."""
    shutil.rmtree(two_folders / "docs")

    message = "docs, which the index records, does not exist"
    assert index() == usage(message, "askdocs index --replace PATH")


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
        (["--include", "docs/"], "--include 'docs/' names a folder, not files", "askdocs index --include 'docs/**'"),
        (["--include", "!/a"], "--include '!/a' is not a pattern", "askdocs index --include 'docs/**/*.rst'"),
        (["--exclude", "# a"], "--exclude '# a' is not a pattern", "askdocs index --exclude 'drafts/'"),
        (
            ["--include", "/*a*a*a*b"],
            "--include '/*a*a*a*b' has too many stars",
            "askdocs index --include PATTERN, with one star in each part and 2 more in all",
        ),
        (["--wait", "nan"], "--wait must be at least 0 seconds, got nan", ""),
        (["--dry-run", "--watch"], "--dry-run and --watch exclude each other", HELP),
    ],
)  # fmt: skip
def test_option_that_makes_no_sense_is_refused(rain, index, arguments, message, hint):
    """The error names the option and its value, and nothing is made."""
    ran = index(*arguments, "docs")

    expected = f"askdocs: {message}\n" + (f"hint: {hint}\n" if hint else "")
    assert ran == (2, "", expected.format(folder=rain))
    assert not (rain / "vectors").exists()


def test_portable_index_says_so(rain, index, run):
    """What is put into the index and taken from it is said with its size."""
    put = index("--portable", "docs")
    listed = run("status").out.splitlines()[-1]
    taken = index("--no-portable")

    assert re.fullmatch(r"askdocs: vectors now carries the encoder, \d+\.\d kB\n", put.err)
    assert re.fullmatch(r"encoder    in the index, [\d.]+ [kM]B", listed)
    assert taken.err == "askdocs: vectors no longer carries an encoder\n"


def test_device_that_is_not_there_is_an_error(rain, index):
    """Status 5 names the device, and nothing is written."""
    ran = index("--device", "nonsense", "docs")

    assert (ran.status, ran.out) == (5, "")
    assert "askdocs: the device nonsense cannot be used: " in ran.err
    assert ran.err.endswith("\nhint: run the same command without --device\n")
    assert [path.name for path in rain.iterdir()] == ["docs"]


def test_model_that_is_not_there_is_an_error(rain, run):
    """A model that is not available ends the run before anything is made."""
    ran = run("index", "--model", "./absent", "docs")

    message = f"there is no model directory {rain}/absent"
    assert (ran.status, ran.out) == (5, "")
    assert ran.err == f"askdocs: {message}\nhint: --model all-MiniLM-L6-v2\n"
    assert not (rain / "vectors").exists()
