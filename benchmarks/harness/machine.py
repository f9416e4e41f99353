"""The machine and the software that a run was measured on; no paths and no host name."""

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata

import cv2
import numba
import psutil

from medn.revision import git_revision
from realtime.doctor import examine
from realtime.session.paths import sessions_folder

PACKAGES = ("mediapipe", "numba", "numpy", "onnxruntime", "opencv-python-headless", "torch", "torch-tensorrt")
SWITCHES = ("OMP_NUM_THREADS", "OMP_WAIT_POLICY", "NUMBA_NUM_THREADS", "OPENCV_FOR_THREADS_NUM")


@dataclass(frozen=True, slots=True)
class Machine:
    """Machine, software and settings of one run."""

    date_utc: str
    revision: str
    """From `medn.revision.git_revision`."""
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
    """Examine this machine; takes a second or two."""
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
        threads={"cv2": str(cv2.getNumThreads()), "numba": str(numba.get_num_threads())}
        | {name: os.environ[name] for name in SWITCHES if name in os.environ},
        load=" ".join(f"{load:.1f}" for load in psutil.getloadavg()),
    )


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""
