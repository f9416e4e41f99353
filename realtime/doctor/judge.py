"""What the findings mean for a user: a sentence each, with the way out."""

import os
from collections.abc import Mapping
from pathlib import Path

from realtime.doctor.report import Display, FaceModel, KernelCache, SessionFolder
from realtime.sources.camera import Camera

REQUIRED = ("av", "mediapipe", "numba", "numpy", "onnxruntime", "opencv-python-headless", "scipy", "torch")
MEDIAPIPE = "0.10.31"
"""Later releases contact a server of Google's whenever a Face Landmarker is made."""
ROOM_GIB = 1.0
"""Less free space than this is worth a word before video is recorded."""


def problems(packages: Mapping[str, str | None], model: FaceModel, sessions: SessionFolder) -> list[str]:
    """What keeps MEDN from working as it should."""
    missing = [name for name in REQUIRED if packages[name] is None]
    mediapipe = packages["mediapipe"]
    return [
        sentence
        for wrong, sentence in (
            (missing, f"{', '.join(missing)} not installed: install MEDN again (make run, or pip install medn)."),
            (
                mediapipe and mediapipe != MEDIAPIPE,
                f"MediaPipe {mediapipe} is installed, but only {MEDIAPIPE} is known to contact no server: "
                f"pip install mediapipe=={MEDIAPIPE}.",
            ),
            (
                not model.intact,
                f"The face model {model.path} is missing or not the one this release was made with: "
                "install MEDN again.",
            ),
            (
                not sessions.writable,
                f"Sessions cannot be written to {sessions.path}: make the folder writable or name a file with --out.",
            ),
        )
        if wrong
    ]


def notes(display: Display, cameras: tuple[Camera, ...], cache: KernelCache, sessions: SessionFolder) -> list[str]:
    """What is absent and can be lived with."""
    nodes = [Path(f"/dev/video{camera.number}") for camera in cameras]
    locked = [str(node) for node in nodes if node.exists() and not os.access(node, os.R_OK | os.W_OK)]
    return [
        sentence
        for absent, sentence in (
            (
                not display.qt_platform,
                f"No window can open: {display.why}. The command line does everything the app does.",
            ),
            (not cameras, "No camera was found: plug one in, or name a stream or a file with --source."),
            (
                locked,
                f"This user may not use {', '.join(locked)}: add the user to the group that owns it (Debian: video).",
            ),
            (
                not cache.writable,
                f"Compiled kernels cannot be kept in {cache.folder}: every start compiles them anew. "
                "Set NUMBA_CACHE_DIR to a folder that can be written.",
            ),
            (
                cache.writable and not cache.kernels,
                "No compiled kernels are kept yet: the first analysis takes some seconds longer to start.",
            ),
            (
                sessions.free_gib < ROOM_GIB,
                f"Only {sessions.free_gib:.1f} GiB are free at {sessions.path}: recording video soon fills that.",
            ),
        )
        if absent
    ]
