"""What the tests of several rooms share."""

import faulthandler
import json
import os
import shutil
import signal
import string
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from askdocs.cli.process import main
from askdocs.disk.lock import exclusive_lock
from askdocs.embedding.admission import fingerprint_model
from askdocs.embedding.compiled import open_encoder
from askdocs.embedding.entry import entry_directory
from askdocs.embedding.model import DEFAULT_MODEL, Model, locate_model
from askdocs.indexing.build import build
from askdocs.indexing.request import IndexRequest
from askdocs.places import cache_and_variable
from tests.limits import Ran

REPOSITORY = Path(__file__).parents[1]
_STDERR = pytest.StashKey[int]()
_END_SECONDS = 120
# Taken before any test sets a variable that names another cache.
_USER_CACHE, _ = cache_and_variable()

# Hypothesis measures time: on a busy machine, sound tests would fail. Each ordinary run tries half as
# many examples as `make torture` does, the same every time: no run fails by chance.
_UNTIMED = settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ordinary", _UNTIMED, max_examples=50)
settings.register_profile("torture", _UNTIMED, max_examples=100)
settings.load_profile("ordinary")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take `--torture`, which `make torture` gives."""
    parser.addoption(
        "--torture", action="store_true", help="try all of tests/reliability, not a sample of it"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Limit the whole run; where tests are distributed, this is the process that waits for workers.

    A process that runs tests itself is limited by pytest's own options; see pyproject.toml.
    """
    config.stash[_STDERR] = os.dup(2)
    if config.getoption("--torture"):
        settings.load_profile("torture")
    # A shell starts programs in its background with Ctrl-C ignored, and so would be what tests start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    names = ("session_timeout", "faulthandler_timeout")
    _end_process_after(sum(float(config.getini(name)) for name in names), config)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Limit what comes after the last test: coverage, threads that are left.

    A worker may have to wait longer here, for the others.
    """
    if "PYTEST_XDIST_WORKER" not in os.environ:
        _end_process_after(_END_SECONDS, session.config)


def _end_process_after(seconds: float, config: pytest.Config) -> None:
    """Print the stacks of all threads and exit with status 1, unless called again before."""
    faulthandler.dump_traceback_later(seconds, exit=True, file=config.stash[_STDERR])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how often each fault was tried, by row of docs/reliability.md."""
    counts: Counter[tuple[str, str]] = Counter()
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == "reliability":
                row, what, count = value
                counts[row, what] += count
    if counts:
        terminalreporter.section("faults tried")
    for (row, what), count in sorted(counts.items()):
        terminalreporter.write_line(f"{row:3} {count:>11,} {what}")


def _made_once(
    tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]
) -> Path:
    """Let a folder be made by one of the processes that run tests; the others wait for it."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    with exclusive_lock(folder.with_suffix(".lock"), until=time.monotonic() + 500):
        if not folder.exists():
            temporary = folder.with_suffix(".new")
            temporary.mkdir()
            make(temporary)
            temporary.rename(folder)
    return folder


@pytest.fixture(scope="session")
def encoder_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache directory that has the default model compiled, to be left as it is.

    `make setup` has compiled it already, in the user's cache; a damaged copy is compiled again.
    """

    def make(cache: Path) -> None:
        model = locate_model(DEFAULT_MODEL, base=cache)
        compiled = entry_directory(_USER_CACHE, fingerprint_model(model))
        if compiled.is_dir():
            shutil.copytree(compiled, cache / "encoders" / compiled.name)
        open_encoder(model, cache=cache, notify=lambda _line: None)

    # The vectors that tests keep there are those of one process.
    own = tmp_path_factory.mktemp("own") / "cache"
    own.mkdir()
    (own / "encoders").symlink_to(_made_once(tmp_path_factory, "encoder_cache", make) / "encoders")
    return own


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of 16 dimensions and random weights: indexing with it takes milliseconds.

    Its compiled encoder is in `compiled`, beside it.
    """

    def make(folder: Path) -> None:
        _write_tiny_model(folder / "model")
        model = Model(name="tiny", revision="", directory=folder / "model")
        open_encoder(model, cache=folder / "compiled", notify=lambda _line: None)

    # A copy of this process's own: some tests take it away for a moment.
    own = tmp_path_factory.mktemp("own") / "tiny"
    shutil.copytree(_made_once(tmp_path_factory, "tiny", make), own)
    return own / "model"


@pytest.fixture(scope="session")
def make_reranker(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Make a cross-encoder of one layer and random weights: `make_reranker(labels=1)`.

    It is as sentence-transformers saves it; `plain`, beside it, is as transformers does.
    """

    def make(*, labels: int = 1) -> Path:
        directory = tmp_path_factory.mktemp("reranker")
        _write_tiny_reranker(directory / "plain", directory / "model", labels)
        return directory / "model"

    return make


@pytest.fixture(scope="session")
def tiny_reranker(make_reranker: Callable[..., Path]) -> Path:
    """A cross-encoder that gives one score, to be left as it is."""
    return make_reranker()


@pytest.fixture
def cache(encoder_cache: Path, tiny_model: Path, tmp_path: Path) -> Path:
    """A cache of the test's own with the default and the tiny model compiled, and no vectors."""
    encoders = tmp_path / "cache" / "encoders"
    encoders.mkdir(parents=True)
    for compiled in (encoder_cache, tiny_model.with_name("compiled")):
        for entry in (compiled / "encoders").iterdir():
            (encoders / entry.name).symlink_to(entry)
    return encoders.parent


