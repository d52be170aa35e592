"""E2: a document costs memory by its size, whatever it holds, or is skipped for a limit."""

import os
import subprocess
import sys
from collections.abc import Sequence

import pytest

from askdocs.corpus.walk import Entry, EntryKind
from askdocs.errors import UnreadableSourceError
from askdocs.freshness import observe_entry
from askdocs.records.manifest import CorpusSettings, PassageSettings
from askdocs.text.cutting import cut_passages
from askdocs.text.formats.plain import read
from tests.limits import limited

# Of a process that indexes one document within the default limits, as docs/commands.md says.
MOST_BYTES = 1_300_000_000
MIB = 1 << 20

# What a document repeats, how many bytes of it, and why it is skipped; empty where it is indexed.
SHAPES: dict[str, tuple[str, int, str]] = {
    "one line of 32 MB": ("word ", 32 * MIB, "larger than 16 MiB (--max-file-size)"),
    "one line of 16 MiB": (
        "word ", 16 * MIB, "line 1 is longer than 1,000,000 characters (--max-line-length)",
    ),
    "lines of 900,000 characters": ("word " * 180_000 + "\n", 8 * MIB, ""),
    "10 million empty lines": ("\n", 10_000_000, ""),
    "5 MB of one character": (
        "a", 5 * MIB, "line 1 is longer than 1,000,000 characters (--max-line-length)",
    ),
    "lines of one character each, repeated": ("a" * 999_999 + "\n", 5 * MIB, ""),
    "end marks": ("。" * 300_000 + "\n", 5 * MIB, ""),
    "lines of one letter": ("a\n", 16 * MIB, "more than 250,000 sentences (--max-sentences)"),
    "sentences of one word": ("Ab. ", 900_000, ""),
    "just below both limits": (f"{'word ' * 13}ab.\n", 16 * MIB - 69, ""),
    "heading of 900,000 characters": (f"# {'word ' * 180_000}\n\n" + "text\n\n" * 1000, 4 * MIB, ""),
    "white space": (" \t\r\n", 16 * MIB, ""),
    "paragraphs of short lines": (
        "x\n\n" + "a\n" * 4_000, 4 * MIB, "more than 250,000 sentences (--max-sentences)",
    ),
}  # fmt: skip


def text_of(shape: str, *, divided_by: int = 1) -> str:
    """A document of a shape, or one as many times smaller."""
    unit, size, _ = SHAPES[shape]
    return (unit * (size // len(unit.encode()) + 1))[: size // divided_by]


@pytest.mark.parametrize("shape", SHAPES)
def test_limits_decide_before_a_document_is_cut(tmp_path, tally, shape):
    """With documents and limits a hundredth of the size, the reasons are the same."""
    (tmp_path / "a.txt").write_text(text_of(shape, divided_by=100))
    unit, _, reason = SHAPES[shape]
    limits = {"max_bytes": 16 * MIB // 100, "max_line_chars": 10_000, "max_sentences": 2_500}
    # Long lines are not a hundredth as long.
    corpus = CorpusSettings(roots=("a.txt",), **({} if len(unit) > 10_000 else limits))
    observation = observe_entry(tmp_path, Entry(path="a.txt", kind=EntryKind.FILE), corpus)
    found = observation.record.reason
    if observation.source is not None:
        found = reason_of_cutting(observation.source, corpus.max_sentences)
    assert found.rpartition("(")[2] == reason.rpartition("(")[2]
    tally("E2", "shapes of documents against small limits", 1)


def reason_of_cutting(text: str, max_sentences: int) -> str:
    """Return why a document is not cut; empty if it is."""

    def count_tokens(texts: Sequence[str]) -> list[int]:
        return [1] * len(texts)

    try:
        cut_passages(read(text), PassageSettings(), count_tokens, max_sentences=max_sentences)
    except UnreadableSourceError as error:
        return str(error)
    return ""


def test_tokens_are_counted_a_batch_at_a_time(tally):
    """No more texts than a batch has are counted together, and none that is too long to be one."""
    batches: list[tuple[int, int]] = []

    def count_tokens(texts: Sequence[str]) -> list[int]:
        batches.append((len(texts), max(map(len, texts), default=0)))
        return [len(text.split()) for text in texts]

    for text in ("Ab. " * 9000, "word " * 90_000, "a" * 900_000, "。" * 90_000):
        cut_passages(read(text), PassageSettings(), count_tokens)
    assert max(texts for texts, _ in batches) <= 2048
    assert max(longest for _, longest in batches) <= 2000
    tally("E2", "batches of texts", len(batches))


@pytest.mark.torture
@pytest.mark.parametrize("shape", SHAPES)
def test_peak_of_memory_is_bounded(tmp_path, cache, tally, shape):
    """Indexing with the default model, in a process of its own, takes less than is documented."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.txt").write_text(text_of(shape))
    command = [sys.executable, "-m", "askdocs", "index"]
    child = subprocess.Popen(
        [*command, "--index", str(tmp_path / "vectors"), str(tmp_path / "docs")],
        env={**os.environ, "ASKDOCS_CACHE": str(cache)},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    with limited(child, 600):
        out = child.stdout.read().decode()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if reason := SHAPES[shape][2]:
        assert reason in out
    else:
        assert (child.returncode, "1 document" in out) == (0, True), out
    # Linux counts in KiB, macOS in bytes.
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    assert peak < MOST_BYTES
    tally("E2", "shapes of documents, peak of memory measured", 1)
