"""A device embeds sentences as the compiled encoder does, or is refused with the reason."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType

import numpy as np
import onnxruntime
import pytest

from askdocs.embedding.cache import embed_with_cache
from askdocs.embedding.comparison import TEXTS
from askdocs.embedding.compiled import open_encoder
from askdocs.embedding.device import DeviceEncoder, open_device, open_torch
from askdocs.embedding.entry import entry_directory, read_compiled
from askdocs.embedding.model import Encoder, Model, PassageText, TokenCodes
from askdocs.errors import ModelError

MakeModel = Callable[..., Model]

HINT = "run the same command without --device"
MANY = ["", *TEXTS, *(f"the ship has seen {'rain ' * (n % 70)}{n}" for n in range(150))]
"""More than two batches, shuffled in length, some beyond the window."""


class FakeRuntime:
    """Returns the compiled encoder's vectors, turned by an angle and twice as long."""

    scheme = "fake"

    def __init__(self, compiled: Encoder, *, cosine: float = 1.0, error: str = "") -> None:
        """Return vectors of this cosine with the compiled ones, or raise an error."""
        self._compiled = compiled
        self._cosine = cosine
        self._error = error

    def embed_sentences(self, texts: Sequence[str], advance: Callable[[int], None]) -> np.ndarray:
        """Embed, or fail."""
        if self._error:
            raise RuntimeError(self._error)
        vectors = self._compiled.embed_sentences(texts, advance)
        # A vector of the same length at a right angle: every pair (a, b) becomes (-b, a).
        across = np.stack([-vectors[:, 1::2], vectors[:, ::2]], axis=2).reshape(vectors.shape)
        turned = self._cosine * vectors + np.sqrt(1 - self._cosine**2) * across
        return (2 * turned).astype(np.float32)

    def embed_passages(
        self, passages: Sequence[PassageText], advance: Callable[[int], None]
    ) -> list[TokenCodes]:
        """Return the compiled encoder's codes, or fail."""
        if self._error:
            raise RuntimeError(self._error)
        return self._compiled.embed_passages(passages, advance)


