"""What a camera is asked for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CameraMode:
    """Size, rate and format that a camera is asked for; it gives what it can, and the rate is then measured."""

    width: int = 1280
    height: int = 720
    rate_hz: float = 30.0
    fourcc: str = "MJPG"
    """MJPG, because a USB 2 cable carries 720p at 30 Hz only when compressed; cameras without it send their own."""


DEFAULT_MODE = CameraMode()
