"""Glass to glass: a flash on the screen, seen by the camera that faces it, up to the end of the analysis that shows it.

Counted from the moment at which the window has been painted, so the screen's own delay, the camera's exposure and
transfer and the analysis are in it. Nothing else on this machine can tell what a camera really costs: its stamps begin
only when a frame arrives.
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

from benchmarks.harness import Effort, ImpossibleError, Measure, Result, Tell
from realtime.doctor import examine
from realtime.drivers import Sink, Tally, run_live
from realtime.frame import Frame
from realtime.pipeline import Pipeline
from realtime.recording import sessions_folder
from realtime.results import Analysis
from realtime.sources import Source, open_source

LEAST_CONTRAST = 8.0
"""Grey levels by which the whole picture must change for a flash to be told from the camera's noise."""
LONGEST_S = 0.5
"""A picture that changes later than this after a flash was not changed by it."""
BETWEEN_S = (0.7, 1.3)
"""Flashes come at random times, so that they do not beat with the camera's rate."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    flashes: int


SIZES = {Effort.QUICK: Size(10), Effort.NORMAL: Size(40), Effort.THOROUGH: Size(200)}


def measure(size: Size, tell: Tell, camera: str) -> Result:
    """Flash and watch. Raises `SourceError` for the camera, `ImpossibleError` without a screen that it sees."""
    source = open_source(camera)
    display = examine(sessions_folder()).display
    if not source.live or not display.qt_platform:
        source.close()
        raise ImpossibleError(
            f"No window can open here: {display.why}."
            if source.live
            else f"{source.name} is a recording; glass to glass needs a camera that faces this screen."
        )
    watcher, flashes = _film(source, size.flashes, tell)
    brightness = np.array(watcher.brightness)
    captured_ms = delays_ms(flashes, watcher.captured_s, brightness, watcher.captured_s)
    analysed_ms = delays_ms(flashes, watcher.captured_s, brightness, watcher.analysed_s)
    seen = np.isfinite(analysed_ms)
    if not seen.any():
        raise ImpossibleError(
            f"{source.name} saw none of {len(flashes)} flashes: point it at this screen, near and in a darker room."
        )
    rows = {"flash to camera stamp": captured_ms[seen], "flash to result": analysed_ms[seen]}
    return Result(
        benchmark="glass",
        question="How long does light from the screen take through camera and analysis to a result?",
        conditions={
            "camera": source.name,
            "flashes": f"{seen.sum()} seen of {len(flashes)}, changes to bright and dark",
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
    told_s: Sequence[float],
) -> NDArray[np.float64]:
    """(flashes,) time in ms from each change of the screen to the `told_s` of the first frame that shows it.

    The screen changes to bright first, then to dark, and so on. `captured_s` (n,) increasing, `brightness` (n,) the
    mean grey level of each frame, `told_s` (n,); all times on one clock. A frame shows the change when its brightness
    is past the middle between what it was before and what it becomes, so a frame in whose exposure the change falls
    late does not count. NaN where the change was too small, came too late, or went the other way (it was the flash
    before).
    """
    captured = np.asarray(captured_s, np.float64)
    ends_s = np.append(np.asarray(flashes_s, np.float64)[1:], np.inf)
    found = np.full(len(flashes_s), np.nan)
    for number, (flash_s, end_s) in enumerate(zip(flashes_s, ends_s, strict=True)):
        before = brightness[(captured > flash_s - 0.3) & (captured <= flash_s)]
        frames = np.flatnonzero((captured > flash_s) & (captured <= min(flash_s + LONGEST_S, end_s)))
        if not len(before) or not len(frames):
            continue
        dark, bright = float(np.median(before)), float(np.median(brightness[frames[-3:]]))
        towards = 1 if number % 2 == 0 else -1
        if towards * (bright - dark) < LEAST_CONTRAST:
            continue
        shown = (brightness[frames] - (dark + bright) / 2) * (bright - dark) > 0
        found[number] = 1000 * (told_s[frames[int(shown.argmax())]] - flash_s)
    return found


@dataclass(slots=True)
class _Watcher(Sink):
    """Notes when each frame was captured and analysed, and how bright it is; times on `time.monotonic()`'s clock."""

    tally: Tally
    captured_s: list[float] = field(default_factory=list)
    analysed_s: list[float] = field(default_factory=list)
    brightness: list[float] = field(default_factory=list)

    def on_analysis(self, frame: Frame, _: Analysis) -> None:
        now_s = time.monotonic()
        if math.isnan(self.tally.zero_s):
            return
        self.captured_s.append(self.tally.zero_s + frame.time_s)
        self.analysed_s.append(now_s)
        self.brightness.append(cv2.mean(frame.image[::8, ::8])[1])


def _film(source: Source, flashes: int, tell: Tell) -> tuple[_Watcher, list[float]]:
    """Run the product on the camera while the screen changes; what was seen, and when the screen changed."""
    tally, stop = Tally(), threading.Event()
    watcher = _Watcher(tally)
    with Pipeline() as pipeline:
        driver = threading.Thread(
            target=run_live, args=(source, pipeline, [watcher]), kwargs={"stop": stop, "tally": tally}
        )
        driver.start()
        try:
            return watcher, _flash(flashes, tell)
        finally:
            stop.set()
            driver.join()


def _flash(count: int, tell: Tell) -> list[float]:
    """A window over the whole screen, black and white by turns; the moments at which it had been painted."""
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
            tell(f"{len(painted_s)} of {count} changes")
            if len(painted_s) < count:
                QTimer.singleShot(int(1000 * random.uniform(*BETWEEN_S)), self.change)
            else:
                QTimer.singleShot(int(1000 * LONGEST_S), application.quit)

    screen = Screen()
    screen.showFullScreen()
    QTimer.singleShot(3000, screen.change)
    application.exec()
    return painted_s