class FakeOpenVino(ModuleType):
    """What askdocs calls of OpenVINO, run by onnxruntime; one object plays every part."""

    __version__ = "2026.9"

    def __init__(self, *, precision: str = "bf16", error: str = "") -> None:
        """Name this number format, or refuse graphs with this error."""
        super().__init__("openvino")
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.to_string = lambda: precision
        self._error = error

    def Core(self) -> "FakeOpenVino":  # noqa: N802 - its name in OpenVINO
        """What compiles graphs."""
        return self

    def compile_model(self, path: str, device: str, config: dict[str, str]) -> "FakeOpenVino":
        """Compile a graph."""
        if self._error:
            raise RuntimeError(self._error)
        self.asked.append((Path(path).name, device, config))
        self.session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        return self

    def get_property(self, name: str) -> "FakeOpenVino":
        """The number format."""
        assert name == "INFERENCE_PRECISION_HINT"
        return self

    def create_infer_request(self) -> "FakeOpenVino":
        """What runs a batch."""
        return self

    def infer(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The graph's outputs by their names."""
        names = [output.name for output in self.session.get_outputs()]
        return dict(zip(names, self.session.run(None, inputs), strict=True))


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Callable[..., FakeOpenVino]:
    """Make `import openvino` return a fake: `install(precision="bf16", error="")`."""

    def put(**arguments: str) -> FakeOpenVino:
        fake = FakeOpenVino(**arguments)
        monkeypatch.setitem(sys.modules, "openvino", fake)
        return fake

    return put


@pytest.fixture
def model(tiny_model: Path) -> Model:
    """A model without prompts."""
    return Model(name="tiny", revision="", directory=tiny_model)


@pytest.fixture
def cache(tiny_model: Path, tmp_path: Path) -> Path:
    """A cache of the test's own, with the model compiled."""
    return shutil.copytree(tiny_model.with_name("compiled"), tmp_path / "cache")


@pytest.fixture
def compiled(model: Model, cache: Path) -> Encoder:
    """The model's compiled encoder."""
    return open_encoder(model, cache=cache, notify=pytest.fail)


@pytest.fixture
def prompted(make_model: MakeModel, cache: Path) -> tuple[Model, Encoder]:
    """A model that puts words before questions and sentences, and its compiled encoder."""
    model = make_model(prompts={"query": "query: ", "document": "passage: "})
    return model, open_encoder(model, cache=cache, notify=lambda _line: None)


@pytest.fixture
def openvino(model: Model, compiled: Encoder, cache: Path) -> Callable[[], Encoder]:
    """Open the model's encoder on OpenVINO."""
    return lambda: open_device(model, "openvino", compiled, cache=cache, notify=pytest.fail)


def refusal(call: Callable[[], object]) -> tuple[str, str]:
    """The message and the hint with which something is refused."""
    with pytest.raises(ModelError) as caught:
        call()
    return str(caught.value), caught.value.hint


def cosines(vectors: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The cosine of each row with the same row of another array, by NumPy."""
    lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(others, axis=1)
    return (vectors * others).sum(axis=1) / lengths


@pytest.mark.parametrize("device", ["cpu", "cpu:0"])
def test_default_device_is_the_compiled_encoder(model, compiled, cache, device):
    """The processor's plain name means no device."""
    assert open_device(model, device, compiled, cache=cache, notify=pytest.fail) is compiled


def test_openvino_returns_the_compiled_vectors(prompted, cache, install):
    """OpenVINO runs the compiled graph on the processor, with the prompt for sentences."""
    model, compiled = prompted
    fake = install()
    encoder = open_device(model, "openvino", compiled, cache=cache, notify=pytest.fail)
    assert fake.asked == [("encoder.onnx", "CPU", {"PERFORMANCE_HINT": "LATENCY"})]
    vectors = encoder.embed_sentences(MANY)
    assert cosines(vectors, compiled.embed_sentences(MANY)).min() >= 0.9999


def test_openvino_imports_no_telemetry(openvino, tmp_path, monkeypatch):
    """OpenVINO cannot import the package with which it reports its import over the network."""
    monkeypatch.delitem(sys.modules, "openvino_telemetry", raising=False)
    monkeypatch.delitem(sys.modules, "openvino", raising=False)
    (tmp_path / "openvino_telemetry.py").write_text("")
    (tmp_path / "openvino.py").write_text(
        "try:\n    import openvino_telemetry\nexcept ImportError:\n"
        "    raise ImportError('without telemetry') from None\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModelError, match="without telemetry"):
        openvino()


def test_pytorch_returns_the_compiled_vectors(prompted, cache):
    """A device of PyTorch reads the same prompt and window, and keeps the order of texts."""
    model, compiled = prompted
    entry = read_compiled(entry_directory(cache, compiled.fingerprint), compiled.fingerprint)
    assert entry is not None
    runtime = open_torch(model, "cpu", entry.card, compiled)
    told: list[int] = []
    vectors = runtime.embed_sentences(MANY, told.append)
    assert runtime.scheme == "torch-cpu"
    assert cosines(vectors, compiled.embed_sentences(MANY)).min() >= 0.9999
    assert told == [64, 64, len(MANY) - 128]


def test_device_embeds_only_documents(compiled):
    """Its vectors are brought to unit length; all else comes from the compiled encoder."""
    encoder = DeviceEncoder(compiled, FakeRuntime(compiled), "fake")
    names = ("fingerprint", "dimension", "token_dimension", "window", "capacity", "embed_questions")
    assert [getattr(encoder, name) for name in names] == [getattr(compiled, name) for name in names]
    assert encoder.scheme == "fake"
    assert encoder.count_tokens(MANY) == compiled.count_tokens(MANY)
    vectors = encoder.embed_sentences(MANY)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, compiled.embed_sentences(MANY), atol=1e-6)
    assert encoder.embed_sentences([]).shape == (0, 16)


def test_device_with_other_vectors_is_refused(compiled):
    """A cosine of .9991 is enough, whatever the length; .9989 is not."""
    DeviceEncoder(compiled, FakeRuntime(compiled, cosine=0.9991), "fake").require_same_vectors()
    encoder = DeviceEncoder(compiled, FakeRuntime(compiled, cosine=0.9989), "fake")
    expected = (
        "vectors of the device fake have cosine 0.9989 with those of the compiled encoder, "
        "and at least 0.999 is needed"
    )
    assert refusal(encoder.require_same_vectors) == (expected, HINT)


def test_other_vectors_of_openvino_are_refused(openvino, install, monkeypatch):
    """Opening a device compares its vectors."""
    fake = install()
    infer = fake.infer
    monkeypatch.setattr(
        fake, "infer", lambda inputs: {"vectors": infer(inputs)["vectors"][:, ::-1]}
    )
    with pytest.raises(ModelError, match=r"^vectors of the device openvino have cosine "):
        openvino()


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"error": "Out of memory. Tried 2 GiB.\nMore"}, "fails: Out of memory"),
        ({"cosine": np.nan}, "returns vectors that are not numbers"),
    ],
)
def test_device_that_fails_is_named(compiled, fault, message):
    """A library's error becomes one line, and NaN never reaches an index."""
    encoder = DeviceEncoder(compiled, FakeRuntime(compiled, **fault), "cuda:1")
    refused = refusal(lambda: encoder.embed_sentences(["rain"]))
    assert refused == (f"the device cuda:1 {message}", HINT)


