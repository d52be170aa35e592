"""What the figures were made with: the processor, the memory, the versions."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = (
    "askdocs",
    "bm25s",
    "click",
    "faiss-cpu",
    "llm",
    "llm-sentence-transformers",
    "numpy",
    "onnxruntime",
    "PyStemmer",
    "sentence-transformers",
    "tokenizers",
    "torch",
    "transformers",
    "txtai",
)
_STAT = Path("/proc/stat")
_ASK = (
    "import importlib.metadata as m, json, sys\n"
    "names = json.loads(sys.argv[1])\n"
    "print(json.dumps({d.metadata['Name']: d.version for d in m.distributions()\n"
    "                  if d.metadata['Name'] in names}))"
)


def describe() -> dict[str, str]:
    """The machine, without its name."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "processor": f"{_processor()}, {cores} cores",
        "memory": f"{pages / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.machine()}",
        "Python": platform.python_version(),
    }


def versions(peers: Path) -> dict[str, str]:
    """The packages that take part: askdocs' own, then those that the peers alone have.

    Args:
        peers: The Python of the peers; it may be missing.
    """
    found = _installed(peers)
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return {name: found[name] for name in PACKAGES if name in found}


class Bystanders:
    """How much of the processors other processes use, from when this is made."""

    def __init__(self) -> None:
        """Begin."""
        self._started = time.monotonic()
        self._busy = _busy_seconds()
        self._own = _own_seconds()

    def share(self) -> float:
        """The share of all processors' time so far, in [0, 1]; 0 where the system does not say."""
        return share_of_others(
            busy=_busy_seconds() - self._busy,
            own=_own_seconds() - self._own,
            seconds=(time.monotonic() - self._started) * (os.cpu_count() or 1),
        )


def share_of_others(*, busy: float, own: float, seconds: float) -> float:
    """The share of some processor seconds that others used, in [0, 1].

    Args:
        busy: How many of them were used.
        own: By this process and its children; the clocks may give a little more than `busy`.
        seconds: All of them, above 0.
    """
    return min(1.0, max(0.0, (busy - own) / seconds))


def _busy_seconds() -> float:
    """What all processes used since the machine started."""
    if not _STAT.exists():
        return 0.0
    user, nice, system = _STAT.read_text(encoding="utf-8").split()[1:4]
    return (int(user) + int(nice) + int(system)) / os.sysconf("SC_CLK_TCK")


def _own_seconds() -> float:
    """What this process and those that it has waited for used."""
    return sum(os.times()[:4])


def _installed(python: Path) -> dict[str, str]:
    if not python.exists():
        return {}
    command = [str(python), "-c", _ASK, json.dumps(PACKAGES)]
    found: dict[str, str] = json.loads(
        subprocess.run(command, check=True, capture_output=True).stdout
    )
    return found


def _processor() -> str:
    """The processor's family, and what it can do that speed hangs on."""
    cpuinfo = Path("/proc/cpuinfo")
    if not cpuinfo.exists():
        return platform.processor() or platform.machine()
    lines = cpuinfo.read_text(encoding="utf-8").splitlines()
    pairs = [line.partition(":") for line in lines if ":" in line]
    facts = {name.strip(): value.strip() for name, _, value in pairs}
    flags = set(facts.get("flags", facts.get("Features", "")).split())
    fast = [name for name in ("avx2", "avx512f", "avx512_vnni", "amx_int8") if name in flags]
    family = f"family {facts['cpu family']} model {facts['model']}" if "model" in facts else ""
    return " ".join(filter(None, [facts.get("model name", ""), family, *fast]))
