"""Sinks take the results of a run, in the thread that drives it, and what a live source captures."""

from realtime.sources import Dropped, Notice
from realtime.types import Analysis, Frame


class Sink:
    """To be subclassed: a method that is not overridden does nothing."""

    def on_zero(self, zero_s: float) -> None:
        """Time 0 of a live run on the clock of `time.monotonic()`; once, by the capturing thread, before any frame."""

    def on_capture(self, frame: Frame) -> None:
        """A live source captured a frame, analyzed or dropped later; called by the capturing thread, must not wait."""

    def on_clock(self, first_frame_utc: str) -> None:
        """The time of day at time 0 of a camera or a stream, ISO 8601 to the millisecond; once, before any analysis."""

    def on_analysis(self, analysis: Analysis, frame: Frame | None) -> None:
        """A frame was analyzed; or, with None, the stream ended and what was still open was decided."""

    def on_drop(self, dropped: Dropped) -> None:
        """A frame was offered and not analyzed."""

    def on_notice(self, notice: Notice) -> None:
        """The source or the driver has a sentence for the user."""
