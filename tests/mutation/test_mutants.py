"""The tool that counts mutants changes nothing but what it says, and counts right."""

import json
from collections import Counter

import pytest

from tests.mutation.mutants import (
    copy_checkout,
    counts_by_room,
    expected_rooms,
    faults_of,
    share,
    table_of,
)
from tests.mutation.undecorating import undecorate

DECORATED = '''\
from contextlib import contextmanager


class Index:
    @property
    def base(self) -> str:
        """Where it is."""
        return "a"

    @staticmethod
    def name() -> str:
        return "b"


@contextmanager
def begin():
    yield Index()
'''
PLAIN = '''\
from contextlib import contextmanager


class Index:
    def _base(self) -> str:
        """Where it is."""
        return "a"

    base = property(_base)

    @staticmethod
    def name() -> str:
        return "b"


def _begin():
    yield Index()

begin = contextmanager(_begin)
'''


def test_plain_decorators_become_calls():
    """What mutmut would leave out is a function like any other, and works as before."""
    found: dict[str, object] = {}
    exec(undecorate(DECORATED), found)  # noqa: S102 - our own
    assert undecorate(DECORATED) == PLAIN
    with found["begin"]() as index:
        assert (index.base, index.name()) == ("a", "b")


@pytest.mark.parametrize(
    "code",
    [
        "@a.setter\ndef a(b):\n    pass\n", "@cache\n@property\ndef a(b):\n    pass\n",
        "@lru_cache(maxsize=1)\ndef a(b):\n    pass\n",
        "@property\ndef a(b):\n    pass\n\n\ndef _a(b):\n    pass\n", "def a(b):\n    pass\n",
    ],
)  # fmt: skip
def test_other_decorators_stay(code):
    """So do those of a function whose new name is taken."""
    assert undecorate(code) == code


def test_copy_is_changed_and_not_the_checkout(tmp_path):
    """The copy has what the tests need; of the code, the modules that are mutated are changed."""
    source = tmp_path / "source"
    for folder in ("askdocs", "docs", "seeds", "tests", "vectors", ".venv"):
        (source / folder).mkdir(parents=True)
    (source / "pyproject.toml").write_text('[tool.mutmut]\nonly_mutate = ["askdocs/index*.py"]\n')
    for name in ("index.py", "other.py"):
        (source / "askdocs" / name).write_text(DECORATED)
    copy_checkout(source, tmp_path / "target")
    target = tmp_path / "target"
    names = sorted(path.name for path in target.iterdir())
    assert names == ["askdocs", "docs", "pyproject.toml", "seeds", "tests", "vectors"]
    assert (target / "askdocs" / "index.py").read_text() == PLAIN
    assert (target / "askdocs" / "other.py").read_text() == DECORATED
    assert (source / "askdocs" / "index.py").read_text() == DECORATED


def test_mutants_are_counted_by_room(tmp_path):
    """A module and a package are a room each; what no test reaches has survived."""
    (tmp_path / "index").mkdir()
    results = {
        "index/head.py.meta": {"a": 1, "b": 3, "c": 0},
        "index/mending.py.meta": {"a": 33, "b": -24, "c": None},
        "terminal.py.meta": {"a": 1},
    }
    for name, statuses in results.items():
        (tmp_path / name).write_text(json.dumps({"exit_code_by_key": statuses}))

    rooms = counts_by_room(tmp_path)

    assert rooms == {
        "index": Counter(killed=2, timeout=1, survived=2),
        "terminal": Counter(killed=1),
    }
    assert [share(counts) for counts in rooms.values()] == [pytest.approx(0.6), 1]
    assert table_of(rooms) == (
        "| room | mutants | killed | out of time | survived | noticed |\n"
        "|---|--:|--:|--:|--:|--:|\n"
        "| `index` | 5 | 2 | 1 | 2 | 60.0 % |\n"
        "| `terminal` | 1 | 1 | 0 | 0 | 100.0 % |\n"
    )


def test_room_that_was_not_tried_is_a_fault():
    """Nothing tried is not all noticed; and nine of ten mutants are enough."""
    rooms = {"index": Counter(killed=89, survived=11), "manifest": Counter(killed=9, survived=1)}
    found = faults_of(rooms, {"index", "manifest", "terminal"})
    assert found == ["terminal: no mutant was tried", "index: fewer than 90% were noticed"]
    assert faults_of({}, {"index"}) == ["index: no mutant was tried"]
    assert faults_of({"manifest": rooms["manifest"]}, {"manifest"}) == []


@pytest.mark.parametrize(
    ("names", "rooms"),
    [
        ([], {"index", "citations"}),
        (["askdocs.index*"], {"index"}),
        (["askdocs.index.generation.x_read_head__mutmut_1"], {"index"}),
        (["askdocs.citations.*", "askdocs.index*"], {"index", "citations"}),
    ],
)
def test_rooms_to_try_are_those_of_the_settings(tmp_path, names, rooms):
    """Of names, those that the names are in."""
    (tmp_path / "pyproject.toml").write_text(
        '[tool.mutmut]\nonly_mutate = ["askdocs/index/*.py", "askdocs/citations.py"]\n'
    )
    assert expected_rooms(tmp_path, names) == rooms
