"""Compile a model into the per-user cache: `python -m askdocs.embedding.compile --cache DIR`."""

from __future__ import annotations

import argparse
import errno
import json
import os
import sys
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from askdocs.disk import access, durable
from askdocs.embedding.admission import fingerprint_model
from askdocs.embedding.child import NO_ROOM_HINT
from askdocs.embedding.compiled import open_compiled
from askdocs.embedding.entry import (
    GRAPH,
    TOKENIZER,
    WEIGHTS,
    Card,
    entry_directory,
    read_entry,
    write_card,
)
from askdocs.embedding.model import DEFAULT_MODEL, locate_model
from askdocs.errors import AskdocsError, ModelError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import torch
    from sentence_transformers import SentenceTransformer

    from askdocs.embedding.model import Model

DEFAULT_WINDOW = 512
"""The window of a model that states none."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Compile a model unless the cache has it, and report one line of JSON on standard output.

    The line has `fingerprint` and `directory`, or `error`, `hint` and `status`.

    Returns:
        The exit status.
    """
    options = _parse(arguments)
    try:
        model = locate_model(options.model, base=Path.cwd())
        fingerprint = fingerprint_model(model)
        if open_compiled(fingerprint, cache=options.cache) is None:
            compile_model(model, fingerprint, cache=options.cache)
    except AskdocsError as error:
        status = int(error.exit_status)
        print(json.dumps({"error": str(error), "hint": error.hint, "status": status}))  # noqa: T201
        return status
    directory = str(entry_directory(options.cache, fingerprint))
    print(json.dumps({"fingerprint": fingerprint, "directory": directory}))  # noqa: T201
    return 0


def compile_model(model: Model, fingerprint: str, *, cache: Path) -> None:
    """Compile a model into the cache, where its entry appears whole or not at all.

    Whoever compiles the same model at the same moment makes the same encoder: the first one
    stays.

    Args:
        model: A model that `fingerprint_model` has admitted.
        fingerprint: Its fingerprint.
        cache: The per-user cache directory; made if it does not exist.

    Raises:
        ModelError: If the model has no tokenizer that can be used without transformers, or if the
            compiled encoder does not give the vectors that sentence-transformers gives.
        RefusedError: If the disk refuses.
    """
    directory = entry_directory(cache, fingerprint)
    # Eager attention: the other implementations choose their path by the traced length.
    original = load_original(model.directory, attn_implementation="eager")
    tokenizer = _tokenizer(original, model)
    try:
        durable.make_folders(directory.parent)
        with durable.temporary_folder(".compiling-", parent=directory.parent) as temporary:
            complete = temporary / "complete"
            durable.make_folders(complete)
            durable.write_new(complete / TOKENIZER, tokenizer)
            _compile(original, fingerprint, complete)
            _publish(complete, directory)
    except OSError as error:
        message = f"the cache {cache} cannot be written: {access.reason_of(error)}"
        raise RefusedError(message, hint=NO_ROOM_HINT) from error


def _compile(original: SentenceTransformer, fingerprint: str, directory: Path) -> None:
    """Write a model as an encoder beside its tokenizer, and compare it with the model."""
    # PyTorch takes seconds to import, which a cached encoder must not cost.
    from askdocs.embedding.encoder import require_same_vectors

    inputs = export_graph(original, directory)
    card = Card(
        fingerprint=fingerprint,
        dimension=len(original.encode("", show_progress_bar=False)),
        window=original.max_seq_length or DEFAULT_WINDOW,
        question_prompt=original.prompts.get("query") or "",
        sentence_prompt=_sentence_prompt(original),
        inputs=inputs,
        pad_id=original.tokenizer.pad_token_id or 0,
    )
    write_card(directory, card)
    compiled = read_entry(directory, fingerprint)
    if compiled is None:
        raise OSError(errno.EIO, "what was written does not come back")
    require_same_vectors(compiled, original)


def _sentence_prompt(original: SentenceTransformer) -> str:
    """The prompt for documents, which models name in two ways."""
    return original.prompts.get("document") or original.prompts.get("passage") or ""


def _tokenizer(original: SentenceTransformer, model: Model) -> bytes:
    """The tokenizer as sentence-transformers configures it, in the format of `tokenizers`."""
    backend = getattr(original.tokenizer, "backend_tokenizer", None)
    if backend is None:
        message = f"the model {model.name} has no tokenizer in the format of tokenizers"
        raise ModelError(message, hint="choose another model with --model")
    return bytes(backend.to_str(), "utf-8")


def _publish(complete: Path, directory: Path) -> None:
    """Give a complete entry its name, unless a good one has it.

    Raises:
        OSError: If the disk refuses.
    """
    try:
        durable.rename_over(complete, directory)
    except OSError:
        # An entry is there: another process has been faster, or it is one that is no good.
        entry = read_entry(directory, directory.name.partition("-")[0])
        if entry is None or not entry.is_whole():
            durable.rename_over(directory, complete.with_name("damaged"))
            durable.rename_over(complete, directory)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(
        prog="python -m askdocs.embedding.compile",
        description="Compile a model into the cache, unless it is there.",
    )
    parser.add_argument("--cache", type=Path, required=True, help="the per-user cache directory")
    parser.add_argument("model", nargs="?", default=DEFAULT_MODEL, help="name or path of a model")
    return parser.parse_args(arguments)


