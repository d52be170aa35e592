"""The pre-commit hooks and the GitHub Action install little and run `askdocs check`."""

import json
import os
import re
import shutil
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml

from tests.limits import run_limited

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
HOOKS = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
LIGHT = ["--no-deps", "click>=8.4.2,<9", "pathspec>=1,<2"]


def test_hooks_run_without_file_names():
    """The hooks always run, on the whole corpus: a removed document has no file name."""
    assert {name: hook["entry"] for name, hook in HOOKS.items()} == {
        "askdocs-check": "askdocs check",
        "askdocs-eval": "askdocs eval",
    }
    fixed = ("python", False, True)
    for hook in HOOKS.values():
        assert (hook["language"], hook["pass_filenames"], hook["always_run"]) == fixed


def test_check_hook_installs_no_dependencies():
    """Only these packages are installed, as pyproject.toml asks for them."""
    dependencies = HOOKS["askdocs-check"]["additional_dependencies"]

    assert dependencies == LIGHT
    assert set(dependencies[1:]) <= set(PROJECT["dependencies"])
    assert "additional_dependencies" not in HOOKS["askdocs-eval"]


def write_wheel(folder, name, version, requires):
    """Write an empty package with requirements."""
    stem = f"{name.replace('-', '_')}-{version}"
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    lines += [f"Requires-Dist: {one}" for one in requires]
    with zipfile.ZipFile(folder / f"{stem}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{stem}.dist-info/METADATA", "\n".join(lines) + "\n")
        tags = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        wheel.writestr(f"{stem}.dist-info/WHEEL", tags)
        wheel.writestr(f"{stem}.dist-info/RECORD", "")


@pytest.fixture
def resolve(tmp_path):
    """Return what pip would install for askdocs: `resolve("--no-deps", ...)`."""
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    for requirement in PROJECT["dependencies"]:
        lowest = re.search(r"[>=]=([\d.]+)", requirement)[1]
        name = re.split(r"[^\w.-]", requirement)[0]
        write_wheel(shelf, name, lowest, [])
    write_wheel(shelf, "askdocs", "0.1.0", PROJECT["dependencies"])
    fixed = "install --dry-run --ignore-installed --no-index --quiet --isolated --report -".split()

    def run(*requirements):
        command = [sys.executable, "-m", "pip", *fixed, "--find-links", str(shelf), "askdocs"]
        environment = {"PATH": os.environ["PATH"], "PIP_CONFIG_FILE": os.devnull}
        ran = run_limited([*command, *requirements], env=environment)
        return {package["metadata"]["name"] for package in json.loads(ran.stdout)["install"]}

    return run


def test_pip_takes_three_packages_for_the_check_hook(resolve):
    """With the arguments of the hook, pip installs no PyTorch."""
    assert resolve(*LIGHT) == {"askdocs", "click", "pathspec"}
    assert {"torch", "numpy"} <= resolve()


def test_action_passes_its_inputs_through_the_environment():
    """An input is never part of a command that a shell runs."""
    action = yaml.safe_load((ROOT / "action.yml").read_text())

    (step,) = action["runs"]["steps"]
    assert action["runs"]["using"] == "composite"
    assert step["run"] == 'bash "$GITHUB_ACTION_PATH/.ci/action"'
    assert step["env"] == {
        f"INPUT_{name.replace('-', '_').upper()}": f"${{{{ inputs.{name} }}}}"
        for name in action["inputs"]
    }
    assert all(one["description"] for one in action["inputs"].values())


def test_script_reads_every_input():
    """The script knows every input."""
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    script = (ROOT / ".ci" / "action").read_text()

    given = set(action["runs"]["steps"][0]["env"])
    assert set(re.findall(r"INPUT_\w+", script)) == given
    assert "'click>=8.4.2,<9' 'pathspec>=1,<2'" in script


# Replaces the runner's Python: its environments have a pip that logs its arguments, and the
# askdocs of this checkout.
PYTHON = """\
#!/bin/bash
if [[ "$1 $2" != "-m venv" ]]; then exec {python} "$@"; fi
mkdir -p "$3/bin"
printf '#!/bin/bash\\necho "$*" >> {log}\\n' > "$3/bin/python"
printf '#!/bin/bash\\nPYTHONPATH={root} exec {python} -m askdocs "$@"\\n' > "$3/bin/askdocs"
chmod +x "$3/bin/python" "$3/bin/askdocs"
"""


