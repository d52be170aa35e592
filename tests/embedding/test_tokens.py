"""Questions and passages have the vectors of their tokens that transformers computes."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from askdocs.embedding.compile import export_graph, load_original
from askdocs.embedding.encoder import CompiledEncoder, open_session
from askdocs.embedding.entry import entry_directory, read_compiled
from askdocs.embedding.model import Encoder, Model, PassageText, TokenCodes
from askdocs.errors import ModelError
from tests.embedding.conftest import HIDDEN, WINDOW, compiled

MakeModel = Callable[..., Model]

PROMPTS = {"query": "query: ", "passage": "passage: "}
SENTENCES = ("the ship on the water", "Light! In 1969, the moon...", "", "rain")


@pytest.fixture
def prompted(make_model: MakeModel) -> Model:
    """A tiny model with prompts."""
    return make_model(prompts=PROMPTS)


@pytest.fixture
def encoder(prompted: Model, tmp_path: Path) -> Encoder:
    """Its compiled encoder."""
    return compiled(prompted, tmp_path)


class WithoutTokens(torch.nn.Module):
    """The last module of a model that tells only the vector of a text."""

    def forward(self, features: dict[str, Any]) -> dict[str, Any]:
        """Drop the vectors of tokens."""
        return {name: value for name, value in features.items() if name != "token_embeddings"}


def ids_of(model: Model, text: str) -> list[int]:
    """The tokens of a text, without special ones, by the tokenizer of transformers."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model.directory)
    ids: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
    return ids


def states(model: Model, ids: Sequence[int]) -> NDArray[np.float32]:
    """The last hidden states of transformers for tokens between [CLS] and [SEP], at unit length."""
    from transformers import AutoModel

    bert = AutoModel.from_pretrained(model.directory).eval()
    with torch.no_grad():
        hidden = bert(torch.tensor([[2, *ids, 3]])).last_hidden_state[0, 1:-1]
    unit: NDArray[np.float32] = torch.nn.functional.normalize(hidden, dim=-1).numpy()
    return unit


def signs(found: TokenCodes) -> NDArray[np.bool_]:
    """The bits of codes."""
    return np.unpackbits(found.codes, axis=1).astype(np.bool_)


def test_tokens_of_a_question_are_those_of_the_model(prompted, encoder):
    """Neither the prompt nor special tokens are among them, and each has its place in the text."""
    texts = ["Who saw the ship?", "rain", "", "moon 東京 light"]
    questions = encoder.embed_questions(texts)
    prompt = ids_of(prompted, PROMPTS["query"])
    for text, question in zip(texts, questions, strict=True):
        expected = states(prompted, [*prompt, *ids_of(prompted, text)])[len(prompt) :]
        assert question.tokens.shape == expected.shape
        np.testing.assert_allclose(question.tokens, expected, atol=1e-5)
    pieces = [[text[slice(*span)] for span in one.spans] for text, one in zip(texts, questions)]  # noqa: B905
    assert pieces[0][-3:] == ["the", "ship", "?"]
    assert "".join(pieces[0]) == "Whosawtheship?"
    assert pieces[1:] == [["rain"], [], ["moon", "東", "京", "light"]]


def test_codes_of_a_passage_are_the_signs_of_the_model(prompted, encoder):
    """The model reads the prompt, the context, a period and the sentences: all but the prompt."""
    [found] = encoder.embed_passages([PassageText("The ship", SENTENCES)])
    prompt = ids_of(prompted, PROMPTS["passage"])
    texts = [ids_of(prompted, text) for text in ("The ship.", *SENTENCES)]
    expected = states(prompted, list(chain(prompt, *texts)))[len(prompt) :]
    assert found.counts.tolist() == [len(ids) for ids in texts]
    assert (found.codes.dtype, found.counts.dtype) == (np.uint8, np.int32)
    np.testing.assert_array_equal(signs(found), expected > 0)


