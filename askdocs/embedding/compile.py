"""Compile a model into the per-user cache: `python -m askdocs.embedding.compile --cache DIR`."""

from __future__ import annotations

import argparse
import errno
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from askdocs import files
from askdocs.embedding.card import TOKENIZER, Card, entry_directory, read_entry, write_card
from askdocs.embedding.child import NO_ROOM_HINT
from askdocs.embedding.contract import DEFAULT_MODEL
from askdocs.embedding.fingerprint import fingerprint_model
from askdocs.embedding.models import locate_model
from askdocs.embedding.opening import open_compiled
from askdocs.embedding.original import load_original
from askdocs.errors import AskdocsError, ModelError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sentence_transformers import SentenceTransformer

    from askdocs.embedding.contract import Model

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
        files.make_folders(directory.parent)
        with files.temporary_folder(".compiling-", parent=directory.parent) as temporary:
            complete = temporary / "complete"
            files.make_folders(complete)
            files.write_new(complete / TOKENIZER, tokenizer)
            _compile(original, fingerprint, complete)
            _publish(complete, directory)
    except OSError as error:
        message = f"the cache {cache} cannot be written: {files.reason_of(error)}"
        raise RefusedError(message, hint=NO_ROOM_HINT) from error


def _compile(original: SentenceTransformer, fingerprint: str, directory: Path) -> None:
    """Write a model as an encoder beside its tokenizer, and compare it with the model."""
    # PyTorch takes seconds to import, which a cached encoder must not cost.
    from askdocs.embedding.comparison import require_same_vectors
    from askdocs.embedding.export import export_graph

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
        files.rename_over(complete, directory)
    except OSError:
        # An entry is there: another process has been faster, or it is one that is no good.
        entry = read_entry(directory, directory.name.partition("-")[0])
        if entry is None or not entry.is_whole():
            files.rename_over(directory, complete.with_name("damaged"))
            files.rename_over(complete, directory)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(
        prog="python -m askdocs.embedding.compile",
        description="Compile a model into the cache, unless it is there.",
    )
    parser.add_argument("--cache", type=Path, required=True, help="the per-user cache directory")
    parser.add_argument("model", nargs="?", default=DEFAULT_MODEL, help="name or path of a model")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
