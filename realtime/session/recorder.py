"""The recorder: from the moment at which it is started, a run is kept as a session and, if asked for, a film.

A recording's times and frames count from its first frame, so that session and film agree wherever in the run it was
started. The film holds every frame from there on that was captured; the session says of each whether it was analyzed.
While a recording is played rather than a camera watched, the session keeps that recording's times.
"""

import math
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from realtime.drivers import Summary
from realtime.drivers.summary import Tally, later_utc
from realtime.session import SessionError, SessionInfo, SessionWriter
from realtime.session.film import Film
from realtime.sink import Sink
from realtime.sources import Cause, Dropped, Notice, NoticeKind
from realtime.sources.sound import SoundSource
from realtime.spotting.responses import GRID_HZ
from realtime.types import Analysis, Event, FaceReading, Frame
from realtime.viewing.event_clips import EventClips


class Recorder(Sink):
    """A sink that writes a session while it is started; any thread starts and stops it, the run's threads feed it.

    A session or a film that cannot be written any more ends the recording, not the run: `problem` says why.
    """

    def __init__(self, report: Callable[[Notice], object] = lambda _: None) -> None:
        """`report` is given what happens to the recording itself, in the thread that drives the run."""
        self.problem = ""
        """One sentence, if a recording had to end."""
        self.not_filmed = ""
        """One sentence, if the film of the recording that was stopped last lacks frames."""
        self._report = report
        self._lock = threading.Lock()
        self._recording: _Recording | None = None
        self._first_frame_utc: str | None = None
        self._run_zero_s = math.nan

    def start(
        self,
        path: Path,
        info: SessionInfo,
        *,
        film: bool = False,
        pictures: EventClips | None = None,
        microphone: SoundSource | None = None,
    ) -> None:
        """Record from the next frame on. Raises `SessionError` if the session cannot be made.

        With `film`, the video that `info` names is written, with the sound of the `microphone`, which is closed with
        it; without, `info` names a recording that is being played, if any. With `pictures`, onset and apex of each
        event are kept in the session; those event clips must come before the recorder among the run's sinks.
        """
        try:
            recording = _Recording(
                path, info, self._first_frame_utc, film=film, pictures=pictures, microphone=microphone
            )
        except SessionError:
            if microphone is not None:
                microphone.close()
            raise
        with self._lock:
            self._recording, self.problem, self.not_filmed = recording, "", ""

    def stop(self, summary: Summary | None = None) -> Path | None:
        """End the recording; the session that is now whole, or None if nothing was recorded."""
        with self._lock:
            recording, self._recording = self._recording, None
        if recording is None:
            return None
        try:
            recording.close(summary)
        except SessionError as error:
            self.problem = str(error)
        self.not_filmed = recording.not_filmed
        return recording.path

    @property
    def path(self) -> Path | None:
        """The session that is being written."""
        recording = self._recording
        return recording.path if recording else None

    @property
    def length_s(self) -> float | None:
        """How long it has been recording."""
        recording = self._recording
        return recording.length_s if recording else None

    @property
    def now_s(self) -> float | None:
        """The newest frame's time in the session."""
        recording = self._recording
        return recording.now_s if recording else None

    @property
    def frames_not_filmed(self) -> int:
        """Frames that are missing in the video because encoding was too slow."""
        recording = self._recording
        return recording.film.lost if recording and recording.film else 0

    def on_clock(self, first_frame_utc: str) -> None:
        """Take the time of day of the run's first frame, for recordings that begin later."""
        self._first_frame_utc = first_frame_utc

    def on_zero(self, zero_s: float) -> None:
        """Take the clock of the run, which is that of its microphone too."""
        self._run_zero_s = zero_s

    def on_capture(self, frame: Frame) -> None:
        """Film the frame."""
        recording = self._recording  # without the lock: capturing waits for nothing
        if recording is not None:
            recording.on_capture(frame, self._run_zero_s)

    def on_analysis(self, analysis: Analysis, frame: Frame | None) -> None:
        """Keep readings, events and candidates that began while it recorded."""
        self._write(lambda recording: recording.on_analysis(analysis, frame))
        recording = self._recording
        if recording is not None and (text := recording.new_sound_problem()):
            notice = Notice(analysis.time_s, NoticeKind.DEGRADED, text)
            self.on_notice(notice)
            self._report(notice)

    def on_drop(self, dropped: Dropped) -> None:
        """Keep that a frame is missing."""
        self._write(lambda recording: recording.on_drop(dropped))

    def on_notice(self, notice: Notice) -> None:
        """Keep what the user was shown."""
        self._write(lambda recording: recording.on_notice(notice))

    def mark(self, time_s: float, text: str) -> None:
        """Keep a mark at a time of the run, if it was recorded then."""
        self._write(lambda recording: recording.mark(time_s, text))

    def _write(self, change: Callable[["_Recording"], None]) -> None:
        with self._lock:
            if self._recording is None:
                return
            try:
                change(self._recording)
                return
            except SessionError as error:
                self.problem = str(error)
        self.stop()


