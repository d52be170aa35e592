"""Load a model as sentence-transformers defines it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from sentence_transformers import SentenceTransformer


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
