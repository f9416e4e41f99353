"""What an examination finds, in plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from realtime.sources.camera import Camera


@dataclass(frozen=True, slots=True)
class Report:
    """All that was found."""

    medn: str
    python: str
    system: str
    packages: Mapping[str, str | None]
    """Versions of what MEDN stands on; None: not installed."""
    processor: Processor
    graphics: Graphics
    display: Display
    cameras: tuple[Camera, ...]
    face_model: FaceModel
    kernel_cache: KernelCache
    runtime: Runtime
    sessions: SessionFolder
    problems: tuple[str, ...] = ()
    """What keeps MEDN from working as it should: a sentence each, with the way out."""
    notes: tuple[str, ...] = ()
    """What is absent and can be lived with."""

    def as_json(self) -> dict[str, object]:
        """What `json.dumps` takes, with the type that tells the line from others."""
        return {"type": "doctor", **asdict(self)}


@dataclass(frozen=True, slots=True)
class Processor:
    """The processor, and how much of it this process may use."""

    model: str
    cores: int
    usable_cores: int
    memory_gib: float
    available_memory_gib: float


@dataclass(frozen=True, slots=True)
class Graphics:
    """NVIDIA GPUs that PyTorch can use; where there are none, why."""

    names: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Display:
    """Where a window would open."""

    session: str
    """"wayland", "x11", "native" (macOS, Windows) or "none"."""
    qt_platform: str
    """The Qt platform that really opened; empty if none did."""
    why: str
    """Why none did."""


@dataclass(frozen=True, slots=True)
class FaceModel:
    """The Face Landmarker's model file."""

    path: str
    intact: bool
    """It is there, and it is the file that this release was made with."""


@dataclass(frozen=True, slots=True)
class KernelCache:
    """Where Numba keeps compiled kernels; with none kept, the first start takes a few seconds longer."""

    folder: str
    writable: bool
    kernels: int
    """Compiled for this version of Python and kept."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """What runs the recognizer."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class SessionFolder:
    """Where sessions go that were given no file."""

    path: str
    writable: bool
    free_gib: float
