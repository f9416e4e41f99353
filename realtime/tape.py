"""A tape of a run: from the moment at which someone asks for it, a run is kept as a session and, if wished, a video.

Its time and its frames count from its first frame, so that session and video agree wherever in the run it began; the
tape of a recording that is played keeps that recording's times.
"""

import queue
import threading
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from realtime.drivers import Sink, Summary
from realtime.frame import Frame
from realtime.results import Analysis, Event
from realtime.session import SessionInfo, SessionWriter
from realtime.sources import Dropped, Notice
from realtime.viewing.moments import Moments

WAITING_FRAMES = 32
"""Frames that may wait for the encoder: 88 MB at 720p."""
TIME_BASE = Fraction(1, 90_000)


class Tape(Sink):
    """A sink that may join a run at any time. Raises what `SessionWriter` raises; `close` ends it.

    With `pictures`, onset and apex of each event are kept in the session; those moments must come before it among the
    run's sinks.
    With `film`, the video that `info` names is written; without, it is a recording that is being played, if any.
    """

    def __init__(self, path: Path, info: SessionInfo, *, film: bool, pictures: Moments | None = None) -> None:
        self._session = SessionWriter(path, info)
        self._video = VideoWriter(Path(info.video)) if film and info.video else None
        self._keeps_times = not film and info.video is not None
        self._pictures = pictures
        self._first: Frame | None = None
        self.path = path
        self._zero_s, self._zero = 0.0, 0
        self.length_s = 0.0
        self.now_s = 0.0
        """The newest frame's time in the session."""

    @property
    def frames_not_filmed(self) -> int:
        """Frames that are missing in the video because encoding was too slow."""
        return self._video.lost if self._video else 0

    def on_analysis(self, frame: Frame, analysis: Analysis) -> None:
        """Keep the readings and, with video, the picture."""
        if self._first is None:
            self._first = frame
            self._zero_s, self._zero = (0.0, 0) if self._keeps_times else (frame.time_s, frame.index)
        moved = Frame(frame.index - self._zero, frame.time_s - self._zero_s, frame.image)
        self.now_s, self.length_s = moved.time_s, frame.time_s - self._first.time_s
        self._session.on_analysis(moved, analysis)
        if self._video:
            self._video.add(moved)

    def on_events(self, events: Sequence[Event]) -> None:
        """Keep the events that began while it ran."""
        kept = [event for event in events if self._keeps(event)]
        for event, moved in zip(kept, self._moved(kept), strict=True):
            self._session.add_event(moved, self._allowed_pictures(event))

    def on_rejected(self, candidates: Sequence[Event]) -> None:
        """Keep the candidates that began while it ran."""
        self._session.on_rejected(self._moved(candidates))

    def on_drop(self, dropped: Dropped) -> None:
        """Keep that a frame is missing."""
        if self._first is not None:
            moved = (dropped.index - self._zero, dropped.time_s - self._zero_s)
            self._session.on_drop(Dropped(*moved, dropped.cause))

    def on_notice(self, notice: Notice) -> None:
        """Keep what the user was told."""
        self._session.on_notice(replace(notice, time_s=notice.time_s - self._zero_s))

    def close(self, summary: Summary | None = None) -> None:
        """End it: both files are whole; calling it again does nothing."""
        try:
            self._session.close(summary)
        finally:
            if self._video:
                self._video.close()

    def _allowed_pictures(self, event: Event) -> dict[str, bytes]:
        """None from before the tape began: consent counts from there, though the nearest to an onset may be earlier."""
        if self._pictures is None or self._first is None:
            return {}
        return self._pictures.ends(event, since_s=self._first.time_s)

    def _keeps(self, event: Event) -> bool:
        return self._first is not None and event.onset_s >= self._first.time_s

    def _moved(self, events: Sequence[Event]) -> list[Event]:
        zero_s, zero = self._zero_s, self._zero
        return [
            replace(
                event,
                onset_s=event.onset_s - zero_s,
                apex_s=event.apex_s - zero_s,
                offset_s=event.offset_s - zero_s,
                onset_frame=event.onset_frame - zero,
                apex_frame=event.apex_frame - zero,
                offset_frame=event.offset_frame - zero,
            )
            for event in events
            if self._keeps(event)
        ]


class VideoWriter:
    """H.264 in an MP4 file with the frames' own times; a thread of its own encodes.

    A frame that comes while the encoder is too far behind is left out and counted in `lost`: the live run goes first.
    """

    def __init__(self, path: Path) -> None:
        self.lost = 0
        self._path = path
        self._frames: queue.Queue[Frame | None] = queue.Queue(WAITING_FRAMES)
        self._thread = threading.Thread(target=self._encode, name="film", daemon=True)
        self._thread.start()

    def add(self, frame: Frame) -> None:
        """Hand over the next frame; never waits."""
        try:
            self._frames.put_nowait(frame)
        except queue.Full:
            self.lost += 1

    def close(self) -> None:
        """Encode what waits and finish the file; calling it again does nothing."""
        if self._thread.is_alive():
            self._frames.put(None)
            self._thread.join()

    def _encode(self) -> None:
        # in pieces, so that what a killed process leaves can be played
        options = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
        with av.open(str(self._path), "w", format="mp4", options=options) as container:
            stream = container.add_stream("libx264", rate=30)
            stream.time_base = stream.codec_context.time_base = TIME_BASE
            stream.pix_fmt = "yuv420p"
            stream.options = {"preset": "ultrafast", "crf": "18", "tune": "zerolatency", "g": "30"}
            stream.codec_context.thread_count = 1
            while (frame := self._frames.get()) is not None:
                height, width = (side - side % 2 for side in frame.image.shape[:2])
                if not stream.codec_context.is_open:
                    stream.height, stream.width = height, width
                picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame.image[:height, :width]), "bgr24")
                picture.pts, picture.time_base = round(frame.time_s / TIME_BASE), TIME_BASE
                container.mux(stream.encode(picture))
            container.mux(stream.encode())
