"""Open an encoder whose sentences run on a faster device."""

from __future__ import annotations

from typing import TYPE_CHECKING

from askdocs.embedding.card import entry_directory, read_entry
from askdocs.embedding.contract import DEFAULT_DEVICE
from askdocs.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from askdocs.embedding.card import CompiledModel
    from askdocs.embedding.contract import Encoder, Model

OPENVINO = "openvino"
"""The device that is this processor, run by OpenVINO; every other name is PyTorch's."""


def open_device(
    model: Model,
    device: str,
    compiled: Encoder,
    *,
    cache: Path,
    notify: Callable[[str], None],
) -> Encoder:
    """The encoder of a model with its sentences on a device, and all else as compiled.

    On texts of many lengths its vectors have cosine .999 or more with those of the compiled
    encoder.

    Args:
        model: What `compiled` was compiled from.
        device: `DEFAULT_DEVICE` for the compiled encoder itself, `openvino` for this processor
            through OpenVINO, or a device of PyTorch: `cuda`, `cuda:1`, `mps`, `xpu`.
        compiled: The encoder that `open_encoder` gave.
        cache: The per-user cache directory that it was opened from.
        notify: Called with one line before the seconds that importing PyTorch takes.

    Raises:
        ModelError: If there is no such device here, if a package for it is missing, if it
            cannot run the model, or if its vectors are others.
    """
    # `cpu:0` is PyTorch's name for the same processor, where PyTorch is the slower one.
    if device.partition(":")[0] == DEFAULT_DEVICE:
        return compiled
    entry = _entry(compiled.fingerprint, cache)
    # NumPy and what else these import must not come with askdocs.embedding.
    from askdocs.embedding.device_encoder import DeviceEncoder
    from askdocs.embedding.device_runtimes import open_openvino, open_torch

    if device == OPENVINO:
        runtime = open_openvino(entry)
    else:
        notify(f"loading the model {model.name} on {device}, which takes some seconds")
        runtime = open_torch(model, device, entry.card)
    encoder = DeviceEncoder(compiled, runtime, device)
    encoder.require_same_vectors()
    return encoder


def _entry(fingerprint: str, cache: Path) -> CompiledModel:
    """The compiled model in the cache, verified whole."""
    entry = read_entry(entry_directory(cache, fingerprint), fingerprint)
    if entry is None or not entry.is_whole():
        message = f"a device needs the compiled model in the cache {cache}, and it is not there"
        raise ModelError(message, hint="make the cache writable, or leave out --device")
    return entry
