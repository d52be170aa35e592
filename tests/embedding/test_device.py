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
from askdocs.embedding.compiled import open_encoder
from askdocs.embedding.device import DeviceEncoder, open_device, open_torch
from askdocs.embedding.encoder import TEXTS
from askdocs.embedding.entry import Card, entry_directory, read_entry
from askdocs.embedding.model import Encoder, Model
from askdocs.errors import ModelError

MakeModel = Callable[..., Model]

HINT = "run the same command without --device"
MANY = ["", *TEXTS, *(f"the ship has seen {'rain ' * (n % 70)}{n}" for n in range(150))]
"""More than two batches, shuffled in length, some beyond the window."""


def ignore(_line: str) -> None:
    """For what may be announced."""


class FakeRuntime:
    """Gives the compiled encoder's vectors, turned by an angle and of another length."""

    scheme = "fake"

    def __init__(self, compiled: Encoder, *, cosine: float = 1.0, error: str = "") -> None:
        """Give vectors of this cosine with the compiled ones, or fail in these words."""
        self._compiled = compiled
        self._cosine = cosine
        self._error = error

    def embed_sentences(self, texts: Sequence[str], advance: Callable[[int], None]) -> np.ndarray:
        """Vectors of length 2."""
        if self._error:
            raise RuntimeError(self._error)
        vectors = self._compiled.embed_sentences(texts, advance)
        # Of the same length and at a right angle: every pair (a, b) becomes (-b, a).
        across = np.stack([-vectors[:, 1::2], vectors[:, ::2]], axis=2).reshape(vectors.shape)
        turned = self._cosine * vectors + np.sqrt(1 - self._cosine**2) * across
        return (2 * turned).astype(np.float32)


