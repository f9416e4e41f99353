"""Desk: how long Review stands still while a person works through a 3-hour recording with 5,000 events.

The window's thread is watched by a timer: the longest time in which it handled nothing else is the pause that a person
notices. Seeking is also measured until the frame is painted, which happens in the background.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np

from benchmarks.harness import Effort, Measure, Progress, Result
from realtime.session import Coding, SessionInfo, SessionWriter, Status, open_session
from realtime.types import Analysis, Event, FaceReading, Frame

if TYPE_CHECKING:
    from gui.review.workspace import ReviewWorkspace

WATCH_MS = 2
CLIP_S, FPS = 60, 30
"""The recording is a clip of a minute, repeated."""
KEYFRAME_EVERY = 250
"""Frames: x264's own default, 8 s apart."""


@dataclass(frozen=True, slots=True)
class Size:
    """How long the recording is, how many events it has, and how often each thing is done."""

    hours: float
    events: int
    times: int


SIZES = {Effort.QUICK: Size(0.1, 500, 5), Effort.NORMAL: Size(3, 5000, 25), Effort.THOROUGH: Size(3, 5000, 100)}


@dataclass(slots=True)
class Watch:
    """What was noted while a person worked."""

    pauses_ms: dict[str, list[float]] = field(default_factory=dict)
    """Longest time in which the window's thread handled no event, by what was done."""
    computed_ms: dict[str, list[float]] = field(default_factory=dict)
    """Longest time that it computed without a break: the pause on a machine with nothing else to do."""
    seen_ms: list[float] = field(default_factory=list)
    """From seeking until the frame was painted."""


def measure(size: Size, progress: Progress, video: Path) -> Result:
    """Make the recording and its session, then work through it."""
    with tempfile.TemporaryDirectory() as folder:
        progress("making the recording")
        film = make_recording(video, Path(folder) / "long.mp4", size.hours)
        progress("making the session")
        session = make_session(Path(folder) / "long.medn", film, size)
        watch = work(session, size, progress)
    measures = []
    for done, pauses_ms in watch.pauses_ms.items():
        computed_ms = watch.computed_ms[done]
        for quantity, value in (
            ("pause, median", np.median(pauses_ms)),
            ("longest", max(pauses_ms)),
            ("computing, median", np.median(computed_ms)),
            ("computing, longest", max(computed_ms)),
        ):
            measures.append(Measure(done, quantity, "ms", (float(value),)))
    for quantity, value in (("pause, median", np.median(watch.seen_ms)), ("longest", max(watch.seen_ms))):
        measures.append(Measure("seek: until the frame is seen", quantity, "ms", (float(value),)))
    return Result(
        benchmark="desk",
        question="How long does Review stand still while a person works through a long recording?",
        conditions={
            "recording": f"{size.hours:g} h, 640×360, a keyframe every {KEYFRAME_EVERY / FPS:.0f} s, with sound",
            "session": f"{size.events} events, {round(size.hours * 3600 * FPS)} frames",
            "each": f"done {size.times} times",
        },
        measures=tuple(measures),
        notes=(
            "Opening includes reading the list of events; traces, waveform, frame index and small pictures follow in "
            "the background. Another coder has judged all events; beside their judgements, these are compared.",
        ),
    )


