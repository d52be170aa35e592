"""Feed bytes to a parser for some seconds: `python fuzz.py manifest 20` (row B4).

Any exception but a declared error ends the run; so does a missing atheris.
"""

import random
import sys
import tempfile
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import cache, partial
from pathlib import Path


def _watched() -> AbstractContextManager[object]:
    """Let the fuzzer see which lines are reached in the modules that the block imports."""
    if __name__ != "__main__":
        return nullcontext()
    import atheris

    return atheris.instrument_imports(include=["askdocs"], enable_loader_override=False)


with _watched():
    from askdocs.citations import parse_citation
    from askdocs.cli.config import read_configuration
    from askdocs.errors import AskdocsError
    from askdocs.index.codec import read_manifest, read_records, readable_paths, write_manifest
    from askdocs.index.codec import write_records as lines_of
    from askdocs.index.generation import head_line, read_head
    from askdocs.records import manifest
    from askdocs.store.arrays import npys, parse_arrays
    from askdocs.store.codebook import read_codebook

RECORD = manifest.DocumentRecord(
    sha256="1" * 64, lines_sha256="2" * 64, bytes=3, encoding="utf-8", paragraphs=1
)
MANIFEST = manifest.Manifest(
    corpus=manifest.CorpusSettings(roots=("docs",), exclude=("drafts/",), hidden=True),
    passages=manifest.PassageSettings(),
    model=manifest.ModelRecord(
        name="none", revision="", fingerprint="0" * 64, dimension=2, probe=(0.6, 0.8)
    ),
    counts={"passages": 1, "sentences": 2},
    files={"000/tables.npys": manifest.FileRecord(sha256="2" * 64, bytes=7)},
    parsers={"markdown": "markdown-it-py 4.0.0, mdit-py-plugins 0.5.0"},
)


NAMES = ("head", "manifest", "records", "citation", "arrays", "configuration")


def parse(name: str, content: bytes) -> None:
    """Give some bytes to a parser; errors that it does not declare are raised."""
    with suppress(AskdocsError):
        match name:
            case "head":
                (_folder() / "HEAD").write_bytes(content)
                read_head(_folder())
            case "manifest":
                read_manifest(content)
            case "records":
                readable_paths(content)
                read_records(content, name="records")
            case "citation":
                parse_citation(content.decode("utf-8", "surrogateescape"))
            case "configuration":
                read_configuration(Path("askdocs.toml"), content)
            case "arrays":
                with suppress(ValueError):
                    parse_arrays(content, 3)
                with suppress(ValueError):
                    read_codebook(content)


def sound(name: str) -> list[bytes]:
    """Return inputs that the parser accepts, to start from."""
    import numpy as np

    table, row = np.zeros((2, 3), np.float32), np.ones(3, np.float32)
    starts: Mapping[str, list[bytes]] = {
        "head": [head_line("a" * 64)],
        "manifest": [write_manifest(MANIFEST)],
        "records": [lines_of({"a.txt": RECORD, "docs/b.txt": RECORD}), b'["a.txt","utf-8"]\n'],
        "citation": [b"docs/a.txt#p12-14:3-99", b"#p1", b"a#p1#p2-3"],
        "arrays": [b"".join(bytes(piece) for piece in npys([table, row, row]))],
        "configuration": [
            b'[tool.askdocs]\nindex = "vectors"\nexclude = ["a"]\n[tool.askdocs.ask]\ntop-k = 3\n',
            b'top-k = 5\n[index]\nmodel = "x"\n',
        ],
    }
    return starts[name]


def changed(content: bytes, chosen: random.Random) -> bytes:
    """Return the content with a few bytes changed, removed, doubled or inserted."""
    for _ in range(chosen.randrange(4)):
        at, to = sorted(chosen.randrange(len(content) + 1) for _ in range(2))
        piece = bytes(chosen.randrange(256) for _ in range(chosen.randrange(4)))
        middle = chosen.choice([piece, b"", content[at:to] * 2, b"9" * 30, b"[" * 3000])
        content = content[:at] + middle + content[chosen.choice([at, to]) :]
    return content


@cache
def _made() -> tempfile.TemporaryDirectory[str]:
    shared = Path("/dev/shm")
    return tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None)


def _folder() -> Path:
    return Path(_made().name)


def main() -> None:
    """Fuzz one parser for some seconds."""
    import atheris

    name, seconds = sys.argv[1:]
    with tempfile.TemporaryDirectory() as corpus:
        for number, content in enumerate(sound(name)):
            (Path(corpus) / str(number)).write_bytes(content)
        options = [f"-max_total_time={seconds}", "-max_len=4096", "-print_final_stats=1"]
        atheris.Setup([sys.argv[0], *options, corpus], partial(parse, name))
        atheris.Fuzz()


if __name__ == "__main__":
    main()
