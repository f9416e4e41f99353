"""The report of `medn doctor`: values, problems and notes with the way out, and the table for a terminal."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from realtime.sources.camera import Camera

REQUIRED = ("av", "mediapipe", "numba", "numpy", "onnxruntime", "opencv-python-headless", "scipy")
OPTIONAL = {
    "PyQt6": "", "pyqtgraph": "", "qtawesome": "", "pyarrow": "export", "matplotlib": "lab", "onnx": "lab",
    "onnxscript": "lab", "scikit-learn": "lab", "torch": "lab", "torch-tensorrt": "", "ray": "",
}  # fmt: skip
"""Packages that not every user needs, with the extra for which a note is made where one is missing."""
EXTRAS = {"lab": "Training, evaluation and compiling need", "export": "Parquet needs"}
MIN_FREE_GIB = 1.0
"""With less free space there is a note, because recording video soon fills it."""


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was examined on this machine."""

    medn: str
    python: str
    system: str
    packages: Mapping[str, str | None]
    """Versions of the packages that MEDN uses; None: not installed."""
    processor: Processor
    graphics: Graphics
    display: Display
    cameras: tuple[Camera, ...]
    face_model: FaceModel
    kernel_cache: KernelCache
    runtime: Runtime
    sessions: SessionFolder
    problems: tuple[str, ...] = ()
    """What prevents MEDN from working correctly: a sentence each, with the way out."""
    notes: tuple[str, ...] = ()
    """What is missing but not required: a sentence each."""

    def as_json(self) -> dict[str, object]:
        """Return the report for `json.dumps`, with the record type of the command line's JSON lines."""
        return {"type": "doctor", **asdict(self)}


@dataclass(frozen=True, slots=True)
class Processor:
    """The processor, the cores that this process may use, and the memory."""

    model: str
    cores: int
    usable_cores: int
    memory_gib: float
    available_memory_gib: float


@dataclass(frozen=True, slots=True)
class Graphics:
    """NVIDIA GPUs that PyTorch can use; if there is none, the reason."""

    names: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Display:
    """The display on which a window would open."""

    session: str
    """"wayland", "x11", "native" (macOS, Windows) or "none"."""
    qt_platform: str
    """The Qt platform that opened; empty if none did."""
    why: str
    """Why none opened."""


@dataclass(frozen=True, slots=True)
class FaceModel:
    """The Face Landmarker's model file."""

    path: str
    intact: bool
    """Whether the file exists and has the expected SHA-256."""


@dataclass(frozen=True, slots=True)
class KernelCache:
    """Where Numba caches compiled kernels; with an empty cache, the first start takes a few seconds longer."""

    folder: str
    writable: bool
    kernels: int
    """Number of cached kernels that were compiled for this version of Python."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """The runtime of the recognizer, and why it was chosen."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class SessionFolder:
    """The default folder of sessions."""

    path: str
    writable: bool
    free_gib: float


def problems(packages: Mapping[str, str | None], model: FaceModel, sessions: SessionFolder) -> list[str]:
    """Return what prevents MEDN from working correctly, a sentence each."""
    missing = [name for name in REQUIRED if packages[name] is None]
    mediapipe, pinned = packages["mediapipe"], _pinned("mediapipe")
    return [
        sentence
        for applies, sentence in (
            (missing, f"{', '.join(missing)} not installed: install MEDN again (make run, or pip install medn)."),
            (
                mediapipe and pinned and mediapipe != pinned,
                f"MediaPipe {mediapipe} is installed, but only {pinned} is verified to contact no server: "
                f"pip install mediapipe=={pinned}.",
            ),
            (
                not model.intact,
                f"The face model {model.path} is missing or is not the file of this release: install MEDN again.",
            ),
            (
                not sessions.writable,
                f"Sessions cannot be written to {sessions.path}: make the folder writable or name a file with --out.",
            ),
        )
        if applies
    ]


