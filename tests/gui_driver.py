"""What the window's tests share: waiting as a person does, and sessions to look at."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain, repeat
from pathlib import Path

import numpy as np
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication, QMessageBox, QWidget

from realtime.session import SessionInfo, SessionWriter
from realtime.sources import VideoFile
from realtime.types import Analysis, Event, FaceReading, Frame


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
        evidence={"blink": 0.01, "duration_s": 0.3}, algorithmic_ms=450.0, compute_ms=8.0, emotion=emotion,
        aus=emotion and {"AU1": 0.9, "AU2": 0.7, "AU4": 0.1},
    )  # fmt: skip


def a_candidate(at_s: float, score: float) -> Event:
    """A rejected candidate."""
    reason = f"score {score:.2f}: like speech: the jaw moves before or after"
    return replace(an_event(2, at_s, round(at_s * 30)), score=score, reason=reason, accepted=False)


def write_session(
    path: Path,
    seconds: float,
    events_at_s: list[float],
    video: Path | None = None,
    candidates: Sequence[tuple[float, float]] = (),
    faces: int = 1,
) -> Path:
    """A session with a trace, limits and events, as an analysis leaves it: the mouth is judged in the second half.

    `candidates`: time in s and score of each. Of several `faces`, each in turn has an event.
    """
    empty = np.zeros((2, 2, 3), np.uint8)
    pictures = chain((frame.image for frame in VideoFile(video)) if video and video.exists() else (), repeat(empty))
    points = np.zeros((478, 3), np.float32)
    info = SessionInfo(
        source="camera 0",
        video=str(video) if video else None,
        consent="Ada agreed to be recorded.",
        parameters={"score_threshold": 0.6, "most_faces": 1},
    )
    with SessionWriter(path, info) as writer:
        for index in range(int(seconds * 30)):
            motion = np.full(6, 0.1 + 0.5 * (index % 90 < 6), np.float32)
            limit_pct = (1.2, 2.5 if 2 * index > seconds * 30 else math.nan)
            threshold = np.full(6, 0.4, np.float32)
            readings = tuple(
                FaceReading(face, points, motion, threshold, (0.0, 0.0, 0.0), 90.0, True, limit_pct)
                for face in range(faces)
            )
            writer.on_analysis(Analysis(index, index / 30, readings), Frame(index, index / 30, next(pictures)))
        events = tuple(
            replace(an_event(i, at_s, round(at_s * 30)), face=i % faces) for i, at_s in enumerate(events_at_s)
        )
        writer.on_analysis(Analysis(-1, 0.0, (), events, tuple(a_candidate(*each) for each in candidates)), None)
    return path


def answer(monkeypatch, *verbs):
    """Answer the coming questions by the button with each verb; "" presses Enter. Returns the questions."""
    left, asked = list(verbs), []

    def run(box):
        asked.append(box.text())
        verb = left.pop(0)
        next(b for b in box.buttons() if b.text() == verb).click() if verb else press(box, Qt.Key.Key_Return)

    monkeypatch.setattr(QMessageBox, "exec", run)
    return asked
