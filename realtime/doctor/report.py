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

from medn.extras import way_to
from realtime.sources.camera import Camera

REQUIRED = ("av", "mediapipe", "numba", "numpy", "onnxruntime", "opencv-python-headless", "scipy")
OPTIONAL = {
    "PyQt6": "", "pyqtgraph": "", "qtawesome": "", "pyarrow": "export", "matplotlib": "lab", "onnx": "lab",
    "onnxscript": "lab", "scikit-learn": "lab", "torch": "lab", "torch-tensorrt": "", "ray": "cluster",
    "fsspec": "cluster",
}  # fmt: skip
"""Packages that not every user needs, with the extra for which a note is made where one is missing."""
EXTRAS = {
    "lab": "Training, evaluation and compiling need", "export": "Parquet needs",
    "cluster": "A Ray cluster needs",
}  # fmt: skip
MIN_FREE_GIB = 1.0
"""With less free space there is a note, because recording video soon fills it."""
MIN_MEMORY_GIB = 4.0
"""With less memory there is a note; a machine sold with 4 GB reports a little less."""


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
    microphones: Microphones
    face_model: FaceModel
    kernel_cache: KernelCache
    cache: Folder
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
    instruction_sets: tuple[str, ...] | None
    """Of AVX, AVX2, FMA and AVX-512, those that it has; None where that is not known (not x86-64, not Linux)."""


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
    remote: str = ""
    """How the window reaches a screen elsewhere ("SSH", "RDP", "VNC", …), as far as the environment tells."""


@dataclass(frozen=True, slots=True)
class Microphones:
    """Microphones that can be recorded with a video, the system's own choice first; if there is none, the reason."""

    names: tuple[str, ...]
    why: str


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
class Folder:
    """The folder of what can be made again: the demo's sample, engines for a GPU."""

    path: str
    writable: bool


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
    processor: Processor,
    display: Display,
    cameras: tuple[Camera, ...],
    microphones: Microphones,
    kernels: KernelCache,
    cache: Folder,
    sessions: SessionFolder,
) -> list[str]:
    """Return what is missing but not required, a sentence each."""
    missing = {extra: [name for name, of in OPTIONAL.items() if of == extra and not packages[name]] for extra in EXTRAS}
    nodes = [Path(f"/dev/video{camera.number}") for camera in cameras]
    locked = [str(node) for node in nodes if node.exists() and not os.access(node, os.R_OK | os.W_OK)]
    return [
        sentence
        for applies, sentence in (
            *((names, f"{EXTRAS[extra]} {', '.join(names)}: {way_to(extra)}.") for extra, names in missing.items()),
            *_weak(processor),
            (
                display.remote,
                f"The display is remote ({display.remote}): the picture stutters where the connection is slow, and "
                "cameras are those of this machine, not of the one in front of you.",
            ),
            (
                not display.qt_platform,
                f"No window can open: {display.why}. The command line does everything the app does.",
            ),
            (not cameras, "No camera was found: plug one in, or name a stream or a file with --source."),
            (not microphones.names, f"Videos are recorded without sound: {microphones.why}"),
            (
                locked,
                f"This user cannot use {', '.join(locked)}: add the user to the group that owns it (Debian: video).",
            ),
            (
                not kernels.writable,
                f"Compiled kernels cannot be cached in {kernels.folder}: every start compiles them again. "
                "Set NUMBA_CACHE_DIR to a writable folder.",
            ),
            (
                kernels.writable and not kernels.kernels,
                "No compiled kernels are cached yet: the first analysis takes some seconds longer to start.",
            ),
            (
                not cache.writable,
                f"The demo's sample cannot be written to {cache.path}: "
                "set XDG_CACHE_HOME to a folder that can be written.",
            ),
            (
                sessions.free_gib < MIN_FREE_GIB,
                f"Only {sessions.free_gib:.1f} GiB are free at {sessions.path}: recording video soon fills that.",
            ),
        )
        if applies
    ]


def _weak(processor: Processor) -> list[tuple[object, str]]:
    """What is small or old about the machine: whether it applies, and the sentence."""
    sets = processor.instruction_sets
    lacking = " and no ".join(name for name in ("AVX", "AVX2") if sets is not None and name not in sets)
    return [
        (
            lacking,
            f"The processor has no {lacking}: MediaPipe, ONNX Runtime and OpenCV run without it, but slower.",
        ),
        (
            processor.usable_cores == 1,
            "Only one core can be used: live, camera, analysis and window share it, and frames for which there is no "
            "time are dropped and counted; a replay drops none.",
        ),
        (
            processor.memory_gib < MIN_MEMORY_GIB,
            f"This machine has {processor.memory_gib:.1f} GiB of memory: analyse one recording at a time, which takes "
            "about 0.5 GiB (--workers 1).",
        ),
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
    processor, kernels, cache, sessions = report.processor, report.kernel_cache, report.cache, report.sessions
    sets = processor.instruction_sets
    return [
        ("MEDN", report.medn),
        ("Python", report.python),
        ("System", report.system),
        ("Packages", ", ".join(f"{name} {version}" for name, version in report.packages.items() if version)),
        ("Not installed", ", ".join(name for name, version in report.packages.items() if not version) or "–"),
        ("Processor", f"{processor.model}, {processor.usable_cores} of {processor.cores} cores usable"),
        ("Instruction sets", "not known" if sets is None else ", ".join(sets) or "no AVX"),
        ("Memory", f"{processor.memory_gib:.1f} GiB, {processor.available_memory_gib:.1f} available"),
        ("GPU", ", ".join(report.graphics.names) or f"none: {report.graphics.why}"),
        ("Display", _display_text(report.display)),
        ("Cameras", ", ".join(f"{camera.number}: {camera.name}" for camera in report.cameras) or "none"),
        ("Microphones", ", ".join(report.microphones.names) or "none"),
        ("Face model", f"{report.face_model.path} ({'intact' if report.face_model.intact else 'missing or changed'})"),
        ("Kernel cache", f"{kernels.folder} ({kernels.kernels} kernels{_whether(kernels.writable, ', ')})"),
        ("Cache", f"{cache.path}{_whether(cache.writable, ': ')}"),
        ("Runtime", f"{report.runtime.name}: {report.runtime.why}"),
        ("Sessions", f"{sessions.path} ({sessions.free_gib:.1f} GiB free{_whether(sessions.writable, ', ')})"),
    ]


def _whether(writable: bool, sign: str) -> str:
    return "" if writable else f"{sign}not writable"


def _display_text(display: Display) -> str:
    kind = f"{display.session}, remote ({display.remote})" if display.remote else display.session
    return f"{kind}, Qt platform {display.qt_platform}" if display.qt_platform else f"{kind}: {display.why}"
