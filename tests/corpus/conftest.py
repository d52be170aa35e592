"""What the tests of the corpus share."""

from collections.abc import Callable
from pathlib import Path

import pytest


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
