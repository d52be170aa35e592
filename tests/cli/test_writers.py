"""Writers that are interrupted, or meet each other, harm nobody."""

import fcntl
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.limits import limited, run_limited


@pytest.fixture
def harbour(folder, run, tiny_model):
    """An index of one document, which has changed since."""
    path = folder / "docs" / "a.txt"
    path.write_text("The harbour froze in March.")
    run("index", "--model", tiny_model, "docs")
    path.write_text("The harbour froze in March. It thawed in April.")
    return folder


def run_script(cache, script, *arguments):
    """Run a script in a process of its own."""
    environment = {**os.environ, "ASKDOCS_CACHE": str(cache)}
    return run_limited([sys.executable, "-c", script, *arguments], env=environment)


def test_interruption_leaves_the_old_index_answering(harbour, run, monkeypatch):
    """Ctrl-C while sentences are embedded: status 130, no leftovers, the next run succeeds."""
    before = tree(harbour / "vectors")

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("askdocs.embedding.encoder.CompiledEncoder.embed_sentences", interrupt)
        ran = run("index")

    assert (ran.status, ran.out) == (130, "")
    assert ran.err.splitlines()[-1] == "askdocs: interrupted"
    assert "Traceback" not in ran.err
    assert tree(harbour / "vectors") == before
    assert run("ask", "--mode", "lexical", "harbour").status == 0
    assert run("index").status == 0
    assert run("check").status == 0


def tree(folder):
    """Every path below a folder with its content."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


WAITING = "askdocs: waiting for another process that is writing vectors\n"
BUSY = "askdocs: another process is writing vectors\n"


@pytest.mark.parametrize(("wait", "waiting"), [([], ""), (["--wait", "0.2"], WAITING)])
def test_second_writer_is_turned_away(harbour, run, wait, waiting):
    """While another process writes, index ends in status 6, after --wait; readers go on."""
    with (harbour / "vectors" / "LOCK").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        ran = run("index", *wait)
        asked = run("ask", "--mode", "lexical", "harbour")

    hint = "hint: wait for it to end and run the command again\n"
    assert ran == (6, "", waiting + BUSY + hint)
    assert asked.status == 0
    assert run("index").status == 0


def test_interrupted_watch_ends_without_a_word(harbour, cache, run):
    """Ctrl-C is how a watch ends: status 130, and an index that is whole."""
    process = subprocess.Popen(
        [sys.executable, "-m", "askdocs", "index", "--watch"],
        env={**os.environ, "ASKDOCS_CACHE": str(cache)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    with limited(process):
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)

    assert first.startswith(b"indexed 1 document, 1 passage, 2 sentences, 1 embedded in ")
    assert (process.returncode, out, err) == (130, b"", b"")
    assert run("check").status == 0


AUDITED = """
import json, os, sys
touched = []

def note(event, arguments):
    if event == "open":
        path, mode, flags = arguments
        if isinstance(path, (str, bytes)) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            touched.append(os.fsdecode(path))
    elif event in {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink",
                   "os.truncate", "os.utime", "os.chmod", "sqlite3.connect"}:
        touched.extend(os.fsdecode(one) for one in arguments if isinstance(one, (str, bytes)))

sys.addaudithook(note)
from askdocs.cli.process import main
status = main(sys.argv[1:])
written = [path for path in touched if "vectors" in path and "mode=ro" not in path]
sys.stderr.write("\\n" + json.dumps([status, written]))
"""


@pytest.mark.parametrize(
    "command",
    [
        "ask --min-score 0 harbour",
        "ask --mode lexical harbour",
        "check",
        "show docs/a.txt#p1",
        "status",
    ],
)
def test_readers_open_nothing_for_writing(harbour, cache, command):
    """Commands that only read leave the index untouched, so it may be read-only."""
    before = times(harbour / "vectors")

    ran = run_script(cache, AUDITED, *command.split())

    status, written = json.loads(ran.stderr.splitlines()[-1])
    assert status in {0, 1}
    assert written == []
    assert times(harbour / "vectors") == before


def test_indexing_is_seen_by_the_same_watch(harbour, cache):
    """The watch over readers would see a write: it sees those of a writer."""
    ran = run_script(cache, AUDITED, "index")

    status, written = json.loads(ran.stderr.splitlines()[-1])
    assert status == 0
    assert {Path(path).name for path in written} >= {"LOCK", "HEAD.new", "dense.faiss"}


def times(folder):
    """When each file and folder was last written, and last changed in any way."""
    found = [folder, *folder.rglob("*")]
    return {path: (path.stat().st_mtime_ns, path.stat().st_ctime_ns) for path in found}
