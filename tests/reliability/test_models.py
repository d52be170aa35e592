"""Row M1: no question is searched with another model, and no model brings code along."""

import hashlib
import json
import os
import pickle
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from askdocs.embedding.entry import CARD, GRAPH, TOKENIZER, WEIGHTS
from askdocs.index.generation import open_generation
from tests.limits import Ran
from tests.reliability.states import Run

ASK = ("ask", "--min-score", "0", "harbour")


@pytest.fixture
def model(tmp_path: Path, tiny_model: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A private model in the current folder, and an index of docs/ made with it."""
    folder = tmp_path / "folder"
    (folder / "docs").mkdir(parents=True)
    (folder / "docs" / "a.txt").write_text("The harbour froze in March.")
    shutil.copytree(tiny_model, folder / "model")
    monkeypatch.chdir(folder)
    assert run("index", "--model", "model", "docs").status == 0
    return folder / "model"


@pytest.fixture
def searches(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The questions that ranking has been asked."""
    from askdocs.ranking import order

    asked: list[str] = []
    real = order.rank

    def noting(reader: Any, question: str, *arguments: Any, **named: Any) -> Any:
        asked.append(question)
        return real(reader, question, *arguments, **named)

    monkeypatch.setattr(order, "rank", noting)
    return asked


def entry_of(cache: Path) -> Path:
    """Return a private copy of the cache's entry for the model of the index."""
    fingerprint = open_generation(Path("vectors")).manifest.model.fingerprint
    [entry] = (cache / "encoders").glob(f"{fingerprint}-*")
    if entry.is_symlink():
        whole = entry.resolve()
        entry.unlink()
        shutil.copytree(whole, entry)
    return entry


def forget(cache: Path) -> None:
    """Let the cache have no compiled model, so that one is made of the model's own files."""
    for entry in (cache / "encoders").iterdir():
        entry.unlink() if entry.is_symlink() else shutil.rmtree(entry)


def edit(path: Path, **values: object) -> None:
    """Change fields of a JSON object."""
    content = json.loads(path.read_bytes()) if path.exists() else {}
    path.write_text(json.dumps(content | values))


def assert_refused(ran: Ran, asked: list[str], *parts: str) -> None:
    """Status 5 in one line and a hint, nothing printed, nothing searched."""
    lines = [line for line in ran.err.splitlines() if "compiling the model" not in line]
    assert (ran.status, ran.out, asked) == (5, "", [])
    assert lines[0].startswith("askdocs: ")
    assert lines[1].startswith("hint: ")
    assert len(lines) == 2
    for part in parts:
        assert part in lines[0]


OTHERS = {
    "weights": None,
    "pooling": ("1_Pooling/config.json", {"pooling_mode": "cls"}),
    "prompts": ("config_sentence_transformers.json", {"prompts": {"query": "query: "}}),
    "tokenizer": None,
    "window": ("sentence_bert_config.json", {"max_seq_length": 32}),
}


def make_other(model: Path, change: str) -> None:
    """Change a model so that its vectors are others of the same dimension."""
    from safetensors.numpy import load_file, save_file

    if change == "weights":
        weights = load_file(model / "model.safetensors")
        name = "embeddings.word_embeddings.weight"
        weights[name] = np.random.default_rng(1).permuted(weights[name], axis=0)
        save_file(weights, model / "model.safetensors", metadata={"format": "pt"})
    elif change == "tokenizer":
        content = json.loads((model / "tokenizer.json").read_bytes())["model"]
        vocabulary = content["vocab"]
        vocabulary["a"], vocabulary["b"] = vocabulary["b"], vocabulary["a"]
        edit(model / "tokenizer.json", model=content)
    else:
        name, values = OTHERS[change]
        edit(model / name, **values)


@pytest.mark.torture
@pytest.mark.parametrize("change", OTHERS)
def test_other_model_in_the_same_place_is_not_searched_with(
    model, run, cache, searches, tally, *, change
):
    """A model that has changed is refused, until a rebuild embeds with it."""
    make_other(model, change)
    forget(cache)
    refused = run(*ASK)
    assert_refused(refused, searches, "the index was made with another ./model")
    assert run("ask", "--mode", "lexical", "harbour").status == 0
    assert run("index", "--rebuild").status == 0
    assert run(*ASK).status == 0
    tally("M1", "other models in the same place", 1)


def test_question_needs_no_file_of_the_model(model, run, cache, searches, tally):
    """What is compiled answers as before, whatever has become of the model since."""
    before = run(*ASK)
    for change in OTHERS:
        make_other(model, change)
        assert run(*ASK) == before
    assert searches == ["harbour"] * 6
    tally("M1", "changes of a model that is compiled", len(OTHERS))


@dataclass
class Harmful:
    """Creates a folder when it is unpickled."""

    marker: Path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.marker),)


