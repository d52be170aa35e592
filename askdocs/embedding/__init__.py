"""Turn text into unit vectors.

Importing this imports the standard library alone; NumPy, onnxruntime and tokenizers come with the
first encoder that is opened, and PyTorch only ever into a child process.
"""

import os

from askdocs.embedding.contract import DEFAULT_MODEL, PROBE_SENTENCE, Encoder, Model
from askdocs.embedding.models import locate_model
from askdocs.embedding.opening import open_compiled, open_encoder
from askdocs.embedding.vectors import embed_with_cache

__all__ = [
    "DEFAULT_MODEL",
    "PROBE_SENTENCE",
    "Encoder",
    "Model",
    "embed_with_cache",
    "locate_model",
    "open_compiled",
    "open_encoder",
]

# onnxruntime reports its use over the network unless this is set before it is imported.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
