"""What the window's tests share: waiting as a person does, and sessions to look at."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication, QWidget

from realtime.frame import Frame
from realtime.results import Analysis, Event, FaceReading
from realtime.session import SessionInfo, SessionWriter


def until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Let the window live until something is so; fails if it does not come."""
    end_s = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end_s, "what was waited for did not come"
        QApplication.processEvents()
        time.sleep(0.003)


def live_for(seconds: float) -> None:
    """Let the window live for a while."""
    end_s = time.monotonic() + seconds
    until(lambda: time.monotonic() > end_s, seconds + 5)


def press(widget: QWidget, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """A key, as typed."""
    QTest.keyClick(widget, key, modifiers)
    QApplication.processEvents()


ONSET_S = 3.0
"""When the brows are raised in the film that `interview` gives."""

EMOTIONS = (
    {"negative": 0.7, "positive": 0.2, "surprise": 0.1},
    {"negative": 0.1, "positive": 0.1, "surprise": 0.8},
    None,
)


def an_event(place: int, at_s: float, frame: int) -> Event:
    """An event; every third without recognition."""
    emotion = EMOTIONS[place % 3]
    return Event(
        face=0, onset_s=at_s, apex_s=at_s + 0.1, offset_s=at_s + 0.3, onset_frame=frame, apex_frame=frame + 3,
        offset_frame=frame + 9, score=0.5 + 0.04 * place, regions={"inner brow left": 1.2, "glabella": 0.8},
        evidence={"blink": 0.01, "duration s": 0.3}, algorithmic_ms=450.0, compute_ms=8.0, emotion=emotion,
        aus=emotion and {"AU1": 0.9, "AU2": 0.7, "AU4": 0.1},
    )  # fmt: skip


def write_session(path: Path, seconds: float, events_at_s: list[float], video: Path | None = None) -> Path:
    """A session with a trace and events, as an analysis leaves it."""
    picture = np.zeros((2, 2, 3), np.uint8)
    points = np.zeros((478, 3), np.float32)
    info = SessionInfo(source="camera 0", video=str(video) if video else None, consent="Ada agreed to be recorded.")
    with SessionWriter(path, info) as writer:
        for index in range(int(seconds * 30)):
            motion = np.full(6, 0.1 + 0.5 * (index % 90 < 6), np.float32)
            reading = FaceReading(0, points, motion, np.full(6, 0.4, np.float32), (0.0, 0.0, 0.0), 90.0, True)
            writer.on_analysis(Frame(index, index / 30, picture), Analysis(index, index / 30, (reading,)))
        writer.on_events([an_event(i, at_s, round(at_s * 30)) for i, at_s in enumerate(events_at_s)])
    return path
