"""Real video files for tests, written with PyAV, and a stop sign for runs over them."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray


def write_video(
    path: Path,
    pictures: Iterable[NDArray[np.uint8]],
    times_ms: Sequence[int],
    *,
    codec: str = "libx264",
    rotation_deg: int = 0,
    index_first: bool = False,
    keyframe_every: int = 25,
    open_groups: bool = False,
    interlaced: bool = False,
    sound: NDArray[np.float32] | None = None,
    sound_at_ms: int = 0,
) -> Path:
    """Encode BGR pictures at given times; H.264 with two B-frames between others, as phones and cameras make it.

    `sound`: (n,) at 48 kHz, encoded as AAC, or as it is in a Matroska file.
    """
    pictures = list(pictures)
    options = {"movflags": "+faststart"} if index_first else {}
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream(codec, rate=30)
        stream.codec_context.time_base = stream.time_base = Fraction(1, 1000)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        if codec == "libx264":
            stream.options = {"bf": "2", "g": str(keyframe_every), "preset": "ultrafast", "b_strategy": "0"}
            if open_groups:  # frames before a key frame may need the group before
                stream.options |= {"x264-params": "open-gop=1:scenecut=0"}
            if interlaced:
                stream.codec_context.flags |= (
                    av.codec.context.Flags.interlaced_dct | av.codec.context.Flags.interlaced_me
                )
        if rotation_deg:
            stream.set_display_rotation(rotation_deg)
        heard = None
        if sound is not None:
            heard = container.add_stream("pcm_f32le" if path.suffix == ".mkv" else "aac", rate=48000, layout="mono")
        for time_ms, picture in zip(times_ms, pictures, strict=True):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), "bgr24")
            frame.pts, frame.time_base = int(time_ms), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if heard is not None and sound is not None:
            for begins in range(0, len(sound), 1024):
                block = np.ascontiguousarray(sound[None, begins : begins + 1024])
                samples = av.AudioFrame.from_ndarray(block, "fltp", "mono")
                samples.sample_rate, samples.time_base = 48000, Fraction(1, 48000)
                samples.pts = begins + 48 * sound_at_ms
                container.mux(heard.encode(samples))
            container.mux(heard.encode())
    return path


def flashes_and_beeps(
    path: Path, at_s: Sequence[float], seconds: float, *, picture_at_s: float = 0.0, sound_at_s: float = 0.0
) -> Path:
    """A film of 30 frames a second that is white, and a sound that beeps at 1 kHz, for 100 ms from the same times on.

    Times are those of the file; picture and sound may begin late in it.
    """
    times_ms = [round(1000 * picture_at_s + 1000 * i / 30) for i in range(round((seconds - picture_at_s) * 30))]
    pictures = [grey(235 if any(0 <= t / 1000 - a < 0.1 for a in at_s) else 20) for t in times_ms]
    times_s = sound_at_s + np.arange(round((seconds - sound_at_s) * 48000)) / 48000
    on = np.any([(times_s >= a) & (times_s < a + 0.1) for a in at_s], axis=0)
    sound = np.where(on, 0.5 * np.sin(2 * np.pi * 1000 * times_s), 0).astype(np.float32)
    return write_video(path, pictures, times_ms, sound=sound, sound_at_ms=round(1000 * sound_at_s))


def grey(level: int, size: tuple[int, int] = (120, 160)) -> NDArray[np.uint8]:
    """A plain BGR picture."""
    return np.full((*size, 3), level, np.uint8)


def noise(count: int, size: tuple[int, int] = (120, 160)) -> Iterable[NDArray[np.uint8]]:
    """Pictures that do not compress, so that a cut in the file is a cut in the stream."""
    random = np.random.default_rng(0)
    return (random.integers(0, 256, (*size, 3), np.uint8) for _ in range(count))


def repeated(film: Path, path: Path, times: int) -> Path:
    """A film of 30 frames a second, several times in succession."""
    with av.open(str(film)) as container:
        pictures = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
    return write_video(path, pictures * times, [round(1000 * i / 30) for i in range(times * len(pictures))])


class StopsAt:
    """A stop sign that is set after some looks at it."""

    def __init__(self, looks):
        self.looks = looks

    def is_set(self):
        self.looks -= 1
        return self.looks < 0
