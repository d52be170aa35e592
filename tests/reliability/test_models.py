"""Row M1: no question is searched with another model, and no model brings code along."""

import hashlib
import json
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from askdocs.embedding.entry import CARD, GRAPH, TOKENIZER, WEIGHTS
from askdocs.index.generation import open_generation
from tests.reliability.signatures import Ran, Run, Tally

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


def other_weights(model: Path) -> None:
    """Another model of the same dimension."""
    from safetensors.numpy import load_file, save_file

    weights = load_file(model / "model.safetensors")
    random = np.random.default_rng(1)
    name = "embeddings.word_embeddings.weight"
    weights[name] = random.permuted(weights[name], axis=0)
    save_file(weights, model / "model.safetensors", metadata={"format": "pt"})


def other_pooling(model: Path) -> None:
    """The first token's vector, not the mean."""
    edit(model / "1_Pooling" / "config.json", pooling_mode="cls")


def other_prompts(model: Path) -> None:
    """Words that go before every question."""
    edit(model / "config_sentence_transformers.json", prompts={"query": "query: "})


def other_tokenizer(model: Path) -> None:
    """Letters that stand for others."""
    tokenizer = json.loads((model / "tokenizer.json").read_bytes())
    vocabulary = tokenizer["model"]["vocab"]
    vocabulary["a"], vocabulary["b"] = vocabulary["b"], vocabulary["a"]
    (model / "tokenizer.json").write_text(json.dumps(tokenizer))


def other_window(model: Path) -> None:
    """Fewer tokens are read."""
    edit(model / "sentence_bert_config.json", max_seq_length=32)


OTHERS = [other_weights, other_pooling, other_prompts, other_tokenizer, other_window]


@pytest.mark.torture
@pytest.mark.parametrize("change", OTHERS, ids=lambda one: one.__name__)
def test_other_model_in_the_same_place_is_not_searched_with(
    model: Path, run: Run, cache: Path, searches: list[str], tally: Tally,
    *, change: Callable[[Path], None],
) -> None:  # fmt: skip
    """A model that has changed is refused, until a rebuild embeds with it."""
    change(model)
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
        change(model)

        assert run(*ASK) == before
    assert searches == ["harbour"] * 6
    tally("M1", "changes of a model that is compiled", len(OTHERS))


class Harmful:
    """Creates a folder when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        """Take the file."""
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        """Create the folder when this is unpickled."""
        return os.mkdir, (str(self.marker),)


def pickled_weights(model: Path, marker: Path) -> str:
    """Weights in a pickle alone."""
    (model / "model.safetensors").unlink()
    (model / "pytorch_model.bin").write_bytes(pickle.dumps(Harmful(marker)))
    return "pytorch_model.bin is a pickle, and only safetensors weights are loaded"


def pickled_weights_of_a_later_module(model: Path, marker: Path) -> str:
    """A layer after the transformer in a pickle, beside safetensors of another name."""
    dense = model / "2_Dense"
    dense.mkdir()
    (dense / "config.json").write_text(
        json.dumps({
            "in_features": 16, "out_features": 16, "bias": True,
            "activation_function": "torch.nn.modules.activation.Tanh",
        })
    )  # fmt: skip
    (dense / "pytorch_model.bin").write_bytes(pickle.dumps(Harmful(marker)))
    shutil.copy(model / "model.safetensors", dense / "other.safetensors")
    modules = json.loads((model / "modules.json").read_bytes())
    kind = "sentence_transformers.models.Dense"
    modules.append({"idx": 2, "name": "2", "path": "2_Dense", "type": kind})
    (model / "modules.json").write_text(json.dumps(modules))
    return "pytorch_model.bin is a pickle, and only safetensors weights are loaded"


def own_code(model: Path, marker: Path) -> None:
    """Put code that does harm beside the model."""
    (model / "modeling.py").write_text(f"import os\nos.mkdir({str(marker)!r})\n")


def code_of_the_transformer(model: Path, marker: Path) -> str:
    """A configuration that names a class of the model's own."""
    own_code(model, marker)
    edit(model / "config.json", auto_map={"AutoModel": "modeling.Model"})
    return "config.json asks for code of the model's own: auto_map"