def test_device_that_fails_on_passages_is_named(compiled):
    """Codes of tokens come from the device too."""
    encoder = DeviceEncoder(compiled, FakeRuntime(compiled, error="Out of memory"), "cuda:1")
    refused = refusal(lambda: encoder.embed_passages([PassageText("", ("rain",))]))
    assert refused == ("the device cuda:1 fails: Out of memory", HINT)


def test_codes_of_tokens_are_those_of_the_compiled_encoder(
    model, compiled, openvino, cache, install
):
    """OpenVINO runs the same graph; for a device of PyTorch the compiled encoder makes them."""
    install(precision="f32")
    entry = read_compiled(entry_directory(cache, compiled.fingerprint), compiled.fingerprint)
    assert entry is not None
    passages = [PassageText("Rain", (text, "It rained.")) for text in MANY]
    expected = compiled.embed_passages(passages)
    told: list[int] = []
    for encoder in (openvino(), open_torch(model, "cpu", entry.card, compiled)):
        found = encoder.embed_passages(passages, told.append)
        for own, other in zip(found, expected, strict=True):
            np.testing.assert_array_equal(own.codes, other.codes)
            np.testing.assert_array_equal(own.counts, other.counts)
    assert sum(told) == 2 * len(passages)


@pytest.mark.parametrize("device", ["nonsense", "", "cuda:99", "meta"])
def test_missing_device_is_refused(model, compiled, cache, device):
    """The error names an unknown device, a missing GPU, and a device without numbers."""
    lines: list[str] = []
    message, hint = refusal(
        lambda: open_device(model, device, compiled, cache=cache, notify=lines.append)
    )
    assert message.startswith(f"the device {device} cannot be used: ")
    assert "\n" not in message
    assert hint == HINT
    assert lines == [f"loading the model tiny on {device}, which takes some seconds"]


def test_missing_openvino_has_a_hint(openvino, monkeypatch):
    """The hint is the command that installs it."""
    monkeypatch.setitem(sys.modules, "openvino", None)
    message, hint = refusal(openvino)
    assert message.startswith("the device openvino needs the package openvino: ")
    assert hint == "pip install openvino"


def test_openvino_that_cannot_run_the_model_is_named(openvino, install):
    """OpenVINO's message loses the places in its source."""
    install(error="Exception from src/core.cpp:132:\nNo conversion for BiasGelu\n\n")
    expected = "OpenVINO 2026.9 cannot run this model: No conversion for BiasGelu"
    assert refusal(openvino) == (expected, HINT)


def test_damaged_graph_is_not_run(openvino, compiled, cache, install):
    """A device runs no graph that changed since it was compiled."""
    fake = install()
    graph = entry_directory(cache, compiled.fingerprint) / "encoder.onnx"
    content = graph.read_bytes()
    graph.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    _, hint = refusal(openvino)
    assert fake.asked == []
    assert hint == "make the cache writable, or leave out --device"


@pytest.mark.parametrize("precision", ["bf16", "f32"])
def test_each_number_format_has_its_own_cache_file(openvino, compiled, cache, install, precision):
    """Vectors of another device or format never come back as those of float32."""
    install(precision=precision)
    embed_with_cache(compiled, ["rain"], cache=cache)
    embed_with_cache(openvino(), ["rain"], cache=cache)
    assert sorted(path.name for path in (cache / "embeddings").iterdir()) == [
        f"{compiled.fingerprint}-float32.sqlite",
        f"{compiled.fingerprint}-openvino-{precision}.sqlite",
    ]


def test_openvino_needs_no_torch(model, compiled, cache):
    """Looking for OpenVINO, found or not, imports no library that takes seconds."""
    script = f"""
import sys
from pathlib import Path
from askdocs.embedding import compiled, device, model
encoder = compiled.open_compiled({compiled.fingerprint!r}, cache=Path({str(cache)!r}))
tiny = model.Model(name="tiny", revision="", directory=Path({str(model.directory)!r}))
try:
    device.open_device(tiny, "openvino", encoder, cache=Path({str(cache)!r}), notify=print)
except Exception as error:
    print(type(error).__name__, "openvino" in str(error).lower())
print(sorted({{"torch", "transformers", "sentence_transformers"}} & set(sys.modules)))
"""
    command = [sys.executable, "-c", script]
    child = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert (child.stdout.removeprefix("ModelError True\n"), child.stderr) == ("[]\n", "")
