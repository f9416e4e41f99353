"""Video files read and written without loss: every frame's own planes and time stamp, rotation applied, sound kept.

Frames stay in the planar 8-bit YUV or grey format that they are coded in, so that a frame which nobody changed decodes
to the same bits as before. Other formats (RGB, more than 8 bits) are converted to YUV 4:4:4 first.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import TypeVar

import av
import numpy as np
from av.container import InputContainer, OutputContainer
from numpy.typing import NDArray

from medn.media_file import ffmpeg_name, open_media
from medn.time_line import begins_s, timed

PLANAR = ("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "gray")
"""Pixel formats that are passed on as they are."""
TURNABLE = ("yuv420p", "yuvj420p", "yuv444p", "yuvj444p", "gray")
"""Those whose planes are still of the same format after a quarter turn."""
REVERSE_CHUNK = 64
"""Frames held in memory while a clip is played backwards."""
_Time = TypeVar("_Time", int, float, Fraction)
_COLOURS = ("colorspace", "color_range", "color_primaries", "color_trc")


@dataclass(frozen=True, slots=True)
class Shot:
    """One frame of a video file."""

    ticks: int
    """Its time in units of `time_base`."""
    time_base: Fraction
    number: int
    """Of the file's own frames, from 0."""
    frame: av.VideoFrame

    @property
    def time_s(self) -> float:
        """Its time from the file's zero."""
        return float(self.ticks * self.time_base)

    def bgr(self) -> NDArray[np.uint8]:
        """(height, width, 3) uint8."""
        return self.frame.to_ndarray(format="bgr24")


def duration_s(path: Path) -> float | None:
    """The duration that a video file states; None if it states none. Raises ValueError if it cannot be read."""
    with closing(_open(path)) as container:
        return container.duration / av.time_base if container.duration else None


def picture_begins_s(path: Path) -> float:
    """When the picture of a video file begins: later than 0 where its sound begins first. Raises ValueError."""
    with closing(_open(path)) as container:
        streams = [stream for stream in container.streams if stream.type in ("video", "audio")]
        return begins_s(container.streams.video[0], streams) if container.streams.video else 0.0


def videos_in(paths: Iterable[Path]) -> list[Path]:
    """The files as they are, and of each folder those that can be read as a video, by name.

    Raises ValueError for a folder without any.
    """
    found: list[Path] = []
    for path in paths:
        videos = (
            sorted(file for file in path.iterdir() if file.is_file() and _is_video(file)) if path.is_dir() else [path]
        )
        if not videos:
            raise ValueError(f"{path} holds no video.")
        found += videos
    return found


def read_shots(path: Path, part_s: tuple[float, float] | None = None) -> Iterator[Shot]:
    """The frames of a video file in order of time, upright; of a part of it, from and to a time since its beginning.

    Raises ValueError for a file that is no video.
    """
    with closing(_open(path)) as container:
        if not container.streams.video:
            raise ValueError(f"{path} holds no video.")
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        assert stream.time_base is not None
        first, last = float("-inf"), float("inf")
        if part_s is not None:
            zero = stream.start_time or 0
            first, last = (zero + round(at_s / stream.time_base) for at_s in part_s)
            container.seek(max(int(first), zero), stream=stream)
        shown = ((frame.pts, frame) for frame in timed(container, container.decode(stream)) if frame.pts is not None)
        number = 0
        for ticks, frame in shown:
            if ticks >= last:
                break
            if ticks >= first:
                yield Shot(ticks, stream.time_base, number, _upright(frame))
                number += 1


def forth_and_back(path: Path, at_least_s: float) -> Iterator[Shot]:
    """A clip played forwards, backwards, forwards … until it has lasted `at_least_s`; a longer clip is played once.

    The last frame of a pass is the first of the next. Raises ValueError for a file that is no video.
    """
    ticks, time_base = [], Fraction(1)
    for shot in read_shots(path):
        ticks.append(shot.ticks)
        time_base = shot.time_base
        yield shot
    numbers, times = forth_and_back_order(ticks, round(at_least_s / time_base)) if ticks else ([], [])
    played = len(ticks)
    while played < len(numbers):
        backwards = numbers[played] < numbers[played - 1]
        for shot in _reversed(path, len(ticks) - 1) if backwards else _without_first(path):
            yield replace(shot, ticks=times[played])
            played += 1


def forth_and_back_order(times: Sequence[_Time], at_least: _Time) -> tuple[list[int], list[_Time]]:
    """Which frame is shown when, if frames at increasing `times` are played forth and back for `at_least`."""
    last = len(times) - 1
    numbers, played = list(range(len(times))), list(times)
    while last and played[-1] - times[0] < at_least:
        backwards = numbers[-1] == last
        path = range(last - 1, -1, -1) if backwards else range(1, last + 1)
        start = played[-1]
        for number in path:
            numbers.append(number)
            played.append(start + (times[-1] - times[number] if backwards else times[number] - times[0]))
    return numbers, played


