"""No network, no pickle, no other program: what asking, checking and indexing do not do."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from askdocs.cli.main import cli

RunWatched = Callable[..., list[str]]

KREMLIN = "What did Rasmussen request from the Kremlin?"
COMMANDS = {
    "ask": ["ask", KREMLIN],
    "lexical": ["ask", "--mode", "lexical", KREMLIN],
    "dense": ["ask", "--mode", "dense", "--explain", "--context", "1", KREMLIN],
    "questions": ["ask", "--questions", "questions.txt", "--format", "jsonl"],
    "require-fresh": ["ask", "--require-fresh", "--mode", "lexical", "Kremlin"],
    "refresh": ["ask", "--refresh", KREMLIN],
    "check": ["check"],
    "check --deep": ["check", "--deep", "--format", "json"],
    "show": ["show", "seeds/001_169922582ed849e6.txt#p3"],
    "status": ["status", "--documents"],
    "config": ["config"],
    "eval": ["eval", "judged.jsonl"],
    "diff": ["diff", "vectors", "--questions", "questions.txt"],
    "index": ["index"],
    "rebuild": ["index", "--rebuild"],
    "repair --dry-run": ["repair", "--dry-run"],
    "repair": ["repair"],
}
"""Every command but one, whatever the index answers, with the default model; `repair` finds damage."""

SAMPLE = ["questions", "check --deep", "refresh"]

# Audit hooks cannot be removed, and see what every module does. Sockets that are made are counted
# before anything is done with them.
WATCHED = """
import json, os, sys
seen = []
FORBIDDEN = ("socket.", "pickle.", "subprocess.", "os.exec", "os.posix_spawn", "os.spawn",
             "os.system", "os.fork", "os.startfile", "urllib.", "http.", "ftplib.", "smtplib.")

def note(event, arguments):
    if event.startswith(FORBIDDEN):
        seen.append(event)

sys.addaudithook(note)
from askdocs.cli.process import main
status = main(sys.argv[1:])
with open(os.environ["SEEN"], "w") as file:
    json.dump([int(status), seen], file)
"""


@pytest.fixture
def project(seeds_project: Path, tmp_path: Path) -> Path:
    """The seed articles, their index, the compiled model, and questions to ask."""
    folder = tmp_path / "project"
    for name in ("seeds", "vectors"):
        shutil.copytree(seeds_project / name, folder / name)
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "encoders").symlink_to(seeds_project / "cache" / "encoders")
    (folder / "questions.txt").write_text(f"{KREMLIN}\nWho leads the expert group?\n")
    answer = {"path": "seeds/001_169922582ed849e6.txt", "paragraph": 3}
    judged = {"id": "q", "question": KREMLIN, "answers": [answer]}
    (folder / "judged.jsonl").write_text(json.dumps(judged))
    return folder


def damage(project: Path) -> None:
    """Give `askdocs repair` sentences to embed."""
    [vectors] = (project / "vectors").glob("generations/*/*/dense.faiss")
    content = vectors.read_bytes()
    vectors.unlink()
    vectors.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Ours, without settings of askdocs, and with the test's own cache."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("ASKDOCS_")}
    return {**ours, "ASKDOCS_CACHE": str(tmp_path / "cache")}


@pytest.fixture
def run_watched(project: Path, environment: dict[str, str], tmp_path: Path) -> RunWatched:
    """What a command does that is forbidden, by the interpreter's own account."""

    def run(*arguments: str) -> list[str]:
        seen = tmp_path / "seen.json"
        subprocess.run(
            [sys.executable, "-c", WATCHED, *arguments],
            cwd=project, env={**environment, "SEEN": str(seen)}, check=True, timeout=120,
            capture_output=True,
        )  # fmt: skip
        status, events = json.loads(seen.read_text())
        assert status == 0, arguments
        return list(events)

    return run


def test_every_command_is_tried():
    """None that is added can be forgotten here; of a script for bash, Click asks bash its version."""
    tried = {command[0] for command in COMMANDS.values()}
    assert tried == set(cli.load_all()) - {"completion"}


def test_nothing_reaches_out(project, run_watched, amount, tally):
    """No command opens a socket, loads a pickle, or starts a program."""
    names = list(COMMANDS)[: amount(0, len(COMMANDS))] or SAMPLE
    found = {}
    for name in names:
        if name == "repair --dry-run":
            damage(project)
        found[name] = run_watched(*COMMANDS[name])

    assert found == {name: [] for name in names}
    tally("O1", "commands without a socket, a pickle, a program (audit hook)", len(names))


@pytest.mark.parametrize(
    ("action", "event"),
    [
        ("import socket; socket.socket()", "socket.__new__"),
        ("import pickle; pickle.loads(pickle.dumps(print))", "pickle.find_class"),
        ("import subprocess; subprocess.run(['true'])", "subprocess.Popen"),
    ],
)
def test_whoever_reaches_out_is_seen(tmp_path, environment, action, event):
    """The hook that sees nothing above does see what there is to see."""
    script = WATCHED.replace("from askdocs.cli.process import main", action).replace(
        "main(sys.argv[1:])", "0"
    )

    subprocess.run(
        [sys.executable, "-c", script], env={**environment, "SEEN": str(tmp_path / "seen")},
        check=True, timeout=60,
    )  # fmt: skip

    assert event in json.loads((tmp_path / "seen").read_text())[1]


@pytest.mark.torture
def test_first_question_compiles_without_a_network(project, environment, tmp_path):
    """Where the model has yet to be compiled, one program is started, which is Python itself."""
    seen = tmp_path / "seen.json"
    (tmp_path / "cache" / "encoders").unlink()
    script = WATCHED.replace("seen.append(event)", "seen.append([event, str(arguments[0])])")

    ran = subprocess.run(
        [sys.executable, "-c", script, "ask", KREMLIN],
        cwd=project, env={**environment, "SEEN": str(seen)}, check=False, timeout=120,
        capture_output=True, text=True,
    )  # fmt: skip

    status, events = json.loads(seen.read_text())
    assert status == 0, ran.stderr
    assert len(list((tmp_path / "cache" / "encoders").iterdir())) == 1
    programs = {what for event, what in events if event == "subprocess.Popen"}
    assert programs == {sys.executable}
    assert {event for event, _ in events} <= {"subprocess.Popen", "os.posix_spawn", "os.fork"}


@pytest.mark.torture
def test_no_call_of_the_network_reaches_the_system(project, environment, tmp_path, tally):
    """The system sees no socket either, not of a library in C; nor a network of who compiles.

    PyTorch asks for the user's name, for which the C library knocks at a socket of this machine.
    """
    log = tmp_path / "calls"
    commands = {**COMMANDS, "compile": ["ask", KREMLIN]}
    found = {}
    for name, command in commands.items():
        if name == "compile":
            (tmp_path / "cache" / "encoders").unlink()
        if name == "repair --dry-run":
            damage(project)
        trace = ["strace", "-f", "-qq", "-e", "trace=%network", "-e", "signal=none", "-o", str(log)]
        ran = subprocess.run(
            [*trace, sys.executable, "-m", "askdocs", *command],
            cwd=project, env=environment, check=False, timeout=600, capture_output=True,
        )  # fmt: skip
        assert ran.returncode == 0, (name, ran.stderr)
        calls = re.findall(r"^\d+ +(\w+)\((.*)$", log.read_text(), re.MULTILINE)
        found[name] = [call for call in calls if name != "compile" or "AF_UNIX" not in call[1]]

    assert found == {name: [] for name in commands}
    tally("O1", "commands without a socket (strace)", len(commands))
