"""Playback: how far picture and sound of a recording are apart in Review, with flashes and beeps at the same times.

The sound is what leaves the sound server, recorded from the monitor of its default output (PulseAudio or PipeWire; a
null sink will do): a device's own delay behind that, as of wireless headphones, is not in it. A picture counts when
it has been painted; the screen's delay is not in it.
"""

import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import Effort, ImpossibleError, Measure, Progress, Result
from realtime.session import SessionInfo, SessionWriter
from realtime.viewing.sound import RATE_HZ, open_sound

SPEEDS = {"full speed": 1.0, "½ speed": 0.5, "¼ speed": 0.25}
EVERY_S, FLASH_S = 1.5, 0.1
LOUD, BRIGHT = 0.02, 200.0
"""A sample and a mean grey level of a beep and a flash; the recording is played at the volume of the settings."""
RECORD = ("parec", "--device=@DEFAULT_MONITOR@", "--format=float32le", f"--rate={RATE_HZ}", "--channels=1")


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    flashes: int


SIZES = {Effort.QUICK: Size(4), Effort.NORMAL: Size(12), Effort.THOROUGH: Size(60)}


@dataclass(slots=True)
class Played:
    """What was seen and heard, with times of the system's clock."""

    seen_s: list[float] = field(default_factory=list)
    """When each flash was painted."""
    heard: list[tuple[float, NDArray[np.float32]]] = field(default_factory=list)
    """Blocks of sound, each with the time of its end."""


def measure(size: Size, progress: Progress, video: Path) -> Result:
    """Play a recording in Review and measure. Raises `ImpossibleError` without a sound server to record from."""
    if shutil.which(RECORD[0]) is None:
        raise ImpossibleError("What is played is recorded with parec, which is missing (Debian: pulseaudio-utils).")
    seconds = (size.flashes + 1) * EVERY_S
    measures, flashes = [], [EVERY_S * (place + 0.7) for place in range(size.flashes)]
    with tempfile.TemporaryDirectory() as folder:
        film = make_recording(video, Path(folder) / "flashes.mp4", flashes, seconds)
        for name, speed in SPEEDS.items():
            count = size.flashes if speed == 1 else max(round(size.flashes * speed), 3)
            played = play(film, speed, flashes[count - 1] / speed + 6, partial(_tell, progress, name))
            beeps_s = beeps(played.heard)
            if len(beeps_s) < count or len(played.seen_s) < count:
                raise ImpossibleError(f"{len(beeps_s)} of {count} beeps were heard: is a sound server running?")
            apart_ms = 1000 * (np.array(played.seen_s[:count]) - np.array(beeps_s[:count]))
            row = f"{name}: picture after sound"
            for quantity, value in (
                ("median", np.median(apart_ms)),
                ("earliest", apart_ms.min()),
                ("latest", apart_ms.max()),
            ):
                measures.append(Measure(row, quantity, "ms", (float(value),), "neither"))
            if speed == 1:
                alike = likeness(film, played.heard, flashes[0])
                measures.append(Measure("full speed: sound as in the file", "correlation", "", (alike,), "higher"))
    return Result(
        benchmark="playback",
        question="How far are picture and sound of a recording apart in Review?",
        conditions={
            "recording": f"{video.name} with {size.flashes} flashes and beeps of {1000 * FLASH_S:.0f} ms",
            "sound": "recorded from the sound server's monitor",
            "layers": "outline of the face, movement and events over the picture",
        },
        measures=tuple(measures),
        notes=("Negative: the picture came before the sound. A slow beep begins less sharply than a fast one.",),
    )


def make_recording(video: Path, path: Path, at_s: Sequence[float], seconds: float) -> Path:
    """A film of a video's pictures, repeated as needed, white for 100 ms from each time on, with beeps and a hum."""
    with av.open(str(video)) as given, av.open(str(path), "w") as made:
        source = given.streams.video[0]
        picture = made.add_stream("libx264", rate=30, options={"preset": "ultrafast"})
        picture.width, picture.height, picture.pix_fmt = source.width, source.height, "yuv420p"
        heard = made.add_stream("aac", rate=RATE_HZ, layout="mono")
        pictures = [frame.to_ndarray(format="bgr24") for frame, _ in zip(given.decode(source), range(90), strict=False)]
        for index in range(round(seconds * 30)):
            white = any(0 <= index / 30 - flash_s < FLASH_S for flash_s in at_s)
            shown = np.full_like(pictures[0], 235) if white else pictures[index % len(pictures)]
            frame = av.VideoFrame.from_ndarray(shown, "bgr24")
            frame.pts, frame.time_base = index, Fraction(1, 30)
            made.mux(picture.encode(frame))
        made.mux(picture.encode())
        times_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
        on = np.any([(times_s >= beep_s) & (times_s < beep_s + FLASH_S) for beep_s in at_s], axis=0)
        wave = 0.005 * np.sin(2 * np.pi * 220 * times_s) + np.where(on, 0.5 * np.sin(2 * np.pi * 1000 * times_s), 0)
        for begins in range(0, len(wave), 1024):
            block = av.AudioFrame.from_ndarray(wave[None, begins : begins + 1024].astype(np.float32), "fltp", "mono")
            block.sample_rate, block.pts, block.time_base = RATE_HZ, begins, Fraction(1, RATE_HZ)
            made.mux(heard.encode(block))
        made.mux(heard.encode())
    return path


