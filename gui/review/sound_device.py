"""The system's sound device through Qt. Imported only where a recording has sound, because QtMultimedia takes a while.

Of QtMultimedia only the audio output is used; it reaches the system's sound server (PulseAudio, PipeWire, ALSA).
"""

from PyQt6.QtCore import QIODevice
from PyQt6.QtMultimedia import QAudio, QAudioDevice, QAudioFormat, QAudioSink, QMediaDevices

from realtime.viewing.sound import CHANNELS, RATE_HZ, Samples

BUFFER_S = 0.12
"""What is played later than it is written: long enough for a busy machine, short enough that a key acts at once."""
FRAME_BYTES = 4 * CHANNELS
NO_SOUND = "recordings play without sound."


def default_output() -> QAudioDevice | None:
    """Return the system's default output; None without one."""
    output = QMediaDevices.defaultAudioOutput()
    return None if output.isNull() else output


class QtDevice:
    """A device of `speaker.Device` on one of Qt's outputs. Raises RuntimeError if it cannot be opened."""

    def __init__(self, output: QAudioDevice) -> None:
        form = QAudioFormat()
        form.setSampleRate(RATE_HZ)
        form.setChannelCount(CHANNELS)
        form.setSampleFormat(QAudioFormat.SampleFormat.Float)
        self._sink = QAudioSink(output, form)
        self._sink.setBufferSize(round(BUFFER_S * RATE_HZ) * FRAME_BYTES)
        into: QIODevice | None = self._sink.start()
        if into is None or self._sink.error() not in (QAudio.Error.NoError, QAudio.Error.UnderrunError):
            raise RuntimeError(f"The sound device “{output.description()}” cannot be opened: {NO_SOUND}")
        self._into = into

    def room(self) -> int:
        """Samples that can be written now."""
        return max(self._sink.bytesFree(), 0) // FRAME_BYTES

    def write(self, samples: Samples) -> None:
        """Play these after what was written."""
        self._into.write(samples.tobytes())

    def played(self) -> int:
        """Samples that were heard since the beginning."""
        return self._sink.processedUSecs() * RATE_HZ // 1_000_000

    def rest(self, *, on: bool) -> None:
        """Pause the device, or go on."""
        if on:
            self._sink.suspend()
        else:
            self._sink.resume()

    def close(self) -> None:
        """Stop."""
        self._sink.stop()
