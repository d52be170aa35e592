"""What askdocs is installed with: ranges whose lower ends are tested, and a lock that is whole."""

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

REPOSITORY = Path(__file__).parents[2]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
# No version of it can be tried on every machine, and its numbers are years.
UNTRIED = {"openvino"}


def pins(name: str) -> dict[str, Version]:
    """The versions that a file of constraints pins."""
    text = (REPOSITORY / name).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9.]+", line) for line in lines)
    return {name: Version(version) for name, version in (line.split("==") for line in lines)}


def declared() -> dict[str, Requirement]:
    """What the program needs, its extras included."""
    extras = PROJECT["project"]["optional-dependencies"].values()
    lines = [*PROJECT["project"]["dependencies"], *(line for extra in extras for line in extra)]
    found = map(Requirement, lines)
    return {one.name: one for one in found if one.name not in UNTRIED}


def bounds(requirement: Requirement) -> dict[str, Version]:
    """Return the version after each operator."""
    return {one.operator: Version(one.version) for one in requirement.specifier}


def test_lower_bounds_are_those_that_are_tested():
    """What pyproject.toml allows at least is what `make lowest` installs."""
    lowest = {name: bounds(one).get(">=") or bounds(one)["=="] for name, one in declared().items()}

    assert lowest == pins("constraints-lowest.txt")


@pytest.mark.parametrize("name", sorted(declared()))
def test_next_major_version_is_not_taken(name):
    """A range ends before a major version that has never been tried, and holds the pinned one."""
    requirement, pinned = declared()[name], pins("constraints.txt")[name]

    assert requirement.specifier.contains(pinned)
    if "==" not in bounds(requirement):
        assert bounds(requirement)["<"] == Version(f"{pinned.major + 1}")


def needed(lines: list[str]) -> Iterator[tuple[str, str]]:
    """What a set-up installs here, and what asks for it, as far as it is installed."""
    todo = [(Requirement(line), "pyproject.toml") for line in lines]
    seen: set[tuple[str, str]] = set()
    while todo:
        one, asker = todo.pop()
        if one.marker and not one.marker.evaluate({"extra": ""}):
            continue
        name = canonicalize_name(one.name)
        for extra in ("", *sorted(one.extras)):
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            yield name, asker
            try:
                further = [Requirement(line) for line in requires(name) or []]
            except PackageNotFoundError:
                continue
            todo += [
                (further_one, name)
                for further_one in further
                if not further_one.marker or further_one.marker.evaluate({"extra": extra})
            ]


def test_set_up_installs_nothing_that_is_not_pinned():
    """Everything that `make setup` brings, and what that needs in turn, is in constraints.txt."""
    groups = PROJECT["dependency-groups"]
    lines = PROJECT["project"]["dependencies"]

    found = set(needed([*lines, *groups["dev"]]))

    pinned = pins("constraints.txt")
    assert len(found) > 50
    assert {(name, asker) for name, asker in found if name not in pinned} == set()
