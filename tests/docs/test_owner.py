"""The owner of the repository is set in one step."""

import re
import shutil
import subprocess
from pathlib import Path

from tests.docs.conftest import ROOT

PLACEHOLDER = re.compile(r"\bOWNER/askdocs\b")


def named(folder: Path) -> list[str]:
    """Return the files of a folder that git would commit and that have the placeholder."""
    patterns = (
        "*.md", "docs/*", "*.yml", ".pre-commit-hooks.yaml", "*.toml", ".ci/*", "askdocs/**/*.py",
    )  # fmt: skip
    paths = {path for pattern in patterns for path in folder.glob(pattern) if path.is_file()}
    texts = {path: path.read_text(encoding="utf-8") for path in paths}
    return sorted(
        str(path.relative_to(folder)) for path, text in texts.items() if PLACEHOLDER.search(text)
    )


def test_make_owner_replaces_every_placeholder(tmp_path):
    """The Makefile lists each file that names the repository, and sets all of them at once."""
    files = ["SECURITY.md", "docs/ci.md"]
    for name in [*files, "Makefile"]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    subprocess.run(["make", "-s", "owner", "OWNER=someone"], cwd=tmp_path, check=True, timeout=60)
    assert set(named(ROOT)) <= set(files)
    assert named(tmp_path) == []
    page = (tmp_path / "docs" / "ci.md").read_text(encoding="utf-8")
    assert "someone/askdocs" in page or not named(ROOT)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["Makefile", "SECURITY.md", "docs"]
