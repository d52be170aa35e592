"""A cache entry is read as it was written, or not at all."""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdocs.embedding.entry import Card, entry_directory, read_compiled, write_card

FINGERPRINT = "0123456789abcdef" * 4

CARD = Card(
    fingerprint=FINGERPRINT, dimension=384, token_dimension=96, window=256, positions=512,
    question_prompt="frage: ", sentence_prompt="", inputs=("input_ids", "attention_mask"), pad_id=1,
)  # fmt: skip
FILES = {"encoder.onnx": b"graph", "weights.bin": b"weights", "tokenizer.json": b"tokenizer"}


def write_entry(directory: Path) -> None:
    """Write an entry as the compiler does: its files, and then the card."""
    for name, content in FILES.items():
        (directory / name).write_bytes(content)
    write_card(directory, CARD)


def test_entry_comes_back_as_it_was_written(tmp_path):
    """Card and bytes are read as they were written; they are not other model's."""
    write_entry(tmp_path)
    entry = read_compiled(tmp_path, FINGERPRINT)
    assert entry is not None
    assert entry.is_whole()
    assert (entry.card, entry.tokenizer) == (CARD, FILES["tokenizer.json"])
    assert entry.graph == tmp_path / "encoder.onnx"
    assert read_compiled(tmp_path, "0" * 64) is None


@pytest.mark.parametrize("name", ["encoder.json", "encoder.onnx", "tokenizer.json"])
def test_fifo_in_an_entry_does_not_hang(tmp_path, name):
    """A FIFO, which would wait for a writer, is not a file of an entry."""
    write_entry(tmp_path)
    (tmp_path / name).unlink()
    os.mkfifo(tmp_path / name)
    assert read_compiled(tmp_path, FINGERPRINT) is None


@pytest.mark.parametrize("name", ["encoder.json", *FILES])
def test_entry_without_one_of_its_files_is_not_there(tmp_path, name):
    """An entry is whole or nothing."""
    write_entry(tmp_path)
    (tmp_path / name).unlink()
    assert read_compiled(tmp_path, FINGERPRINT) is None


@given(
    name=st.sampled_from(["encoder.json", *FILES]),
    position=st.integers(0, 2000),
    bit=st.integers(0, 7),
)
def test_flipped_bit_is_never_used(name, position, bit):
    """Whichever bit flips, what is read is what was written, or nothing."""
    with tempfile.TemporaryDirectory() as directory:
        write_entry(Path(directory))
        path = Path(directory) / name
        content = bytearray(path.read_bytes())
        content[position % len(content)] ^= 1 << bit
        path.write_bytes(content)
        entry = read_compiled(Path(directory), FINGERPRINT)
        # A flip of white space in the card may go unnoticed.
        if entry is not None and entry.is_whole():
            assert name == "encoder.json"
            assert (entry.card, entry.tokenizer) == (CARD, FILES["tokenizer.json"])


def test_missing_weights_are_not_whole(tmp_path):
    """Weights removed after the entry was read are not used."""
    write_entry(tmp_path)
    entry = read_compiled(tmp_path, FINGERPRINT)
    (tmp_path / "weights.bin").unlink()
    assert entry is not None
    assert not entry.is_whole()


@pytest.mark.parametrize("card", ["", "[]", "{}", '{"schema": 1, "scheme": "float32"}', "\ufffd"])
def test_broken_card_is_not_read(tmp_path, card):
    """Reading does not fail, whatever the card holds."""
    write_entry(tmp_path)
    (tmp_path / "encoder.json").write_text(card)
    assert read_compiled(tmp_path, FINGERPRINT) is None


def test_entry_lies_under_its_fingerprint_and_scheme(tmp_path):
    """Number format and schema are part of an entry's name, not of the fingerprint."""
    directory = entry_directory(tmp_path, FINGERPRINT)
    assert directory == tmp_path / "encoders" / f"{FINGERPRINT}-float32-3"


@pytest.mark.parametrize("fingerprint", ["", "../" * 21 + "x", "0" * 63, "G" * 64, "0" * 64 + "\n"])
def test_fingerprint_cannot_lead_elsewhere(tmp_path, fingerprint):
    """A manifest may say anything, but only digests become names."""
    with pytest.raises(ValueError, match="fingerprint must be 64 hexadecimal digits"):
        entry_directory(tmp_path, fingerprint)