@pytest.fixture
def log(tmp_path):
    """The arguments of pip, a line for each call."""
    return tmp_path / "pip.log"


@pytest.fixture
def act(seeds_project, cache, tmp_path, log):
    """Run the action's script as GitHub does, in a checkout of the seeds: `act(DEEP="true")`."""
    checkout = tmp_path / "checkout"
    for name in ("seeds", "vectors"):
        shutil.copytree(seeds_project / name, checkout / name)
    runner = tmp_path / "runner"
    runner.mkdir()
    python = tmp_path / "python"
    python.write_text(PYTHON.format(python=sys.executable, log=log, root=ROOT))
    python.chmod(0o755)

    def run(**inputs):
        variables = {f"INPUT_{name}": value for name, value in inputs.items()}
        return run_limited(
            ["bash", str(ROOT / ".ci" / "action")], cwd=checkout, encoding="utf-8",
            env={
                "PATH": os.environ["PATH"], "RUNNER_TEMP": str(runner),
                "ASKDOCS_CACHE": str(cache), "INPUT_PYTHON": str(python), **variables,
            },
        )  # fmt: skip

    return run


def installed(log):
    """Return the arguments of every call of pip."""
    start = "-m pip install -q --disable-pip-version-check "
    return [line.removeprefix(start) for line in log.read_text().splitlines()]


@pytest.mark.parametrize("inputs", [{}, {"INDEX": "vectors", "DEEP": "true"}])
def test_action_checks_with_a_light_install(act, log, inputs):
    """A fresh index: status 0, no annotation, and no more installed than needed."""
    ran = act(**inputs)

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "fresh: 5 documents\n", "")
    assert installed(log) == [f"--no-deps {ROOT} click>=8.4.2,<9 pathspec>=1,<2"]


def test_action_annotates_what_differs(act, tmp_path):
    """A stale index: status 1 and an annotation at the file; nothing is left behind."""
    (tmp_path / "checkout" / "seeds" / "new.txt").write_text("New.")

    ran = act()

    assert ran.returncode == 1
    start = "::error file=seeds/new.txt,title=askdocs check%3A"
    assert ran.stdout.splitlines()[1].startswith(start)
    assert list((tmp_path / "runner").iterdir()) == []


def test_action_evaluates_where_there_are_questions(act, log, tmp_path):
    """With questions, everything is installed, and the bars decide the status."""
    line = {
        "question": "What did Rasmussen request from the Kremlin?",
        "answers": [{"file": "001_169922582ed849e6.txt", "paragraph": 3}],
    }
    (tmp_path / "checkout" / "my questions.jsonl").write_text(json.dumps(line) + "\n")
    bars = "--mode lexical\n--fail-under   hit@1="

    good = act(QUESTIONS="my questions.jsonl", EVAL_ARGUMENTS=f"{bars}1")
    bad = act(QUESTIONS="my questions.jsonl", EVAL_ARGUMENTS=f"{bars}1 --fail-under RR@10=nan")

    assert (good.returncode, good.stderr) == (0, "")
    assert good.stdout.startswith("fresh: 5 documents\nmeasure ")
    assert installed(log)[:2] == [f"--no-deps {ROOT} click>=8.4.2,<9 pathspec>=1,<2", str(ROOT)]
    assert bad.returncode == 2
    assert bad.stdout.endswith("::error title=askdocs eval::askdocs eval exits 2\n")


def test_inputs_are_never_run(act, tmp_path):
    """An input stays one argument, or words."""
    evil = '"; touch owned; $(touch owned) `touch owned`'

    ran = act(INDEX=evil)
    act(QUESTIONS=evil, EVAL_ARGUMENTS=evil)

    message = "::error title=askdocs check::askdocs check exits 3\n"
    assert (ran.returncode, ran.stdout) == (3, message)
    assert list(tmp_path.rglob("owned")) == []


def test_old_python_is_refused(act, tmp_path):
    """A Python that is too old is refused before anything is installed."""
    old = tmp_path / "old"
    old.write_text('#!/bin/bash\n[[ $1 == -V ]] && echo "Python 3.9.2"\nexit 1\n')
    old.chmod(0o755)

    ran = act(PYTHON=str(old))

    message = f"askdocs needs Python 3.11 or newer; {old} is Python 3.9.2"
    assert (ran.returncode, ran.stdout) == (2, f"::error title=askdocs::{message}\n")
