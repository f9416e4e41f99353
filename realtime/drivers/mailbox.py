"""The newest result for a window that pulls: one slot, so a window that is slow sees fewer results, never old ones."""

from dataclasses import dataclass

from realtime.drivers.run import Sink
from realtime.frame import Frame
from realtime.results import Analysis


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A frame with what was found in it."""

    frame: Frame
    analysis: Analysis


class Mailbox(Sink):
    """Read `newest` from any thread at any time; compare by identity to see whether it is new."""

    def __init__(self) -> None:
        self.newest: Snapshot | None = None

    def on_analysis(self, frame: Frame, analysis: Analysis) -> None:
        """Replace the snapshot."""
        self.newest = Snapshot(frame, analysis)
