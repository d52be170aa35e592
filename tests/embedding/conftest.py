"""Models that are small enough to be made and compiled in a test."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from askdocs.embedding.admission import fingerprint_model
from askdocs.embedding.compile import compile_model
from askdocs.embedding.compiled import open_compiled
from askdocs.embedding.model import Encoder, Model
from tests.conftest import write_tiny_tokenizer

WINDOW = 64
HIDDEN = 32
TOKENIZER = {
    "tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "[PAD]", "unk_token": "[UNK]",
    "cls_token": "[CLS]", "sep_token": "[SEP]",
}  # fmt: skip


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the transformer that all tiny models share: two layers, by a fixed seed."""
    import torch
    from transformers import BertConfig, BertModel

    directory = tmp_path_factory.mktemp("tiny_bert")
    words = ["the", "light", "ship", "query", "passage", "rain", "moon", "water"]
    vocabulary = write_tiny_tokenizer(directory / "tokenizer.json", words)
    _write_json(directory / "tokenizer_config.json", TOKENIZER)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=vocabulary, hidden_size=HIDDEN, num_hidden_layers=2, num_attention_heads=4,
        intermediate_size=64, max_position_embeddings=WINDOW,
        # Wide, so that texts get vectors that differ and a wrong pooling shows.
        initializer_range=0.5,
    )  # fmt: skip
    BertModel(config).save_pretrained(directory)
    return directory


@pytest.fixture
def make_model(tiny_bert: Path, tmp_path: Path) -> Callable[..., Model]:
    """Make a tiny model: `make_model(name, pooling="mean", normalize=True, prompts={})`."""

    def make(
        name: str = "tiny",
        *,
        pooling: Mapping[str, Any] | str = "mean",
        normalize: bool = True,
        prompts: Mapping[str, str] | None = None,
        window: int = WINDOW,
    ) -> Model:
        directory = tmp_path / name
        (directory / "1_Pooling").mkdir(parents=True)
        for file in tiny_bert.iterdir():
            (directory / file.name).write_bytes(file.read_bytes())
        kinds = [("", "Transformer"), ("1_Pooling", "Pooling")]
        kinds += [("2_Normalize", "Normalize")] if normalize else []
        modules = [
            {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
            for i, (path, kind) in enumerate(kinds)
        ]
        mode = {"pooling_mode": pooling} if isinstance(pooling, str) else pooling
        _write_json(directory / "modules.json", modules)
        _write_json(directory / "sentence_bert_config.json", {"max_seq_length": window})
        _write_json(
            directory / "1_Pooling" / "config.json", {"embedding_dimension": HIDDEN, **mode}
        )
        _write_json(directory / "config_sentence_transformers.json", {"prompts": prompts or {}})
        return Model(name=name, revision="", directory=directory)

    return make


def _write_json(path: Path, content: object) -> None:
    """Write a configuration file."""
    path.write_text(json.dumps(content))


def compiled(model: Model, cache: Path) -> Encoder:
    """The encoder of a model, compiled in this process."""
    fingerprint = fingerprint_model(model)
    compile_model(model, fingerprint, cache=cache)
    encoder = open_compiled(fingerprint, cache=cache)
    assert encoder is not None
    return encoder
