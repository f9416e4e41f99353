"""What was measured, and where: enough to judge a report next year, nothing that names a person's machine."""

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata

import cv2
import numba
import psutil
import torch

from medn.revision import git_revision
from realtime.doctor import examine
from realtime.recording import sessions_folder

PACKAGES = ("mediapipe", "numba", "numpy", "onnxruntime", "opencv-python-headless", "torch", "torch-tensorrt")
SWITCHES = ("OMP_NUM_THREADS", "OMP_WAIT_POLICY", "NUMBA_NUM_THREADS", "OPENCV_FOR_THREADS_NUM")


@dataclass(frozen=True, slots=True)
class Machine:
    """One run's circumstances."""

    date_utc: str
    revision: str
    """As `medn.revision.git_revision` tells it."""
    system: str
    python: str
    processor: str
    cores: int
    """That this process may use."""
    memory_gib: float
    gpu: str
    packages: Mapping[str, str]
    threads: Mapping[str, str]
    """Thread settings in force, and the environment's switches where set."""
    load: str
    """Load averages over 1, 5 and 15 min at the end."""


def describe_machine() -> Machine:
    """Look at this machine now; takes a second or two."""
    report = examine(sessions_folder())
    return Machine(
        date_utc=datetime.now(UTC).isoformat(timespec="seconds"),
        revision=git_revision(),
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        processor=report.processor.model,
        cores=report.processor.usable_cores,
        memory_gib=round(report.processor.memory_gib, 1),
        gpu=", ".join(report.graphics.names) or f"none ({report.graphics.why})",
        packages={name: version for name in PACKAGES if (version := _version(name))},
        threads={
            "cv2": str(cv2.getNumThreads()),
            "torch": str(torch.get_num_threads()),
            "numba": str(numba.get_num_threads()),
        }
        | {name: os.environ[name] for name in SWITCHES if name in os.environ},
        load=" ".join(f"{load:.1f}" for load in psutil.getloadavg()),
    )


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""
