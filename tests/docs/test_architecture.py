"""The pages for developers name the rooms and the messages that there are."""

import ast
import re
import tomllib
from collections.abc import Iterator

import pytest

from tests.docs.conftest import ROOT

PACKAGE = ROOT / "askdocs"


def rows(page: str) -> list[str]:
    """Return the first cell of each row of a page's tables that begins with code."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return re.findall(r"^\| (`.*?`) \|", text, re.MULTILINE)


def strings() -> Iterator[str]:
    """Return every string of the code; what is filled in at run time is a null character."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = (
                    str(part.value) if isinstance(part, ast.Constant) else "\0"
                    for part in node.values
                )
                yield "".join(parts)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def test_rooms_of_the_page_and_of_the_contract_are_those_of_the_package():
    """The table has the layers of pyproject.toml in their order, and every module is in one."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    modules = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"}
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    named = [re.findall(r"`(\w+)`", row) for row in rows("architecture.md")]
    assert named[: len(layers)] == [layer.split(" | ") for layer in layers]
    assert {room for layer in layers for room in layer.split(" | ")} == modules | packages


@pytest.mark.parametrize("page", ["architecture.md", "extending.md"])
def test_files_that_a_page_names_exist(page):
    """A path in code style leads somewhere, from the root of the repository or of the package."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    named = re.findall(r"`((?:[\w.]+/)+(?:\w+\.\w+)?)`", text)
    kept = [path for path in named if not path.startswith(("vectors/", "generations/"))]
    assert kept
    assert [path for path in kept if not any((at / path).exists() for at in (ROOT, PACKAGE))] == []


def test_messages_of_the_page_are_those_of_the_code():
    """Every message that the page explains is one that askdocs can print."""
    printed = list(strings())
    messages = [row.strip("`") for row in rows("troubleshooting.md")]
    assert len(messages) > 20
    for message in messages:
        pattern = ".*".join(map(re.escape, message.split("...")))
        assert any(re.search(pattern, string) for string in printed), message
