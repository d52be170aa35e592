"""Writers that are interrupted, or meet each other, harm nobody."""

import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from askdocs.embedding import compiled
from tests.limits import limited

Run = Callable[..., Any]

BUSY = "askdocs: another process is writing vectors\n"


@pytest.fixture
def harbour(folder: Path, run: Run, tiny_model: Path) -> Path:
    """An index of one document, which has changed since."""
    path = folder / "docs" / "a.txt"
    path.write_text("The harbour froze in March.")
    run("index", "--model", tiny_model, "docs")
    path.write_text("The harbour froze in March. It thawed in April.")
    return folder


@contextmanager
def interrupted_embedding(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Send Ctrl-C as soon as sentences are embedded."""

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("askdocs.embedding.encoder.CompiledEncoder.embed_sentences", interrupt)
        yield


def overtake(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let another writer commit while the next one opens its model."""
    real_open = compiled.open_encoder

    def overtaken(*arguments: Any, **options: Any) -> Any:
        with monkeypatch.context() as patch:
            patch.setattr(compiled, "open_encoder", real_open)
            assert run("index").status == 0
        return real_open(*arguments, **options)

    monkeypatch.setattr(compiled, "open_encoder", overtaken)


def run_script(cache: Path, script: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run a script in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env={**os.environ, "ASKDOCS_CACHE": str(cache)},
        capture_output=True,
        check=False,
        timeout=60,
    )


def test_interruption_leaves_the_old_index_answering(harbour, run, monkeypatch):
    """Ctrl-C while sentences are embedded: status 130, no leftovers, the next run succeeds."""
    before = tree(harbour / "vectors")

    with interrupted_embedding(monkeypatch):
        ran = run("index")

    assert (ran.status, ran.out) == (130, "")
    assert ran.err.splitlines()[-1] == "askdocs: interrupted"
    assert "Traceback" not in ran.err
    assert tree(harbour / "vectors") == before
    assert run("ask", "--mode", "lexical", "harbour").status == 0
    assert run("index").status == 0
    assert run("check").status == 0


def test_interrupted_first_run_leaves_no_index(folder, run, tiny_model, monkeypatch):
    """The interrupted run leaves no index, and the next run makes one."""
    (folder / "docs" / "a.txt").write_text("The harbour froze in March.")

    with interrupted_embedding(monkeypatch):
        ran = run("index", "--model", tiny_model, "docs")

    assert ran.status == 130
    assert run("check", "--index", "vectors").status == 3
    assert list((folder / "vectors").glob("generations/*")) == []
    assert run("index", "--model", tiny_model, "docs").status == 0


INTERRUPTED = """
import os, signal, sys
from askdocs.cli.process import main
from askdocs.embedding.encoder import CompiledEncoder

def embed(self, texts, advance=None):
    os.kill(os.getpid(), int(sys.argv[1]))
    return real(self, texts)

real, CompiledEncoder.embed_sentences = CompiledEncoder.embed_sentences, embed
sys.exit(main(["index"]))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_signal_leaves_the_old_index_answering(harbour, run, cache, number):
    """A process that is ended in the middle leaves the old index, no lock, and no mess for long."""
    before = tree(harbour / "vectors")

    ran = run_script(cache, INTERRUPTED, str(int(number)))

    if number == signal.SIGKILL:
        assert ran.returncode == -number
    else:
        assert ran.returncode == 128 + number
        assert tree(harbour / "vectors") == before
    assert b"Traceback" not in ran.stderr
    assert run("ask", "--mode", "lexical", "harbour").status == 0
    assert run("index").status == 0
    assert len(list((harbour / "vectors" / "generations").iterdir())) == 1


def tree(folder: Path) -> dict[str, bytes | None]:
    """Every path below a folder with its content."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


def test_second_writer_is_turned_away(harbour, run):
    """While another process writes, index ends at once in status 6; readers do not notice."""
    with (harbour / "vectors" / "LOCK").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        ran = run("index")
        asked = run("ask", "--mode", "lexical", "harbour")

    hint = "hint: wait for it to end and run the command again\n"
    assert (ran.status, ran.out, ran.err) == (6, "", BUSY + hint)
    assert asked.status == 0
    assert run("index").status == 0


def test_patient_writer_is_turned_away_in_the_end(harbour, run):
    """With --wait it reports what it waits for, and gives up after that time."""
    with (harbour / "vectors" / "LOCK").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        ran = run("index", "--wait", "0.2")

    waiting = "askdocs: waiting for another process that is writing vectors\n"
    hint = "hint: wait for it to end and run the command again\n"
    assert (ran.status, ran.out, ran.err) == (6, "", waiting + BUSY + hint)


def test_patient_writer_goes_on_from_what_the_other_has_written(harbour, run, monkeypatch):
    """What another process commits meanwhile is where it begins, so nothing is left to do."""
    overtake(run, monkeypatch)

    ran = run("index", "--wait", "60")

    assert ran.status == 0
    assert ran.out == "nothing has changed: 1 document, 1 passage, 2 sentences\n"


WATCHING = """
import sys
from askdocs.cli.process import main
sys.exit(main(["index", "--watch"]))
"""


def test_interrupted_watch_ends_without_a_word(harbour, cache, run):
    """Ctrl-C is how a watch ends: status 130, and an index that is whole."""
    process = subprocess.Popen(
        [sys.executable, "-c", WATCHING],
        env={**os.environ, "ASKDOCS_CACHE": str(cache)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with limited(process):
        assert process.stdout is not None
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)

    assert first.startswith(b"indexed 1 document, 1 passage, 2 sentences, 1 embedded in ")
    assert (process.returncode, out, err) == (130, b"", b"")
    assert run("check").status == 0


def test_writer_that_was_overtaken_starts_again(harbour, run, monkeypatch):
    """An index that changed while the plan was made is not overwritten."""
    overtake(run, monkeypatch)

    ran = run("index")

    expected = "askdocs: another process has written vectors meanwhile\n"
    assert (ran.status, ran.out) == (6, "")
    assert ran.err == f"{expected}hint: run the command again\n"


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
        ["ask", "--min-score", "0", "harbour"],
        ["ask", "--mode", "lexical", "harbour"],
        ["check"],
        ["show", "docs/a.txt#p1"],
        ["status"],
    ],
    ids=" ".join,
)
def test_readers_open_nothing_for_writing(harbour, cache, command):
    """Commands that only read leave the index untouched, so it may be read-only."""
    before = times(harbour / "vectors")

    ran = run_script(cache, AUDITED, *command)

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


def times(folder: Path) -> dict[Path, tuple[int, int]]:
    """When each file and folder was last written, and last changed in any way."""
    found = [folder, *folder.rglob("*")]
    return {path: (path.stat().st_mtime_ns, path.stat().st_ctime_ns) for path in found}
