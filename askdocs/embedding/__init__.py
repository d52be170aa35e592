"""Turn text into unit vectors.

Opening the first encoder imports NumPy, onnxruntime and tokenizers. PyTorch is imported only in a
child process, by a reranker, or for one of its devices.
"""

import os

# onnxruntime reports its use over the network unless this is set before it is imported.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
