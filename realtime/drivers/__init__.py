"""Who runs the pipeline: live (newest frames, drops counted) or replay (every frame, as fast as it goes)."""

from realtime.drivers.live import run_live
from realtime.drivers.mailbox import Mailbox, Snapshot
from realtime.drivers.replay import run_replay
from realtime.drivers.run import Analyser, Sink, StopSign
from realtime.drivers.tally import Summary, Tally

__all__ = ["Analyser", "Mailbox", "Sink", "Snapshot", "StopSign", "Summary", "Tally", "run_live", "run_replay"]
