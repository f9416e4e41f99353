"""Advice: what prevents the detection of small movements now, and what to do about it."""

from realtime.drivers.conditions import MIN_EYE_DISTANCE_PX, MIN_FPS, Conditions, Hindrance, Watch
from realtime.sink import Sink
from realtime.sources import Dropped
from realtime.types import Analysis, Frame

LOOK_EVERY_S = 0.5
NO_FACE_AFTER_S = 1.0
DIM = 100
"""Mean grey level of a face below which a slow camera is slow because it exposes longer."""


class Advisor(Sink):
    """A sink whose `sentences` name what should be changed now; read from any thread."""

    def __init__(self) -> None:
        self.sentences: tuple[str, ...] = ()
        self.is_device = True
        """Whether the source is a camera or a stream: the rate and the size of a recording cannot be changed."""
        self._watch = Watch()
        self._next_s = LOOK_EVERY_S

    def on_analysis(self, analysis: Analysis, frame: Frame | None) -> None:
        """Check the frame twice a second."""
        if frame is None:
            return
        conditions = self._watch(frame, analysis)
        if frame.time_s >= self._next_s:
            self._next_s = frame.time_s + LOOK_EVERY_S
            self.sentences = tuple(self._sentences(conditions))

    def on_drop(self, dropped: Dropped) -> None:
        """Distinguish a slow machine from a slow camera."""
        self._watch.dropped(dropped)

    def _sentences(self, now: Conditions) -> list[str]:
        if now.faceless_s > NO_FACE_AFTER_S:
            return ["No face in the picture" + (": sit in front of the camera." if self.is_device else ".")]
        rate = f"{now.fps:.0f} fps reached, {MIN_FPS:.0f} needed"
        cure = "Close other programs, or choose a smaller picture."
        size = f"eye distance {now.eye_distance_px:.0f} px, {MIN_EYE_DISTANCE_PX:.0f} wanted"
        sentences = {
            Hindrance.BUSY_MACHINE: f"This machine is too busy: {rate}. {cure}",
            Hindrance.SLOW_SOURCE: self._why_slow(now, rate),
            Hindrance.FROZEN: f"The picture has been the same for {now.frozen_s:.0f} s"
            + (": the camera hangs. Plug it in again." if self.is_device else "."),
            Hindrance.DARK: "Too dark to see small movements"
            + (": add light to the face." if self.is_device else " on the face."),
            Hindrance.BRIGHT: "Too bright: the face is overexposed."
            + (" Turn away from the light." if self.is_device else ""),
            Hindrance.SMALL: f"Face too small{': come closer' if self.is_device else ''} ({size}).",
            Hindrance.TURNED: f"Turned away by {abs(now.turned_deg):.0f}°"
            + (": face the camera." if self.is_device else "."),
            Hindrance.NOT_FOLLOWED: "A further face is in the picture that is not followed: "
            "Settings set the number of faces, for the next start.",
        }
        there = set(now.hindrances())
        if Hindrance.SLOW_SOURCE in there and self.is_device and now.level < DIM:
            there.discard(Hindrance.DARK)  # already the reason
        return [sentence for hindrance, sentence in sentences.items() if hindrance in there]

    def _why_slow(self, now: Conditions, rate: str) -> str:
        if not self.is_device:
            missed = "brief movements may be missed"
            return f"This recording has {now.given_fps:.0f} frames a second, {MIN_FPS:.0f} needed: {missed}."
        if now.level < DIM:
            return f"Too dark: {rate}. Add light."
        return f"The camera is slow: {rate}. Choose a faster mode in Settings."
