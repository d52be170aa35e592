"""What the README and the command reference show is what askdocs prints."""

import re
import shutil
import sys

import pytest

from tests.docs.conftest import ROOT, run

PAGES = ("README.md", "docs/commands.md")


def _console_blocks(page: str) -> list[tuple[str, str]]:
    """Every command of a page's console blocks with the output shown under it."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return [
        (command, output)
        for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL)
        for command, output in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)
    ]


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A folder with the seeds and the committed index, as a clone has them."""
    folder = tmp_path_factory.mktemp("clone")
    for name in ("seeds", "vectors"):
        shutil.copytree(ROOT / name, folder / name)
    return folder


@pytest.mark.parametrize(
    ("command", "shown"), [block for page in PAGES for block in _console_blocks(page)]
)
def test_a_documented_command_prints_what_the_page_shows(command, shown, clone, encoder_cache):
    """Both streams of a command, in order, are the block's text."""
    printed = run(command, clone, merged=True, ASKDOCS_CACHE=encoder_cache).stdout
    assert printed.rstrip() == shown.rstrip()


def test_every_command_has_its_help_on_a_page():
    """The reference and the README show `--help` of askdocs and of every command of it."""
    from askdocs.cli.main import cli

    shown = {command for page in PAGES for command, _ in _console_blocks(page)}
    assert {"askdocs --help", *(f"askdocs {name} --help" for name in cli.load_all())} <= shown


def test_the_python_example_of_the_readme_runs(clone, encoder_cache):
    """The example finds the passage that the session shows first."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    example = re.findall(r"```python\n(.*?)```", text, re.DOTALL)[0]

    ran = run([sys.executable, "-c", example], clone, ASKDOCS_CACHE=encoder_cache)
    assert ran.stdout.startswith("0.75 seeds/001_169922582ed849e6.txt#p2-3 verified\n")
    assert (ran.returncode, ran.stderr) == (0, "")


def test_the_committed_index_is_fresh():
    """A clone can answer at once: `vectors/` is the index of `seeds/`."""
    from askdocs.freshness import check_freshness
    from askdocs.records.reports import Freshness

    assert check_freshness(ROOT / "vectors") == Freshness(documents=5)