def code_of_the_tokenizer(model: Path, marker: Path) -> str:
    """A configuration that names a tokenizer of the model's own."""
    own_code(model, marker)
    edit(model / "tokenizer_config.json", auto_map={"AutoTokenizer": ["modeling.Tokens", None]})
    return "tokenizer_config.json asks for code of the model's own: auto_map"


def code_of_a_module(model: Path, marker: Path) -> str:
    """A list of modules of which one is the model's own."""
    own_code(model, marker)
    modules = json.loads((model / "modules.json").read_bytes())
    modules[0]["type"] = "modeling.Transformer"
    (model / "modules.json").write_text(json.dumps(modules))
    return "modules.json asks for code of the model's own: modeling.Transformer"


def kernel_of_attention(model: Path, marker: Path) -> str:
    """A configuration that names compiled code on the hub."""
    edit(
        model / "sentence_bert_config.json",
        model_kwargs={"attn_implementation": "owner/kernel", "allow_all_kernels": True},
    )
    return "sentence_bert_config.json asks for code from elsewhere: owner/kernel"


def adapter(model: Path, marker: Path) -> str:
    """A part of a model, whose other part is somewhere else."""
    edit(model / "adapter_config.json", base_model_name_or_path="owner/model")
    (model / "adapter_model.bin").write_bytes(pickle.dumps(Harmful(marker)))
    return "adapter_config.json asks for another model"


HARMFUL = [
    pickled_weights, pickled_weights_of_a_later_module, code_of_the_transformer,
    code_of_the_tokenizer, code_of_a_module, kernel_of_attention, adapter,
]  # fmt: skip


@pytest.mark.parametrize("harm", HARMFUL, ids=lambda one: one.__name__)
def test_model_that_brings_code_is_refused_and_none_of_it_runs(
    *, model: Path, run: Run, cache: Path, searches: list[str], tally: Tally, tmp_path: Path,
    harm: Callable[[Path, Path], str],
) -> None:  # fmt: skip
    """Neither a question nor an index loads pickles or code, in this process or in a child."""
    marker = tmp_path / "harm"
    message = harm(model, marker)
    forget(cache)

    assert_refused(run(*ASK), searches, message)
    assert_refused(run("index", "--rebuild"), searches, message)
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

    refused = run(*ASK)
    assert_refused(refused, searches, "the model ./model cannot be compiled: ", "SafetensorError")
    assert_refused(
        run("index", "--rebuild"), searches, "./model cannot be compiled: ", "SafetensorError"
    )
    tally("M1", "weights cut off", 2)


def flip(path: Path) -> None:
    """Flip one bit in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def truncate(path: Path) -> None:
    """Cut a file in half."""
    os.truncate(path, path.stat().st_size // 2)


def pipe(path: Path) -> None:
    """Put a pipe in a file's place."""
    path.unlink()
    os.mkfifo(path)


def make_folder(path: Path) -> None:
    """Put a folder in a file's place."""
    path.unlink()
    path.mkdir()


def link_to_zeros(path: Path) -> None:
    """Put a link to a file without an end in a file's place."""
    path.unlink()
    path.symlink_to("/dev/zero")


def remove(path: Path) -> None:
    """Remove a file."""
    path.unlink()


DAMAGES = [flip, truncate, pipe, make_folder, link_to_zeros, remove]
FILES = [CARD, GRAPH, WEIGHTS, TOKENIZER]


def test_damaged_entry_is_not_used(*, model, run, cache, searches, tally, tmp_path):
    """However a file of a compiled model is damaged, none of it runs, and nothing waits.

    The model itself is gone too, so that it cannot be compiled again.
    """
    entry = entry_of(cache)
    whole = tmp_path / "whole"
    shutil.copytree(entry, whole)
    model.rename(tmp_path / "gone")
    for name in FILES:
        for damage in DAMAGES:
            damage(entry / name)

            assert_refused(run(*ASK), searches, "model")
            shutil.rmtree(entry)
            shutil.copytree(whole, entry)
    assert run(*ASK).status == 0
    tally("M1", "damaged files of a compiled model", len(FILES) * len(DAMAGES))