def play(film: Path, speed: float, seconds: float, progress: Progress) -> Played:
    """Play a film in Review for some seconds."""
    from PyQt6.QtCore import QTimer

    from gui import settings, theme
    from gui.app import make_app
    from gui.review.workspace import ReviewWorkspace
    from gui.widgets.banner import Banner

    app = make_app()
    theme.apply(app, light=False)
    session = film.with_name(f"at {speed:g}.medn")
    with av.open(str(film)) as opened:
        frames = opened.streams.video[0].frames
    with SessionWriter(session, SessionInfo(source=film.name, video=str(film))) as writer:
        _write_times(writer, frames)
    chosen = settings.Settings(volume_pct=100)
    review, played, bright = ReviewWorkspace(chosen, Banner()), Played(), False
    viewer = review.viewer

    def painted() -> None:
        nonlocal bright
        now = viewer.image is not None and float(viewer.image[::16, ::16].mean()) > BRIGHT
        if now and not bright:
            played.seen_s.append(time.monotonic())
        bright = now

    viewer.painted = painted
    limit = QTimer()
    limit.setSingleShot(True)
    limit.timeout.connect(app.quit)
    review.resize(1360, 860)
    review.show()
    review.open(session)

    def begin() -> None:
        if viewer.image is None or not viewer.sound.there:
            QTimer.singleShot(100, begin)
            return
        viewer.speed = speed
        viewer.play(on=True)
        limit.start(round(1000 * seconds))

    with _recording(played):
        progress(f"{seconds:.0f} s")
        QTimer.singleShot(1000, begin)
        limit.start(round(1000 * seconds) + 30_000)
        app.exec()
    review.shut_down()
    review.close()
    return played


def beeps(heard: Sequence[tuple[float, NDArray[np.float32]]]) -> list[float]:
    """When each beep began: a loud sample after half a second without one."""
    found: list[float] = []
    loud_s = -np.inf
    for ended_s, block in heard:
        for place in np.flatnonzero(np.abs(block) > LOUD):
            at_s = ended_s - (len(block) - place) / RATE_HZ
            if at_s - loud_s > EVERY_S / 3:
                found.append(at_s)
            loud_s = at_s
    return found


def likeness(film: Path, heard: Sequence[tuple[float, NDArray[np.float32]]], at_s: float) -> float:
    """Correlation of what was heard with the file, from 0.3 s before its first beep to 2 s after it."""
    track = open_sound(film)
    assert track is not None
    with track:
        blocks, length = [], 0
        for block in track.samples(at_s - 0.3):
            blocks.append(block[:, 0])
            length += len(block)
            if length > 2.3 * RATE_HZ:
                break
    wanted = np.concatenate(blocks)[: round(2.3 * RATE_HZ)]
    joined = np.concatenate([block for _, block in heard])
    first = np.flatnonzero(np.abs(joined) > LOUD)[0] - np.flatnonzero(np.abs(wanted) > LOUD)[0]
    best = 0.0
    for shift in range(-60, 61):  # the device's own rate and fades move the first loud sample a little
        there = joined[max(first + shift, 0) :][: len(wanted)]
        if len(there) == len(wanted):
            best = max(best, float(np.corrcoef(there, wanted)[0, 1]))
    return best


def _tell(progress: Progress, row: str, text: str) -> None:
    progress(f"{row}, {text}")


def _write_times(writer: SessionWriter, frames: int) -> None:
    from realtime.types import Analysis, Frame

    picture = np.zeros((2, 2, 3), np.uint8)
    for index in range(frames):
        writer.on_analysis(Analysis(index, index / 30, ()), Frame(index, index / 30, picture))
    writer.on_analysis(Analysis(-1, 0.0, ()), None)


@contextmanager
def _recording(played: Played) -> Iterator[None]:
    """Record what the sound server plays."""
    recorder = subprocess.Popen((*RECORD, "--latency-msec=5"), stdout=subprocess.PIPE, bufsize=0)
    assert recorder.stdout is not None
    pipe = recorder.stdout.fileno()

    def read() -> None:
        while block := os.read(pipe, 1 << 16):
            played.heard.append((time.monotonic(), np.frombuffer(block, np.float32)))

    reading = threading.Thread(target=read)
    reading.start()
    try:
        yield
    finally:
        recorder.terminate()
        reading.join()
        recorder.wait()
        recorder.stdout.close()
