"""What the tests of the corpus share."""

from collections.abc import Callable
from pathlib import Path

import pytest

from askdocs.corpus.walk import Entry, walk
from askdocs.records.manifest import CorpusSettings


def entries(base: Path, *roots: str, index: str = "vectors", **settings: object) -> list[Entry]:
    """What a walk over some roots finds."""
    corpus = CorpusSettings(roots=roots or (".",), **settings)
    return walk(base, corpus, index=base / index)


def paths(base: Path, *roots: str, index: str = "vectors", **settings: object) -> list[str]:
    """The paths of what a walk over some roots finds."""
    return [entry.path for entry in entries(base, *roots, index=index, **settings)]


@pytest.fixture
def make_tree(tmp_path: Path) -> Callable[..., Path]:
    """Write files below a folder `base`: `make_tree({"a/b.txt": "text"})` gives the folder."""

    def make(files: dict[str, str], *, base: str = "base") -> Path:
        folder = tmp_path / base
        folder.mkdir(exist_ok=True)
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        return folder

    return make
