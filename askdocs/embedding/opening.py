"""Open the compiled encoder of a model, compiling it first where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from askdocs.embedding.background import Background
from askdocs.embedding.card import entry_directory, read_entry
from askdocs.embedding.fingerprint import fingerprint_model
from askdocs.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from askdocs.embedding.contract import Encoder, Model


def open_compiled(fingerprint: str, *, cache: Path) -> Encoder | None:
    """The compiled encoder with this fingerprint, if the cache has it.

    It reads the cache alone, never the model's own files. A damaged entry is never used.

    Args:
        fingerprint: 64 hexadecimal digits.
        cache: The per-user cache directory, which need not exist.

    Returns:
        The encoder; None if it is not there, damaged, or of another format.

    Raises:
        ValueError: If `fingerprint` is not 64 hexadecimal digits.
    """
    compiled = read_entry(entry_directory(cache, fingerprint), fingerprint)
    if compiled is None:
        return None
    whole = Background(compiled.is_whole)
    from askdocs.embedding.encoder import CompiledEncoder

    try:
        encoder = CompiledEncoder(compiled)
    except ModelError:
        return None
    return encoder if whole.result() else None


def open_encoder(model: Model, *, cache: Path, notify: Callable[[str], None]) -> Encoder:
    """The encoder of a model, compiled first unless the cache has it.

    Args:
        model: What `locate_model` found.
        cache: The per-user cache directory; made if it does not exist.
        notify: Called with one line before the seconds that compiling takes.

    Raises:
        ModelError: If the model cannot be loaded, compiled, or trusted.
        RefusedError: If neither the cache nor a temporary directory can be written.
    """
    fingerprint = fingerprint_model(model)
    encoder = open_compiled(fingerprint, cache=cache)
    if encoder is not None:
        return encoder
    # None of what this imports is needed where there is an encoder, which is nearly always.
    from askdocs.embedding import child

    if child.is_writable(cache):
        notify(f"compiling the model {model.name} once, which takes some seconds")
    else:
        notify(
            f"compiling the model {model.name}, which costs seconds every time because "
            f"the cache {cache} cannot be written"
        )
        cache = child.temporary_cache()
    compiled_fingerprint = child.compile_model(model, cache)
    encoder = open_compiled(fingerprint, cache=cache)
    if encoder is None or compiled_fingerprint != fingerprint:
        message = f"the model {model.name} changed while it was being compiled"
        raise ModelError(message, hint="run the same command again")
    return encoder