def write_lossless(stem: Path, shots: Iterable[Shot], sound_of: Path | None = None) -> Path:
    """Write frames without loss, with the sound of another file beside them, and return the path.

    H.264 with a quantiser of 0 in MP4, whose time base is the frames' own; where MP4 cannot hold the size, the format
    or the sound: FFV1 in Matroska, whose times are whole milliseconds. `stem` is the path without its ending. Raises
    ValueError if there are no frames.
    """
    shots = iter(shots)
    first = next(shots, None)
    if first is None:
        raise ValueError(f"{stem} cannot be written: there is no frame to write.")
    even = first.frame.width % 2 == 0 and first.frame.height % 2 == 0
    if not (even and _fits_mp4(sound_of)):
        path = stem.with_name(f"{stem.name}.mkv")
        _write(path, first, shots, sound_of, "ffv1", {"level": "3", "g": "1"})
    else:
        path = stem.with_name(f"{stem.name}.mp4")
        _write(path, first, shots, sound_of, "libx264", {"qp": "0", "preset": "ultrafast", "g": "50"})
    return path


def planes_of(frame: av.VideoFrame) -> list[NDArray[np.uint8]]:
    """The planes of a planar 8-bit frame, each (height, width) uint8; views, not to be written to."""
    return [
        np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width]
        for plane in frame.planes
    ]


def with_planes(frame: av.VideoFrame, planes: list[NDArray[np.uint8]]) -> av.VideoFrame:
    """A frame of the same format from other planes."""
    new = av.VideoFrame(planes[0].shape[1], planes[0].shape[0], frame.format.name)
    for plane, values in zip(new.planes, planes, strict=True):
        lines = np.zeros((plane.buffer_size // plane.line_size, plane.line_size), np.uint8)
        lines[: values.shape[0], : values.shape[1]] = values
        plane.update(lines)
    for name in _COLOURS:
        setattr(new, name, getattr(frame, name))
    return new


def _open(path: Path) -> InputContainer:
    try:
        return open_media(path)
    except (OSError, av.FFmpegError) as error:
        raise ValueError(f"{path} cannot be read as a video: {error.strerror}.") from error


def _is_video(path: Path) -> bool:
    try:
        with open_media(path) as container:
            pictures = container.format.name.endswith("_pipe") or container.format.name == "image2"
            return bool(container.streams.video) and not pictures
    except (OSError, av.FFmpegError):
        return False


def _upright(frame: av.VideoFrame) -> av.VideoFrame:
    turns = round(frame.rotation / 90) % 4
    known = TURNABLE if turns else PLANAR
    if frame.format.name not in known:
        frame = frame.reformat(format="yuv444p")
    return with_planes(frame, [np.rot90(plane, turns) for plane in planes_of(frame)]) if turns else frame


def _reversed(path: Path, count: int) -> Iterator[Shot]:
    """The first `count` frames from the last to the first, decoded again for every chunk that is held in memory."""
    for end in range(count, 0, -REVERSE_CHUNK):
        start = max(end - REVERSE_CHUNK, 0)
        chunk = []
        for index, shot in enumerate(read_shots(path)):
            if index >= end:
                break
            if index >= start:
                chunk.append(shot)
        yield from reversed(chunk)


def _without_first(path: Path) -> Iterator[Shot]:
    shots = read_shots(path)
    next(shots)
    return shots


def _fits_mp4(sound_of: Path | None) -> bool:
    if sound_of is None:
        return True
    with closing(_open(sound_of)) as container:
        return all(stream.codec_context.name in ("aac", "mp2", "mp3", "ac3") for stream in container.streams.audio)


def _write(
    path: Path, first: Shot, rest: Iterator[Shot], sound_of: Path | None, codec: str, options: dict[str, str]
) -> None:
    container = av.open(ffmpeg_name(path), "w")
    sound = _open(sound_of) if sound_of else None
    whole = False
    try:
        stream = container.add_stream(codec, options=options)
        stream.width, stream.height = first.frame.width, first.frame.height
        stream.pix_fmt = first.frame.format.name
        context = stream.codec_context
        context.time_base = stream.time_base = first.time_base
        context.thread_count = 1  # the same bytes on every machine
        context.max_b_frames = 0
        for name in _COLOURS:
            setattr(context, name, getattr(first.frame, name))
        packets = _sound(sound, container)
        waiting = next(packets, None)
        for shot in chain([first], rest):
            while waiting is not None and waiting[0] <= shot.time_s:
                container.mux(waiting[1])
                waiting = next(packets, None)
            container.mux(stream.encode(_timed(shot)))
        container.mux(stream.encode())
        while waiting is not None:
            container.mux(waiting[1])
            waiting = next(packets, None)
        whole = True
    finally:
        container.close()
        if not whole:
            path.unlink()
        if sound is not None:
            sound.close()


def _timed(shot: Shot) -> av.VideoFrame:
    shot.frame.pts, shot.frame.time_base = shot.ticks, shot.time_base
    shot.frame.pict_type = 0  # the encoder's own choice
    return shot.frame


def _sound(source: InputContainer | None, container: OutputContainer) -> Iterator[tuple[float, av.Packet]]:
    """The sound's packets with their times, their streams added to `container` at once."""
    if source is None or not source.streams.audio:
        return iter(())
    copies = {stream.index: container.add_stream_from_template(stream) for stream in source.streams.audio}

    def packets() -> Iterator[tuple[float, av.Packet]]:
        for packet in source.demux(*source.streams.audio):
            if packet.pts is not None and packet.dts is not None:
                time_s = float(packet.pts * packet.time_base)
                packet.stream = copies[packet.stream.index]
                yield time_s, packet

    return packets()
