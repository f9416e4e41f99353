"""Filming: how far picture and sound of a film are apart, with a camera that flashes and a microphone that beeps.

The camera is any that shows a white frame at even intervals: the built-in one, or a device (a fake webcam that plays a
video in a loop). The microphone is a pipe of the sound server (PulseAudio), into which a process of its own writes
beeps at the moments of the flashes, sample by sample in time, by a clock that may be wrong by a known share: so that
the sound's clock and the camera's go apart.
"""

import math
import multiprocessing
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import Effort, ImpossibleError, Measure, Progress, Result
from realtime.drivers import run_live
from realtime.faces.detector import Detections
from realtime.session import SessionInfo
from realtime.session.recorder import Recorder
from realtime.sink import Sink
from realtime.sources import Item, Notice, VideoFile, open_source
from realtime.sources.microphone import open_microphone
from realtime.sources.sound import RATE_HZ
from realtime.types import Analysis, Frame
from realtime.viewing.sound import open_sound

CLOCKS_PPM = {"clocks alike": 0, "sound clock 200 ppm fast": 200}
"""Crystals of cheap devices are off by up to 100 ppm each."""
EVERY_S, FPS = 2.0, 30
LOUD, BRIGHT = 0.1, 150.0
LEARNED = 5
"""Flashes from whose times those of all others are known."""
CHUNK = 240
"""Samples that the pipe is given at once: 5 ms."""
PIPE = "medn_bench"


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    seconds: float


SIZES = {Effort.QUICK: Size(30), Effort.NORMAL: Size(90), Effort.THOROUGH: Size(600)}


@dataclass(frozen=True, slots=True)
class Apart:
    """Of each flash in a film: its time, and how much later its beep is, both in s."""

    at_s: NDArray[np.float64]
    late_s: NDArray[np.float64]
    frames_lost: int
    beeper_late_s: float
    """The longest time by which this machine was late in making a sample, which no recording can know."""