class _Recording:
    """One recording from its first frame on: times and frame numbers are moved to count from there."""

    def __init__(
        self,
        path: Path,
        info: SessionInfo,
        run_utc: str | None,
        *,
        film: bool,
        pictures: EventClips | None,
        microphone: SoundSource | None,
    ) -> None:
        self.path = path
        self._run_utc = run_utc  # of the run's first frame
        self.now_s = 0.0
        self._session = SessionWriter(path, info)
        try:
            self.film = Film(Path(info.video), microphone) if film and info.video else None
        except SessionError:
            self._session.close()
            path.unlink()
            raise
        self._keeps_times = not film and info.video is not None
        self._pictures = pictures
        self._tally = Tally()  # of the recording, not of the whole run
        self._first: Frame | None = None
        self._zero_s, self._zero = 0.0, 0
        self._filming = threading.Lock()
        self._closed = False
        self._reported = False  # of the microphone that went away
        self._waiting: deque[Dropped] = deque()  # filmed, not analyzed yet

    def on_capture(self, frame: Frame, run_zero_s: float) -> None:
        with self._filming:
            if self.film is None or self._closed:
                return
            if self._first is None:
                self.film.begin(run_zero_s + frame.time_s)
            self._begin(frame)
            moved = self._moved_frame(frame)
            self._waiting.append(Dropped(moved.index, moved.time_s, Cause.STOPPED))
            self.film.add(moved)

    def on_analysis(self, analysis: Analysis, frame: Frame | None) -> None:
        if self.film is None and frame is not None:
            self._begin(frame)
        if self.film is not None and self.film.problem:
            raise SessionError(self.film.problem)
        moved = self._moved_frame(frame) if frame is not None and self._holds(frame.index) else None
        if moved is not None:
            self._tally.processed(moved, analysis, 0.0)  # latencies are the run's
        rejected = tuple(self._moved(event) for event in analysis.rejected if self._keeps(event))
        faces = tuple(self._moved_reading(reading) for reading in analysis.faces)
        self._session.on_analysis(replace(analysis, faces=faces, events=(), rejected=rejected), moved)
        events = tuple(event for event in analysis.events if self._keeps(event))
        for event in events:
            self._session.add_event(self._moved(event), self._allowed_pictures(event))
        self._tally.decided(replace(analysis, events=events, rejected=rejected))
        if moved is not None:
            self._analyzed(moved.index)
            self.now_s = moved.time_s

    def new_sound_problem(self) -> str:
        """Why there is no more sound, once."""
        problem = "" if self.film is None or self._reported else self.film.sound_problem
        self._reported = self._reported or bool(problem)
        return problem

    def on_drop(self, dropped: Dropped) -> None:
        if self._holds(dropped.index):
            index = dropped.index - self._zero
            moved = Dropped(index, dropped.time_s - self._zero_s, dropped.cause)
            self._tally.dropped(moved)
            self._session.on_drop(moved)
            self._analyzed(index)

    def on_notice(self, notice: Notice) -> None:
        self._session.on_notice(replace(notice, time_s=max(notice.time_s - self._zero_s, 0.0)))

    def mark(self, time_s: float, text: str) -> None:
        if self._first is not None and time_s >= self._first.time_s:
            self._session.mark(time_s - self._zero_s, text)

    def close(self, summary: Summary | None = None) -> None:
        """End it: both files are whole; calling it again does nothing."""
        with self._filming:
            self._closed = True
        lost = self.film.lost if self.film else 0
        try:
            while self._waiting:
                left = self._waiting.popleft()
                self._tally.dropped(left)
                self._session.on_drop(left)
            if summary is not None:
                summary = replace(
                    self._tally.summary(summary.source),
                    stages_ms=summary.stages_ms, complete=summary.complete, length_s=summary.length_s,
                    first_frame_utc=later_utc(summary.first_frame_utc, self._zero_s), frames_not_filmed=lost,
                )  # fmt: skip
            if text := self.not_filmed:
                self._session.on_notice(Notice(self.now_s, NoticeKind.DEGRADED, text))
            self._session.close(summary)
        finally:
            if self.film is not None:
                self.film.close()
        if self.film is not None and self.film.problem:
            raise SessionError(self.film.problem)

    @property
    def not_filmed(self) -> str:
        """A sentence about the frames that the film lacks; empty without."""
        lost = self.film.lost if self.film else 0
        return f"The film lacks {lost} frame{'s' * (lost != 1)}, because encoding was too slow." if lost else ""

    def _begin(self, frame: Frame) -> None:
        """Count from the first frame."""
        if self._first is None:
            self._zero_s, self._zero = (0.0, 0) if self._keeps_times else (frame.time_s, frame.index)
            self._first, self._tally = frame, Tally()  # wall time counts from here, too
            if first_utc := later_utc(self._run_utc, self._zero_s):
                self._session.on_clock(first_utc)

    @property
    def length_s(self) -> float:
        """How long it has been recording."""
        return self.now_s + self._zero_s - self._first.time_s if self._first else 0.0

    def _holds(self, index: int) -> bool:
        """Whether a frame is part of the recording; those that were captured before it began may come later."""
        return self._first is not None and index >= self._first.index

    def _moved_frame(self, frame: Frame) -> Frame:
        return Frame(frame.index - self._zero, frame.time_s - self._zero_s, frame.image)

    def _moved_reading(self, reading: FaceReading) -> FaceReading:
        """Without what of the trace lies before the first frame."""
        trace = replace(reading.trace, first_s=reading.trace.first_s - self._zero_s)
        return replace(reading, trace=trace.part(max(math.ceil(-trace.first_s * GRID_HZ), 0), len(trace)))

    def _analyzed(self, index: int) -> None:
        """A frame was analyzed, or dropped."""
        while self._waiting and self._waiting[0].index <= index:
            self._waiting.popleft()

    def _allowed_pictures(self, event: Event) -> dict[str, bytes]:
        """None from before the recording: consent counts from there, though the nearest to an onset may be earlier."""
        if self._pictures is None or self._first is None:
            return {}
        return self._pictures.ends(event, since_s=self._first.time_s)

    def _keeps(self, event: Event) -> bool:
        return self._first is not None and event.onset_s >= self._first.time_s

    def _moved(self, event: Event) -> Event:
        zero_s, zero = self._zero_s, self._zero
        return replace(
            event,
            onset_s=event.onset_s - zero_s,
            apex_s=event.apex_s - zero_s,
            offset_s=event.offset_s - zero_s,
            onset_frame=event.onset_frame - zero,
            apex_frame=event.apex_frame - zero,
            offset_frame=event.offset_frame - zero,
        )
