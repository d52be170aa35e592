"""Index a generated corpus with prepared vectors.

python -m benchmarks.speed.prepared POOL DOCUMENTS INDEX
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from functools import cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from askdocs.embedding import compiled
from askdocs.embedding.cache import embed_with_cache
from askdocs.embedding.model import DEFAULT_MODEL, PassageText, TokenCodes, locate_model
from askdocs.indexing.build import build
from askdocs.indexing.request import IndexRequest
from askdocs.places import cache_directory
from benchmarks.speed.generated import Noise, parse, read_pool

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from askdocs.embedding.model import Codes, Encoder


class PreparedEncoder:
    """The model's encoder, which knows the vectors of generated sentences without running."""

    def __init__(self, encoder: Encoder, pool: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Prepare the noise.

        Args:
            encoder: For every other text.
            pool: The sources.
            vectors: Theirs.
        """
        self._encoder = encoder
        self._sources = {text: at for at, text in enumerate(pool)}
        self._noise = Noise(vectors)
        self._codes: dict[str, Codes] = {}
        self.fingerprint = encoder.fingerprint
        self.scheme = encoder.scheme
        self.dimension = encoder.dimension
        self.token_dimension = encoder.token_dimension
        self.window = encoder.window
        self.capacity = encoder.capacity
        self.count_tokens = encoder.count_tokens
        self.embed_questions = encoder.embed_questions

    def embed_sentences(
        self, texts: Sequence[str], advance: Callable[[int], None] = lambda _: None
    ) -> NDArray[np.float32]:
        """The vectors of sentences that are all generated, or of which none is."""
        parsed = [parse(text) for text in texts]
        known = [found for found in parsed if found is not None]
        if not known:
            return self._encoder.embed_sentences(texts, advance)
        if len(known) < len(texts):
            others = [text for text, found in zip(texts, parsed, strict=True) if found is None]
            raise ValueError(f"all or none must be generated, got {others[:3]}")
        advance(len(texts))
        sources = np.array([self._sources[source] for source, _ in known])
        return self._noise.vectors(sources, np.array([serial for _, serial in known]))

    def embed_passages(
        self, passages: Sequence[PassageText], advance: Callable[[int], None] = lambda _: None
    ) -> list[TokenCodes]:
        """Codes of passages without their contexts; a generated sentence has its source's."""
        sources = [
            [found[0] if (found := parse(text)) else text for text in passage.sentences]
            for passage in passages
        ]
        new = [text for text in dict.fromkeys(chain(*sources)) if text not in self._codes]
        found = self._encoder.embed_passages([PassageText("", (text,)) for text in new])
        self._codes.update(zip(new, (own.codes for own in found), strict=True))
        advance(len(passages))
        return [_joined([self._codes[text] for text in texts]) for texts in sources]


def _joined(sentences: Sequence[Codes]) -> TokenCodes:
    """The codes of a passage whose context has none, as that of a generated one."""
    counts = np.array([0, *map(len, sentences)], np.int32)
    return TokenCodes(np.concatenate(sentences), counts)


def open_encoder() -> Encoder:
    """The default model's encoder."""
    model = locate_model(DEFAULT_MODEL, base=Path())
    return compiled.open_encoder(model, cache=cache_directory(), notify=print)


@cache  # each section asks for it, and reading all sets takes seconds
def prepare_pool(folders: tuple[Path, ...], path: Path) -> None:
    """Read, embed and keep the pool of some folders, unless the file has it already.

    Another pool makes other corpora: those that stand beside the file are removed.
    """
    pool = read_pool(folders)
    if path.exists() and load_pool(path)[0] == pool:
        return
    shutil.rmtree(path.parent, ignore_errors=True)
    vectors = embed_with_cache(
        open_encoder(), pool, cache=cache_directory(), advance=lambda _: None
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, pool=np.frombuffer(json.dumps(pool).encode(), np.uint8), vectors=vectors)


def load_pool(path: Path) -> tuple[list[str], NDArray[np.float32]]:
    """The sentences of a pool and their vectors."""
    with np.load(path) as kept:
        return json.loads(kept["pool"].tobytes()), kept["vectors"]


def main() -> None:
    """Index."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pool", type=Path)
    parser.add_argument("documents", type=Path)
    parser.add_argument("index", type=Path)
    given = parser.parse_args()
    encoder = PreparedEncoder(open_encoder(), *load_pool(given.pool))
    request = IndexRequest(index=given.index, paths=(given.documents,), rebuild=True)
    # Prepared vectors must not get into the user's cache as those of the model: below a device
    # nothing is kept.
    report = build(
        request, cache=Path(os.devnull), notify=print, open_encoder=lambda *_, **__: encoder
    )
    print(json.dumps({"passages": report.passages, "sentences": report.sentences}))


if __name__ == "__main__":
    main()
