"""Turn text into unit vectors.

Importing this imports the standard library alone; NumPy, onnxruntime and tokenizers come with the
first encoder that is opened, and PyTorch only into a child process, with a reranker, or with a
device that it runs.
"""

import os

from askdocs.embedding.cached import embed_with_cache
from askdocs.embedding.card import entry_directory
from askdocs.embedding.contract import (
    DEFAULT_DEVICE,
    DEFAULT_MODEL,
    PROBE_SENTENCE,
    Encoder,
    Model,
)
from askdocs.embedding.devices import open_device
from askdocs.embedding.models import locate_model
from askdocs.embedding.opening import (
    Opening,
    begin_opening,
    compiled_folder,
    has_compiled,
    open_compiled,
    open_encoder,
)
from askdocs.embedding.reranking import Reranker, open_reranker
from askdocs.embedding.soundness import damaged_parts

__all__ = [
    "DEFAULT_DEVICE",
    "DEFAULT_MODEL",
    "PROBE_SENTENCE",
    "Encoder",
    "Model",
    "Opening",
    "Reranker",
    "begin_opening",
    "compiled_folder",
    "damaged_parts",
    "embed_with_cache",
    "entry_directory",
    "has_compiled",
    "locate_model",
    "open_compiled",
    "open_device",
    "open_encoder",
    "open_reranker",
]

# onnxruntime reports its use over the network unless this is set before it is imported.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
