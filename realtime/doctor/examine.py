"""Examine this machine: versions, processor, display, cameras, runtime, free space for sessions."""

import hashlib
import os
import platform
import shutil
import sys
from importlib import metadata, resources
from pathlib import Path

import numba
import platformdirs
import psutil

from medn.face.landmarker import MODEL_FILE
from medn.prerequisites import instruction_sets
from medn.revision import __version__
from medn.runtime import explain_choice
from medn.runtime.machine import why_no_torch_cuda
from realtime.doctor.display import examine_display
from realtime.doctor.report import (
    OPTIONAL,
    REQUIRED,
    FaceModel,
    Folder,
    Graphics,
    KernelCache,
    Microphones,
    Processor,
    Report,
    Runtime,
    SessionFolder,
    notes,
    problems,
)
from realtime.sources import SourceError
from realtime.sources.camera import list_cameras
from realtime.sources.microphone import list_microphones

FACE_MODEL_SHA256 = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff"
INSTRUCTION_SETS = {"avx": "AVX", "avx2": "AVX2", "fma": "FMA", "avx512f": "AVX-512"}
"""What the libraries use where it is there, by the system's name."""


def examine(session_folder: Path, face_model: Path = MODEL_FILE) -> Report:
    """Examine this machine. Takes a second or two, opens no connection to another machine, changes nothing.

    `session_folder` is the folder of new sessions; it need not exist.
    """
    packages = {name: _version(name) for name in (*REQUIRED, *OPTIONAL)}
    processor = _processor()
    graphics = _graphics()
    display = examine_display(packages["PyQt6"] is not None)
    cameras = tuple(list_cameras())
    microphones = _microphones()
    model = _face_model(face_model)
    kernels = _kernel_cache()
    cache = _cache()
    sessions = _session_folder(session_folder)
    return Report(
        medn=__version__,
        python=f"{platform.python_version()} ({sys.executable})",
        system=platform.platform(),
        packages=packages,
        processor=processor,
        graphics=graphics,
        display=display,
        cameras=cameras,
        microphones=microphones,
        face_model=model,
        kernel_cache=kernels,
        cache=cache,
        runtime=choose_runtime(),
        sessions=sessions,
        problems=tuple(problems(packages, model, sessions)),
        notes=tuple(notes(packages, processor, display, cameras, microphones, kernels, cache, sessions)),
    )


def choose_runtime() -> Runtime:
    """Return the runtime that the recognizer uses on this machine, and the reason."""
    choices = explain_choice()
    chosen = next(choice for choice in choices if choice.available)
    others = [f"not {choice.runtime}: {choice.reason}" for choice in choices[: choices.index(chosen)]]
    return Runtime(chosen.runtime, "; ".join([chosen.reason, *others]))


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _processor() -> Processor:
    memory = psutil.virtual_memory()
    cores = os.cpu_count() or 1
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else cores
    found = instruction_sets()
    known = None if found is None else tuple(name for flag, name in INSTRUCTION_SETS.items() if flag in found)
    return Processor(_processor_model(), cores, usable, memory.total / 2**30, memory.available / 2**30, known)


def _processor_model() -> str:
    listing = Path("/proc/cpuinfo")
    lines = listing.read_text().splitlines() if listing.exists() else []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, "") or platform.processor() or platform.machine()


def _graphics() -> Graphics:
    if why_not := why_no_torch_cuda():
        return Graphics((), why_not)
    import torch

    cards = [torch.cuda.get_device_properties(number) for number in range(torch.cuda.device_count())]
    return Graphics(tuple(f"{card.name}, {card.total_memory / 2**30:.0f} GiB" for card in cards), "")


def _microphones() -> Microphones:
    try:
        found = list_microphones()
    except SourceError as error:
        return Microphones((), str(error))
    why = "" if found else "the sound server knows no microphone. Plug one in, or unlock it in the system's settings."
    return Microphones(tuple(each.description for each in found), why)


def _face_model(path: Path) -> FaceModel:
    intact = path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == FACE_MODEL_SHA256
    return FaceModel(str(path), intact)


def _kernel_cache() -> KernelCache:
    """The first that can be written, in Numba's own order: NUMBA_CACHE_DIR, beside the source, the user's cache."""
    chosen = [Path(numba.config.CACHE_DIR)] if numba.config.CACHE_DIR else []
    places = [*chosen, Path(str(resources.files("realtime"))), platformdirs.user_cache_path("numba")]
    folder = next((place for place in places if _writable(place)), places[0])
    tag = f"py{sys.version_info.major}{sys.version_info.minor}"
    kernels = sum(1 for _ in folder.rglob(f"*.{tag}.nbi")) if folder.is_dir() else 0
    return KernelCache(str(folder), _writable(folder), kernels)


def _cache() -> Folder:
    folder = platformdirs.user_cache_path("medn", appauthor=False)
    return Folder(str(folder), _writable(folder))


def _session_folder(folder: Path) -> SessionFolder:
    return SessionFolder(str(folder), _writable(folder), shutil.disk_usage(_nearest(folder)).free / 2**30)


def _writable(folder: Path) -> bool:
    """Whether files can be created in a folder that exists or can be created."""
    nearest = _nearest(folder)
    return nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)


def _nearest(path: Path) -> Path:
    """The path itself, or the nearest folder above it that exists."""
    return next(place for place in (path, *path.parents) if place.exists())