def load_original(
    directory: Path,
    *,
    device: str = "cpu",
    **settings: Any,  # noqa: ANN401 - as they are passed on
) -> SentenceTransformer:
    """The model in a directory, in the precision that is compiled, without the hub.

    Args:
        directory: Where modules.json is.
        device: Where it shall run, as PyTorch calls it.
        settings: More of what the transformer is loaded with.
    """
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    original = SentenceTransformer(
        str(directory),
        device=device,
        local_files_only=True,
        trust_remote_code=False,
        model_kwargs={"use_safetensors": True, **settings},
    )
    return original.float().eval()


TRACED_TEXTS = (
    "A short sentence.",
    "A sentence that is longer, so that the first is padded.",
)
"""What is traced: two lengths, so that no shortcut for a batch without padding gets recorded."""

WEIGHT_BYTES = 1024
"""Smaller ones stay in the graph: most are shapes, which a graph without them cannot check."""

INPUTS = ("input_ids", "attention_mask", "token_type_ids")

KNOWN_WARNINGS: tuple[tuple[str, type[Warning]], ...] = (
    ("You are using the legacy TorchScript-based ONNX export", DeprecationWarning),
    ("The feature will be removed", DeprecationWarning),
    ("Exporting aten::index operator of advanced indexing", UserWarning),
    # The exporter's own class of warning, which is a Warning and no UserWarning.
    ("Converting a tensor to a Python boolean", Warning),
)
"""What the exporter says about every model; the comparison after it finds what would matter."""


def _whole_model(model: SentenceTransformer, inputs: Sequence[str]) -> torch.nn.Module:
    """Put all modules of a model in a row, from token ids to vectors of unit length."""
    import torch

    class WholeModel(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.modules_in_order = torch.nn.ModuleList(model)

        def forward(self, *tensors: torch.Tensor) -> torch.Tensor:
            """The vectors of a batch: int64 (batch, length) each to float32 (batch, dimension)."""
            features = dict(zip(inputs, tensors, strict=True))
            for module in self.modules_in_order:
                features = module(features)
            return torch.nn.functional.normalize(features["sentence_embedding"], dim=-1)

    return WholeModel().eval()


def export_graph(model: SentenceTransformer, directory: Path) -> tuple[str, ...]:
    """Write a model as an ONNX graph: token ids in, vectors of unit length out, for any batch.

    Args:
        model: What to write.
        directory: Where the graph and its weights go.

    Returns:
        The names of the inputs that the graph uses.

    Raises:
        RuntimeError: If the model does something that cannot be exported.
        OSError: If a disk is full.
    """
    with durable.temporary_folder("askdocs-") as temporary:
        traced = temporary / "traced.onnx"
        with _refusals(temporary, sum(one.nbytes for one in model.parameters())):
            _trace(model, traced)
        with _refusals(directory, traced.stat().st_size):
            return _optimise(traced, directory)


@contextmanager
def _refusals(folder: Path, size: int) -> Iterator[None]:
    """Tell a disk that is full from a model that is no good: the writers in the block do not.

    Args:
        folder: Where the block writes.
        size: How many bytes it writes, about.
    """
    from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidArgument

    try:
        yield
    except (RuntimeError, Fail, InvalidArgument) as error:
        if access.has_room(folder, size):
            raise
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder)) from error


def _trace(model: SentenceTransformer, output: Path) -> None:
    """Write the graph that the model runs.

    The exporter is the one that traces: it takes 1.7 s for MiniLM, the default one 12.8 s.
    """
    import torch

    features = model.preprocess(list(TRACED_TEXTS))
    inputs = [name for name in INPUTS if name in features]
    axes = {name: {0: "batch", 1: "length"} for name in inputs}
    with warnings.catch_warnings(), torch.no_grad():
        for message, category in KNOWN_WARNINGS:
            warnings.filterwarnings("ignore", message=message, category=category)
        torch.onnx.export(
            _whole_model(model, inputs),
            tuple(features[name] for name in inputs),
            output,
            input_names=inputs,
            output_names=["vectors"],
            dynamic_axes={**axes, "vectors": {0: "batch"}},
            dynamo=False,
        )


def _optimise(traced: Path, directory: Path) -> tuple[str, ...]:
    """Write the graph with its nodes fused, which shortens loading it; the inputs that it uses.

    The weights go into a file of their own, which onnxruntime maps into memory instead of reading
    it: a session of MiniLM then opens in 55 ms, not 135, and holds 85 MB less. Extended is the
    highest level whose result does not depend on this machine's processor.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(directory / GRAPH)
    for key, value in (("file_name", WEIGHTS), ("min_size_in_bytes", str(WEIGHT_BYTES))):
        options.add_session_config_entry(
            f"session.optimized_model_external_initializers_{key}", value
        )
    session = onnxruntime.InferenceSession(str(traced), options, providers=["CPUExecutionProvider"])
    if not (directory / WEIGHTS).exists():
        # A model without a weight of that size; an entry has every file, and none is empty.
        durable.write_new(directory / WEIGHTS, b"\0")
    return tuple(item.name for item in session.get_inputs())


if __name__ == "__main__":
    sys.exit(main())
