"""The film of a recording: every frame that the camera gave, at its own time, whatever the analysis manages.

With a microphone its sound is in the film too, on the camera's time line.
"""

import queue
import threading
from collections import deque
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from medn.media_file import ffmpeg_name
from realtime.session.private import create_private
from realtime.session.schema import SessionError
from realtime.session.sound_line import SoundLine
from realtime.session.sound_stream import PACKET, SoundStream
from realtime.sources import SourceError
from realtime.sources.sound import RATE_HZ, SoundBlock, SoundSource
from realtime.types import Frame

WAITING_BYTES = 256_000_000
"""Pictures that may wait for the encoder: 3 s of 720p at 30 fps."""
WAITING_BLOCKS = 3000
"""Blocks of sound that may wait for it: a minute."""
TIME_BASE = Fraction(1, 90_000)
IN_PIECES = {"movflags": "frag_keyframe+empty_moov+default_base_moof", "flush_packets": "1"}
"""So that what a killed process leaves can be played, however little there is to a second of it."""
IN_PIECES_WITH_SOUND = {**IN_PIECES, "frag_duration": "500000", "max_interleave_delta": "500000"}
"""Also while one of the two is missing."""
PAUSE_S = 0.25
"""Where the camera gives no frame for so long, the sound is written without it."""
LATE_S = 2.0
"""Where the microphone is so far behind the camera, the film is silent."""
SOUND_FROM = PACKET
"""The first sample that is recorded: the encoder of sound begins a packet earlier, and a film has no times before 0."""


class Film:
    """H.264, with AAC if there is a microphone, in an MP4 file; a thread of its own encodes. Raises `SessionError`.

    A frame that comes while the encoder is too far behind is left out and counted in `lost`. A microphone that goes
    away does not end the film: it is silent from there on. The film closes the microphone.
    """

    def __init__(self, path: Path, microphone: SoundSource | None = None) -> None:
        self.lost = 0
        self.problem = ""
        """One sentence, if the file cannot be written any more."""
        self.sound_problem = ""
        """One sentence, if the microphone went away."""
        self._path, self._microphone = path, microphone
        try:
            create_private(path)  # the encoder keeps the mode of a file that is there
        except OSError as error:
            raise SessionError(f"{path} cannot be created: {error.strerror}.") from error
        self._frames: queue.Queue[Frame | None] = queue.Queue()
        self._heard: deque[SoundBlock] = deque(maxlen=WAITING_BLOCKS)
        self._line = SoundLine(SOUND_FROM)
        self._zero_s = 0.0
        self._thread = threading.Thread(target=self._work, name="film", daemon=True)
        self._listening = threading.Thread(target=self._listen, name="microphone", daemon=True)
        self._thread.start()

    def begin(self, zero_s: float) -> None:
        """Take sound from now on; time 0 of the film is `zero_s` on the clock of `time.monotonic()`."""
        if self._microphone is not None:
            self._zero_s = zero_s
            self._listening.start()

    def add(self, frame: Frame) -> None:
        """Hand over the next frame; never waits."""
        if self._frames.qsize() * frame.image.nbytes < WAITING_BYTES and not self.problem:
            self._frames.put(frame)
        else:
            self.lost += 1

    def close(self) -> None:
        """Encode what waits and finish the file; calling it again does nothing."""
        if self._microphone is not None:
            self._microphone.close()
            if self._listening.ident is not None:
                self._listening.join()
        self._frames.put(None)
        self._thread.join()

    def _listen(self) -> None:
        assert self._microphone is not None
        try:
            for block in self._microphone.blocks():
                self._heard.append(block)
        except SourceError as error:
            self.sound_problem = f"{error} The recording goes on, silent from there on."

    def _work(self) -> None:
        try:
            self._encode()
        except (OSError, ValueError, av.FFmpegError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            self.problem = (
                f"{self._path} cannot be written any more ({reason}); everything filmed before that is in it."
            )

    def _encode(self) -> None:
        options = IN_PIECES if self._microphone is None else IN_PIECES_WITH_SOUND
        with av.open(ffmpeg_name(self._path), "w", format="mp4", options=options) as container:
            stream = container.add_stream("libx264", rate=30)
            stream.time_base = stream.codec_context.time_base = TIME_BASE
            stream.pix_fmt = "yuv420p"
            stream.options = {"preset": "ultrafast", "crf": "18", "tune": "zerolatency", "g": "30"}
            stream.codec_context.thread_count = 1
            sound = None if self._microphone is None else SoundStream(container, SOUND_FROM)
            pts = -1
            while (frame := self._next_frame(sound if pts >= 0 else None)) is not None:
                height, width = (side - side % 2 for side in frame.image.shape[:2])
                if not stream.codec_context.is_open:
                    stream.height, stream.width = height, width
                picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame.image[:height, :width]), "bgr24")
                pts = max(round(frame.time_s / TIME_BASE), pts + 1)  # two frames may be closer than the time base
                picture.pts, picture.time_base = pts, TIME_BASE
                container.mux(stream.encode(picture))
                if sound is not None:
                    self._encode_sound(sound, frame.time_s)
            container.mux(stream.encode())
            if sound is not None and pts >= 0:
                self._encode_sound(sound, float(pts * TIME_BASE))
                sound.end()

    def _next_frame(self, sound: SoundStream | None) -> Frame | None:
        """The next frame, or None at the end; the sound goes on while the camera gives none."""
        while True:
            try:
                return self._frames.get(timeout=None if sound is None else PAUSE_S)
            except queue.Empty:
                assert sound is not None
                self._encode_sound(sound, 0.0)

    def _encode_sound(self, sound: SoundStream, now_s: float) -> None:
        """Write what was heard, and silence up to a frame's time where nothing more will be heard."""
        over = not self._listening.is_alive()  # asked before the rest of what was heard is taken
        while self._heard:
            block = self._heard.popleft()
            sound.write(self._line.add(block.time_s - self._zero_s, block.samples))
        silent_to = round((now_s if over else now_s - LATE_S) * RATE_HZ)
        while self._line.next < silent_to:
            sound.write(self._line.silence(min(self._line.next + RATE_HZ, silent_to)))
