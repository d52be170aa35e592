"""What askdocs is installed with: ranges whose lower ends are tested, and a lock that is whole."""

import re
import tomllib
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, requires
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

REPOSITORY = Path(__file__).parents[2]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))


def pins(name: str) -> dict[str, Version]:
    """The versions that a file of constraints pins."""
    text = (REPOSITORY / name).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9.]+", line) for line in lines)
    return {name: Version(version) for name, version in (line.split("==") for line in lines)}


def declared() -> dict[str, Requirement]:
    """What the program needs, its extras included."""
    extras = PROJECT["project"]["optional-dependencies"].values()
    found = map(Requirement, chain(PROJECT["project"]["dependencies"], *extras))
    # No version of openvino can be tried on every machine, and its numbers are years.
    return {one.name: one for one in found if one.name != "openvino"}


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


def needed(lines: list[str]) -> set[str]:
    """What a set-up installs here, and what that needs in turn, as far as it is installed."""
    todo, seen = [(line, "") for line in lines], set()
    while todo:
        line, asked = todo.pop()
        one = Requirement(line)
        if one.marker and not one.marker.evaluate({"extra": asked}):
            continue
        for extra in {"", *one.extras}:
            pair = (canonicalize_name(one.name), extra)
            if pair not in seen:
                seen.add(pair)
                with suppress(PackageNotFoundError):
                    todo += [(further, extra) for further in requires(pair[0]) or []]
    return {name for name, _ in seen}


def test_set_up_installs_nothing_that_is_not_pinned():
    """Everything that `make setup` brings, and what that needs in turn, is in constraints.txt."""
    found = needed([*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["dev"]])
    assert len(found) > 50
    assert found - pins("constraints.txt").keys() == set()
