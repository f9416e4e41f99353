"""Who runs the pipeline: live (newest frames, drops counted) or replay (every frame, as fast as it goes)."""

from realtime.drivers.live import run_live
from realtime.drivers.replay import run_replay
from realtime.drivers.run import Analyzer, Mailbox, Snapshot, StopSign
from realtime.drivers.summary import Summary, Tally

__all__ = ["Analyzer", "Mailbox", "Snapshot", "StopSign", "Summary", "Tally", "run_live", "run_replay"]
