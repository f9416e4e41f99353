"""Which microphones this machine has, and opening one.

Sound is recorded through PulseAudio or PipeWire (`realtime.sources.pulse`): their library tells how old each sample is.
Of the others that were tried, PyAV's ALSA finds no configuration outside its own build and gives times that are 0.7 s
off, and PortAudio gives times of the wall clock, which may be set while it records.
"""

from platform import system

from realtime.sources.sound import Microphone, SoundSource
from realtime.sources.source import SourceError


def list_microphones() -> list[Microphone]:
    """Return the microphones of this machine, the system's own choice first. Raises `SourceError` if none can be."""
    if system() != "Linux":
        raise SourceError("The microphone can be recorded on Linux only.")
    from realtime.sources import pulse

    return pulse.list_microphones()


def find_microphone(name: str = "") -> Microphone:
    """Return the microphone with this name, or the system's own choice. Raises `SourceError` without it."""
    microphones = list_microphones()
    if not microphones:
        raise SourceError("This machine has no microphone.")
    found = next((each for each in microphones if name in ("", each.name)), None)
    if found is None:
        raise SourceError(f"The chosen microphone ({name}) is not connected.")
    return found


def open_microphone(name: str = "") -> SoundSource:
    """Open the microphone that `find_microphone` returns. Raises `SourceError` if it cannot be recorded."""
    from realtime.sources.pulse import PulseMicrophone

    return PulseMicrophone(find_microphone(name))