def make_recording(video: Path, path: Path, hours: float) -> Path:
    """A recording of some hours with sound: a minute is encoded, and its packets are repeated."""
    clip = path.with_name("minute.mp4")
    with av.open(str(video)) as given, av.open(str(clip), "w") as made:
        options = {"preset": "ultrafast", "g": str(KEYFRAME_EVERY), "bf": "2"}
        picture = made.add_stream("libx264", rate=FPS, options=options)
        picture.width, picture.height, picture.pix_fmt = 640, 360, "yuv420p"
        heard = made.add_stream("aac", rate=48000, layout="mono")
        frames = [f.reformat(640, 360, "yuv420p") for f, _ in zip(given.decode(video=0), range(150), strict=False)]
        for index in range(CLIP_S * FPS):
            frame = frames[index % len(frames)]
            frame.pts, frame.time_base = index, Fraction(1, FPS)
            made.mux(picture.encode(frame))
        made.mux(picture.encode())
        noise = np.random.default_rng(0).normal(0, 0.05, CLIP_S * 48000).astype(np.float32)
        for begins in range(0, len(noise), 1024):
            block = av.AudioFrame.from_ndarray(noise[None, begins : begins + 1024], "fltp", "mono")
            block.sample_rate, block.pts, block.time_base = 48000, begins, Fraction(1, 48000)
            made.mux(heard.encode(block))
        made.mux(heard.encode())
    with av.open(str(path), "w") as made:
        streams: dict[int, av.stream.Stream] = {}
        for repetition in range(max(round(hours * 3600 / CLIP_S), 1)):
            with av.open(str(clip)) as given:
                for stream in given.streams:
                    if stream.index not in streams:
                        streams[stream.index] = made.add_stream_from_template(stream)
                for packet in given.demux():
                    if packet.dts is None or packet.pts is None or not 0 <= packet.pts * packet.time_base < CLIP_S:
                        continue
                    shift = round(repetition * CLIP_S / packet.time_base)
                    packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                    packet.stream = streams[packet.stream_index]
                    made.mux(packet)
    return path


def make_session(path: Path, film: Path, size: Size) -> Path:
    """A session of the recording with evenly spaced events, readings of every frame, and no pictures."""
    rng = np.random.default_rng(0)
    frames = round(size.hours * 3600 * FPS)
    points, picture = np.zeros((478, 3), np.float32), np.zeros((2, 2, 3), np.uint8)
    threshold = np.full(6, 0.4, np.float32)
    motion = rng.gamma(2.0, 0.1, (997, 6)).astype(np.float32)
    with SessionWriter(path, SessionInfo(source=film.name, video=str(film))) as writer:
        for index in range(frames):
            reading = FaceReading(0, points, motion[index % 997], threshold, (0.0, 0.0, 0.0), 90.0, True, (1.2, 2.5))
            writer.on_analysis(Analysis(index, index / FPS, (reading,)), Frame(index, index / FPS, picture))
        at_s = np.linspace(1.0, frames / FPS - 2.0, size.events)
        events = tuple(_event(place, float(time_s)) for place, time_s in enumerate(at_s))
        writer.on_analysis(Analysis(-1, 0.0, (), events), None)
    ways = Status.CONFIRMED, Status.REJECTED
    with open_session(path) as session:
        judged = [Coding(e.onset_s, e.offset_s, e.apex_s, ways[n % 2], face=e.face) for n, e in enumerate(events)]
        session.replace_codings("Another", judged)
    return path


def work(session: Path, size: Size, progress: Progress) -> Watch:
    """Do what a person does, and watch."""
    from PyQt6.QtCore import QEvent, QPointF, Qt
    from PyQt6.QtGui import QMouseEvent

    from gui import settings, theme
    from gui.app import make_app
    from gui.review.workspace import ReviewWorkspace
    from gui.widgets.banner import Banner

    app = make_app()
    theme.apply(app, light=False)
    review, watch = ReviewWorkspace(settings.Settings(), Banner()), Watch()
    review.model.coder = "Somebody"
    review.resize(1360, 860)
    review.show()
    table, viewer, rng = review.table, review.viewer, np.random.default_rng(1)

    def act(name: str, action: Callable[[], object], settle_s: float = 0.05) -> None:
        with _watched(watch.pauses_ms.setdefault(name, []), watch.computed_ms.setdefault(name, [])):
            action()
            _live(settle_s)

    act("open the session", lambda: review.open(session), 1.0)
    progress("waiting for the background")
    _until(lambda: viewer.image is not None and _is_ready(review))
    bar = table.view.verticalScrollBar()
    assert bar is not None
    for number in range(size.times):
        progress(f"{number + 1} of {size.times}")
        act("scroll the table", lambda: bar.setValue(int(rng.integers(bar.maximum() + 1))))
        act("choose an event", lambda: review.model.choose(int(rng.choice(review.model.shown_ids))))
        act("next event", lambda: review.model.step(1))
        act("confirm and go on", lambda: review.model.review(Status.CONFIRMED))
        act("filter by text", partial(table._text.setText, ("au1", "brow", "", "4", "zzz")[number % 5]))
        table._text.setText("")
        act("filter by class", partial(table._emotion.setCurrentIndex, number % 3))
        table._emotion.setCurrentIndex(0)
        act("sort", partial(table.view.sortByColumn, 1 + number % 5, Qt.SortOrder.DescendingOrder))
        act("zoom the timeline", partial(review.timeline.zoom, 1 if number % 6 < 3 else -1))
        act("mark", review.marking.mark)
        review.setFocus()
        act("undo the mark", review.model.undo.undo)
        viewer.play(on=False)
        overview = review.timeline._overview
        place = QPointF(float(rng.integers(overview.width())), 10.0)
        button, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        move = QMouseEvent(QEvent.Type.MouseMove, place, place, Qt.MouseButton.NoButton, Qt.MouseButton.NoButton, none)
        act("point at the overview", partial(overview.mouseMoveEvent, move))
        press = QMouseEvent(QEvent.Type.MouseButtonPress, place, place, button, button, none)
        began_s = time.monotonic()
        act("seek", partial(overview.mousePressEvent, press), 0.0)
        _until(lambda: _is_seen(review))
        watch.seen_ms.append(1000 * (time.monotonic() - began_s))
        act("play for a second", lambda: viewer.play(on=True), 1.0)
        act("step by a frame", lambda: viewer.step(-1))
    review.inspector.hide()
    review.coders.panel.show()
    act("compare with another coder", review.coders.panel.start, 0.5)
    for _ in range(size.times):
        act("reject beside their judgements", lambda: review.model.review(Status.REJECTED))
    review.shut_down()
    review.close()
    return watch


