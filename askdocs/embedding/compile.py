"""Compile a model into the per-user cache: `python -m askdocs.embedding.compile --cache DIR`.

PyTorch takes seconds to import, so only the functions that need it do so.
"""

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
from askdocs.embedding.comparison import require_same_vectors, run_original
from askdocs.embedding.compiled import open_compiled
from askdocs.embedding.entry import (
    GRAPH,
    INPUTS,
    TOKENIZER,
    TOKENS,
    VECTORS,
    WEIGHTS,
    Card,
    entry_directory,
    read_compiled,
    write_card,
)
from askdocs.embedding.model import DEFAULT_MODEL, OTHER_MODEL_HINT, locate_model
from askdocs.errors import AskdocsError, ModelError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import torch
    from sentence_transformers import SentenceTransformer

    from askdocs.embedding.model import Model

# The window of a model that states none.
_DEFAULT_WINDOW = 512
# The memory that attention takes grows with the square of the length: read no more than this at
# once, unless the window of the model is larger.
_MOST_POSITIONS = 1024
# Two lengths, so that tracing records no shortcut for a batch without padding.
_TRACED_TEXTS = ("A short sentence.", "A sentence that is longer, so that the first is padded.")
# Smaller weights stay in the graph: most are shapes, which onnxruntime checks the graph with.
_WEIGHT_BYTES = 1024
# How the exporter's warnings about every model begin; the comparison finds what would matter.
_KNOWN_WARNINGS = (
    "You are using the legacy TorchScript-based ONNX export",
    "The feature will be removed",
    "Exporting aten::index operator of advanced indexing",
    "Converting a tensor to a Python boolean",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Compile a model unless the cache has it, and print a line of JSON on standard output.

    The line has `fingerprint` and `directory`, or `error`, `hint` and `status`.

    Returns:
        The exit status.
    """
    parser = argparse.ArgumentParser(
        prog="python -m askdocs.embedding.compile",
        description="Compile a model into the cache, unless it is there.",
    )
    parser.add_argument("--cache", type=Path, required=True, help="the per-user cache directory")
    parser.add_argument("model", nargs="?", default=DEFAULT_MODEL, help="name or path of a model")
    options = parser.parse_args(arguments)
    try:
        model = locate_model(options.model, base=Path.cwd())
        fingerprint = fingerprint_model(model)
        if open_compiled(fingerprint, cache=options.cache) is None:
            compile_model(model, fingerprint, cache=options.cache)
        status, directory = 0, str(entry_directory(options.cache, fingerprint))
        report: dict[str, object] = {"fingerprint": fingerprint, "directory": directory}
    except AskdocsError as error:
        status = int(error.exit_status)
        report = {"error": str(error), "hint": error.hint, "status": status}
    print(json.dumps(report))  # noqa: T201
    return status


def compile_model(model: Model, fingerprint: str, *, cache: Path) -> None:
    """Compile a model into the cache, where its entry appears whole or not at all.

    `fingerprint_model` has admitted the model. If two processes compile it, the entry of the first
    one stays. The cache is made if it does not exist.

    Raises:
        ModelError: The model has no tokenizer that works without transformers, or the compiled
            encoder's vectors differ from those of sentence-transformers.
        RefusedError: The disk refuses.
    """
    directory = entry_directory(cache, fingerprint)
    # Eager attention: the other implementations choose their path by the traced length.
    original = load_original(model.directory, attn_implementation="eager")
    tokenizer = getattr(original.tokenizer, "backend_tokenizer", None)
    if tokenizer is None:
        message = f"the model {model.name} has no tokenizer in the format of tokenizers"
        raise ModelError(message, hint=OTHER_MODEL_HINT)
    try:
        durable.make_folders(directory.parent)
        with durable.temporary_folder(".compiling-", parent=directory.parent) as temporary:
            complete = temporary / "complete"
            durable.make_folders(complete)
            durable.write_new(complete / TOKENIZER, tokenizer.to_str().encode())
            _write_entry(original, fingerprint, complete)
            _publish(complete, directory)
    except OSError as error:
        message = f"the cache {cache} cannot be written: {access.reason_of(error)}"
        raise RefusedError(message, hint=NO_ROOM_HINT) from error


def load_original(directory: Path, *, device: str = "cpu", **settings: str) -> SentenceTransformer:
    """Load the model in a directory in float32, without the hub, on a device of PyTorch."""
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


def _write_entry(original: SentenceTransformer, fingerprint: str, directory: Path) -> None:
    """Write graph, weights and card beside the tokenizer, and compare with the original."""
    prompts = original.prompts
    window = original.max_seq_length or _DEFAULT_WINDOW
    card = Card(
        inputs=export_graph(original, directory),
        fingerprint=fingerprint,
        dimension=len(original.encode("", show_progress_bar=False)),
        token_dimension=_token_dimension(original),
        window=window,
        positions=max(window, min(_stated_positions(original), _MOST_POSITIONS)),
        question_prompt=prompts.get("query") or "",
        # Models name the prompt for documents in two ways.
        sentence_prompt=prompts.get("document") or prompts.get("passage") or "",
        pad_id=original.tokenizer.pad_token_id or 0,
    )
    write_card(directory, card)
    compiled = read_compiled(directory, fingerprint)
    if compiled is None:
        raise OSError(errno.EIO, "what was written does not come back")
    require_same_vectors(compiled, original)


def _token_dimension(original: SentenceTransformer) -> int:
    """Return the length of the tokens' vectors; 0 if the model has none."""
    tokens = run_original(original, [""]).get("token_embeddings")
    return 0 if tokens is None else int(tokens.shape[-1])


def _stated_positions(original: SentenceTransformer) -> int:
    """Return how many tokens the transformer can read at once; 0 if its configuration says none.

    Models such as RoBERTa count positions from the one after that of padding, so the first ones
    are never used.
    """
    import torch

    transformer: Any = original[0].auto_model
    stated = getattr(transformer.config, "max_position_embeddings", None) or 0
    for name, module in transformer.named_modules():
        if name.endswith("position_embeddings") and isinstance(module, torch.nn.Embedding):
            return stated if module.padding_idx is None else stated - module.padding_idx - 1
    return stated


def _publish(complete: Path, directory: Path) -> None:
    """Rename a complete entry to its place in the cache, unless a sound one is there."""
    try:
        durable.rename_over(complete, directory)
    except OSError:
        # An entry is there: another process was faster, or the entry is damaged.
        entry = read_compiled(directory, directory.name.partition("-")[0])
        if entry is None or not entry.is_whole():
            durable.rename_over(directory, complete.with_name("damaged"))
            durable.rename_over(complete, directory)


def export_graph(model: SentenceTransformer, directory: Path) -> tuple[str, ...]:
    """Write a model as an ONNX graph: token ids in, vectors of unit length out, for any batch.

    Where the model has vectors of tokens, they are a second output, of unit length too.

    Returns:
        The names of the inputs that the graph uses.

    Raises:
        RuntimeError: The model does something that cannot be exported.
        OSError: A disk is full.
    """
    with durable.temporary_folder("askdocs-") as temporary:
        traced = temporary / "traced.onnx"
        with _full_disk_raises(temporary, sum(weight.nbytes for weight in model.parameters())):
            _trace(model, traced)
        with _full_disk_raises(directory, traced.stat().st_size):
            return _optimise(traced, directory)


@contextmanager
def _full_disk_raises(folder: Path, size: int) -> Iterator[None]:
    """Raise OSError for a full disk, which the block's writers report like a faulty model.

    The block writes about `size` bytes in the folder.
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

    The tracing exporter takes 1.7 s for MiniLM, the default one 12.8 s.
    """
    import torch

    features = model.preprocess(list(_TRACED_TEXTS))
    inputs = [name for name in INPUTS if name in features]
    outputs = [VECTORS, TOKENS] if _token_dimension(model) else [VECTORS]
    axes = {name: {0: "batch", 1: "length"} for name in (*inputs, *outputs[1:])}
    with warnings.catch_warnings(), torch.no_grad():
        for message in _KNOWN_WARNINGS:
            warnings.filterwarnings("ignore", message=message)
        torch.onnx.export(
            _whole_model(model, inputs),
            tuple(features[name] for name in inputs),
            output,
            input_names=inputs,
            output_names=outputs,
            dynamic_axes={**axes, VECTORS: {0: "batch"}},
            dynamo=False,
        )


def _whole_model(model: SentenceTransformer, inputs: Sequence[str]) -> torch.nn.Module:
    """Chain all modules of a model, from token ids to vectors of unit length."""
    import torch

    class WholeModel(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.modules_in_order = torch.nn.ModuleList(model)

        def forward(self, *tensors: torch.Tensor) -> tuple[torch.Tensor, ...]:
            """Embed a batch: int64 (batch, length) each to float32 as in `VECTORS` and `TOKENS`."""
            features = dict(zip(inputs, tensors, strict=True))
            for module in self.modules_in_order:
                features = module(features)
            names = ("sentence_embedding", "token_embeddings")
            outputs = [features[name] for name in names if name in features]
            return tuple(torch.nn.functional.normalize(output, dim=-1) for output in outputs)

    return WholeModel().eval()


def _optimise(traced: Path, directory: Path) -> tuple[str, ...]:
    """Write the graph with its nodes fused, so that it loads faster; return its inputs.

    The weights go into a separate file, which onnxruntime maps into memory instead of reading it:
    a session of MiniLM then opens in 55 ms, not 135, and holds 85 MB less. "Extended" is the
    highest level whose result does not depend on this machine's processor.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(directory / GRAPH)
    for key, value in (("file_name", WEIGHTS), ("min_size_in_bytes", str(_WEIGHT_BYTES))):
        name = f"session.optimized_model_external_initializers_{key}"
        options.add_session_config_entry(name, value)
    session = onnxruntime.InferenceSession(str(traced), options, providers=["CPUExecutionProvider"])
    if not (directory / WEIGHTS).exists():
        # No weight of the model is that large. An entry has every file, and none is empty.
        durable.write_new(directory / WEIGHTS, b"\0")
    return tuple(node.name for node in session.get_inputs())


if __name__ == "__main__":
    sys.exit(main())