class FakeOpenVino(ModuleType):
    """What askdocs calls of OpenVINO, run by onnxruntime instead."""

    __version__ = "2026.9"

    def __init__(self, *, precision: str = "bf16", error: str = "") -> None:
        """Say that numbers are of this format, or refuse graphs in these words."""
        super().__init__("openvino")
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self._precision = precision
        self._error = error

    def Core(self) -> "FakeOpenVino":  # noqa: N802 - its name in OpenVINO
        """What compiles graphs."""
        return self

    def compile_model(self, path: str, device: str, config: dict[str, str]) -> "FakeOpenVino":
        """What runs a graph."""
        if self._error:
            raise RuntimeError(self._error)
        self.asked.append((Path(path).name, device, config))
        self.session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        return self

    def get_property(self, name: str) -> "FakeOpenVino":
        """The number format."""
        assert name == "INFERENCE_PRECISION_HINT"
        return self

    def to_string(self) -> str:
        """Its name."""
        return self._precision

    def create_infer_request(self) -> "FakeOpenVino":
        """What runs a batch."""
        return self

    def infer(self, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        """The graph's outputs."""
        return self.session.run(None, inputs)


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Callable[..., FakeOpenVino]:
    """Make `import openvino` give a fake: `install(precision="bf16", error="")`."""

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
    """A cache of the test's own that has the model compiled."""
    return shutil.copytree(tiny_model.with_name("compiled"), tmp_path / "cache")


@pytest.fixture
def compiled(model: Model, cache: Path) -> Encoder:
    """The model's compiled encoder."""
    return open_encoder(model, cache=cache, notify=ignore)


@pytest.fixture
def prompted(make_model: MakeModel) -> Model:
    """A model that puts words before questions and sentences, not compiled yet."""
    return make_model(prompts={"query": "query: ", "document": "passage: "})


def card_of(compiled: Encoder, cache: Path) -> Card:
    """The card of a compiled encoder."""
    entry = read_entry(entry_directory(cache, compiled.fingerprint), compiled.fingerprint)
    assert entry is not None
    return entry.card


def cosines(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The cosine of each row with the same row of another array, by NumPy."""
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return (one * other).sum(axis=1) / lengths


def test_the_default_device_is_the_compiled_encoder(
    model: Model, compiled: Encoder, cache: Path
) -> None:
    """The processor by its plain name is what there is without a device."""
    for device in ("cpu", "cpu:0"):
        found = open_device(model, device, compiled, cache=cache, notify=ignore)

        assert found is compiled


def test_openvino_gives_the_compiled_vectors(
    prompted: Model, cache: Path, install: Callable[..., FakeOpenVino]
) -> None:
    """It runs the compiled graph on the processor, behind the prompt for sentences."""
    compiled = open_encoder(prompted, cache=cache, notify=ignore)
    fake = install()

    encoder = open_device(prompted, "openvino", compiled, cache=cache, notify=ignore)

    assert fake.asked == [("encoder.onnx", "CPU", {"PERFORMANCE_HINT": "LATENCY"})]
    vectors = encoder.embed_sentences(MANY)
    assert cosines(vectors, compiled.embed_sentences(MANY)).min() >= 0.9999


def test_openvino_imports_none_of_its_telemetry(
    model: Model, compiled: Encoder, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where OpenVINO reports its import over the network, it finds nothing to report with."""
    monkeypatch.delitem(sys.modules, "openvino_telemetry", raising=False)
    monkeypatch.delitem(sys.modules, "openvino", raising=False)
    package = tmp_path / "packages"
    package.mkdir()
    (package / "openvino_telemetry.py").write_text("")
    (package / "openvino.py").write_text(
        "try:\n    import openvino_telemetry\nexcept ImportError:\n"
        "    raise ImportError('without telemetry') from None\n"
    )
    monkeypatch.syspath_prepend(package)

    with pytest.raises(ModelError, match="without telemetry"):
        open_device(model, "openvino", compiled, cache=cache, notify=ignore)


def test_pytorch_gives_the_compiled_vectors(prompted: Model, cache: Path) -> None:
    """A device of PyTorch reads the same prompt and window, and gives each text its own vector."""
    compiled = open_encoder(prompted, cache=cache, notify=ignore)
    runtime = open_torch(prompted, "cpu", card_of(compiled, cache))
    told: list[int] = []

    vectors = runtime.embed_sentences(MANY, told.append)

    assert runtime.scheme == "torch-cpu"
    assert cosines(vectors, compiled.embed_sentences(MANY)).min() >= 0.9999
    assert told == [64, 64, len(MANY) - 128]


def test_a_device_embeds_sentences_alone(compiled: Encoder) -> None:
    """Questions, counts and what the model is come from the compiled encoder."""
    encoder = DeviceEncoder(compiled, FakeRuntime(compiled, cosine=0.9995), "fake")

    names = ("fingerprint", "dimension", "window", "capacity")
    assert [getattr(encoder, name) for name in names] == [getattr(compiled, name) for name in names]
    assert encoder.scheme == "fake"
    assert encoder.count_tokens(MANY) == compiled.count_tokens(MANY)
    np.testing.assert_array_equal(encoder.embed_questions(MANY), compiled.embed_questions(MANY))


def test_vectors_of_a_device_have_unit_length(compiled: Encoder) -> None:
    """What a device gives of another length is brought to length 1 in float32."""
    encoder = DeviceEncoder(compiled, FakeRuntime(compiled), "fake")

    vectors = encoder.embed_sentences(MANY)

    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(vectors, compiled.embed_sentences(MANY), atol=1e-6)
    assert encoder.embed_sentences([]).shape == (0, 16)


def test_a_device_with_the_same_vectors_is_taken(compiled: Encoder) -> None:
    """A cosine of .9991 is enough, whatever the length of the vectors."""
    DeviceEncoder(compiled, FakeRuntime(compiled, cosine=0.9991), "fake").require_same_vectors()


def test_a_device_with_other_vectors_is_refused(compiled: Encoder) -> None:
    """A cosine of .9989 is not enough."""
    encoder = DeviceEncoder(compiled, FakeRuntime(compiled, cosine=0.9989), "fake")

    with pytest.raises(ModelError) as caught:
        encoder.require_same_vectors()

    assert str(caught.value) == (
        "vectors of the device fake have cosine 0.9989 with those of the compiled encoder, "
        "and at least 0.999 is needed"
    )
    assert caught.value.hint == HINT


def test_other_vectors_of_openvino_are_refused(
    model: Model,
    compiled: Encoder,
    cache: Path,
    install: Callable[..., FakeOpenVino],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Opening compares: a library that computes something else is not used."""
    fake = install()
    monkeypatch.setattr(fake, "infer", lambda inputs: [fake.session.run(None, inputs)[0][:, ::-1]])

    with pytest.raises(ModelError, match=r"^vectors of the device openvino have cosine "):
        open_device(model, "openvino", compiled, cache=cache, notify=ignore)


def test_a_device_that_fails_is_named(compiled: Encoder) -> None:
    """What a library raises while it embeds becomes one line, without its paragraphs."""
    error = "CUDA out of memory. Tried to allocate 2 GiB.\nMore"
    encoder = DeviceEncoder(compiled, FakeRuntime(compiled, error=error), "cuda:1")

    with pytest.raises(ModelError) as caught:
        encoder.embed_sentences(["rain"])

    assert str(caught.value) == "the device cuda:1 fails: CUDA out of memory"
    assert caught.value.hint == HINT


def test_vectors_that_are_not_numbers_are_refused(compiled: Encoder) -> None:
    """A vector with an entry that is no number never reaches an index."""
    encoder = DeviceEncoder(compiled, FakeRuntime(compiled, cosine=float("nan")), "fake")

    with pytest.raises(ModelError) as caught:
        encoder.require_same_vectors()

    assert str(caught.value) == "the device fake gives vectors that are not numbers"
    assert caught.value.hint == HINT


@pytest.mark.parametrize("device", ["nonsense", "", "cuda:99", "meta"])
def test_a_device_that_is_not_there_is_refused(
    model: Model, compiled: Encoder, cache: Path, device: str
) -> None:
    """An unknown name, a GPU that the machine lacks and a device without numbers are named."""
    lines: list[str] = []

    with pytest.raises(ModelError) as caught:
        open_device(model, device, compiled, cache=cache, notify=lines.append)

    assert str(caught.value).startswith(f"the device {device} cannot be used: ")
    assert "\n" not in str(caught.value)
    assert caught.value.hint == HINT
    assert lines == [f"loading the model tiny on {device}, which takes some seconds"]


def test_openvino_that_is_not_installed_is_asked_for(
    model: Model, compiled: Encoder, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hint is the command that installs it."""
    monkeypatch.setitem(sys.modules, "openvino", None)

    with pytest.raises(ModelError) as caught:
        open_device(model, "openvino", compiled, cache=cache, notify=ignore)

    assert str(caught.value).startswith("the device openvino needs the package openvino: ")
    assert caught.value.hint == "pip install openvino"


def test_openvino_that_cannot_run_the_model_is_named(
    model: Model, compiled: Encoder, cache: Path, install: Callable[..., FakeOpenVino]
) -> None:
    """What OpenVINO says after the places in its source becomes one line."""
    install(error="Exception from src/core.cpp:132:\nNo conversion for BiasGelu\n\n")

    with pytest.raises(ModelError) as caught:
        open_device(model, "openvino", compiled, cache=cache, notify=ignore)

    assert str(caught.value) == (
        "OpenVINO 2026.9 cannot run this model: No conversion for BiasGelu"
    )
    assert caught.value.hint == HINT


def test_a_compiled_model_that_is_not_whole_is_not_run(
    model: Model, compiled: Encoder, cache: Path, install: Callable[..., FakeOpenVino]
) -> None:
    """A device runs no graph that changed since it was compiled."""
    fake = install()
    graph = entry_directory(cache, compiled.fingerprint) / "encoder.onnx"
    content = bytearray(graph.read_bytes())
    content[-1] ^= 1
    graph.write_bytes(content)

    with pytest.raises(ModelError) as caught:
        open_device(model, "openvino", compiled, cache=cache, notify=ignore)

    assert fake.asked == []
    assert caught.value.hint == "make the cache writable, or leave out --device"


@pytest.mark.parametrize("precision", ["bf16", "f32"])
def test_vectors_of_a_device_have_a_cache_of_their_own(
    model: Model,
    compiled: Encoder,
    cache: Path,
    install: Callable[..., FakeOpenVino],
    precision: str,
) -> None:
    """Vectors of another device or number format never come back as those of float32."""
    install(precision=precision)
    encoder = open_device(model, "openvino", compiled, cache=cache, notify=ignore)

    embed_with_cache(compiled, ["rain"], cache=cache)
    embed_with_cache(encoder, ["rain"], cache=cache)

    assert sorted(path.name for path in (cache / "embeddings").iterdir()) == [
        f"{compiled.fingerprint}-float32.sqlite",
        f"{compiled.fingerprint}-openvino-{precision}.sqlite",
    ]


def test_openvino_needs_no_torch(model: Model, compiled: Encoder, cache: Path) -> None:
    """Looking for OpenVINO, found or not, imports none of the libraries that take seconds."""
    script = f"""
import sys
from pathlib import Path
from askdocs.embedding.compiled import open_compiled
from askdocs.embedding.device import open_device
from askdocs.embedding.model import Model
from askdocs.errors import ModelError
cache = Path({str(cache)!r})
compiled = open_compiled({compiled.fingerprint!r}, cache=cache)
model = Model(name="tiny", revision="", directory=Path({str(model.directory)!r}))
try:
    open_device(model, "openvino", compiled, cache=cache, notify=print)
except ModelError as error:
    assert "openvino" in str(error).lower(), error
print(sorted({{"torch", "transformers", "sentence_transformers"}} & set(sys.modules)))
"""

    child = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )

    assert (child.stdout, child.stderr) == ("[]\n", "")
