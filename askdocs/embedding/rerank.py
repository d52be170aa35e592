"""Score passages with a cross-encoder, which reads the question and a passage together."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Protocol

from askdocs.corpus.walk import source_path
from askdocs.disk.access import reason_of
from askdocs.embedding.admission import (
    listed_modules,
    read_object,
    refuse_pickles,
    require_own_configuration,
)
from askdocs.embedding.model import locate_model
from askdocs.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray
    from sentence_transformers import CrossEncoder


ORGANISATION = "cross-encoder"
"""Whose a model's name on the hub is without an owner, as for sentence-transformers."""

_MODULES = ("Transformer", "Pooling", "Dense", "LogitScore", "Normalize", "LayerNorm", "Dropout")
"""The sentence-transformers modules whose every file is known."""

_VOCABULARIES = ("tokenizer.json", "vocab.txt", "vocab.json", ".model")
_HEADS = ("ForSequenceClassification", "ForCausalLM")
_HINT = "--rerank DIRECTORY, or --online --rerank NAME to fetch it"
_OTHER_HINT = "choose another model with --rerank"


class Reranker(Protocol):
    """Says how well passages answer a question."""

    def score(self, question: str, texts: Sequence[str]) -> NDArray[np.float64]:
        """How well each text answers the question, higher is better.

        A text's score does not depend on the others, but for the last bits of a float.

        Args:
            question: The question.
            texts: Any number; what goes beyond the model's window is not read.

        Returns:
            Shape (len(texts),), in [0, 1].

        Raises:
            ModelError: If the model cannot be loaded, does not give one score for a pair, or
                gives one that is not a number.
        """
        ...


def open_reranker(
    name: str, *, base: Path, notify: Callable[[str], None], online: bool = False
) -> Reranker:
    """The cross-encoder `name`, found and admitted now and loaded by the first question.

    Args:
        name: A directory, or a hub name such as `owner/model`; without an owner it belongs to
            `ORGANISATION`.
        base: What relative directories are relative to.
        notify: Called with one line before the seconds that loading takes.
        online: Whether the hub may be asked; otherwise only what was fetched earlier is found.

    Raises:
        ModelError: If there is no such model here, or it is not safe to load.
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
    """A cross-encoder of sentence-transformers in this process."""

    def __init__(self, name: str, directory: Path, notify: Callable[[str], None]) -> None:
        """Load nothing yet: a question that no passage answers has no use for the model."""
        self._name = name
        self._directory = directory
        self._notify = notify
        self._model: CrossEncoder | None = None

    def score(self, question: str, texts: Sequence[str]) -> NDArray[np.float64]:
        """How well each text answers the question; see `Reranker`."""
        # Importing askdocs.embedding must not import NumPy.
        import numpy as np

        if not texts:
            return np.empty(0)
        if self._model is None:
            self._notify(f"loading the model {self._name}, which takes some seconds")
            self._model = self._load()
        pairs = [(question, text) for text in texts]
        scores = self._model.predict(pairs, show_progress_bar=False).astype(np.float64)
        if not np.isfinite(scores).all():
            message = f"the model {self._name} gives a score that is not a number"
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
                # In full precision, whatever the file has: without a GPU, half is slower.
                model_kwargs={"use_safetensors": True, "dtype": "float32"},
                # Most models of one label name it themselves. The others give log-odds, which it
                # maps to [0, 1] in the same order; and no model gets to name a function to call.
                activation_fn=Sigmoid(),
            )
        except (OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
            reason = str(error).strip().partition("\n")[0] or type(error).__name__
            message = f"the model {self._name} cannot be loaded: {reason}"
            raise ModelError(message, hint=_OTHER_HINT) from error
        if model.num_labels != 1:
            message = f"the model {self._name} gives {model.num_labels} labels, not one score"
            raise ModelError(message, hint=_OTHER_HINT)
        return model


def _full_name(name: str, base: Path) -> str:
    """A name that `locate_model` takes for nothing but what is meant here."""
    if not name or "/" in name:
        return name
    return f"./{name}" if source_path(base, name).is_dir() else f"{ORGANISATION}/{name}"


def _admit(directory: Path) -> None:
    """Refuse a model that is unsafe to load, or that has no trained part that scores pairs.

    Raises:
        ModelError: If it needs code of its own, keeps weights in pickles or has none, has a module
            of another kind than `_MODULES`, or is no cross-encoder.
    """
    for module, kind in _modules(directory):
        # Some modules need no file, and then no folder.
        files = sorted(path for path in module.glob("*") if path.is_file())
        refuse_pickles(module, files, needs_weights=kind == "Transformer")
        if kind == "Transformer":
            require_own_configuration(module)
            _require_head(directory, module)
            _require_vocabulary(module, files)
        for path in files:
            if path.suffix == ".safetensors":
                _require_whole(path)


def _modules(directory: Path) -> list[tuple[Path, str]]:
    """Directory and kind of each module; most cross-encoders are one transformer and list none."""
    path = directory / "modules.json"
    if not path.is_file():
        return [(directory, "Transformer")]
    try:
        entries = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read") from error
    return listed_modules(path, entries, _supported)


def _supported(full_name: str) -> str:
    package, _, name = full_name.rpartition(".")
    if package.partition(".")[0] != "sentence_transformers" or name not in _MODULES:
        raise ValueError(f"asks for {full_name}, which is not supported")
    return name


def _require_head(directory: Path, transformer: Path) -> None:
    """Refuse a model that transformers would give a head of random weights, and so random scores.

    A model that was saved as a cross-encoder has its own; of another one, the architecture tells.
    """
    settings = directory / "config_sentence_transformers.json"
    if settings.is_file() and read_object(settings).get("model_type") == "CrossEncoder":
        return
    path = transformer / "config.json"
    architectures = read_object(path).get("architectures") or ["not given"]
    if not str(architectures[0]).endswith(_HEADS):
        raise ModelError(f"{path} is of no cross-encoder: its architecture is {architectures[0]}")


def _require_vocabulary(transformer: Path, files: Sequence[Path]) -> None:
    """Refuse a model without a vocabulary, for which transformers makes an empty one."""
    if not any(path.name.endswith(_VOCABULARIES) for path in files):
        raise ModelError(f"{transformer} has no tokenizer")


def _require_whole(path: Path) -> None:
    """Refuse weights that are cut off, or the pointer that a clone without Git LFS leaves.

    Source:
        https://huggingface.co/docs/safetensors: eight bytes with the length of a JSON header, the
        header with the span of each tensor, the tensors.
    """
    try:
        with path.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            size = path.stat().st_size - 8 - length
            header = json.loads(stream.read(length)) if size >= 0 else {}
        end = max(one["data_offsets"][1] for name, one in header.items() if name != "__metadata__")
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {reason_of(error)}") from error
    except (ValueError, AttributeError, KeyError, TypeError, IndexError):
        end = None
    if end != size:
        raise ModelError(f"{path} is not a whole safetensors file")
