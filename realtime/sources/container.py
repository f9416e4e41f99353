"""The facts of a video file's container: where its picture is, when it begins and what shape its pixels have."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.stream import Disposition
from numpy.typing import NDArray

from medn.media_file import open_media
from medn.time_line import begins_s, origin_s
from realtime.sources.source import SourceError

MAX_ASPECT = 4
"""A pixel that is declared wider or higher than this is a fault of the file, and taken to be square."""


@dataclass(frozen=True, slots=True)
class Container:
    """A file with a picture."""

    stream: int
    """Number of the stream that holds the picture."""
    first_video: bool
    """Whether that is the first video stream, which is the one that OpenCV reads; covers of albums are others."""
    size: tuple[int, int]
    """Width and height in px of the pictures as they are stored; a picture of another size is scaled to it."""
    begins_s: float
    """When the picture begins on the file's time line."""
    ends_s: float | None
    """When it ends there, as the container declares it; None where it does not."""
    pixel_aspect: Fraction
    """Width of a stored pixel over its height."""
    codec: str
    sound: int | None
    """Number of the stream that holds the sound; None where there is none that can be decoded."""
    origin_s: float
    """The streams' own time, in s, at which the file's time line begins."""
    timed: bool
    """Whether it says when its picture begins; that of a bare stream has no times, or those of a usual rate."""


def read_container(path: Path) -> Container | None:
    """Read the container of a file; None where FFmpeg cannot read it.

    Raises `SourceError` for a file that holds sound but no picture, or a picture that no decoder reads.
    """
    try:
        opened = open_media(path)
    except (OSError, ValueError, av.FFmpegError):
        return None
    with opened:
        videos = [stream for stream in opened.streams if stream.type == "video"]
        pictures = [stream for stream in videos if not stream.disposition & Disposition.attached_pic]
        sounds = [stream for stream in opened.streams if stream.type == "audio"]
        if not pictures:
            if sounds:
                raise SourceError(f"{path} holds sound only and no picture.")
            return None
        stream = _chosen(pictures)
        if stream is None or stream.codec_context is None:
            raise SourceError(f"{path} holds a picture in a format that FFmpeg cannot decode here.")
        sound = _chosen([each for each in sounds if each.codec_context is not None])
        picture_begins_s = begins_s(stream, [*pictures, *sounds])
        whole_s = opened.duration / av.time_base if opened.duration else None
        begin_s = origin_s([*pictures, *sounds])
        if whole_s is not None and whole_s > begin_s:
            whole_s -= begin_s  # Matroska states when its last frame ends on the streams' own time
        aspect = stream.sample_aspect_ratio or Fraction(1)
        return Container(
            stream=stream.index,
            first_video=stream is videos[0],
            size=(stream.width, stream.height),
            begins_s=picture_begins_s,
            ends_s=picture_begins_s + float(stream.duration * stream.time_base) if stream.duration else whole_s,
            pixel_aspect=aspect if Fraction(1, MAX_ASPECT) <= aspect <= MAX_ASPECT else Fraction(1),
            codec=stream.codec_context.codec.canonical_name,
            sound=None if sound is None else sound.index,
            origin_s=begin_s,
            timed=stream.start_time is not None,
        )


def square_pixels(image: NDArray[np.uint8], pixel_aspect: Fraction, *, turned: bool = False) -> NDArray[np.uint8]:
    """A (height, width, 3) picture with its width stretched so that its pixels are square.

    `turned`: it was rotated by a quarter turn after it was stored, so that its stored width is now its height.
    """
    if pixel_aspect == 1:
        return image
    height, width = image.shape[:2]
    size = (width, round(height * pixel_aspect)) if turned else (round(width * pixel_aspect), height)
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA if pixel_aspect < 1 else cv2.INTER_CUBIC)


def _chosen(streams: list[av.stream.Stream]) -> av.stream.Stream | None:
    """The stream that players choose: the default one, or the first."""
    default = (each for each in streams if each.disposition & Disposition.default)
    return next(default, streams[0] if streams else None)
