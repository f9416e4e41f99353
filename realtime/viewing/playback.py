"""Playback: any frame of a video file at once, for a person who scrubs; counted and timed as `VideoFile` does."""

from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import av
import numpy as np
from numpy.typing import NDArray

from medn.face.landmarker import Landmarker
from realtime.frame import Frame
from realtime.results import Event
from realtime.sources import SourceError
from realtime.viewing.moments import AIR_S, Moment, moment, square_around

HELD_FRAMES = 24
"""Decoded frames that are kept, so that stepping back is quick: 66 MB at 720p."""
AHEAD_FRAMES = 40
"""A frame this little ahead is reached by decoding on, without a jump."""


class Playback:
    """An open video file; one thread at a time. Raises `SourceError` if the file cannot be read."""

    def __init__(self, path: Path) -> None:
        try:
            self._container = av.open(str(path))
            self._stream = self._container.streams.video[0]
        except (OSError, IndexError, av.FFmpegError):
            raise SourceError(f"{path} cannot be read as a video.") from None
        self._stream.thread_type = "AUTO"
        pts = sorted(p.pts for p in self._container.demux(self._stream) if p.pts is not None and p.size)
        if not pts:
            self._container.close()
            raise SourceError(f"{path} holds no frames with times.")
        self._pts = np.array(pts, np.int64)
        self.times_s: NDArray[np.float64] = (self._pts - pts[0]) * float(self._stream.time_base or 1)
        """(frames,) time of each frame from the first on."""
        self._held: OrderedDict[int, NDArray[np.uint8]] = OrderedDict()
        self._decoding: Iterator[av.VideoFrame] = iter(())
        self._next: int | None = None  # the frame that decoding on would give; None: it must jump first
        self._landmarker: Landmarker | None = None

    def index_at(self, time_s: float) -> int:
        """The frame that is on the screen at a time."""
        return int(np.clip(np.searchsorted(self.times_s, time_s + 1e-4, "right") - 1, 0, len(self.times_s) - 1))

    def frame(self, index: int) -> Frame:
        """A frame by its number, from 0; `SourceError` if it cannot be decoded."""
        if index not in self._held:
            if self._next is None or not 0 <= index - self._next < AHEAD_FRAMES:
                self._jump(index)
            while index not in self._held and self._decode_one():
                pass
        if index not in self._held:
            raise SourceError(f"Frame {index} of the video cannot be decoded.")
        self._held.move_to_end(index)
        return Frame(index, float(self.times_s[index]), self._held[index])

    def faces(self, index: int) -> list[NDArray[np.float32]]:
        """(478, 3) landmarks in px of each face in a frame."""
        if self._landmarker is None:
            self._landmarker = Landmarker("image", 4)
        rgb = np.ascontiguousarray(self.frame(index).image[:, :, ::-1])
        return [face.points for face in self._landmarker(rgb)]

    def moment(self, event: Event) -> Moment | None:
        """An event in pictures; None if no face is seen at its onset."""
        faces = self.faces(self.index_at(event.onset_s))
        if not faces:
            return None
        # by number from the left only where there are several: a session does not say where a face was
        faces.sort(key=lambda points: float(points[:, 0].mean()))
        square = square_around(faces[min(event.face, len(faces) - 1)])
        first, last = self.index_at(event.onset_s - AIR_S), self.index_at(event.offset_s + AIR_S)
        frames = [self.frame(index) for index in range(first, last + 1)]
        return moment(event, [f.time_s for f in frames], [np.ascontiguousarray(square.cut(f.image)) for f in frames])

    def close(self) -> None:
        """Close the file."""
        self._container.close()
        if self._landmarker is not None:
            self._landmarker.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _jump(self, index: int) -> None:
        self._container.seek(int(self._pts[index]), stream=self._stream)
        self._decoding = self._container.decode(self._stream)
        self._next = None

    def _decode_one(self) -> bool:
        try:
            picture = next(self._decoding)
        except (StopIteration, av.FFmpegError):
            self._next = None
            return False
        place = int(np.searchsorted(self._pts, picture.pts))
        image = picture.to_ndarray(format="bgr24")
        turns = round(picture.rotation / 90) % 4
        self._held[place] = np.ascontiguousarray(np.rot90(image, turns)) if turns else image
        self._next = place + 1
        while len(self._held) > HELD_FRAMES:
            self._held.popitem(last=False)
        return True