HARMFUL = {
    "pytorch_model.bin": "pytorch_model.bin is a pickle, and only safetensors weights are loaded",
    "modules.json": "modules.json asks for code of the model's own: modeling.Transformer",
    "sentence_bert_config.json": "sentence_bert_config.json asks for code from elsewhere: owner/kernel",
    "adapter_config.json": "adapter_config.json asks for another model",
}


def make_harmful(model: Path, name: str, marker: Path) -> None:
    """Let a model bring code along, in a file of that name or by what the file says."""
    harm = pickle.dumps(Harmful(marker))
    (model / "modeling.py").write_text(f"import os\nos.mkdir({str(marker)!r})\n")
    match name:
        case "pytorch_model.bin":
            (model / "model.safetensors").unlink()
            (model / name).write_bytes(harm)
        case "modules.json":
            content = (model / name).read_text()
            (model / name).write_text(
                content.replace("sentence_transformers.models", "modeling", 1)
            )
        case "sentence_bert_config.json":
            kernel = {"attn_implementation": "owner/kernel", "allow_all_kernels": True}
            edit(model / name, model_kwargs=kernel)
        case "adapter_config.json":
            edit(model / name, base_model_name_or_path="owner/model")
            (model / "adapter_model.bin").write_bytes(harm)


@pytest.mark.parametrize("name", HARMFUL)
def test_model_that_brings_code_is_refused_and_none_of_it_runs(
    *, model, run, cache, searches, tally, tmp_path, name
):
    """Neither a question nor an index loads pickles or code, in this process or in a child."""
    marker = tmp_path / "harm"
    make_harmful(model, name, marker)
    forget(cache)
    for command in (ASK, ("index", "--rebuild")):
        assert_refused(run(*command), searches, HARMFUL[name])
    assert not marker.exists()
    tally("M1", "models that bring code", 2)


def test_the_harm_is_real(tmp_path):
    """What the tests above prove absent would be there if a pickle were loaded."""
    pickle.loads(pickle.dumps(Harmful(tmp_path / "harm")))  # noqa: S301 - that it is harmful
    assert (tmp_path / "harm").exists()


@pytest.mark.torture
@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999])
def test_weights_that_are_cut_off_are_refused(model, run, cache, searches, tally, *, share):
    """What a broken download leaves does not compile, and the error names the model."""
    weights = model / "model.safetensors"
    content = weights.read_bytes()
    weights.write_bytes(content[: int(share * len(content))])
    forget(cache)
    for command in (ASK, ("index", "--rebuild")):
        message = "the model ./model cannot be compiled: "
        assert_refused(run(*command), searches, message, "SafetensorError")
    tally("M1", "weights cut off", 2)


