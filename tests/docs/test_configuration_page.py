"""What the page on configuration says is what the program does."""

import json
import re
import tomllib

import pytest

from askdocs.cli.config import options_of
from askdocs.cli.main import cli
from tests.docs.conftest import ROOT, run

PAGE = (ROOT / "docs" / "configuration.md").read_text("utf-8")
OWN, SHARED = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)


def test_session_prints_what_the_page_shows(tmp_path):
    """With the example file, `askdocs config` names the file and the lines."""
    (tmp_path / "askdocs.toml").write_text(OWN)
    ((command, shown),) = re.findall(r"```console\n\$ (.*)\n((?:.*\n)*?)```", PAGE)
    assert run(command, tmp_path).stdout == shown


def test_both_examples_say_the_same(tmp_path):
    """askdocs.toml and the table of pyproject.toml have the same keys, and both are read."""
    values = []
    for name, text in (("askdocs.toml", OWN), ("pyproject.toml", SHARED)):
        (tmp_path / name).write_text(text)
        ran = run(f"askdocs config --config {name} --format json", tmp_path)
        settings = json.loads(ran.stdout)["settings"]
        values.append([(one["command"], one["key"], one["value"]) for one in settings])
    assert values[0] == values[1]
    assert tomllib.loads(OWN) == tomllib.loads(SHARED)["tool"]["askdocs"]


def test_error_is_that_of_the_page(tmp_path):
    """The example of an error is what a misspelt key of the example file gives."""
    (tmp_path / "askdocs.toml").write_text(OWN.replace("top-k", "topk"))
    ran = run("askdocs check", tmp_path)
    assert (ran.returncode, ran.stdout) == (2, "")
    shown = "".join(f"    {line}\n" for line in ran.stderr.splitlines())
    assert shown in PAGE
    assert run("askdocs check --help", tmp_path).returncode == 0


@pytest.mark.parametrize("name", sorted(cli.load_all()))
def test_table_has_the_keys_of_every_command(name):
    """Every option that a file may set has a row that names its commands."""
    rows = re.findall(r"^\| `([\w-]+)` \| .* \| (.*) \|$", PAGE, re.MULTILINE)
    listed = {key for key, commands in rows if f"`{name}`" in commands}
    assert listed == set(options_of(cli.load_all()[name])) - {"online", "run-out"}
