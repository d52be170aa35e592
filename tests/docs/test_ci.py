"""What docs/ci.md tells CI to do works."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from askdocs.cli.main import cli
from tests.docs.conftest import ROOT, run

PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
QUESTION = "What did Rasmussen request from the Kremlin?"


def blocks(language: str) -> list[str]:
    """The fenced blocks of the page in one language."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def run_strictly(command: str, folder: Path, cache: Path) -> subprocess.CompletedProcess[str]:
    """Run a script of bash that ends at its first failure, with a name for git."""
    names = {
        f"GIT_{who}_{what}": "x@y" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    return run(f"set -e\n{command}", folder, HOME=folder.parent, ASKDOCS_CACHE=cache, **names)


@pytest.fixture
def branch(seeds_project: Path, cache: Path, tmp_path: Path) -> Path:
    """A clone with a branch in which an article and its passages are gone."""
    origin = tmp_path / "origin"
    for name in ("seeds", "vectors"):
        shutil.copytree(seeds_project / name, origin / name)
    (origin / "questions.txt").write_text(f"{QUESTION}\n")
    begun = run_strictly("git init -q -b main && git add . && git commit -q -m one", origin, cache)
    assert (begun.returncode, begun.stderr) == (0, "")
    cloned = run_strictly("git clone -q origin work", tmp_path, cache)
    assert cloned.returncode == 0, cloned.stderr
    work = tmp_path / "work"
    changed = run_strictly(
        "git checkout -q -b change && git rm -q seeds/001_169922582ed849e6.txt && askdocs index -q"
        " && git add . && git commit -q -m two && askdocs check",
        work,
        cache,
    )
    assert changed.returncode == 0, changed.stderr
    return work


@pytest.mark.parametrize("number", [0, 1])
def test_answers_of_two_commits_are_compared(branch, cache, number):
    """The base branch's index comes from git, with its documents or alone."""
    (script,) = [block for block in blocks("sh") if "worktree" in block] if number == 0 else [
        block for block in blocks("sh") if "git archive" in block
    ]  # fmt: skip
    ran = run_strictly(script, branch, cache)
    assert ran.returncode == 1
    printed = ran.stdout.removeprefix(ran.stdout.partition("1  What")[0])
    assert printed.startswith(
        f"1  {QUESTION}\n    with another first citation\n    - 1. seeds/001_"
    )


def test_comment_on_a_pull_request_is_written(branch, cache):
    """The step of the workflow makes the comment and the summary, and goes on."""
    (workflow,) = [one for one in blocks("yaml") if "GITHUB_STEP_SUMMARY" in one]
    (script,) = [
        step["run"]
        for step in yaml.safe_load(workflow)["jobs"]["diff"]["steps"]
        if "askdocs diff" in step.get("run", "")
    ]

    ran = run_strictly(
        f"export GITHUB_BASE_REF=main GITHUB_STEP_SUMMARY=summary.md\n{script}", branch, cache
    )

    assert ran.returncode == 0, ran.stderr
    comment = (branch / "diff.md").read_text()
    assert comment.startswith("**askdocs diff**: 1 question: 1 with another first citation\n")
    assert (branch / "summary.md").read_text() == comment


def test_yaml_of_the_page_is_yaml():
    """Every block can be pasted into a file as it is."""
    assert len(blocks("yaml")) == 5
    assert all(yaml.safe_load(block) for block in blocks("yaml"))


def test_hooks_and_inputs_of_the_page_are_those_there_are():
    """The page names every hook and every input of the action."""
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    shown = yaml.safe_load(next(block for block in blocks("yaml") if "hooks:" in block))
    assert [one["id"] for one in shown["repos"][0]["hooks"]] == [hook["id"] for hook in hooks]
    table = re.findall(r"^\| `([\w-]+)` \|", PAGE, re.MULTILINE)
    assert table == list(action["inputs"])


def test_commands_of_the_page_exist():
    """Every option that a command is shown with is one of it."""
    used = re.findall(r"askdocs (check|diff|eval) ([^\n`|>]*)", PAGE)
    for command, rest in used:
        known = {option for one in cli.load_all()[command].params for option in one.opts}
        assert set(re.findall(r"--[a-z-]+", rest)) <= known
