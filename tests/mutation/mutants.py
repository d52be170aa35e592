"""Count how many small changes of the code the tests notice: `python -m tests.mutation.mutants`."""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from tests.mutation.undecorating import undecorate

REPOSITORY = Path(__file__).parents[2]
FOLDER = REPOSITORY / "build" / "mutation"
"""Where the code is changed: a copy of what the tests need."""

COPIED = ("askdocs", "docs", "pyproject.toml", "seeds", "tests", "vectors")
LEAST_SHARE = 0.9
"""Of the mutants of each room, so many must be noticed."""

# The exit statuses of pytest and the signals that mutmut's own tables stand for.
_NOTICED = {1: "killed", 3: "killed", 36: "timeout", -24: "timeout", 24: "timeout", 152: "timeout"}


def main(arguments: list[str]) -> int:
    """Make the copy, run mutmut in it, print the counts by room; 1 where one is not enough."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--children", default="2", help="how many mutants to try at a time")
    parser.add_argument("names", nargs="*", help="which mutants to try, such as askdocs.index*")
    options = parser.parse_args(arguments)
    shutil.rmtree(FOLDER, ignore_errors=True)
    copy_checkout(REPOSITORY, FOLDER)
    mutmut = Path(sys.executable).with_name("mutmut")
    command = [mutmut, "run", "--max-children", options.children, *options.names]
    subprocess.run(command, cwd=FOLDER, check=True, timeout=3 * 3600)
    rooms = counts_by_room(FOLDER / "mutants" / "askdocs")
    sys.stdout.write(table_of(rooms))
    for line in (faults := faults_of(rooms, expected_rooms(FOLDER, options.names))):
        sys.stderr.write(f"{line}\n")
    return int(bool(faults))


def copy_checkout(source: Path, target: Path) -> None:
    """Copy what the tests need, with the decorators out of mutmut's way."""
    target.mkdir(parents=True)
    for name in COPIED:
        if (source / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source / name, target / name, ignore=ignored)
        else:
            shutil.copy(source / name, target / name)
    settings = tomllib.loads((target / "pyproject.toml").read_text())["tool"]["mutmut"]
    for pattern in settings["only_mutate"]:
        for path in target.glob(pattern):
            path.write_text(undecorate(path.read_text()))


def counts_by_room(folder: Path) -> dict[str, Counter[str]]:
    """How many mutants of each room were killed, ran out of time, or survived.

    A mutant that no test reaches has survived. Those that were not tried do not count.
    """
    rooms: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for path in sorted(folder.rglob("*.meta")):
        room = path.relative_to(folder).parts[0].removesuffix(".py.meta")
        for status in json.loads(path.read_text())["exit_code_by_key"].values():
            if status is not None:
                rooms[room][_NOTICED.get(status, "survived")] += 1
    return dict(rooms)


def expected_rooms(folder: Path, names: Sequence[str] = ()) -> set[str]:
    """The rooms that pyproject.toml says to mutate; of names, those that these are in."""
    settings = tomllib.loads((folder / "pyproject.toml").read_text())["tool"]["mutmut"]
    rooms = {Path(one).parts[1].removesuffix(".py") for one in settings["only_mutate"]}
    chosen = {re.split(r"[.*]", name.removeprefix("askdocs."))[0] for name in names}
    return rooms & chosen or rooms


def faults_of(rooms: Mapping[str, Mapping[str, int]], expected: Collection[str]) -> list[str]:
    """Which rooms were not tried, and of which too few mutants were noticed."""
    lines = [f"{room}: no mutant was tried" for room in sorted(set(expected) - rooms.keys())]
    few = [room for room, counts in rooms.items() if share(counts) < LEAST_SHARE]
    return [*lines, *(f"{room}: fewer than {LEAST_SHARE:.0%} were noticed" for room in few)]


def share(counts: Mapping[str, int]) -> float:
    """Which part of the mutants the tests noticed; a run that does not end is noticed too."""
    return 1 - counts.get("survived", 0) / sum(counts.values())


def table_of(rooms: Mapping[str, Counter[str]]) -> str:
    """A table in Markdown, a line for each room."""
    lines = ["| room | mutants | killed | out of time | survived | noticed |"]
    lines.append("|---|--:|--:|--:|--:|--:|")
    for room, counts in rooms.items():
        cells = (sum(counts.values()), counts["killed"], counts["timeout"], counts["survived"])
        figures = " | ".join(f"{cell:,}" for cell in cells)
        lines.append(f"| `{room}` | {figures} | {100 * share(counts):.1f} % |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