def notes(
    packages: Mapping[str, str | None],
    display: Display,
    cameras: tuple[Camera, ...],
    cache: KernelCache,
    sessions: SessionFolder,
) -> list[str]:
    """Return what is missing but not required, a sentence each."""
    missing = {extra: [name for name, of in OPTIONAL.items() if of == extra and not packages[name]] for extra in EXTRAS}
    nodes = [Path(f"/dev/video{camera.number}") for camera in cameras]
    locked = [str(node) for node in nodes if node.exists() and not os.access(node, os.R_OK | os.W_OK)]
    return [
        sentence
        for applies, sentence in (
            *(
                (names, f"{EXTRAS[extra]} {', '.join(names)}: pip install 'medn[{extra}]'.")
                for extra, names in missing.items()
            ),
            (
                not display.qt_platform,
                f"No window can open: {display.why}. The command line does everything the app does.",
            ),
            (not cameras, "No camera was found: plug one in, or name a stream or a file with --source."),
            (
                locked,
                f"This user cannot use {', '.join(locked)}: add the user to the group that owns it (Debian: video).",
            ),
            (
                not cache.writable,
                f"Compiled kernels cannot be cached in {cache.folder}: every start compiles them again. "
                "Set NUMBA_CACHE_DIR to a writable folder.",
            ),
            (
                cache.writable and not cache.kernels,
                "No compiled kernels are cached yet: the first analysis takes some seconds longer to start.",
            ),
            (
                sessions.free_gib < MIN_FREE_GIB,
                f"Only {sessions.free_gib:.1f} GiB are free at {sessions.path}: recording video soon fills that.",
            ),
        )
        if applies
    ]


def render(report: Report) -> RenderableType:
    """Return the report as a table for a terminal, with problems and notes below it."""
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for topic, value in _rows(report):
        table.add_row(topic, Text(value))
    problem_lines = [Text(f"Problem: {sentence}", style="bold red") for sentence in report.problems]
    note_lines = [Text(f"Note: {sentence}", style="yellow") for sentence in report.notes]
    conclusion = [] if report.problems else [Text("MEDN is ready for an analysis.", style="green")]
    return Group(table, Text(), *problem_lines, *note_lines, *conclusion)


def _pinned(package: str) -> str:
    """The version to which MEDN's own requirements pin a package; empty if MEDN was not installed as a package."""
    try:
        requirements = metadata.requires("medn") or []
    except metadata.PackageNotFoundError:
        return ""
    pins = (requirement.split(";")[0].partition("==") for requirement in requirements)
    return next((version.strip() for name, _, version in pins if name.strip() == package), "")


def _rows(report: Report) -> list[tuple[str, str]]:
    processor, cache, sessions = report.processor, report.kernel_cache, report.sessions
    return [
        ("MEDN", report.medn),
        ("Python", report.python),
        ("System", report.system),
        ("Packages", ", ".join(f"{name} {version}" for name, version in report.packages.items() if version)),
        ("Not installed", ", ".join(name for name, version in report.packages.items() if not version) or "–"),
        ("Processor", f"{processor.model}, {processor.usable_cores} of {processor.cores} cores usable"),
        ("Memory", f"{processor.memory_gib:.1f} GiB, {processor.available_memory_gib:.1f} available"),
        ("GPU", ", ".join(report.graphics.names) or f"none: {report.graphics.why}"),
        ("Display", _display_text(report.display)),
        ("Cameras", ", ".join(f"{camera.number}: {camera.name}" for camera in report.cameras) or "none"),
        ("Face model", f"{report.face_model.path} ({'intact' if report.face_model.intact else 'missing or changed'})"),
        ("Kernel cache", f"{cache.folder} ({cache.kernels} kernels{'' if cache.writable else ', not writable'})"),
        ("Runtime", f"{report.runtime.name}: {report.runtime.why}"),
        ("Sessions", f"{sessions.path} ({sessions.free_gib:.1f} GiB free)"),
    ]


def _display_text(display: Display) -> str:
    if display.qt_platform:
        return f"{display.session}, Qt platform {display.qt_platform}"
    return f"{display.session}: {display.why}"
