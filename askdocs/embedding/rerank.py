"""Score passages with a cross-encoder, which reads the question and a passage together."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Protocol

from askdocs.corpus.walk import source_path
from askdocs.disk.access import reason_of
from askdocs.embedding.admission import admit_module, listed_modules, read_object
from askdocs.embedding.model import locate_model
from askdocs.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray
    from sentence_transformers import CrossEncoder

# The default owner of a hub name, as in sentence-transformers.
_ORGANISATION = "cross-encoder"

MODULES = ("Transformer", "Pooling", "Dense", "LogitScore", "Normalize", "LayerNorm", "Dropout")
"""The sentence-transformers modules whose every file is known."""

_VOCABULARIES = ("tokenizer.json", "vocab.txt", "vocab.json", ".model")
_HEADS = ("ForSequenceClassification", "ForCausalLM")
_HINT = "--rerank DIRECTORY, or --online --rerank NAME to fetch it"
_OTHER_HINT = "choose another model with --rerank"


class Reranker(Protocol):
    """Says how well passages answer a question."""

    def score(self, question: str, texts: Sequence[str]) -> NDArray[np.float64]:
        """Score how well each text answers the question, in [0, 1]; higher is better.

        A text's score does not depend on the other texts, except for the last bits of a float.
        Tokens beyond the model's window are not read. There is one score for each text, in order.

        Raises:
            ModelError: The model cannot be loaded, does not return one score per pair, or
                returns NaN or infinity.
        """


def open_reranker(
    name: str, *, base: Path, notify: Callable[[str], None], online: bool = False
) -> Reranker:
    """Find and admit the cross-encoder `name`; the first question loads it.

    Args:
        name: See `locate_model`; the default owner is cross-encoder.
        base: The folder that relative directories start from.
        notify: Called with one line before loading, which takes seconds.
        online: Whether to ask the hub; otherwise only models fetched earlier are found.

    Raises:
        ModelError: There is no such model here, or it is not safe to load.
    """
    try:
        model = locate_model(_full_name(name, base), base=base, online=online)
    except ModelError as error:
        hint = "check the name and the network" if online else _HINT
        raise ModelError(str(error), hint=hint) from error
    try:
        _admit(model.directory)
    except ModelError as error:
        raise ModelError(str(error), hint=_OTHER_HINT) from error
    return _CrossEncoderReranker(name, model.directory, notify)


class _CrossEncoderReranker:
    """Loads its model for the first passages: a question that none answers does not need it."""

    def __init__(self, name: str, directory: Path, notify: Callable[[str], None]) -> None:
        self._name = name
        self._directory = directory
        self._notify = notify
        self._model: CrossEncoder | None = None

    def score(self, question: str, texts: Sequence[str]) -> NDArray[np.float64]:
        # Importing this module must not import NumPy.
        import numpy as np

        if not texts:
            return np.empty(0)
        if self._model is None:
            self._notify(f"loading the model {self._name}, which takes some seconds")
            self._model = self._load()
        pairs = [(question, text) for text in texts]
        scores = self._model.predict(pairs, show_progress_bar=False).astype(np.float64)
        if not np.isfinite(scores).all():
            message = f"the model {self._name} returns a score that is not a number"
            raise ModelError(message, hint=_OTHER_HINT)
        return scores

    def _load(self) -> CrossEncoder:
        from sentence_transformers import CrossEncoder
        from torch.nn import Sigmoid
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        try:
            model: CrossEncoder = CrossEncoder(
                str(self._directory),
                local_files_only=True,
                trust_remote_code=False,
                # Full precision whatever the file has: without a GPU, half precision is slower.
                model_kwargs={"use_safetensors": True, "dtype": "float32"},
                # Most models with one label ask for a sigmoid. Others give log-odds, which it maps
                # to [0, 1] in the same order. No model may name a function to call.
                activation_fn=Sigmoid(),
            )
        except (OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
            reason = str(error).strip().partition("\n")[0] or type(error).__name__
            message = f"the model {self._name} cannot be loaded: {reason}"
            raise ModelError(message, hint=_OTHER_HINT) from error
        if model.num_labels != 1:
            message = f"the model {self._name} returns {model.num_labels} labels, not one score"
            raise ModelError(message, hint=_OTHER_HINT)
        return model


def _full_name(name: str, base: Path) -> str:
    """Return the name that `locate_model` reads as a directory or as a model of cross-encoder."""
    if not name or "/" in name:
        return name
    return f"./{name}" if source_path(base, name).is_dir() else f"{_ORGANISATION}/{name}"


def _admit(directory: Path) -> None:
    """Refuse a model that is not safe to load, or has no trained part that scores pairs."""
    # Most cross-encoders are one transformer and have no modules.json.
    modules = [(directory, "Transformer")]
    if (directory / "modules.json").is_file():
        modules = listed_modules(directory, MODULES)
    for module, kind in modules:
        files = admit_module(module, kind)
        if kind == "Transformer":
            _require_head(directory, module)
            # Without a vocabulary, transformers makes an empty one.
            if not any(path.name.endswith(_VOCABULARIES) for path in files):
                raise ModelError(f"{module} has no tokenizer")
        for path in files:
            if path.suffix == ".safetensors":
                _require_whole(path)


def _require_head(directory: Path, transformer: Path) -> None:
    """Refuse a model to which transformers would add a head of random weights.

    A model saved as a cross-encoder has its own head; for other models, the architecture tells.
    """
    settings = directory / "config_sentence_transformers.json"
    if settings.is_file() and read_object(settings).get("model_type") == "CrossEncoder":
        return
    path = transformer / "config.json"
    architectures = read_object(path).get("architectures") or ["not given"]
    if not str(architectures[0]).endswith(_HEADS):
        raise ModelError(f"{path} is not a cross-encoder: its architecture is {architectures[0]}")


def _require_whole(path: Path) -> None:
    """Refuse truncated weights, and the pointer that a clone without Git LFS leaves.

    Source:
        https://huggingface.co/docs/safetensors: eight bytes with the length of a JSON header, the
        header with the span of each tensor, the tensors.
    """
    try:
        with path.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            size = path.stat().st_size - 8 - length
            header = json.loads(stream.read(length)) if size >= 0 else {}
        spans = [entry["data_offsets"] for key, entry in header.items() if key != "__metadata__"]
        end = max(end for _, end in spans)
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {reason_of(error)}") from error
    except (RecursionError, ValueError, AttributeError, KeyError, TypeError):
        end = None
    if end != size:
        raise ModelError(f"{path} is not a whole safetensors file")
