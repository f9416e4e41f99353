"""MP4 (H.264): the recording with its events drawn in, with the recording's timestamps and its sound (AAC).

It is black until the recording's picture begins, and silent until its sound does, so that its times are those of the
recording in every player.
"""

import math
from collections.abc import Iterator
from contextlib import nullcontext
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.container import OutputContainer
from numpy.typing import NDArray

from realtime.export.context import ExportContext, ExportError, label_of
from realtime.export.made_by import made_by_line
from realtime.session import StoredEvent
from realtime.session.sound_stream import SoundStream
from realtime.sources import SourceError, VideoFile
from realtime.types import Frame
from realtime.viewing.sound import SoundTrack, open_sound

LINGER_S = 1.0
"""A label stays this long after its event, in grey, because the event is too short to read the label."""
TICK_EVERY = 30
"""Frames between two progress reports."""
_TIME_BASE = Fraction(1, 90_000)
_BRIGHT, _GREY, _BACK = (80, 220, 255), (150, 150, 150), (25, 25, 25)  # BGR


def write_video(context: ExportContext, path: Path) -> None:
    """Write the whole recording, which must still be at the path that the session names."""
    if not context.info.video:
        raise ExportError(f"{context.name} comes from a camera and holds no video to draw events in.")
    video = Path(context.info.video)
    try:
        with (
            VideoFile(video) as source,
            open_sound(video) or nullcontext() as track,
            av.open(str(path), "w", format="mp4") as container,
        ):
            stream = container.add_stream("libx264", options={"crf": "20", "preset": "veryfast"})
            stream.pix_fmt = "yuv420p"
            container.metadata["comment"] = made_by_line(context, "Video")
            stream.codec_context.time_base = stream.time_base = _TIME_BASE
            sound = _Sound(container, track) if track is not None else None
            for count, (time_s, image) in enumerate(_pictures(source, context)):
                if context.stop.is_set():
                    raise ExportError(f"The video of {context.name} was stopped before its end; it is not kept.")
                if count == 0:
                    stream.height, stream.width = image.shape[:2]
                    if time_s > 0:  # players count from a file's first picture where it has no sound
                        container.mux(stream.encode(_frame(np.zeros_like(image), 0.0)))
                container.mux(stream.encode(_frame(image, time_s)))
                if sound is not None:
                    sound.write(time_s)
                if count % TICK_EVERY == 0:
                    context.tick(time_s, source.duration_s)
            container.mux(stream.encode())
            if sound is not None:
                sound.write(math.inf)
                sound.end()
    except SourceError as error:
        raise ExportError(f"{context.name} cannot be drawn in: {error}") from error


class _Sound:
    """The recording's sound, on its way into the video."""

    def __init__(self, container: OutputContainer, track: SoundTrack) -> None:
        self._stream = SoundStream(container)
        self._blocks = track.samples(0.0)
        self.end = self._stream.end

    def write(self, until_s: float) -> None:
        """Write it up to a time, or to its end."""
        while self._stream.end_s < until_s and (block := next(self._blocks, None)) is not None:
            self._stream.write(block)


def _frame(image: NDArray[np.uint8], time_s: float) -> av.VideoFrame:
    frame = av.VideoFrame.from_ndarray(image, "bgr24")
    frame.pts, frame.time_base = round(time_s / _TIME_BASE), _TIME_BASE
    return frame


def _pictures(source: VideoFile, context: ExportContext) -> Iterator[tuple[float, NDArray[np.uint8]]]:
    for item in source:
        if isinstance(item, Frame):
            # H.264 halves the colours, so both sides must be even
            height, width = (side // 2 * 2 for side in item.image.shape[:2])
            image = np.ascontiguousarray(item.image[:height, :width])
            draw(image, item.time_s, context.events)
            yield item.time_s, image


def draw(image: NDArray[np.uint8], time_s: float, events: tuple[StoredEvent, ...]) -> None:
    """Draw the events at `time_s` into a (height, width, 3) BGR picture, one line for each event, from the bottom up.

    Beside each label, a bar from onset to offset shows the progress of the event; the line across it is the apex.
    """
    height, width = image.shape[:2]
    line_px = max(height // 18, 12)
    shown = [stored for stored in events if stored.event.onset_s <= time_s <= stored.event.offset_s + LINGER_S]
    for number, stored in enumerate(shown, 1):
        event = stored.event
        colour = _BRIGHT if time_s <= event.offset_s else _GREY
        top, bottom, bar_px = height - number * line_px, height - (number - 1) * line_px, width // 6
        cv2.rectangle(image, (0, top), (width, bottom - 1), _BACK, cv2.FILLED)
        length_s = max(event.offset_s - event.onset_s, 1e-3)
        done, apex = (min((t - event.onset_s) / length_s, 1.0) for t in (time_s, event.apex_s))
        middle = (top + bottom) // 2
        cv2.rectangle(
            image, (0, middle - line_px // 6), (round(done * bar_px), middle + line_px // 6), colour, cv2.FILLED
        )
        cv2.line(image, (round(apex * bar_px), top + 2), (round(apex * bar_px), bottom - 3), colour, 1)
        # OpenCV's fonts are ASCII only
        label = f"face {event.face}: {label_of(stored)}".encode("ascii", "replace").decode()
        place = (bar_px + line_px // 2, bottom - line_px // 3)
        cv2.putText(image, label, place, cv2.FONT_HERSHEY_SIMPLEX, line_px / 40, colour, 1, cv2.LINE_AA)
