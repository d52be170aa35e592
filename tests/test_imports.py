"""A command imports what it needs, and nothing that makes its start slow."""

import json
import os
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

import askdocs
from tests.limits import run_limited

FRAMEWORKS = {"torch", "transformers", "sentence_transformers", "huggingface_hub", "onnx"}
ENCODER, DENSE, ARRAYS, WORDS = {"onnxruntime", "tokenizers"}, {"faiss"}, {"numpy"}, {"Stemmer"}
PARSERS = {"markdown_it", "mdit_py_plugins", "docutils", "selectolax", "pypdfium2", "yaml"}
ALL = FRAMEWORKS | ENCODER | DENSE | ARRAYS | WORDS | PARSERS

LISTED = """
import json, os, sys
from askdocs.cli.process import main
status = main(sys.argv[1:])
with open(os.environ["LISTED"], "w") as file:
    json.dump([status, sorted(sys.modules)], file)
"""


@pytest.fixture
def modules_of(seeds_project, cache, tmp_path):
    """Run a command on the seed articles; return its exit status and the modules it loaded."""

    def run(*arguments):
        listed = tmp_path / "modules.json"
        environment = {**os.environ, "ASKDOCS_CACHE": str(cache), "LISTED": str(listed)}
        run_limited([sys.executable, "-c", LISTED, *arguments], cwd=seeds_project, env=environment)
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
    ["ask Kremlin", "ask --refresh Kremlin", "diff vectors --questions -", "eval -"],
)
def test_command_that_asks_spares_the_processors(seeds_project, tmp_path, cache, arguments):
    """NumPy is told to start no threads of its own before it is imported."""
    for name in ("seeds", "vectors"):
        shutil.copytree(seeds_project / name, tmp_path / name)
    (tmp_path / "seeds" / "new.txt").write_text("This is new.")
    environment = {**os.environ, "ASKDOCS_CACHE": str(cache)}
    environment.pop("OPENBLAS_NUM_THREADS", None)

    ran = run_limited(
        [sys.executable, "-c", ENVIRONMENT_OF_NUMPY, *arguments.split(), "--mode", "lexical"],
        cwd=tmp_path, env=environment, text=True,
        input='{"question": "Kremlin", "answers": []}\n',
    )  # fmt: skip

    threads = [line for line in ran.stderr.splitlines() if line.startswith("numpy ")]
    assert threads[:1] == ["numpy 1"], ran.stderr


@pytest.mark.parametrize(
    ("arguments", "expected", "forbidden"),
    [
        *((words.split(), 0, ALL) for words in (
            "--help", "ask --help", "index --help", "--version", "check", "status", "config",
            "status --documents", "completion zsh",
        )),
        (["frobnicate"], 2, ALL),
        (["show", "seeds/001_169922582ed849e6.txt#p3"], 0, FRAMEWORKS | ENCODER | DENSE | WORDS
         | PARSERS),
        (["ask", "--mode", "lexical", "Kremlin"], 0, FRAMEWORKS | ENCODER | DENSE | PARSERS),
        (["ask", "--mode", "dense", "Who leads the expert group?"], 0, FRAMEWORKS | DENSE | PARSERS),
        (["ask", "Who leads the expert group?"], 0, FRAMEWORKS | DENSE | PARSERS),
        (["index"], 0, FRAMEWORKS | ENCODER | DENSE | PARSERS),
    ],
)  # fmt: skip
def test_command_does_not_import(modules_of, arguments, expected, forbidden):
    """What a command does not need stays out of its process."""
    status, modules = modules_of(*arguments)

    assert status == expected
    assert forbidden & modules == set()


def test_parsers_stay_out_of_the_process_that_indexes_and_asks(seeds_project, tmp_path, cache):
    """They run in a process of their own, for documents that are new and that have changed."""
    for name in ("seeds", "vectors"):
        shutil.copytree(seeds_project / name, tmp_path / name)
    modules, statuses = set(), []
    text = "The harbour froze in March.\n"
    for arguments in ("index", "ask --mode lexical harbour", "show seeds/new.md#p1"):
        for ending in ("md", "rst", "html"):
            (tmp_path / "seeds" / f"new.{ending}").write_text(text)
        listed = tmp_path / "modules.json"
        environment = {**os.environ, "ASKDOCS_CACHE": str(cache), "LISTED": str(listed)}
        run_limited(
            [sys.executable, "-c", LISTED, *arguments.split()], cwd=tmp_path, env=environment
        )
        status, names = json.loads(listed.read_text())
        statuses.append(status)
        modules.update(names)
        text = f"Ice.\n\n{text}"

    # The text has moved.
    assert statuses == [0, 0, 1]
    assert "askdocs.text.parsers" in modules
    assert PARSERS & modules == set()


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

    ran = run_limited([sys.executable, "-c", script])

    before, after = json.loads(ran.stdout)
    assert ALL & set(before) == set()
    assert "askdocs.search" in set(after) - set(before)
    assert (FRAMEWORKS | ENCODER | DENSE) & set(after) == set()


def test_interruption_while_importing_is_quiet(monkeypatch):
    """Ctrl-C during the first imports ends in status 130, without a traceback."""
    from askdocs.__main__ import main

    class Interrupted(ModuleType):
        """A module whose import is interrupted."""

        def __getattr__(self, name):
            """Stand for Ctrl-C."""
            raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "askdocs.cli.process", Interrupted("askdocs.cli.process"))

    assert main() == 130


def test_module_is_the_command(seeds_project):
    """`python -m askdocs` and the installed command are the same."""
    command = Path(sys.executable).with_name("askdocs")
    environment = {**os.environ, "PYTHONPATH": str(Path(askdocs.__file__).parents[1])}

    runs = [
        run_limited([*start, "check"], cwd=seeds_project, env=environment)
        for start in ([sys.executable, "-m", "askdocs"], [str(command)])
    ]

    assert [(ran.returncode, ran.stdout, ran.stderr) for ran in runs] == [
        (0, b"fresh: 5 documents\n", b"")
    ] * 2


def test_nothing_is_imported_before_ctrl_c_is_answered():
    """Only Python's own start can print a traceback."""
    script = (
        f"import sys; sys.path.insert(0, {str(Path(askdocs.__file__).parents[1])!r}); before = set(sys.modules); "
        "import askdocs.__main__; print(*sorted(set(sys.modules) - before))"
    )
    ran = run_limited([sys.executable, "-S", "-c", script], text=True)

    assert ran.stdout.split() == ["__future__", "askdocs", "askdocs.__main__"]
