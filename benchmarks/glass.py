"""Glass to glass: the time from a flash on the screen to the end of the analysis of the first frame that shows it.

The camera must face the screen. Time counts from the end of the window's painting, so the screen's own delay, the
camera's exposure and transfer, and the analysis are included. Time stamps alone cannot measure a camera's delay: they
are made when a frame arrives.
"""

import math
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import Effort, ImpossibleError, Measure, Progress, Result
from realtime.doctor import examine
from realtime.drivers import Tally, run_live
from realtime.pipeline import Pipeline
from realtime.session.paths import sessions_folder
from realtime.sink import Sink
from realtime.sources import Source, open_source
from realtime.types import Analysis, Frame

MIN_CONTRAST = 8.0
"""Grey levels by which the whole picture must change to count as a flash and not as the camera's noise."""
MAX_DELAY_S = 0.5
"""A change of the picture later than this after a flash is not attributed to it."""
FLASH_INTERVAL_S = (0.7, 1.3)
"""Range of the random time between flashes, in s; random, so that flashes do not beat with the camera's rate."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    flashes: int


SIZES = {Effort.QUICK: Size(10), Effort.NORMAL: Size(40), Effort.THOROUGH: Size(200)}


def measure(size: Size, progress: Progress, camera: str) -> Result:
    """Flash and record. Raises `SourceError` for the camera, `ImpossibleError` without a screen in its view."""
    source = open_source(camera)
    display = examine(sessions_folder()).display
    if not source.live or not display.qt_platform:
        source.close()
        raise ImpossibleError(
            f"No window can open here: {display.why}."
            if source.live
            else f"{source.name} is a recording; glass to glass needs a camera that faces this screen."
        )
    log, flashes = _record_flashes(source, size.flashes, progress)
    brightness = np.array(log.brightness)
    captured_ms = delays_ms(flashes, log.captured_s, brightness, log.captured_s)
    analysed_ms = delays_ms(flashes, log.captured_s, brightness, log.analysed_s)
    found = np.isfinite(analysed_ms)
    if not found.any():
        raise ImpossibleError(
            f"{source.name} saw none of {len(flashes)} flashes: point it at this screen, near and in a darker room."
        )
    rows = {"flash to camera stamp": captured_ms[found], "flash to result": analysed_ms[found]}
    return Result(
        benchmark="glass",
        question="How long does light from the screen take through camera and analysis to a result?",
        conditions={
            "camera": source.name,
            "flashes": f"{found.sum()} seen of {len(flashes)}, changes to bright and dark",
        },
        measures=tuple(
            Measure(name, quantity, "ms", (float(np.percentile(delays, percent)),))
            for name, delays in rows.items()
            for quantity, percent in (("p50", 50), ("p90", 90), ("max", 100))
        ),
        notes=(
            "Counted from the end of the painting: the screen's own delay is in it, that of showing the result is not.",
        ),
    )


def delays_ms(
    flashes_s: Sequence[float],
    captured_s: Sequence[float],
    brightness: NDArray[np.floating],
    result_s: Sequence[float],
) -> NDArray[np.float64]:
    """(flashes,) time in ms from each change of the screen to `result_s` of the first frame that shows it.

    The screen changes to bright first, then to dark, and so on. `captured_s` (n,) increasing, `brightness` (n,) the
    mean grey level of each frame, `result_s` (n,); all times on one clock. A frame shows the change when its brightness
    is past the middle between what it was before and what it becomes, so a frame in whose exposure the change falls
    late does not count. NaN where the change was too small or too late, or had the wrong direction (then it belongs to
    the flash before).
    """
    captured = np.asarray(captured_s, np.float64)
    ends_s = np.append(np.asarray(flashes_s, np.float64)[1:], np.inf)
    found = np.full(len(flashes_s), np.nan)
    for number, (flash_s, end_s) in enumerate(zip(flashes_s, ends_s, strict=True)):
        before = brightness[(captured > flash_s - 0.3) & (captured <= flash_s)]
        frames = np.flatnonzero((captured > flash_s) & (captured <= min(flash_s + MAX_DELAY_S, end_s)))
        if not len(before) or not len(frames):
            continue
        dark, bright = float(np.median(before)), float(np.median(brightness[frames[-3:]]))
        towards = 1 if number % 2 == 0 else -1
        if towards * (bright - dark) < MIN_CONTRAST:
            continue
        shown = (brightness[frames] - (dark + bright) / 2) * (bright - dark) > 0
        found[number] = 1000 * (result_s[frames[int(shown.argmax())]] - flash_s)
    return found


@dataclass(slots=True)
class _FrameLog(Sink):
    """Keeps capture time, end of analysis and brightness of each frame; times on the clock of `time.monotonic()`."""

    tally: Tally
    captured_s: list[float] = field(default_factory=list)
    analysed_s: list[float] = field(default_factory=list)
    brightness: list[float] = field(default_factory=list)

    def on_analysis(self, _: Analysis, frame: Frame | None) -> None:
        now_s = time.monotonic()
        if frame is None or math.isnan(self.tally.zero_s):
            return
        self.captured_s.append(self.tally.zero_s + frame.time_s)
        self.analysed_s.append(now_s)
        self.brightness.append(cv2.mean(frame.image[::8, ::8])[1])


def _record_flashes(source: Source, flashes: int, progress: Progress) -> tuple[_FrameLog, list[float]]:
    """Run the pipeline on the camera while the screen flashes; the frames' log, and the times of the flashes."""
    tally, stop = Tally(), threading.Event()
    log = _FrameLog(tally)
    with Pipeline() as pipeline:
        driver = threading.Thread(
            target=run_live, args=(source, pipeline, [log]), kwargs={"stop": stop, "tally": tally}
        )
        driver.start()
        try:
            return log, _flash(flashes, progress)
        finally:
            stop.set()
            driver.join()


def _flash(count: int, progress: Progress) -> list[float]:
    """Paint a full-screen window black and white in turn; the times at which painting ended, in s."""
    from PyQt6.QtCore import Qt, QTimer
    from PyQt6.QtGui import QColor, QPainter, QPaintEvent
    from PyQt6.QtWidgets import QApplication, QWidget

    application = QApplication.instance() or QApplication([])
    painted_s: list[float] = []

    class Screen(QWidget):
        bright = False

        def paintEvent(self, _: QPaintEvent | None) -> None:  # noqa: N802 - Qt's name
            with QPainter(self) as painter:
                painter.fillRect(self.rect(), QColor(Qt.GlobalColor.white if self.bright else Qt.GlobalColor.black))

        def change(self) -> None:
            self.bright = not self.bright
            self.repaint()
            painted_s.append(time.monotonic())
            progress(f"{len(painted_s)} of {count} changes")
            if len(painted_s) < count:
                QTimer.singleShot(int(1000 * random.uniform(*FLASH_INTERVAL_S)), self.change)
            else:
                QTimer.singleShot(int(1000 * MAX_DELAY_S), application.quit)

    screen = Screen()
    screen.showFullScreen()
    QTimer.singleShot(3000, screen.change)
    application.exec()
    return painted_s
