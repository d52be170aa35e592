"""Turn text into unit vectors.

NumPy, onnxruntime and tokenizers are imported with the first encoder that is opened, and PyTorch
only in a child process, with a reranker, or with a device that it runs.
"""

import os

# onnxruntime reports its use over the network unless this is set before it is imported.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