def test_context_is_cut_to_its_end(prompted, encoder):
    """What stands next to the passage counts: a quarter of a model of few positions."""
    long = " ".join(["moon"] * 100)
    found = encoder.embed_passages([PassageText(long, ("rain",)), PassageText("", ("rain",))])
    prompt = ids_of(prompted, PROMPTS["passage"])
    context = ids_of(prompted, f"{long}.")[-((WINDOW - 2 - len(prompt)) // 4) :]
    read = [*prompt, *context, *ids_of(prompted, "rain")]
    expected = states(prompted, read)[len(prompt) :] > 0
    assert [own.counts.tolist() for own in found] == [[len(context), 1], [0, 1]]
    np.testing.assert_array_equal(signs(found[0]), expected)
    assert (signs(found[1]) != expected[-1:]).any()


def test_long_passage_is_read_in_parts(prompted, encoder):
    """Each part begins with a sentence, after the context, which has the codes of the first part.

    Only one long sentence loses its end.
    """
    sentences = ("the light " * 12, "rain " * 80, "moon", "the ship " * 20, "water")
    [found] = encoder.embed_passages([PassageText("query", sentences)])
    prompt, context = ids_of(prompted, PROMPTS["passage"]), ids_of(prompted, "query.")
    room = WINDOW - 2 - len(prompt) - len(context)
    ids = [ids_of(prompted, text)[:room] for text in sentences]
    parts = [ids[0], ids[1], [*ids[2], *ids[3], *ids[4]]]
    read = [states(prompted, [*prompt, *context, *part])[len(prompt) :] > 0 for part in parts]
    expected = [read[0], *(each[len(context) :] for each in read[1:])]
    assert found.counts.tolist() == [len(context), 24, room, 1, 40, 1]
    np.testing.assert_array_equal(signs(found), np.concatenate(expected))
    assert all((read[0][: len(context)] != each[: len(context)]).any() for each in read[1:])


def test_codes_do_not_depend_on_the_batch(encoder):
    """Alone and among others a passage has the same codes; progress counts every passage.

    A context with nothing after it has none.
    """
    passages = [
        PassageText("moon " * (number % 9), tuple(["the ship"] * (number % 40) + ["", "rain"]))
        for number in range(60)
    ]
    passages += [PassageText("moon", ()), PassageText("moon", ("",))]
    told: list[int] = []
    found = encoder.embed_passages(passages, told.append)
    alone = [encoder.embed_passages([passage])[0] for passage in passages]
    for one, other in zip(found, alone, strict=True):
        assert one.counts.tolist() == other.counts.tolist()
        np.testing.assert_array_equal(one.codes, other.codes)
    assert [own.codes.shape for own in found[-2:]] == [(0, HIDDEN // 8)] * 2
    assert [own.counts.tolist() for own in found[-2:]] == [[0], [0, 0]]
    assert sum(told) == len(passages)


def test_model_without_vectors_of_tokens_has_none(prompted, encoder, tmp_path):
    """Its questions have no tokens, its passages no codes, and nothing counts any."""
    entry = read_compiled(entry_directory(tmp_path, encoder.fingerprint), encoder.fingerprint)
    assert entry is not None
    original = load_original(prompted.directory, attn_implementation="eager")
    original.append(WithoutTokens())
    (tmp_path / "graph").mkdir()
    export_graph(original, tmp_path / "graph")
    card = replace(entry.card, token_dimension=0)
    bare = CompiledEncoder(
        replace(entry, card=card), lambda: open_session(tmp_path / "graph" / "encoder.onnx")
    )
    [question], [expected] = bare.embed_questions(["rain"]), encoder.embed_questions(["rain"])
    [found] = bare.embed_passages([PassageText("moon", SENTENCES)])
    np.testing.assert_allclose(question.vector, expected.vector, atol=1e-6)
    assert (question.tokens.shape, question.spans) == ((0, 0), ())
    assert (found.codes.shape, found.counts.tolist()) == ((0, 0), [0] * (1 + len(SENTENCES)))


def test_codes_are_never_made_of_what_is_not_a_number(prompted, tmp_path):
    """A broken weight is an error, not a code of zeros."""
    from safetensors.numpy import load_file, save_file

    weights = load_file(prompted.directory / "model.safetensors")
    [query] = ids_of(prompted, "query")
    weights["embeddings.word_embeddings.weight"][query] = np.nan
    save_file(weights, prompted.directory / "model.safetensors", metadata={"format": "pt"})
    unprompted = {"prompts": {}}
    (prompted.directory / "config_sentence_transformers.json").write_text(json.dumps(unprompted))
    encoder = compiled(prompted, tmp_path / "broken")
    with pytest.raises(ModelError, match="returns vectors that are not numbers"):
        encoder.embed_passages([PassageText("", ("rain",)), PassageText("", ("query",))])


def test_positions_are_those_of_the_transformer(make_model, tmp_path):
    """A passage may be longer than the window of the model, if its transformer allows that."""
    encoder = compiled(make_model(window=16), tmp_path)
    entry = read_compiled(entry_directory(tmp_path, encoder.fingerprint), encoder.fingerprint)
    assert entry is not None
    assert (entry.card.window, entry.card.positions, entry.card.token_dimension) == (16, 64, 32)


def test_positions_of_padding_are_not_used(make_model, tmp_path):
    """RoBERTa counts positions after that of padding: with id 0, one of 40 is never used."""
    from transformers import RobertaConfig, RobertaModel

    model = make_model(window=16)
    config = RobertaConfig(
        vocab_size=200, hidden_size=HIDDEN, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=40, pad_token_id=0, initializer_range=0.5,
        type_vocab_size=1,
    )  # fmt: skip
    RobertaModel(config).save_pretrained(model.directory)
    encoder = compiled(model, tmp_path)
    entry = read_compiled(entry_directory(tmp_path, encoder.fingerprint), encoder.fingerprint)
    assert entry is not None
    assert (entry.card.window, entry.card.positions) == (16, 39)
    [found] = encoder.embed_passages([PassageText("", ("rain " * 50,))])
    assert found.counts.tolist() == [0, 37]
