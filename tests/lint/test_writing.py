"""The lint rule that keeps all writing behind one seam."""

from pathlib import Path

import pytest

from tests.lint.writing import faults, main

PACKAGE = Path(__file__).parents[2] / "askdocs"


def test_askdocs_writes_through_the_seam_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """No module but `files/disk.py` opens a file for writing, or makes or moves anything."""
    assert main(PACKAGE) == 0, capsys.readouterr().out


@pytest.mark.parametrize(
    "code",
    [
        "open('f', 'w')",
        "open('f', mode='ab')",
        "open('f', mode)",
        "path.open('xb')",
        "path.open(mode='r+')",
        "path.write_text('a')",
        "path.write_bytes(b'a')",
        "path.mkdir(parents=True)",
        "path.unlink()",
        "path.rename(other)",
        "path.replace(other)",
        "path.hardlink_to(other)",
        "path.touch()",
        "os.open(path, os.O_RDWR | os.O_CREAT)",
        "os.open(path, flags)",
        "os.replace(a, b)",
        "os.write(1, b'a')",
        "shutil.rmtree(path)",
        "tempfile.mkdtemp()",
    ],
)
def test_what_writes_is_found(code: str) -> None:
    """The line and the function are named."""
    assert list(faults(f"import os\n{code}\n")) == [(2, code.partition("(")[0])]


@pytest.mark.parametrize(
    "code",
    [
        "open('f')",
        "open('f', 'rb')",
        "path.open(mode='rb')",
        "path.open(encoding='utf-8')",
        "os.open(path, os.O_RDONLY | os.O_NONBLOCK)",
        "os.open(os.devnull, os.O_WRONLY)",
        "text.replace('a', 'b')",
        "replace(record, probe=())",
        "files.rename(a, b)",
        "shutil.which('less')",
    ],
)
def test_what_only_reads_is_none_of_its_business(code: str) -> None:
    """Reading, texts and records are left alone."""
    assert list(faults(code)) == []