def spoil(path: Path, how: str) -> None:
    """Damage a file, or put something else in the place of a file or folder."""
    if how == "flipped bit":
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        return
    if how == "half":
        os.truncate(path, path.stat().st_size // 2)
        return
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    if how == "pipe":
        os.mkfifo(path)
    elif how == "folder":
        path.mkdir()
    elif how == "file":
        path.write_bytes(b"encoder")
    elif how != "nothing":
        path.symlink_to(path if how == "link to itself" else "/dev/zero")


DAMAGES = ["flipped bit", "half", "pipe", "folder", "link to zeros", "nothing"]
THINGS = ["pipe", "file", "link to itself", "nothing"]
FILES = [CARD, GRAPH, WEIGHTS, TOKENIZER]


def test_damaged_entry_is_not_used(*, model, run, cache, searches, tally, tmp_path):
    """Whatever a compiled model, or a file of it, becomes, none of it runs, and nothing waits."""
    entry = entry_of(cache)
    whole = tmp_path / "whole"
    shutil.copytree(entry, whole)
    model.rename(tmp_path / "gone")
    damages = [(entry / name, damage) for name in FILES for damage in DAMAGES]
    for path, damage in (*damages, *((entry, thing) for thing in THINGS)):
        spoil(path, damage)
        assert_refused(run(*ASK), searches, "model")
        if os.path.lexists(entry):
            spoil(entry, "nothing")
        shutil.copytree(whole, entry)
    assert run(*ASK).status == 0
    tally("M1", "damaged files of a compiled model", len(damages))
    tally("M1", "things in the place of a compiled model", len(THINGS))


def sign(entry: Path, **values: object) -> None:
    """Change fields of a card, and its checksum with them."""
    card = json.loads((entry / CARD).read_bytes())
    body = {name: value for name, value in card.items() if name != "checksum"} | values
    body = {name: value for name, value in body.items() if value is not ...}
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
    checksum = hashlib.sha256(canonical).hexdigest()
    (entry / CARD).write_text(json.dumps(body | {"checksum": checksum}))


FORGERIES: list[dict[str, object]] = [
    {"dimension": 8}, {"dimension": 0}, {"dimension": "16"}, {"dimension": ...},
    {"token_dimension": 8}, {"token_dimension": -1}, {"token_dimension": ...},
    {"positions": 8}, {"positions": "256"},
    {"window": -1}, {"window": None}, {"inputs": []}, {"inputs": ["input_ids", "x"]},
    {"inputs": ["input_ids"]}, {"inputs": 3}, {"pad_id": -1}, {"pad_id": 10**6},
    {"pad_id": [0]}, {"question_prompt": 3}, {"sentence_prompt": "other words come first "},
    {"files": {}}, {"files": []}, {"files": {GRAPH: 1, WEIGHTS: 2, TOKENIZER: 3}},
    {"schema": 1}, {"scheme": "int8"}, {"fingerprint": "ab" * 32}, {"fingerprint": 3},
]  # fmt: skip


def test_forged_card_is_no_crash(*, model, run, cache, searches, tally, tmp_path):
    """A card that is signed and says something else is refused, or changes no answer."""
    before = run(*ASK)
    searches.clear()
    entry = entry_of(cache)
    card = (entry / CARD).read_bytes()
    model.rename(tmp_path / "gone")
    for values in FORGERIES:
        (entry / CARD).write_bytes(card)
        sign(entry, **values)
        ran = run(*ASK)
        # A token that fills up a batch is not looked at, and a question alone has none.
        if values == {"pad_id": 10**6}:
            assert ran == before
            searches.clear()
        else:
            assert_refused(ran, searches)
    tally("M1", "forged cards", len(FORGERIES))


def test_text_that_the_model_cannot_read_is_refused(model, run, cache, searches, tally):
    """A window that is longer than the positions of the model is found by the first long text."""
    sign(entry_of(cache), window=5000, positions=5000)
    refused = run("ask", "--min-score", "0", "harbour " * 400)
    assert_refused(refused, searches, "the model fails on a text of 2802 tokens")
    assert run(*ASK).status == 0
    tally("M1", "windows longer than the model", 1)


def test_entry_of_another_model_is_found_out_by_its_probe(model, run, cache, searches, tally):
    """Another model's encoder under this one's name and signature returns other vectors."""
    entry = entry_of(cache)
    fingerprint = open_generation(Path("vectors")).manifest.model.fingerprint
    [other] = [one for one in (cache / "encoders").iterdir() if one.name != entry.name]
    shutil.rmtree(entry)
    shutil.copytree(other.resolve(), entry)
    sign(entry, fingerprint=fingerprint)
    assert_refused(run(*ASK), searches, "the index was made with another ./model")
    tally("M1", "encoders of another model under the name of this one", 1)
