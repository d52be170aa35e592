"""No network, no pickle, no other program: what asking, checking and indexing do not do."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from askdocs.cli.main import cli

KREMLIN = "What did Rasmussen request from the Kremlin?"
COMMANDS = {
    "ask": ["ask", KREMLIN], "lexical": ["ask", "--mode", "lexical", KREMLIN],
    "dense": ["ask", "--mode", "dense", "--explain", "--context", "1", KREMLIN],
    "questions": ["ask", "--questions", "questions.txt", "--format", "jsonl"],
    "require-fresh": ["ask", "--require-fresh", "--mode", "lexical", "Kremlin"],
    "refresh": ["ask", "--refresh", KREMLIN], "check": ["check"],
    "check --deep": ["check", "--deep", "--format", "json"],
    "show": ["show", "seeds/001_169922582ed849e6.txt#p3"], "status": ["status", "--documents"],
    "config": ["config"], "eval": ["eval", "judged.jsonl"],
    "diff": ["diff", "vectors", "--questions", "questions.txt"], "index": ["index"],
    "rebuild": ["index", "--rebuild"], "repair --dry-run": ["repair", "--dry-run"],
    "repair": ["repair"],
}  # fmt: skip
"""Every command but one, whatever the index answers, with the default model; `repair` finds damage."""

# Audit hooks cannot be removed, and see what every module does. Sockets that are made are counted
# before anything is done with them.
WATCHED = """
import json, os, sys
seen = []
FORBIDDEN = ("socket.", "pickle.", "subprocess.", "os.exec", "os.posix_spawn", "os.spawn",
             "os.system", "os.fork", "os.startfile", "urllib.", "http.", "ftplib.", "smtplib.")

def note(event, arguments):
    if event.startswith(FORBIDDEN):
        seen.append([event, str(arguments[0]) if arguments else ""])

sys.addaudithook(note)
from askdocs.cli.process import main
status = main(sys.argv[1:])
with open(os.environ["SEEN"], "w") as file:
    json.dump([int(status), seen], file)
"""


def damage(project: Path) -> None:
    """Give `askdocs repair` sentences to embed."""
    [vectors] = (project / "vectors").glob("generations/*/*/dense.faiss")
    content = vectors.read_bytes()
    vectors.unlink()
    vectors.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


@pytest.fixture
def run_watched(
    project: Path, environment: dict[str, str], tmp_path: Path
) -> Callable[..., list[list[str]]]:
    """What a script does that is forbidden, by the interpreter's own account."""

    def run(script: str, *arguments: str) -> list[list[str]]:
        ran = subprocess.run(
            [sys.executable, "-c", script, *arguments], check=True, timeout=120, cwd=project,
            env={**environment, "SEEN": str(tmp_path / "seen.json")}, capture_output=True,
        )  # fmt: skip
        status, events = json.loads((tmp_path / "seen.json").read_text())
        assert status == 0, (arguments, ran.stderr)
        return events

    return run


def test_every_command_is_tried():
    """None that is added can be forgotten here; of a script for bash, Click asks bash its version."""
    tried = {command[0] for command in COMMANDS.values()}
    assert tried == set(cli.load_all()) - {"completion"}


def test_nothing_reaches_out(project, run_watched, amount, tally):
    """No command opens a socket, loads a pickle, or starts a program."""
    names = list(COMMANDS)[: amount(0, len(COMMANDS))] or ["questions", "check --deep", "refresh"]
    found = {}
    for name in names:
        if name == "repair --dry-run":
            damage(project)
        found[name] = run_watched(WATCHED, *COMMANDS[name])
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
def test_whoever_reaches_out_is_seen(run_watched, action, event):
    """The hook that sees nothing above does see what there is to see."""
    script = WATCHED.replace("from askdocs.cli.process import main", action)
    events = run_watched(script.replace("main(sys.argv[1:])", "0"))
    assert event in [name for name, _ in events]


@pytest.mark.torture
def test_first_question_compiles_without_a_network(run_watched, tmp_path):
    """Where the model has yet to be compiled, one program is started, which is Python itself."""
    (tmp_path / "cache" / "encoders").unlink()
    events = run_watched(WATCHED, "ask", KREMLIN)
    assert len(list((tmp_path / "cache" / "encoders").iterdir())) == 1
    programs = {what for event, what in events if event == "subprocess.Popen"}
    assert programs == {sys.executable}
    assert {event for event, _ in events} <= {"subprocess.Popen", "os.posix_spawn", "os.fork"}


@pytest.mark.torture
def test_no_call_of_the_network_reaches_the_system(project, environment, tmp_path, tally):
    """Nor of a library in C; but PyTorch asks for the user's name at a socket of this machine."""
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
