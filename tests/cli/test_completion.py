"""A shell completes commands, options, values, paths and citations."""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdocs.cli.completion import continuations
from askdocs.cli.main import cli
from tests.limits import run_limited

SEED = "seeds/001_169922582ed849e6.txt"


@pytest.fixture
def complete(cache):
    """Return what askdocs answers a shell that completes the last word."""

    def answer(*words, **environment):
        fixed = {"ASKDOCS_CACHE": str(cache), "_ASKDOCS_COMPLETE": "bash_complete"}
        typed = {"COMP_WORDS": "\n".join(["askdocs", *words]), "COMP_CWORD": str(len(words))}
        ran = run_limited(
            [sys.executable, "-m", "askdocs"], env={**os.environ, **fixed, **typed, **environment},
            encoding="utf-8",
        )  # fmt: skip
        assert (ran.returncode, ran.stderr) == (0, "")
        return [line for line in ran.stdout.splitlines() if line]

    return answer


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([""], [f"plain,{name}" for name in sorted(cli.load_all())]),
        (["sta"], ["plain,status"]),
        (["ask", "--top"], ["plain,--top-k"]),
        (["ask", "--mode", ""], ["plain,hybrid", "plain,dense", "plain,lexical"]),
        (["check", "--color", "a"], ["plain,auto", "plain,always"]),
        (["completion", ""], ["plain,bash", "plain,zsh", "plain,fish"]),
        (["eval", "questions"], ["file,questions"]),
        (["ask", "--questions", ""], ["file,"]),
        (["index", "se"], ["file,se"]),
        (["check", "--index", ""], ["file,"]),
        (["ask", "wor"], []),
    ],
)
def test_what_is_completed(complete, words, expected):
    """Commands, options and values are completed; a path is left to the shell."""
    assert complete(*words) == expected


def test_citation_is_completed(project, complete):
    """The documents of the index come first, then the paragraphs of one."""
    documents = sorted(f"plain,seeds/{path.name}#p" for path in (project / "seeds").iterdir())

    assert complete("show", "") == documents
    assert complete("show", f"{SEED}#p1")[:2] == [f"plain,{SEED}#p1", f"plain,{SEED}#p10"]
    assert complete("show", "seeds/001")[0] == f"plain,{SEED}#p1"


def test_citations_are_those_of_the_index_that_is_named(project, complete, tmp_path):
    """An option, a variable or a configuration file names the index, as for the command."""
    index = str((project / "vectors").rename(project / "idx"))
    expected = f"plain,{SEED}#p1"

    assert complete("show", "seeds/001") == []
    assert complete("show", "--index", index, "seeds/001")[0] == expected
    assert complete("show", "seeds/001", ASKDOCS_INDEX=index)[0] == expected
    (project / "askdocs.toml").write_text('index = "idx"\n')
    assert complete("show", "seeds/001")[0] == expected


@pytest.mark.parametrize("damage", ["", "not an index"])
def test_errors_are_silent(project, complete, damage):
    """A damaged index or a wrong configuration file completes nothing and says nothing."""
    (project / "vectors" / "HEAD").write_text(damage)
    assert complete("show", "seeds/") == []

    (project / "askdocs.toml").write_text("topk = \n")
    assert complete("show", "seeds/") == []
    assert complete("sta") == ["plain,status"]


def test_completing_a_citation_loads_no_library(project, complete):
    """The libraries are blocked: a name in sys.modules that is None cannot be imported."""
    script = (
        "import sys\n"
        "for name in ('numpy', 'faiss', 'onnxruntime', 'torch'): sys.modules[name] = None\n"
        "from askdocs.cli.process import main\n"
        "sys.exit(main())\n"
    )
    ran = run_limited(
        [sys.executable, "-c", script],
        env={**os.environ, "_ASKDOCS_COMPLETE": "zsh_complete", "COMP_CWORD": "2",
             "COMP_WORDS": f"askdocs show {SEED}#p14"},
    )  # fmt: skip

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, f"plain\n{SEED}#p14\n_\n".encode(), b"")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_script_asks_askdocs(run, shell):
    """The script of each shell runs askdocs with the variable that makes it complete."""
    ran = run("completion", shell)

    assert (ran.status, ran.err) == (0, "")
    assert f"_ASKDOCS_COMPLETE={shell}_complete" in ran.out


BASH = """
set -u
eval "$(askdocs completion bash)"
complete -p askdocs
COMP_WORDS=(askdocs show 'my\\ f'); COMP_CWORD=2; COMPREPLY=()
_askdocs_completion askdocs
printf '%s\\n' "${COMPREPLY[@]}"
"""


def test_bash_completes_and_quotes(folder, run, tiny_model, cache):
    """A real bash registers the function, and a path with a space stays one word."""
    (folder / "my file.txt").write_text("Rain fell.\n\nThe sun came out.\n")
    assert run("index", "--model", tiny_model, "my file.txt").status == 0

    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ran = run_limited(["bash", "--norc", "-c", BASH], env={"PATH": path}, encoding="utf-8")

    shown = ["complete -o nosort -F _askdocs_completion askdocs"]
    shown += ["my\\ file.txt#p1", "my\\ file.txt#p2"]
    assert (ran.stdout.splitlines(), ran.stderr) == (shown, "")


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("", ["a/", "b.txt#p"]), ("a", ["a/b/c.txt#p", "a/b/d.txt#p"]),
        ("a/b/c", ["a/b/c.txt#p1", "a/b/c.txt#p2"]), ("b.txt", ["b.txt#p1"]),
        ("b.txt#p1", ["b.txt#p1"]), ("b.txt#p2", []), ("b.txt#p1:", []), ("x", []),
    ],
)  # fmt: skip
def test_steps_of_a_citation(typed, expected):
    """A step without a choice is taken at once."""
    documents = {"a/b/c.txt": 2, "a/b/d.txt": 1, "b.txt": 1}

    assert continuations(typed, documents) == expected


PATHS = st.lists(st.sampled_from(["a", "b", "ab", "x#p1"]), min_size=1, max_size=3).map("/".join)


@given(documents=st.dictionaries(PATHS, st.integers(1, 12), min_size=1), data=st.data())
def test_every_citation_can_be_reached(documents, data):
    """From any beginning of a citation, choosing the right steps completes it."""
    # A path cannot be both a file and a folder.
    documents = {
        path: count
        for path, count in documents.items()
        if not any(other.startswith(f"{path}/") for other in documents)
    }
    path = data.draw(st.sampled_from(sorted(documents)))
    citation = f"{path}#p{data.draw(st.integers(1, documents[path]))}"
    typed = citation[: data.draw(st.integers(0, len(path)))]

    for _ in range(10):
        steps = [step for step in continuations(typed, documents) if citation.startswith(step)]
        assert steps
        typed = max(steps, key=len)
        if typed == citation:
            break

    assert typed == citation
