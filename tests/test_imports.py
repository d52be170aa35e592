"""A command imports what it needs, and nothing that makes its start slow."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import askdocs

FRAMEWORKS = {"torch", "transformers", "sentence_transformers", "huggingface_hub", "onnx"}
ENCODER = {"onnxruntime", "tokenizers"}
DENSE = {"faiss"}
ARRAYS = {"numpy"}
WORDS = {"Stemmer"}
ALL = FRAMEWORKS | ENCODER | DENSE | ARRAYS | WORDS

LISTED = """
import json, os, sys
from askdocs.cli.process import main
status = main(sys.argv[1:])
with open(os.environ["LISTED"], "w") as file:
    json.dump([status, sorted(sys.modules)], file)
"""


@pytest.fixture
def modules_of(seeds_project: Path, cache: Path, tmp_path: Path) -> Callable[..., Any]:
    """Run a command on the seed articles; return its exit status and the modules it loaded."""

    def run(*arguments: str) -> tuple[int, set[str]]:
        listed = tmp_path / "modules.json"
        subprocess.run(
            [sys.executable, "-c", LISTED, *arguments],
            cwd=seeds_project,
            env={**os.environ, "ASKDOCS_CACHE": str(cache), "LISTED": str(listed)},
            capture_output=True,
            check=True,
            timeout=60,
        )
        status, modules = json.loads(listed.read_text())
        return status, set(modules)

    return run


ENVIRONMENT_OF_NUMPY = """
import os, sys
from askdocs.cli.process import main

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "numpy":
            print("numpy", os.environ.get("OPENBLAS_NUM_THREADS"), file=sys.stderr)

sys.meta_path.insert(0, Finder())
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["ask", "Kremlin"],
        ["ask", "--refresh", "Kremlin"],
        ["diff", "vectors", "--questions", "-"],
        ["eval", "-"],
    ],
    ids=" ".join,
)
def test_command_that_asks_spares_the_processors(seeds_project, tmp_path, cache, arguments):
    """NumPy is told to start no threads of its own before it is imported."""
    for name in ("seeds", "vectors"):
        shutil.copytree(seeds_project / name, tmp_path / name)
    (tmp_path / "seeds" / "new.txt").write_text("This is new.")
    environment = {**os.environ, "ASKDOCS_CACHE": str(cache)}
    environment.pop("OPENBLAS_NUM_THREADS", None)

    ran = subprocess.run(
        [sys.executable, "-c", ENVIRONMENT_OF_NUMPY, *arguments, "--mode", "lexical"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=60,
        input='{"question": "Kremlin", "answers": []}\n',
    )  # fmt: skip

    threads = [line for line in ran.stderr.splitlines() if line.startswith("numpy ")]
    assert threads[:1] == ["numpy 1"], ran.stderr


@pytest.mark.parametrize(
    ("arguments", "expected", "forbidden"),
    [
        (["--help"], 0, ALL),
        (["ask", "--help"], 0, ALL),
        (["index", "--help"], 0, ALL),
        (["--version"], 0, ALL),
        (["check"], 0, ALL),
        (["status"], 0, ALL),
        (["status", "--documents"], 0, ALL),
        (["frobnicate"], 2, ALL),
        (["config"], 0, ALL),
        (["completion", "zsh"], 0, ALL),
        (["show", "seeds/001_169922582ed849e6.txt#p3"], 0, FRAMEWORKS | ENCODER | DENSE | WORDS),
        (["ask", "--mode", "lexical", "Kremlin"], 0, FRAMEWORKS | ENCODER | DENSE),
        (["ask", "--mode", "dense", "Who leads the expert group?"], 0, FRAMEWORKS | DENSE),
        (["ask", "Who leads the expert group?"], 0, FRAMEWORKS | DENSE),
        (["index"], 0, FRAMEWORKS | ENCODER | DENSE),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_command_does_not_import(modules_of, arguments, expected, forbidden):
    """What a command does not need stays out of its process."""
    status, modules = modules_of(*arguments)

    assert status == expected
    assert forbidden & modules == set()


def test_question_imports_what_it_needs(modules_of):
    """The list of modules shows the libraries that are needed."""
    _, modules = modules_of("ask", "Who leads the expert group?")

    assert modules >= ENCODER | ARRAYS | WORDS


def test_importing_the_package_imports_nothing_heavy():
    """`import askdocs` is cheap; the class Index is imported on first use."""
    script = (
        "import json, sys, askdocs; first = sorted(sys.modules); askdocs.Index;"
        "print(json.dumps([first, sorted(sys.modules)]))"
    )

    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, timeout=60
    )

    before, after = json.loads(ran.stdout)
    assert ALL & set(before) == set()
    assert "askdocs.search" in set(after) - set(before)
    assert (FRAMEWORKS | ENCODER | DENSE) & set(after) == set()


def test_interruption_while_importing_is_quiet(monkeypatch):
    """Ctrl-C during the first imports ends in status 130, without a traceback."""
    from askdocs.__main__ import main

    class Interrupted(ModuleType):
        """A module whose import is interrupted."""

        def __getattr__(self, name: str) -> object:
            """Stand for Ctrl-C."""
            raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "askdocs.cli.process", Interrupted("askdocs.cli.process"))

    assert main() == 130


def test_module_is_the_command(seeds_project):
    """`python -m askdocs` and the installed command are the same."""
    command = Path(sys.executable).with_name("askdocs")
    environment = {**os.environ, "PYTHONPATH": str(Path(askdocs.__file__).parents[1])}

    runs = [
        subprocess.run(
            [*start, "check"], cwd=seeds_project, env=environment, capture_output=True, check=False,
            timeout=60,
        )
        for start in ([sys.executable, "-m", "askdocs"], [str(command)])
    ]  # fmt: skip

    assert [(ran.returncode, ran.stdout, ran.stderr) for ran in runs] == [
        (0, b"fresh: 5 documents\n", b"")
    ] * 2


def test_nothing_is_imported_before_ctrl_c_is_answered():
    """Only Python's own start can print a traceback."""
    script = (
        f"import sys; sys.path.insert(0, {str(Path(askdocs.__file__).parents[1])!r}); before = set(sys.modules); "
        "import askdocs.__main__; print(*sorted(set(sys.modules) - before))"
    )
    ran = subprocess.run(
        [sys.executable, "-S", "-c", script], capture_output=True, check=True, text=True, timeout=60
    )

    assert ran.stdout.split() == ["__future__", "askdocs", "askdocs.__main__"]