def put_in_place_of(entry: Path, thing: str) -> None:
    """Replace a compiled model with a pipe, a file, a link to itself or nothing."""
    shutil.rmtree(entry)
    if thing == "pipe":
        os.mkfifo(entry)
    elif thing == "file":
        entry.write_bytes(b"encoder")
    elif thing == "link":
        entry.symlink_to(entry)


@pytest.mark.parametrize("thing", ["pipe", "file", "link", "nothing"])
def test_thing_in_the_place_of_an_entry_is_not_used(
    *, model: Path, run: Run, cache: Path, searches: list[str], tally: Tally, tmp_path: Path,
    thing: str,
) -> None:  # fmt: skip
    """What stands where the compiled model should is not one, and nothing waits for it."""
    put_in_place_of(entry_of(cache), thing)
    model.rename(tmp_path / "gone")

    assert_refused(run(*ASK), searches, "model")
    tally("M1", "things in the place of a compiled model", 1)


@pytest.mark.torture
@pytest.mark.parametrize("thing", ["pipe", "file", "link", "damage"])
def test_what_is_no_entry_gives_way_to_a_whole_one(model, run, cache, tally, *, thing):
    """Where the model is here, it is compiled into the place of whatever stands there."""
    entry = entry_of(cache)
    if thing == "damage":
        flip(entry / WEIGHTS)
    else:
        put_in_place_of(entry, thing)

    first, second = run(*ASK), run(*ASK)

    assert (first.status, second.status, second.err) == (0, 0, "")
    assert first.err.startswith("askdocs: compiling the model ./model once")
    assert sorted(path.name for path in entry.iterdir()) == sorted(FILES)
    tally("M1", "compiled models made again", 1)


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
    sign(entry_of(cache), window=5000)

    refused = run("ask", "--min-score", "0", "harbour " * 400)

    assert_refused(refused, searches, "the model fails on a text of 2802 tokens")
    assert run(*ASK).status == 0
    tally("M1", "windows longer than the model", 1)


def test_entry_of_another_model_is_found_out_by_its_probe(model, run, cache, searches, tally):
    """Another model's encoder under this one's name and signature returns other vectors."""
    from askdocs.embedding.model import DEFAULT_MODEL

    entry = entry_of(cache)
    fingerprint = open_generation(Path("vectors")).manifest.model.fingerprint
    [other] = [one for one in (cache / "encoders").iterdir() if one.name != entry.name]
    shutil.rmtree(entry)
    shutil.copytree(other.resolve(), entry)
    sign(entry, fingerprint=fingerprint)

    assert_refused(run(*ASK), searches, "the index was made with another ./model")
    assert DEFAULT_MODEL not in run(*ASK).out
    tally("M1", "encoders of another model under the name of this one", 1)


def test_reranker_in_a_pickle_is_refused_before_any_search(
    model: Path, run: Run, searches: list[str], tally: Tally, tmp_path: Path,
    *, tiny_reranker: Path,
) -> None:  # fmt: skip
    """A model that would only order what was found is admitted before anything is looked for."""
    reranker = tmp_path / "reranker"
    shutil.copytree(tiny_reranker, reranker)
    [weights] = reranker.rglob("model.safetensors")
    weights.unlink()
    marker = tmp_path / "harm"
    weights.with_name("pytorch_model.bin").write_bytes(pickle.dumps(Harmful(marker)))

    refused = run("ask", "--rerank", reranker, "--min-score", "0", "harbour")

    assert_refused(refused, searches, "pytorch_model.bin is a pickle")
    assert not marker.exists()
    tally("M1", "rerankers in a pickle", 1)