@pytest.fixture
def run(
    cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Ran]:
    """Run askdocs in this process, as in `run("ask", "-", stdin=b"why?")`."""
    for name in [name for name in os.environ if name.startswith("ASKDOCS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ASKDOCS_CACHE", str(cache))
    monkeypatch.setenv("COLUMNS", "80")

    def run_here(*arguments: object, stdin: bytes = b"") -> Ran:
        (tmp_path / "stdin").write_bytes(stdin)
        capsys.readouterr()
        with (tmp_path / "stdin").open(encoding="utf-8") as file:
            monkeypatch.setattr("sys.stdin", file)
            status = main([str(argument) for argument in arguments])
        return Ran(status, *capsys.readouterr())

    return run_here


@pytest.fixture(scope="session")
def seeds_project(encoder_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the seed articles in seeds/ and their index in vectors/, to be left alone."""
    project = tmp_path_factory.mktemp("seeds_project")
    shutil.copytree(REPOSITORY / "seeds", project / "seeds")
    request = IndexRequest(index=project / "vectors", paths=(project / "seeds",))
    cache = project / "cache"
    cache.mkdir()
    (cache / "encoders").symlink_to(encoder_cache / "encoders")
    build(request, cache=cache, notify=lambda _line: None)
    return project


def _write_tiny_model(directory: Path) -> None:
    """Write a one-layer BERT over characters, by a fixed seed."""
    from safetensors.numpy import save_file

    (directory / "1_Pooling").mkdir(parents=True)
    words = write_tiny_tokenizer(directory / "tokenizer.json")
    save_file(_tiny_weights(words), directory / "model.safetensors", metadata={"format": "pt"})
    package = "sentence_transformers.models"
    contents: dict[str, object] = {
        "config.json": {
            "model_type": "bert", "vocab_size": words, "hidden_size": 16, "num_hidden_layers": 1,
            "num_attention_heads": 2, "intermediate_size": 32, "max_position_embeddings": 256,
        },
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "[PAD]",
            "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]",
        },
        "sentence_bert_config.json": {"max_seq_length": 256},
        "1_Pooling/config.json": {"embedding_dimension": 16, "pooling_mode": "mean"},
        "modules.json": [
            {"idx": 0, "name": "0", "path": "", "type": f"{package}.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": f"{package}.Pooling"},
        ],
    }  # fmt: skip
    for name, content in contents.items():
        (directory / name).write_text(json.dumps(content))


def _write_tiny_reranker(plain: Path, saved: Path, labels: int) -> None:
    """Write a one-layer BERT with a classifier, by a fixed seed, in both layouts."""
    import torch
    from sentence_transformers import CrossEncoder
    from transformers import BertConfig, BertForSequenceClassification

    plain.mkdir()
    words = write_tiny_tokenizer(plain / "tokenizer.json")
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "[PAD]", "unk_token": "[UNK]",
        "cls_token": "[CLS]", "sep_token": "[SEP]", "model_max_length": 256,
    }  # fmt: skip
    (plain / "tokenizer_config.json").write_text(json.dumps(settings))
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=words, hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=256, num_labels=labels,
        # Wide, so that texts get scores that differ.
        initializer_range=0.5,
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(plain)
    CrossEncoder(str(plain), local_files_only=True).save_pretrained(str(saved))


def write_tiny_tokenizer(path: Path, words: Sequence[str] = ()) -> int:
    """Write a tokenizer that knows characters and some words; the size of its vocabulary."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    characters = string.ascii_lowercase + string.digits + string.punctuation
    entries = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *words, *characters]
    entries += [f"##{character}" for character in characters]
    vocabulary = {entry: number for number, entry in enumerate(entries)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))  # noqa: S106
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.save(str(path))
    return len(vocabulary)


def _tiny_weights(words: int) -> dict[str, np.ndarray]:
    """Random weights, wide enough that texts get vectors that differ."""
    layer = "encoder.layer.0"
    shapes = {
        "embeddings.word_embeddings": (words, 16),
        "embeddings.position_embeddings": (256, 16),
        "embeddings.token_type_embeddings": (2, 16),
        f"{layer}.attention.self.query": (16, 16),
        f"{layer}.attention.self.key": (16, 16),
        f"{layer}.attention.self.value": (16, 16),
        f"{layer}.attention.output.dense": (16, 16),
        f"{layer}.intermediate.dense": (32, 16),
        f"{layer}.output.dense": (16, 32),
        "pooler.dense": (16, 16),
    }
    norms = ["embeddings", f"{layer}.attention.output", f"{layer}.output"]
    random = np.random.default_rng(0)
    weights = {
        f"{name}.weight": random.normal(0, 0.5, shape).astype(np.float32)
        for name, shape in shapes.items()
    }
    for name, (rows, _) in shapes.items():
        if not name.startswith("embeddings"):
            weights[f"{name}.bias"] = np.zeros(rows, np.float32)
    for norm in norms:
        weights[f"{norm}.LayerNorm.weight"] = np.ones(16, np.float32)
        weights[f"{norm}.LayerNorm.bias"] = np.zeros(16, np.float32)
    return weights
