"""The man page says what --help says."""

import re
import shutil
import sys
from pathlib import Path

import click
import pytest

from askdocs.cli.main import cli
from docs.manual import manual
from tests.limits import run_limited

MANUAL = Path(__file__).parents[2] / "docs" / "manual.py"


def shown(page):
    """Return the text of a page without commands to the formatter."""
    text = "\n".join(line for line in page.splitlines() if not line.startswith("."))
    text = re.sub(r"\\f[BR]|\\&", "", text).replace("\\-", "-").replace("\\(ti", "~")
    return text.replace("\\e", "\\")


@pytest.mark.parametrize("name", sorted(cli.load_all()))
def test_every_command_and_option_is_there(name):
    """Each command is a heading, each option has its help."""
    page = manual()
    _, _, section = page.partition(f"\n.SS askdocs {name}\n")
    text = shown(section.partition("\n.SS ")[0])

    options = [one for one in cli.load_all()[name].params if isinstance(one, click.Option)]
    assert section
    assert all(f"{one.opts[-1]}" in text for one in options)
    assert all(" ".join((one.help or "").split()) in " ".join(text.split()) for one in options)


def test_sections_are_those_of_a_man_page():
    """The sections have the usual order."""
    assert re.findall(r"^\.SH (.*)$", manual(), re.MULTILINE) == [
        "NAME", "SYNOPSIS", "DESCRIPTION", "COMMANDS", "ENVIRONMENT", "FILES", "EXIT STATUS",
    ]  # fmt: skip


def test_formatter_gets_only_our_commands():
    """Text does not begin like a command, and examples keep their lines."""
    commands = {line.split()[0] for line in manual().splitlines() if line.startswith((".", "'"))}

    assert "\n.nf\naskdocs index docs/\n" in manual()
    assert commands == {".TH", ".SH", ".SS", ".PP", ".RS", ".RE", ".nf", ".fi", ".TP"}


def test_full_disk_is_reported():
    """If the page cannot be written, the status is 7 and one line says why."""
    with Path("/dev/full").open("wb") as full:
        ran = run_limited([sys.executable, MANUAL], stdout=full)

    expected = b"askdocs: standard output: no space left on device\n"
    assert (ran.returncode, ran.stderr) == (7, expected)


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
def test_groff_has_no_warning():
    """The formatter accepts the page without a warning."""
    page = run_limited([sys.executable, MANUAL]).stdout

    ran = run_limited(["groff", "-ww", "-mandoc", "-Tascii"], input=page)

    assert (ran.returncode, ran.stderr) == (0, b"")
    assert page.decode() == manual()
    assert b"EXIT STATUS" in ran.stdout.replace(b"\b", b"") or b"E\bEX" in ran.stdout
