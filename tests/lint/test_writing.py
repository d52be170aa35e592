"""The lint rule that makes all writing go through one seam."""

from pathlib import Path

import pytest

from tests.lint.writing import faults, main

PACKAGE = Path(__file__).parents[2] / "askdocs"


def test_askdocs_writes_through_the_seam_alone(capsys):
    """No module but `disk/seam.py` opens a file for writing, or makes or moves anything."""
    assert main(PACKAGE) == 0, capsys.readouterr().out


@pytest.mark.parametrize(
    "code",
    [
        "open('f', 'w')", "open('f', mode='ab')", "open('f', mode)", "path.open('xb')",
        "path.open(mode='r+')", "path.write_text('a')", "path.write_bytes(b'a')",
        "path.mkdir(parents=True)", "path.unlink()", "path.rename(other)", "path.replace(other)",
        "path.hardlink_to(other)", "path.touch()", "os.open(path, os.O_RDWR | os.O_CREAT)",
        "os.open(path, flags)", "os.replace(a, b)", "os.write(1, b'a')", "shutil.rmtree(path)",
        "tempfile.mkdtemp()", "os.open(path, os.O_RDONLY | os.O_CREAT | os.O_TRUNC)",
        "os.open(path, flags=os.O_WRONLY)", "os.fdopen(3, 'w')", "io.open('f', 'w')",
        "gzip.open('f', mode='wb')", "Path.open(path, 'w')", "path.rename(target=other)",
        "Path.replace(path, other)", "Path.write_text(path, 'a')", "np.save('f', array)",
        "np.savez('f', array)", "array.tofile('f')", "faiss.write_index(index, 'f')",
        "sqlite3.connect(path)",
    ],
)  # fmt: skip
def test_what_writes_is_found(code):
    """The line and the function are named."""
    assert list(faults(f"import os\n{code}\n")) == [(2, code.partition("(")[0])]


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("from shutil import rmtree", "shutil.rmtree"),
        ("from os import replace as put", "os.replace"),
        ("from os import path, unlink", "os.unlink"),
        ("from tempfile import mkdtemp", "tempfile.mkdtemp"),
        ("from sqlite3 import connect", "sqlite3.connect"),
        ("import os as system", "os as system"),
        ("import shutil as files", "shutil as files"),
    ],
)
def test_import_that_hides_what_writes_is_found(code, name):
    """A function that is called by its own name alone would be taken for any other."""
    assert list(faults(f"import os\n{code}\n")) == [(2, name)]


def test_one_module_may_do_what_others_may_not(tmp_path, capsys):
    """The seam itself, and the one that keeps vectors in a database; each call has its line."""
    for name in ("disk/seam.py", "embedding/cache.py", "other.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("import sqlite3\nsqlite3.connect('f')\n")
    with (tmp_path / "embedding" / "cache.py").open("a") as file:
        file.write("open('f', 'w')\n")
    assert main(tmp_path) == 1
    assert capsys.readouterr().out == (
        f"{tmp_path}/embedding/cache.py:3: open changes the disk: that is for disk/seam.py\n"
        f"{tmp_path}/other.py:2: sqlite3.connect changes the disk: that is for disk/seam.py\n"
    )


@pytest.mark.parametrize(
    "code",
    [
        "open('f')", "open('f', 'rb')", "path.open(mode='rb')", "path.open(encoding='utf-8')",
        "os.open(path, os.O_RDONLY | os.O_NONBLOCK)", "os.open(os.devnull, os.O_WRONLY)",
        "os.fdopen(3, 'rb')", "gzip.open('f')", "import os.path as paths", "from os import fspath",
        "from shutil import which", "text.replace('a', 'b')", "replace(record, probe=())",
        "files.rename(a, b)", "shutil.which('less')", "shutil.disk_usage(path)",
        "text.replace(*words)",
    ],
)  # fmt: skip
def test_what_only_reads_is_none_of_its_business(code):
    """Reading, texts and records are left alone."""
    assert list(faults(code)) == []