def measure(size: Size, progress: Progress, source: str | None) -> Result:
    """Film and measure. Raises `ImpossibleError` without a sound server that takes a pipe."""
    if shutil.which("pactl") is None:
        raise ImpossibleError("The microphone is made with pactl, which is missing (Debian: pulseaudio-utils).")
    measures = []
    with tempfile.TemporaryDirectory() as folder:
        progress(f"{size.seconds:.0f} s")
        for name, apart in film(Path(folder), source, size.seconds).items():
            late_ms = 1000 * apart.late_s
            uneven_ms = 1000 * float(np.ptp((apart.at_s - apart.at_s[0] + EVERY_S / 2) % EVERY_S))
            part = max(len(late_ms) // 10, 1)
            for quantity, value in (
                ("median", np.median(late_ms)),
                ("earliest", late_ms.min()),
                ("latest", late_ms.max()),
                ("last tenth − first tenth", np.median(late_ms[-part:]) - np.median(late_ms[:part])),
            ):
                measures.append(Measure(f"{name}: sound after picture", quantity, "ms", (float(value),), "neither"))
            measures += [
                Measure(f"{name}: flashes measured", "count", "", (float(len(late_ms)),), "neither"),
                Measure(f"{name}: frames not filmed", "count", "", (float(apart.frames_lost),), "lower"),
                Measure(f"{name}: a flash was stamped late by at most", "latest", "ms", (uneven_ms,), "neither"),
                Measure(
                    f"{name}: a beep was late by at most", "latest", "ms", (1000 * apart.beeper_late_s,), "neither"
                ),
            ]
    return Result(
        benchmark="filming",
        question="How far are picture and sound of a recorded film apart?",
        conditions={
            "length": f"{size.seconds:.0f} s, filmed with both clocks at a time",
            "camera": f"device {source}" if source else f"built in, {FPS} fps, 640×480",
            "microphone": "a pipe source of PulseAudio, written every 5 ms",
            "analysis": "none, so that only filming is measured",
        },
        measures=tuple(measures),
        notes=(
            "Negative: the sound came before the picture. A fake webcam stamps a frame when it is fetched, so that a "
            "busy machine makes a flash late; the built-in camera never does. Without a correction, clocks that differ "
            f"by 200 ppm are {0.2 * size.seconds:.0f} ms apart at the end.",
        ),
    )


def film(folder: Path, source: str | None, seconds: float) -> dict[str, Apart]:
    """Film a camera once for each clock, at the same time; return how far picture and sound are apart, by clock."""
    context, told = multiprocessing.get_context("spawn"), list[Notice]()
    first_s = context.Value("d", math.nan)
    recorders, late_s = {}, {}
    with ExitStack() as opened:
        camera = opened.enter_context(open_source(source) if source else Flashing())
        for name, ppm in CLOCKS_PPM.items():
            path, late_s[name], begun = folder / f"{ppm}.medn", context.Value("d", 0.0), context.Event()
            fifo = opened.enter_context(_pipe(path.with_suffix(".fifo"), f"{PIPE}_{ppm}"))
            beeper = context.Process(target=beep, args=(str(fifo), ppm, first_s, late_s[name], begun), daemon=True)
            beeper.start()
            opened.callback(beeper.join)
            opened.callback(beeper.terminate)
            begun.wait(60)
            recorders[name] = Recorder(told.append)
            info = SessionInfo(source="bench", video=str(path.with_suffix(".mp4")), consent="Nobody is filmed.")
            microphone = open_microphone(f"{PIPE}_{ppm}")
            recorders[name].start(path, info, film=True, microphone=microphone)
        run_live(camera, _Nothing(), [*recorders.values(), _Flashes(first_s)], seconds=seconds)
        lost = {name: recorder.frames_not_filmed for name, recorder in recorders.items()}
        for recorder in recorders.values():
            recorder.stop()
    for problem in (*(recorder.problem for recorder in recorders.values()), *(notice.text for notice in told)):
        if problem:
            raise ImpossibleError(problem)
    films = {name: folder / f"{ppm}.mp4" for name, ppm in CLOCKS_PPM.items()}
    return {name: compared(made, lost[name], late_s[name].value) for name, made in films.items()}


def compared(video: Path, lost: int, beeper_late_s: float) -> Apart:
    """Compare each flash of a film with the beep that is nearest to it."""
    flashes_s, bright = [], False
    for item in VideoFile(video):
        if isinstance(item, Frame):
            now = float(item.image[::16, ::16].mean()) > BRIGHT
            if now and not bright:
                flashes_s.append(item.time_s)
            bright = now
    track = open_sound(video)
    if track is None:
        raise ImpossibleError("The film has no sound.")
    beeps, place, loud = [], 0, -RATE_HZ
    with track:
        for block in track.samples(0.0):
            for sample in np.flatnonzero(np.abs(block[:, 0]) > LOUD) + place:
                if sample - loud > RATE_HZ:
                    beeps.append(sample / RATE_HZ)
                loud = int(sample)
            place += len(block)
    if len(beeps) < 3:
        raise ImpossibleError(f"{len(beeps)} beeps are in the film.")
    beeps_s = np.array(beeps)
    at_s = np.array([flash_s for flash_s in flashes_s if beeps_s[0] - 0.5 < flash_s < beeps_s[-1] + 0.5])
    late_s = np.array([beeps_s[np.abs(beeps_s - flash_s).argmin()] - flash_s for flash_s in at_s])
    return Apart(at_s, late_s, lost, beeper_late_s)


def beep(fifo: str, ppm: float, first_s: "Synchronized[float]", late_s: "Synchronized[float]", begun: Event) -> None:
    """Write sound into a pipe for good: from a known time on, 100 ms of 1 kHz every two seconds, by a wrong clock."""
    pipe = os.open(fifo, os.O_WRONLY)
    rate_hz, written, began_s = RATE_HZ * (1 + 1e-6 * ppm), 0, time.monotonic()
    while True:
        times_s = began_s + (written + np.arange(CHUNK)) / rate_hz
        since_s = (times_s - first_s.value) % EVERY_S
        wave = np.where(since_s < 0.1, 0.5 * np.cos(2 * np.pi * 1000 * since_s), 0.0)
        written += CHUNK
        time.sleep(max(began_s + written / rate_hz - time.monotonic(), 0))  # a sample is there when its time is over
        if not math.isnan(first_s.value):
            late_s.value = max(late_s.value, time.monotonic() - began_s - written / rate_hz)
        begun.set()
        os.write(pipe, np.repeat((32767 * np.nan_to_num(wave)).astype("<i2"), 2).tobytes())


class Flashing:
    """A live source that is white for three frames at even intervals, and grey noise else."""

    live, name, duration_s = True, "flashing camera", None

    def __init__(self) -> None:
        self.zero_s = math.nan
        self._closed = False
        noise = np.random.default_rng(0).integers(60, 120, (480, 640, 3), np.uint8)
        self._grey, self._white = noise, np.full_like(noise, 235)

    def __iter__(self) -> Iterator[Item]:
        """Frames when they are due."""
        self.zero_s, index = time.monotonic(), 0
        while not self._closed:
            time.sleep(max(self.zero_s + index / FPS - time.monotonic(), 0))
            yield Frame(index, index / FPS, self._white if index % (EVERY_S * FPS) < 3 else self._grey)
            index += 1

    def close(self) -> None:
        """End."""
        self._closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Flashes(Sink):
    """Tells from the first flashes when one was: all others are even intervals from there, some seen a little late."""

    def __init__(self, first_s: "Synchronized[float]") -> None:
        self._first_s, self._zero_s = first_s, math.nan
        self._seen_s: list[float] = []
        self._bright = False

    def on_zero(self, zero_s: float) -> None:
        self._zero_s = zero_s

    def on_capture(self, frame: Frame) -> None:
        bright = float(frame.image[::16, ::16].mean()) > BRIGHT
        if bright and not self._bright and len(self._seen_s) < LEARNED and frame.index:
            self._seen_s.append(self._zero_s + frame.time_s)
            if len(self._seen_s) == LEARNED:
                begins = self._seen_s[0]
                self._first_s.value = begins + min((at_s - begins + 1) % EVERY_S - 1 for at_s in self._seen_s)
        self._bright = bright


class _Nothing:
    """An analysis that finds nothing."""

    def detect(self, _frame: Frame) -> Detections:
        return Detections(None, 0.0)

    def step(self, frame: Frame, _detections: Detections | None = None) -> Analysis:
        return Analysis(frame.index, frame.time_s)

    def flush(self) -> Analysis:
        return Analysis(-1, 0.0)


@contextmanager
def _pipe(fifo: Path, name: str) -> Iterator[Path]:
    """A microphone of the sound server that reads from a pipe."""
    form = ("format=s16le", f"rate={RATE_HZ}", "channels=2")
    command = ("pactl", "load-module", "module-pipe-source", f"source_name={name}", f"file={fifo}", *form)
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode:
        raise ImpossibleError(f"The sound server makes no pipe: {made.stderr.strip()}")
    try:
        yield fifo
    finally:
        subprocess.run(("pactl", "unload-module", made.stdout.strip()), check=False)
