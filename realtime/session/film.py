"""The film of a recording: every frame that the camera gave, at its own time, whatever the analysis manages."""

import queue
import threading
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from realtime.session.private import create_private
from realtime.session.schema import SessionError
from realtime.types import Frame

WAITING_BYTES = 256_000_000
"""Pictures that may wait for the encoder: 3 s of 720p at 30 fps."""
TIME_BASE = Fraction(1, 90_000)


class Film:
    """H.264 in an MP4 file with the frames' own times; a thread of its own encodes. Raises `SessionError`.

    A frame that comes while the encoder is too far behind is left out and counted in `lost`.
    """

    def __init__(self, path: Path) -> None:
        self.lost = 0
        self.problem = ""
        """One sentence, if the file cannot be written any more."""
        self._path = path
        try:
            create_private(path)  # the encoder keeps the mode of a file that is there
        except OSError as error:
            raise SessionError(f"{path} cannot be created: {error.strerror}.") from error
        self._frames: queue.Queue[Frame | None] = queue.Queue()
        self._thread = threading.Thread(target=self._work, name="film", daemon=True)
        self._thread.start()

    def add(self, frame: Frame) -> None:
        """Hand over the next frame; never waits."""
        if self._frames.qsize() * frame.image.nbytes < WAITING_BYTES and not self.problem:
            self._frames.put(frame)
        else:
            self.lost += 1

    def close(self) -> None:
        """Encode what waits and finish the file; calling it again does nothing."""
        self._frames.put(None)
        self._thread.join()

    def _work(self) -> None:
        try:
            self._encode()
        except (OSError, ValueError) as error:  # FFmpeg's errors are among both
            reason = getattr(error, "strerror", None) or str(error)
            self.problem = (
                f"{self._path} cannot be written any more ({reason}); everything filmed before that is in it."
            )

    def _encode(self) -> None:
        # in pieces, so that what a killed process leaves can be played
        options = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
        with av.open(str(self._path), "w", format="mp4", options=options) as container:
            stream = container.add_stream("libx264", rate=30)
            stream.time_base = stream.codec_context.time_base = TIME_BASE
            stream.pix_fmt = "yuv420p"
            stream.options = {"preset": "ultrafast", "crf": "18", "tune": "zerolatency", "g": "30"}
            stream.codec_context.thread_count = 1
            pts = -1
            while (frame := self._frames.get()) is not None:
                height, width = (side - side % 2 for side in frame.image.shape[:2])
                if not stream.codec_context.is_open:
                    stream.height, stream.width = height, width
                picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame.image[:height, :width]), "bgr24")
                pts = max(round(frame.time_s / TIME_BASE), pts + 1)  # two frames may be closer than the time base
                picture.pts, picture.time_base = pts, TIME_BASE
                container.mux(stream.encode(picture))
            container.mux(stream.encode())