def _is_ready(review: "ReviewWorkspace") -> bool:
    record, sound = review.model.record, review.viewer.sound
    return bool(record and record.readings and (sound.waveform is None or sound.waveform.done))


def _is_seen(review: "ReviewWorkspace") -> bool:
    viewer = review.viewer
    shown = viewer._shown
    return bool(shown and viewer.video and abs(shown.frame.time_s - viewer.position_s) < 1.5 / FPS)


@contextmanager
def _watched(pauses_ms: list[float], computed_ms: list[float]) -> Iterator[None]:
    """Note the longest time in which the window's thread handled no event, and how long it computed at most."""
    from PyQt6.QtCore import Qt, QTimer

    last, longest = (time.monotonic(), time.thread_time()), [0.0, 0.0]

    def tick() -> None:
        nonlocal last
        now = time.monotonic(), time.thread_time()
        longest[:] = (max(most, this - before) for most, this, before in zip(longest, now, last, strict=True))
        last = now

    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(tick)
    timer.start(WATCH_MS)
    yield
    tick()
    timer.stop()
    pauses_ms.append(1000 * longest[0])
    computed_ms.append(1000 * longest[1])


def _live(seconds: float) -> None:
    from PyQt6.QtCore import QEventLoop, Qt, QTimer

    loop = QEventLoop()
    QTimer.singleShot(max(round(1000 * seconds), 1), Qt.TimerType.PreciseTimer, loop.quit)
    loop.exec()


def _until(condition: Callable[[], bool], seconds: float = 600.0) -> None:
    end_s = time.monotonic() + seconds
    while not condition() and time.monotonic() < end_s:
        _live(0.002)


def _event(place: int, at_s: float) -> Event:
    classes = (
        {"negative": 0.7, "positive": 0.2, "surprise": 0.1},
        {"negative": 0.1, "positive": 0.1, "surprise": 0.8},
        None,
    )
    frame, emotion = round(at_s * FPS), classes[place % 3]
    evidence = {f"figure {number}": 0.1 * number for number in range(40)} | {"duration_s": 0.3}
    return Event(
        face=0, onset_s=frame / FPS, apex_s=(frame + 3) / FPS, offset_s=(frame + 9) / FPS, onset_frame=frame,
        apex_frame=frame + 3, offset_frame=frame + 9, score=0.5 + 0.4 * (place % 7) / 7,
        regions={"inner brow left": 1.2, "glabella": 0.8}, evidence=evidence, algorithmic_ms=450.0, compute_ms=8.0,
        emotion=emotion, aus=emotion and {"AU1": 0.9, "AU2": 0.7, "AU4": 0.1},
    )  # fmt: skip
